"""How the embedded store takes announcements: added to a column, read as part of the account."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from builders import NOON, SECOND, a_pair, a_window, an_account, news_of
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.accounts import announce as announced
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED
from withings_bridge.storage.sqlite import SqliteStorage
from withings_bridge.storage.sqlite.accounts import MOST_ANNOUNCED

ACCOUNT = "1234"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[SqliteStorage]:
    async with SqliteStorage(path) as storage:
        yield storage


def columns(path: Path) -> tuple[str, str]:
    with closing(sqlite3.connect(path)) as other:
        document, waiting = other.execute("SELECT document, announced FROM accounts").fetchone()
    return document, waiting


class TestAnAnnouncement:
    async def test_leaves_the_document_alone(self, storage: SqliteStorage, path: Path) -> None:
        await linked(storage)
        before, _ = columns(path)
        assert await storage.accounts.announce(ACCOUNT, {Category.SLEEP: ASKED}, now=NOON)
        after, waiting = columns(path)
        assert (after, len(waiting.splitlines())) == (before, 1)

    async def test_is_part_of_the_account_wherever_it_is_read(self, storage: SqliteStorage) -> None:
        account = announced(await linked(storage), {Category.SLEEP: ASKED})
        await storage.accounts.announce(ACCOUNT, {Category.SLEEP: ASKED}, now=NOON)
        assert await storage.accounts.get(ACCOUNT) == account
        assert await storage.accounts.list() == [account]

    async def test_goes_into_the_document_as_soon_as_that_is_written(
        self, storage: SqliteStorage, path: Path
    ) -> None:
        account = announced(await linked(storage), {Category.SLEEP: ASKED})
        await storage.accounts.announce(ACCOUNT, {Category.SLEEP: ASKED}, now=NOON)
        claimed = await storage.accounts.claim_one(ACCOUNT, "worker", now=NOON, lease=15 * SECOND)
        assert claimed is not None
        assert claimed.work == account.work
        assert columns(path)[1] == ""
        assert await storage.accounts.get(ACCOUNT) == claimed

    async def test_beyond_the_room_takes_all_that_waits_into_the_document(
        self, storage: SqliteStorage, path: Path
    ) -> None:
        account = await linked(storage)
        for n in range(200):
            news = news_of(a_window(NOON + n * SECOND))
            account = announced(account, news)
            assert await storage.accounts.announce(ACCOUNT, news, now=NOON)
            assert len(columns(path)[1]) <= MOST_ANNOUNCED
        assert await storage.accounts.get(ACCOUNT) == account
        assert account.of(Category.MEASURES).news.everything


async def linked(storage: SqliteStorage) -> Account:
    account = an_account(ACCOUNT)
    return await storage.links.join("user-1", ACCOUNT, a_pair(), lambda _: account)
