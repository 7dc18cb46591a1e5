"""What the embedded store does beyond the contract: its deadlines, its housekeeping, its size on disk."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from builders import HOUR, NOON, SECOND, a_pair, a_record, an_account, news_of
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.records import EPOCH, Kind
from withings_bridge.storage.base import Place
from withings_bridge.storage.sqlite import SqliteStorage
from withings_bridge.storage.sqlite.records import page


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[SqliteStorage]:
    async with SqliteStorage(path) as storage:
        yield storage


class TestAnnounce:
    @pytest.mark.slow
    async def test_gives_up_within_a_second_so_that_withings_delivers_again(
        self, storage: SqliteStorage, path: Path
    ) -> None:
        await storage.links.join("user-1", "1234", a_pair(), lambda _: an_account("1234"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            with pytest.raises(StorageUnavailable):
                await storage.accounts.announce("1234", news_of(), now=NOON)
            assert 0.9 < time.monotonic() - began < 2
            other.execute("ROLLBACK")
        assert await storage.accounts.get("1234") == an_account("1234")
        assert await storage.accounts.announce("1234", news_of(), now=NOON)

    async def test_comes_between_the_parts_of_a_large_write(
        self, storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await storage.links.join("user-1", "1234", a_pair(), lambda _: an_account("1234"))
        monkeypatch.setattr("withings_bridge.storage.sqlite.records.MOST_AT_ONCE", 5)
        records = [a_record(str(n)) for n in range(50)]
        writing = asyncio.create_task(storage.records.save("1234", records, now=NOON))
        await asyncio.sleep(0)
        assert await storage.accounts.announce("1234", news_of(), now=NOON)
        assert not writing.done()
        await writing


class TestPing:
    async def test_answers_while_the_store_is_open(self, path: Path) -> None:
        async with SqliteStorage(path) as storage:
            await storage.ping()
        with pytest.raises(StorageUnavailable):
            await storage.ping()


class TestEphemera:
    async def test_that_have_ended_leave_the_file(self, storage: SqliteStorage, path: Path) -> None:
        for n in range(5):
            await storage.ephemera.put(f"state-{n}", {}, until=NOON + n * SECOND, now=NOON - HOUR)
        await storage.ephemera.put("newest", {}, until=NOON + HOUR, now=NOON + 3 * SECOND)
        with closing(sqlite3.connect(path)) as other:
            keys = {key for (key,) in other.execute("SELECT key FROM ephemera")}
        assert keys == {"value#state-4", "value#newest"}

    async def test_with_one_name_may_be_a_value_and_a_lock(self, storage: SqliteStorage) -> None:
        assert await storage.ephemera.put("name", {"a": "b"}, until=NOON + HOUR, now=NOON)
        assert await storage.ephemera.acquire("name", "one", until=NOON + HOUR, now=NOON)
        await storage.ephemera.release("name", "one")
        assert await storage.ephemera.get("name", now=NOON) == {"a": "b"}


class TestRecords:
    async def test_that_are_removed_leave_one_tombstone_without_their_content(
        self, storage: SqliteStorage, path: Path
    ) -> None:
        await storage.records.save("1234", [a_record()], now=NOON)
        for _ in range(2):
            await storage.records.save("1234", [], removed={a_record().name}, now=NOON)
        with closing(sqlite3.connect(path)) as other:
            rows = other.execute("SELECT key, at, modified, body FROM records").fetchall()
        assert rows == [(a_record().key, None, None, None)]

    async def test_are_found_by_an_index_not_by_a_scan(self, storage: SqliteStorage, path: Path) -> None:
        await storage.records.save("1234", [a_record()], now=NOON)
        with closing(sqlite3.connect(path)) as other:
            plan = other.execute(
                "EXPLAIN QUERY PLAN SELECT * FROM records "
                "WHERE userid = ? AND kind = ? AND at BETWEEN ? AND ? ORDER BY at, key",
                ("1234", Kind.MEASURES, 0, 1),
            ).fetchall()
        assert [step for *_, step in plan] == [
            "SEARCH records USING INDEX records_by_time (userid=? AND kind=? AND at>? AND at<?)"
        ]

    @pytest.mark.usefixtures("storage")
    @pytest.mark.parametrize("after", [None, Place(NOON, "1001")], ids=["the first", "a later"])
    @pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
    async def test_of_a_page_are_found_by_the_index_at_its_very_place(
        self, path: Path, *, after: Place | None, backward: bool
    ) -> None:
        """What the index does not narrow by time and key, or sort, costs more the deeper a page lies."""
        asked: list[str] = []
        with closing(sqlite3.connect(path)) as other:
            other.set_trace_callback(asked.append)
            page(other, "1234", Kind.MEASURES, EPOCH, NOON, 5, after, backward=backward)
            other.set_trace_callback(None)
            plan = other.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
        ((*_, step),) = plan
        assert step.endswith("records_by_time (userid=? AND kind=? AND (at,key)>(?,?) AND (at,key)<(?,?))")
