"""Notifications that Withings never sent: what they cost."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.running import Bridge, Browser, Cloud, alone, beside, given_links
from builders import HOUR, NOON
from processes import PATIENCE_SECONDS
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import MOST_EVENTS, Lane, Work
from withings_bridge.services.inbox.working import Working
from withings_bridge.storage.dynamodb.account_item import StoredAccount
from withings_bridge.storage.sqlite import SqliteStorage

PATH = "/webhook/withings"
APPLIS = ("1", "2", "4", "16", "44", "46", "50", "51", "54")
EPOCH = int(NOON.timestamp())
MOST_BYTES = 4096
"""Of an account's item in DynamoDB, the events aside that wait."""
MOST_BYTES_OF_AN_EVENT = 100


def forged(userid: str, number: int, appli: str = "1") -> dict[str, str]:
    """The announcement of some hour of the last year, each number another."""
    start = EPOCH - number * 3600
    window = {"startdate": str(start), "enddate": str(start + 60)}
    return {"userid": userid, "appli": appli, "deviceid": "d" * 64} | window


async def post(bridge: Bridge, posts: list[dict[str, str]], *, query: str = "") -> set[int]:
    """The kinds of answer to these, twenty at a time."""
    gate = asyncio.Semaphore(20)

    async def one(fields: dict[str, str]) -> int:
        async with gate:
            return (await bridge.http.post(f"{PATH}{query}", data=fields)).status_code

    return set(await asyncio.gather(*map(one, posts)))


def rows(store: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in the store."""
    with closing(sqlite3.connect(store)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608 - our own tables


def item_bytes(account: Account) -> int:
    """What DynamoDB would count the account's item as, or a little more."""

    def size(value: object) -> int:
        if isinstance(value, frozenset | set):
            return 3 + sum(1 + size(each) for each in value)
        return len(str(value).encode())

    item = StoredAccount(account, dict.fromkeys(Lane, NOON), version=10**16).item
    return sum(len(name) + size(value) for name, value in item.items())


class IdleWorking(Working):
    """Leaves everything to the loop."""

    def __init__(self) -> None:
        pass

    async def work_off(self, userid: str) -> None:
        pass


@pytest.fixture
async def calm(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge with the account 1234, on which somebody else works, and whose first look for users of the
    predecessor is over.
    """
    await given_links(tmp_path)
    async with alone(tmp_path, clock=lambda: NOON, reconcile_hours=1000) as bridge:
        scanning = [task for task in asyncio.all_tasks() if task.get_name() == "scanner"]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*scanning)
        async with SqliteStorage(bridge.store) as storage:
            assert await storage.accounts.claim_one("1234", "somebody", now=NOON, lease=HOUR)
        bridge.services = replace(bridge.services, working=IdleWorking())
        yield bridge


class TestOfUnknownAccounts:
    async def test_leave_nothing_behind(self, calm: Bridge) -> None:
        before = rows(calm.store)
        posts = [forged(str(9000 + number), number, appli) for number in range(60) for appli in APPLIS]
        assert await post(calm, posts) == {200}
        assert rows(calm.store) == before

    async def test_cost_no_call(self, bridge: Bridge, cloud: Cloud) -> None:
        posts = [forged(str(9000 + number), number, appli) for number in range(20) for appli in APPLIS]
        assert await post(bridge, posts) == {200}
        assert await cloud.tell("GET", "/requests") == []


class TestWithoutTheSecret:
    async def test_cost_nothing_at_all_of_whomever_they_are(self, cloud: Cloud, tmp_path: Path) -> None:
        async with beside(cloud, tmp_path, withings_webhook_secret="right") as bridge:
            userid = await linked(bridge, cloud)
            accounts, calls = rows(bridge.store)["accounts"], await calls_of(cloud)
            posts = [forged(userid, number, appli) for number in range(20) for appli in APPLIS]
            assert await post(bridge, posts) == {403}
            assert await post(bridge, posts, query="?secret=wrong") == {403}
            assert rows(bridge.store)["accounts"] == accounts
            assert await calls_of(cloud) == calls


class TestOfAKnownAccount:
    async def test_never_make_its_item_larger_than_4_kb_and_its_events(self, calm: Bridge) -> None:
        for number in range(0, 120, 40):
            posts = [forged("1234", number + more, appli) for more in range(40) for appli in APPLIS]
            assert await post(calm, posts) == {200}
            assert item_bytes(await calm.account("1234")) < MOST_BYTES + MOST_EVENTS * MOST_BYTES_OF_AN_EVENT
        account = await calm.account("1234")
        assert account.of(Category.MEASURES).news.everything
        assert len(account.of(Category.EVENTS).news.events) == MOST_EVENTS
        alone = replace(account, work={**account.work, Category.EVENTS: Work()})
        assert item_bytes(alone) < MOST_BYTES

    async def test_fold_into_few_calls(self, bridge: Bridge, cloud: Cloud) -> None:
        userid = await linked(bridge, cloud)
        before = await calls_of(cloud)
        assert await post(bridge, [forged(userid, number) for number in range(150)]) == {200}
        await quiet(bridge, userid)
        assert await calls_of(cloud) - before < 50


async def linked(bridge: Bridge, cloud: Cloud) -> str:
    """Withings' id of the person who is linked, and brought up to date."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        await Browser(bridge, http).link()
    userid = str(await cloud.person())
    await quiet(bridge, userid)
    return userid


async def quiet(bridge: Bridge, userid: str) -> None:
    """Until nothing of the account is left to do now."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            account = await bridge.account(userid)
            pending = [each for each in Category if account.of(each).news or account.of(each).backfill]
            if not pending and account.lease is None:
                return
            await asyncio.sleep(0.05)


async def calls_of(cloud: Cloud) -> int:
    return len(await cloud.tell("GET", "/requests"))
