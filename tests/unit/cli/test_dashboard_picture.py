"""The terminal's dashboard: what is in the picture, and that it keeps to the room there is."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from builders import DAY, HOUR, MINUTE, NOON, an_account
from withings_bridge.cli.dashboard_picture import Picture
from withings_bridge.cli.dashboard_schemas import DashboardReply
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import entries
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import ASKED, Lane, Work
from withings_bridge.domain.quota import STRETCH
from withings_bridge.domain.trail import Step, What
from withings_bridge.domain.troubles import Trouble
from withings_bridge.services.oversight.overseeing import Overseen, Overview
from withings_bridge.services.pacing import Usage

FAILING = Trouble(reason="Withings is down.", since=NOON, attempts=3, retry_at=NOON + HOUR)
BURIED = replace(FAILING, reason="Withings [said] no.", retry_at=None)
CALLS = {Lane.LIVE: 7, Lane.ERRAND: 0, Lane.RECONCILE: 2, Lane.BACKFILL: 31}


def overseen(userid: str, *users: str, **fields: Any) -> Overseen:
    account = an_account(userid, *users, **fields)
    return Overseen(account, entries(account, NOON))


def steps(count: int) -> list[Step]:
    return [Step(NOON - n * MINUTE, "1", What.NOTIFIED, appli=1) for n in range(count)]


def an_overview(*accounts: Overseen, after: str | None = None, happened: int = 2, **usage: Any) -> Overview:
    calls = {NOON - n * STRETCH: dict.fromkeys(Lane, 0) for n in range(12)} | {NOON - 12 * STRETCH: CALLS}
    told = {"calls": calls, "until": NOON, "per_minute": 120, "paused_until": None}
    used = Usage(**{**told, **usage})
    return Overview(NOON, accounts, after, used, steps(happened))


WELL = overseen(
    "1", "well", synced_at=NOON - 3 * MINUTE, work={Category.MEASURES: Work(settled_at=NOON - HOUR)}
)
RETRIED = overseen("2", "retried", synced_at=NOON, work={Category.SLEEP: Work(news=ASKED, trouble=FAILING)})
STUCK = overseen("3", "stuck", synced_at=NOON, work={Category.SLEEP: Work(news=ASKED, trouble=BURIED)})
IMPORTING = overseen(
    "4",
    "importing",
    synced_at=NOON,
    work={Category.MEASURES: Work(backfill=Backfill(NOON - 100 * DAY, NOON - 50 * DAY, NOON))},
)


def drawn(overview: Overview, *, width: int = 80, height: int = 24, **fields: Any) -> list[str]:
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=False)
    with console.capture() as captured:
        console.print(Picture(overview, "withings-bridge", **fields))
    return captured.get().splitlines()


class TestThePicture:
    def test_tells_each_account_the_worst_first(self) -> None:
        shown = drawn(an_overview(WELL, RETRIED, STUCK, IMPORTING))
        assert "1 stuck, 1 in trouble, 1 importing, 1 in step" in shown[0]
        assert [line.split()[0] for line in shown[2:6]] == ["stuck", "retried", "importing", "well"]
        assert "sleep: Withings [said] no." in shown[2]
        assert "% imported" in shown[4]
        assert "3 min" in shown[5]

    def test_sums_up_categories_over_all_accounts(self) -> None:
        shown = [line.split() for line in drawn(an_overview(WELL, RETRIED, STUCK))]
        assert ["synced", "pending", "retried", "dead"] in [line[:4] for line in shown]
        assert ["sleep", "-", "2", "1", "1"] in [line[:5] for line in shown]
        assert ["measures", "1", "h"] in [line[:3] for line in shown]

    def test_tells_the_calls_of_the_hour_by_lane(self) -> None:
        text = "\n".join(drawn(an_overview(WELL)))
        assert all(f" {calls}" in text for calls in (7, 2, 31))
        assert "40, 1% of what is granted" in text

    def test_tells_that_withings_wants_a_pause(self) -> None:
        assert "paused until 12:01:00" in "\n".join(drawn(an_overview(WELL, paused_until=NOON + MINUTE)))

    def test_tells_what_happened_in_words(self) -> None:
        shown = drawn(an_overview(WELL))
        assert shown[-2].startswith("12:00:00  1 ")
        assert "Withings announced" in shown[-2]

    def test_says_so_where_there_is_nothing(self) -> None:
        text = "\n".join(drawn(an_overview(happened=0)))
        assert "nobody is linked yet" in text
        assert "Nothing yet." in text

    def test_says_why_it_is_old(self) -> None:
        assert "the store does not answer" in drawn(an_overview(WELL), trouble="the store does not answer")[0]


class TestItsSize:
    @pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 30), (200, 50), (40, 28)])
    def test_is_that_of_the_terminal_however_much_there_is(self, width: int, height: int) -> None:
        many = [overseen(f"{n}", f"user-{n}" * 9, work=STUCK.account.work) for n in range(70)]
        shown = drawn(an_overview(*many, happened=60), width=width, height=height, live=True)
        assert len(shown) == height
        assert max(len(line) for line in shown) <= width
        assert "of 70" in "\n".join(shown)
        assert shown[-1].strip() == "q leaves"

    def test_has_no_bound_where_it_is_printed(self) -> None:
        many = [overseen(f"{n}", f"user-{n}") for n in range(70)]
        shown = drawn(an_overview(*many, after="70", happened=60))
        assert len(shown) > 130
        assert "Accounts, 70 of 70 and more" in shown[1]


class TestForScripts:
    def test_it_is_json_of_the_same(self) -> None:
        reply = json.loads(DashboardReply.of(an_overview(WELL, STUCK)).model_dump_json())
        assert [account["condition"] for account in reply["accounts"]] == ["in step", "stuck"]
        assert reply["accounts"][1]["entries"][0]["state"] == "buried"
        assert reply["categories"][1] == {
            "category": "sleep",
            "last_sync": None,
            "waiting": 0,
            "retrying": 0,
            "buried": 1,
        }
        assert reply["calls"]["by_lane"] == {"live": 7, "errand": 0, "reconcile": 2, "backfill": 31}
        assert (reply["calls"]["total"], reply["calls"]["granted"]) == (40, 7200)
        assert reply["steps"][0]["said"].startswith("Withings announced")
        assert reply["at"] == "2026-03-02T12:00:00.000Z"
