"""The dashboard: who may see it, what is on it, what can be done there, and how it hears of news."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from api.running import OTHER_USER, USER, Bridge, alone, given_links, settings
from builders import DAY, HOUR, NOON, a_pair, an_account
from withings_bridge.callers import ApiKey, Scope
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import ASKED, Subscriptions, Work
from withings_bridge.domain.trail import Step, What
from withings_bridge.domain.troubles import Trouble
from withings_bridge.services.oversight.overseeing import Overseeing
from withings_bridge.storage.sqlite import SqliteStorage

KEY, ENTRY = ApiKey.made("operator", Scope.ADMIN)

BURIED = Trouble(15, "Transient: Withings cannot be reached.", NOON - DAY, None, announced=1)
LATER = Trouble(2, "Transient: Withings cannot be reached.", NOON, NOON + HOUR, announced=1)

PAGES = (
    "/dashboard",
    "/dashboard/people/user-1",
    "/dashboard/accounts/1234",
    "/dashboard/find?named=1234",
    "/dashboard/explain",
)
DEEDS = ("replay", "drop", "sync")


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge with an account in trouble, one in step, and one without consent."""
    half = Backfill(since=NOON - 184 * DAY, until=NOON - 92 * DAY, began_at=NOON)
    troubled = {
        Category.MEASURES: Work(news=ASKED, announced=1, trouble=BURIED),
        Category.SLEEP: Work(announced=1, backfill=half, backfill_trouble=LATER),
    }
    known = Subscriptions(frozenset({1, 4}), checked_at=NOON - HOUR)
    await given_links(
        tmp_path,
        an_account("1234", USER, work=troubled, synced_at=NOON - DAY, subscriptions=known),
        an_account("2345", OTHER_USER, synced_at=NOON - 3 * HOUR),
        an_account("3456", "user-3", consent_needed_at=NOON),
    )
    async with SqliteStorage(settings(tmp_path).sqlite_path) as storage:
        steps = [
            Step(NOON - HOUR, "1234", What.NOTIFIED, appli=1),
            Step(NOON - HOUR, "2345", What.WROTE, user=OTHER_USER, number=3),
        ]
        await storage.trail.append(steps, now=NOON)
    async with alone(tmp_path, clock=lambda: NOON) as bridge:
        yield bridge


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Bridge]:
    await given_links(tmp_path, an_account("1234", USER))
    async with alone(tmp_path, api_keys=str(ENTRY)) as bridge:
        yield bridge


async def page(bridge: Bridge, path: str = "", **query: str) -> str:
    reply = await bridge.http.get(f"/dashboard{path}", params=query)
    assert reply.status_code == 200, reply.text
    return " ".join(reply.text.split())


async def did(bridge: Bridge, deed: str, **fields: str) -> str:
    """Where a deed leads."""
    reply = await bridge.http.post(f"/dashboard/{deed}", data=fields)
    assert reply.status_code == 303, reply.text
    return reply.headers["location"]


class TestWhoMaySeeIt:
    @pytest.mark.parametrize("path", PAGES)
    async def test_others_are_asked_for_a_key(self, guarded: Bridge, path: str) -> None:
        reply = await guarded.http.get(path)
        assert (reply.status_code, reply.headers["location"]) == (303, "/dashboard/login")
        assert USER not in reply.text

    @pytest.mark.parametrize("deed", DEEDS)
    async def test_others_can_do_nothing(self, guarded: Bridge, deed: str) -> None:
        assert await did(guarded, deed, account="1234") == "/dashboard/login"

    async def test_a_form_of_ours_is_known_by_old_browsers_too(self, bridge: Bridge) -> None:
        shown = await bridge.http.get("/dashboard")
        assert shown.headers["referrer-policy"] == "same-origin", "or the origin would be null"
        headers = {"Origin": "http://localhost:5001"}
        reply = await bridge.http.post("/dashboard/replay", data={"account": "2345"}, headers=headers)
        assert reply.status_code == 303

    async def test_others_hear_of_nothing(self, guarded: Bridge) -> None:
        assert (await guarded.http.get("/dashboard/events")).status_code == 401

    async def test_operators_may(self, guarded: Bridge) -> None:
        await guarded.http.post("/dashboard/login", data={"key": KEY})
        assert USER in await page(guarded)
        assert "Sign out" in await page(guarded)

    @pytest.mark.parametrize("deed", DEEDS)
    async def test_no_page_elsewhere_can_do_anything(self, bridge: Bridge, deed: str) -> None:
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
        ):
            reply = await bridge.http.post(f"/dashboard/{deed}", data={"account": "1234"}, headers=headers)
            assert reply.status_code == 403
        assert (await bridge.account("1234")).of(Category.MEASURES).trouble == BURIED


class TestTheOverview:
    async def test_says_how_each_account_is(self, bridge: Bridge) -> None:
        text = await page(bridge)
        for user, pill in ((USER, "Stuck"), (OTHER_USER, "In step"), ("user-3", "Needs consent")):
            assert pill in text.partition(f">{user}</a>")[2].partition("</div>")[0]
        assert 'in step <time datetime="2026-03-02T09:00:00+00:00">3 hours ago</time>' in text

    async def test_says_what_is_wrong_and_when_it_is_tried_again(self, bridge: Bridge) -> None:
        text = await page(bridge)
        assert "<strong>Measures</strong> failed 15 times and was given up: Transient" in text
        assert "<strong>Import of nights</strong> failed 2 times, tried again in 1 hour:" in text

    async def test_can_show_those_alone_that_need_a_person(self, bridge: Bridge) -> None:
        text = await page(bridge, show="stuck")
        assert "user-3" in text
        assert f">{OTHER_USER}</a>" not in text

    async def test_tells_what_happened_in_plain_words(self, bridge: Bridge) -> None:
        text = await page(bridge)
        assert "Withings announced weight and body composition (appli 1)." in text
        assert f"Changed 3 rows of {OTHER_USER}." in text

    async def test_tells_of_the_calls_by_lane(self, bridge: Bridge) -> None:
        text = await page(bridge)
        assert "0 calls, 0.0 % of what 6000 a minute allow." in text
        assert all(name in text for name in ("Live", "Errands", "Sweeps", "Imports"))

    async def test_comes_in_pages(self, tmp_path: Path) -> None:
        await given_links(tmp_path, *(an_account(f"{n:03}", f"user-{n:03}") for n in range(51)))
        async with alone(tmp_path) as bridge:
            first = await page(bridge)
            assert "user-049" in first
            assert "user-050" not in first
            assert "/dashboard?after=049" in first
            second = await page(bridge, after="049")
            assert "user-050" in second
            assert "Next page" not in second

    async def test_of_an_empty_bridge_says_so(self, tmp_path: Path) -> None:
        async with alone(tmp_path) as bridge:
            assert "Nobody is linked yet." in await page(bridge)


class TestFinding:
    @pytest.mark.parametrize("named", ["1234", USER, f" {USER} "])
    async def test_leads_to_the_account(self, bridge: Bridge, named: str) -> None:
        reply = await bridge.http.get("/dashboard/find", params={"named": named})
        assert reply.headers["location"] == "/dashboard/accounts/1234"

    async def test_of_nobody_is_told(self, bridge: Bridge) -> None:
        reply = await bridge.http.get("/dashboard/find", params={"named": "nobody"})
        assert reply.status_code == 404
        assert "Nobody of that name is linked" in reply.text


class TestAnAccount:
    async def test_tells_all_there_is_of_it(self, bridge: Bridge) -> None:
        text = await page(bridge, "/accounts/1234")
        assert "<strong>Measures</strong> failed 15 times and was given up" in text
        assert "Since 1 Mar 2026, 12:00 UTC." in text
        assert "Given up</span>" in text
        assert "Tried again (import), in 1 hour</span>" in text
        assert "Compared with Withings' own list 1 hour ago." in text
        assert "Withings announced weight and body composition (appli 1)." in text
        assert "Ends in 3 hours" in text
        assert f"/dashboard/explain?user={USER}" in text
        assert f"Changed 3 rows of {OTHER_USER}" not in text

    async def test_shows_no_token(self, bridge: Bridge) -> None:
        assert "0123456789" not in await page(bridge, "/accounts/1234")

    async def test_that_is_none_is_told(self, bridge: Bridge) -> None:
        reply = await bridge.http.get("/dashboard/accounts/nobody")
        assert reply.status_code == 404

    async def test_goes_back_through_what_happened(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with SqliteStorage(settings(tmp_path).sqlite_path) as storage:
            steps = [Step(NOON + n * HOUR, "1234", What.WROTE, user=USER, number=n) for n in range(40)]
            await storage.trail.append(steps, now=NOON)
        async with alone(tmp_path, clock=lambda: NOON + 2 * DAY) as bridge:
            text = await page(bridge, "/accounts/1234")
            assert "Changed 39 rows" in text
            assert "Changed 9 rows" not in text
            earlier = text.partition("?before=")[2].partition('"')[0]
            assert earlier == quote("2026-03-02T22:00:00+00:00")
            before = await page(bridge, "/accounts/1234", before="2026-03-02T22:00:00+00:00")
            assert "Changed 9 rows" in before
            assert "Changed 10 rows" not in before
            assert "Newest" in before


class TestTokensUnderAKeyThatIsGone:
    async def test_are_told_as_such_and_hide_nothing_else(self, tmp_path: Path) -> None:
        sealed = replace(a_pair(), access_token="gAAAAA-sealed", refresh_token="gAAAAA-sealed")
        async with SqliteStorage(settings(tmp_path).sqlite_path) as storage:
            await storage.links.join(USER, "1234", sealed, lambda _: an_account("1234", USER))
        async with alone(tmp_path) as bridge:
            assert "Stored under a key that is not configured" in await page(bridge, "/accounts/1234")
            reply = await bridge.http.get(f"/dashboard/people/{USER}")
        assert reply.status_code == 500
        assert "TOKEN_ENCRYPTION_KEYS" in reply.text


class TestReplay:
    async def test_has_a_dead_letter_tried_again(self, bridge: Bridge) -> None:
        where = await did(bridge, "replay", account="1234", category="measures", part="live")
        assert where == "/dashboard/accounts/1234?said=replayed"
        account = await bridge.account("1234")
        trouble = account.of(Category.MEASURES).trouble
        assert trouble != BURIED
        assert account.of(Category.SLEEP).backfill_trouble == LATER
        assert "What was stuck is tried again now." in (await bridge.http.get(where)).text

    async def test_of_what_is_not_stuck_says_so(self, bridge: Bridge) -> None:
        assert await did(bridge, "replay", account="2345") == "/dashboard/accounts/2345?said=nothing"

    async def test_of_nobody_is_told(self, bridge: Bridge) -> None:
        reply = await bridge.http.post("/dashboard/replay", data={"account": "nobody"})
        assert reply.status_code == 404

    async def test_of_no_account_is_told(self, bridge: Bridge) -> None:
        assert (await bridge.http.post("/dashboard/replay")).status_code == 404


class TestLettingGo:
    async def test_drops_what_is_stuck_and_nothing_else(self, bridge: Bridge) -> None:
        where = await did(bridge, "drop", account="1234", category="sleep", part="import")
        assert where == "/dashboard/accounts/1234?said=dropped"
        account = await bridge.account("1234")
        assert account.of(Category.SLEEP).backfill is None
        assert account.of(Category.MEASURES).trouble == BURIED

    @pytest.mark.parametrize(
        "unknown", [{"category": "of a newer bridge", "part": "live"}, {"part": "of a newer bridge"}]
    )
    async def test_of_what_we_do_not_know_lets_go_of_nothing(
        self, bridge: Bridge, unknown: dict[str, str]
    ) -> None:
        assert (await did(bridge, "drop", account="1234", **unknown)).endswith("said=nothing")
        account = await bridge.account("1234")
        assert account.of(Category.MEASURES).trouble == BURIED
        assert account.of(Category.SLEEP).backfill is not None


class TestExplaining:
    async def test_walks_the_way_of_a_reading(self, bridge: Bridge) -> None:
        text = await page(bridge, "/explain", user=OTHER_USER)
        assert "The way of a reading" in text
        assert ">Missing</span>" in text
        assert "/dashboard/accounts/2345" in text
        assert "Sync now" in text, "which would bring what was not announced"

    async def test_asks_whose(self, bridge: Bridge) -> None:
        assert "The way of a reading" not in await page(bridge, "/explain")

    async def test_of_who_is_not_linked_says_what_to_do(self, bridge: Bridge) -> None:
        assert "Connect Withings in the app." in await page(bridge, "/explain", user="nobody")

    async def test_keeps_what_was_typed_beside_what_is_wrong_with_it(self, bridge: Bridge) -> None:
        reply = await bridge.http.get("/dashboard/explain", params={"user": USER, "day": "yesterday"})
        assert reply.status_code == 400
        assert "That is no day; write it as 2026-01-15." in reply.text
        assert USER in reply.text


class TestASilentStore:
    @pytest.mark.parametrize("path", ["/dashboard", "/dashboard/accounts/1234", "/dashboard/find?named=1234"])
    async def test_is_told_as_a_page(
        self, bridge: Bridge, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def silent(*_: object, **__: object) -> None:
            raise StorageUnavailable

        monkeypatch.setattr(Overseeing, "overview", silent)
        monkeypatch.setattr(Overseeing, "account", silent)
        reply = await bridge.http.get(path)
        assert reply.status_code == 503
        assert "The store does not answer" in reply.text
