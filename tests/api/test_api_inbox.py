"""Stuck work through the API: listed, looked at, replayed, dropped."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.running import OTHER_USER, USER, Bridge, alone, given_links
from builders import DAY, HOUR, NOON, an_account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import ASKED, Work
from withings_bridge.domain.troubles import Trouble

INBOX = "/api/withings/inbox"

BURIED = Trouble(15, "Transient: Withings cannot be reached.", NOON - DAY, None, announced=1)
LATER = Trouble(2, "Transient: Withings cannot be reached.", NOON, NOON + HOUR, announced=1)

ENTRY = {
    "category": "measures",
    "part": "live",
    "state": "buried",
    "attempts": 15,
    "reason": "Transient: Withings cannot be reached.",
    "since": "2026-03-01T12:00:00.000Z",
    "next_at": None,
    "progress": None,
}


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge whose Withings is nowhere, with an account in trouble, one that waits, and one without
    consent.
    """
    half = Backfill(since=NOON - 184 * DAY, until=NOON - 92 * DAY, began_at=NOON)
    troubled = {
        Category.MEASURES: Work(news=ASKED, announced=1, trouble=BURIED),
        Category.SLEEP: Work(announced=1, backfill=half, backfill_trouble=LATER),
        Category.HEART: Work(announced=1, backfill=half, backfill_trouble=BURIED),
    }
    waiting = {Category.DEVICES: Work(news=ASKED, announced=1, pause_until=NOON + HOUR)}
    await given_links(
        tmp_path,
        an_account("1234", USER, work=troubled, synced_at=NOON - DAY),
        an_account("2345", OTHER_USER, work=waiting),
        an_account("3456", "user-3", consent_needed_at=NOON),
    )
    async with alone(tmp_path, clock=lambda: NOON) as bridge:
        yield bridge


async def got(bridge: Bridge, path: str = "", **query: Any) -> Any:
    reply = await bridge.http.get(f"{INBOX}{path}", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def posted(bridge: Bridge, path: str, body: dict[str, Any], **query: Any) -> Any:
    reply = await bridge.http.post(f"{INBOX}{path}", json=body, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [f"{entry['category']} {entry['part']}" for entry in entries]


class TestList:
    async def test_has_what_is_stuck_and_why(self, bridge: Bridge) -> None:
        troubled, refused = (await got(bridge))["accounts"]
        assert (troubled["account"], troubled["users"]) == ("1234", [USER])
        assert (troubled["last_sync"], troubled["consent_needed"]) == ("2026-03-01T12:00:00.000Z", False)
        buried, retried, _ = troubled["entries"]
        assert buried == ENTRY
        assert (retried["state"], retried["next_at"]) == ("retrying", "2026-03-02T13:00:00.000Z")
        assert retried["progress"] == 0.5
        assert (refused["account"], refused["consent_needed"], refused["entries"]) == ("3456", True, [])

    async def test_has_what_waits_too_when_asked_for_everything(self, bridge: Bridge) -> None:
        accounts = (await got(bridge, everything=True))["accounts"]
        assert [account["account"] for account in accounts] == ["1234", "2345", "3456"]
        assert [entry["state"] for entry in accounts[1]["entries"]] == ["waiting"]

    async def test_comes_page_by_page(self, bridge: Bridge) -> None:
        first = await got(bridge, limit=1)
        second = await got(bridge, limit=1, after=first["after"])
        third = await got(bridge, limit=1, after=second["after"])
        pages = [[account["account"] for account in page["accounts"]] for page in (first, second, third)]
        assert pages == [["1234"], [], ["3456"]]
        assert await got(bridge, after=third["after"]) == {"accounts": [], "after": None}

    @pytest.mark.parametrize("limit", [0, 1001, "many"])
    async def test_is_of_a_page_that_makes_sense(self, bridge: Bridge, limit: object) -> None:
        reply = await bridge.http.get(INBOX, params={"limit": str(limit)})
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")


class TestShow:
    @pytest.mark.parametrize("named", ["1234", USER])
    async def test_is_found_by_account_and_by_user(self, bridge: Bridge, named: str) -> None:
        account = await got(bridge, f"/{named}")
        assert account["account"] == "1234"
        assert names(account["entries"]) == ["measures live", "sleep import", "heart import"]

    @pytest.mark.parametrize(("method", "more"), [("GET", ""), ("POST", "/replay"), ("POST", "/drop")])
    async def test_of_a_stranger_is_404_and_says_so(self, bridge: Bridge, method: str, more: str) -> None:
        body = {"categories": ["measures"]} if method == "POST" else None
        reply = await bridge.http.request(method, f"{INBOX}/nobody{more}", json=body)
        assert (reply.status_code, reply.json()["code"]) == (404, "no_such_account")
        assert "nobody" not in reply.json()["error"]


class TestReplay:
    async def test_makes_what_is_stuck_due(self, bridge: Bridge) -> None:
        reply = await posted(bridge, "/1234/replay", {})
        assert names(reply["chosen"]) == ["measures live", "sleep import", "heart import"]
        assert reply["chosen"][0] == ENTRY
        assert reply["pending"]["account"] == "1234"

    async def test_is_of_the_categories_and_the_part_that_are_named(self, bridge: Bridge) -> None:
        chosen = {"categories": ["measures", "sleep"], "part": "import"}
        assert names((await posted(bridge, f"/{USER}/replay", chosen))["chosen"]) == ["sleep import"]

    async def test_of_what_is_not_stuck_does_nothing(self, bridge: Bridge) -> None:
        assert (await posted(bridge, "/2345/replay", {}))["chosen"] == []

    async def test_of_all_goes_page_by_page(self, bridge: Bridge) -> None:
        first = await posted(bridge, "/replay", {"categories": ["measures"]}, limit=1)
        assert [names(one["chosen"]) for one in first["replayed"]] == [["measures live"]]
        second = await posted(bridge, "/replay", {"categories": ["measures"]}, after=first["after"])
        assert second["replayed"] == []

    @pytest.mark.parametrize(
        "body",
        [
            {"category": ["measures"]},
            {"categories": ["weights"]},
            {"categories": "measures"},
            {"part": "old"},
        ],
    )
    @pytest.mark.parametrize("path", ["/replay", "/1234/replay"])
    async def test_of_what_there_is_not_is_refused(
        self, bridge: Bridge, path: str, body: dict[str, Any]
    ) -> None:
        reply = await bridge.http.post(f"{INBOX}{path}", json=body)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
        assert len((await got(bridge, "/1234"))["entries"]) == 3


class TestDrop:
    async def test_lets_go_of_what_is_named_and_of_nothing_else(self, bridge: Bridge) -> None:
        reply = await posted(bridge, "/1234/drop", {"categories": ["measures", "devices"]})
        assert names(reply["chosen"]) == ["measures live"]
        assert names(reply["pending"]["entries"]) == ["sleep import", "heart import"]
        again = await posted(bridge, "/1234/drop", {"categories": ["measures", "devices"]})
        assert again == {"chosen": [], "pending": reply["pending"]}

    @pytest.mark.parametrize("body", [{}, {"categories": []}])
    async def test_wants_to_be_told_what(self, bridge: Bridge, body: dict[str, Any]) -> None:
        reply = await bridge.http.post(f"{INBOX}/1234/drop", json=body)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
        assert "categories" in reply.json()["error"]
