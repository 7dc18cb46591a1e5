"""How the embedded store takes announcements: lines of a table of their own, read as part of the account."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from builders import NOON, SECOND, a_pair, a_window, an_account, news_of
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.accounts import announce as announced
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED, Lane
from withings_bridge.storage.sqlite import SqliteStorage
from withings_bridge.storage.sqlite.accounts import MOST_ANNOUNCED

ACCOUNT = "1234"
NEWS = {Category.SLEEP: ASKED}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[SqliteStorage]:
    async with SqliteStorage(path) as storage:
        yield storage


def document(path: Path) -> str:
    with closing(sqlite3.connect(path)) as other:
        text: str = other.execute("SELECT document FROM accounts").fetchone()[0]
    return text


def lines(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as other:
        return [line for (line,) in other.execute("SELECT line FROM announcements ORDER BY number")]


async def linked(storage: SqliteStorage, userid: str = ACCOUNT) -> Account:
    account = an_account(userid)
    return await storage.links.join(f"user-{userid}", userid, a_pair(), lambda _: account)


class TestAnAnnouncement:
    async def test_leaves_the_document_alone(self, storage: SqliteStorage, path: Path) -> None:
        await linked(storage)
        before = document(path)
        assert await storage.accounts.announce(ACCOUNT, NEWS, now=NOON)
        assert (document(path), len(lines(path))) == (before, 1)

    async def test_is_part_of_the_account_wherever_it_is_read(self, storage: SqliteStorage) -> None:
        account = announced(await linked(storage), NEWS)
        await storage.accounts.announce(ACCOUNT, NEWS, now=NOON)
        assert await storage.accounts.get(ACCOUNT) == account
        assert await storage.accounts.list() == [account]

    async def test_goes_into_the_document_as_soon_as_that_is_written(
        self, storage: SqliteStorage, path: Path
    ) -> None:
        account = announced(await linked(storage), NEWS)
        await storage.accounts.announce(ACCOUNT, NEWS, now=NOON)
        claimed = await storage.accounts.claim_one(ACCOUNT, "worker", now=NOON, lease=15 * SECOND)
        assert claimed is not None
        assert claimed.work == account.work
        assert lines(path) == []
        assert await storage.accounts.get(ACCOUNT) == claimed

    async def test_still_makes_the_account_due_once_it_is_in_the_document(
        self, storage: SqliteStorage
    ) -> None:
        await settled(storage)
        await storage.accounts.announce(ACCOUNT, NEWS, now=NOON)
        await storage.accounts.claim_one(ACCOUNT, "early", now=NOON, lease=15 * SECOND)
        assert await storage.accounts.earliest_due(Lane.LIVE) == NOON
        later = NOON + 15 * SECOND
        (claimed,) = await storage.accounts.claim("late", lane=Lane.LIVE, now=later, lease=SECOND, limit=1)
        assert claimed.userid == ACCOUNT

    @pytest.mark.slow
    async def test_beyond_the_room_takes_all_that_waits_into_the_document(
        self, storage: SqliteStorage, path: Path
    ) -> None:
        account = await linked(storage)
        for n in range(3 * MOST_ANNOUNCED):
            news = news_of(a_window(NOON + n * SECOND))
            account = announced(account, news)
            assert await storage.accounts.announce(ACCOUNT, news, now=NOON)
            assert len(lines(path)) <= MOST_ANNOUNCED
        assert await storage.accounts.get(ACCOUNT) == account
        assert account.of(Category.MEASURES).news.everything

    async def test_of_an_account_that_is_forgotten_is_forgotten(
        self, storage: SqliteStorage, path: Path
    ) -> None:
        await linked(storage)
        await storage.accounts.announce(ACCOUNT, NEWS, now=NOON)
        await storage.links.leave(f"user-{ACCOUNT}", ACCOUNT)
        assert lines(path) == []
        await linked(storage)
        assert await storage.accounts.get(ACCOUNT) == an_account(ACCOUNT)


class TestAnnouncementsThatComeTogether:
    async def test_are_each_answered_for_their_own_account(self, storage: SqliteStorage) -> None:
        accounts = {userid: await linked(storage, userid) for userid in ("1", "2", "3")}
        posted = ["1", "unknown", "2", "1", "3", "unknown", "2"]
        announcing = (storage.accounts.announce(userid, NEWS, now=NOON) for userid in posted)
        assert await asyncio.gather(*announcing) == [userid in accounts for userid in posted]
        for userid in accounts:
            account = await storage.accounts.get(userid)
            assert account is not None
            assert account.of(Category.SLEEP).announced == posted.count(userid)
        assert await storage.accounts.get("unknown") is None

    async def test_find_room_or_make_it(self, storage: SqliteStorage) -> None:
        account, other = await linked(storage), await linked(storage, "2")
        many = 2 * MOST_ANNOUNCED
        for _ in range(3):
            news = [storage.accounts.announce(ACCOUNT, NEWS, now=NOON) for _ in range(many)]
            assert all(await asyncio.gather(*news, storage.accounts.announce("2", NEWS, now=NOON)))
        for _ in range(3 * many):
            account = announced(account, NEWS)
        for _ in range(3):
            other = announced(other, NEWS)
        assert await storage.accounts.get(ACCOUNT) == account
        assert await storage.accounts.get("2") == other


class TestAFileOfTheVersionBefore:
    async def test_keeps_what_was_announced(self, path: Path) -> None:
        async with SqliteStorage(path) as storage:
            account = await settled(storage)
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("DROP TABLE announcements")
            other.execute("ALTER TABLE accounts ADD COLUMN announced TEXT NOT NULL DEFAULT ''")
            other.execute("ALTER TABLE trail ADD COLUMN until INTEGER NOT NULL DEFAULT 0")
            other.execute("CREATE INDEX trail_until ON trail (until)")
            waiting = '{"sleep": ["asked"]}\n{"measures": ["asked"]}\n'
            other.execute("UPDATE accounts SET announced = ?, due_live = 1", (waiting,))
            other.execute("PRAGMA user_version = 4")
        async with SqliteStorage(path) as storage:
            for category in (Category.SLEEP, Category.MEASURES):
                account = announced(account, {category: ASKED})
            assert await storage.accounts.get(ACCOUNT) == account
            assert await storage.accounts.claim("w", lane=Lane.LIVE, now=NOON, lease=SECOND, limit=1)


async def settled(storage: SqliteStorage) -> Account:
    """An account that nothing is to be done for."""
    await linked(storage)
    idle = an_account(ACCOUNT)
    return await storage.accounts.change(ACCOUNT, lambda _: idle, now=NOON)
