"""The writer thread and the reader beside it: what they share, and what must not reach across."""

import asyncio
import gc
import sqlite3
import sys
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.storage.sqlite.database import MOST_IN_A_GROUP, Database, Intent

SOON = timedelta(seconds=0.2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "bridge.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = Database(path)
    await database.open()
    await database.write(run("CREATE TABLE notes (note TEXT UNIQUE)"))
    yield database
    await database.close()


def run(statement: str, *values: str) -> Intent[None]:
    return lambda connection: connection.execute(statement, values).close()


def note(text: str) -> Intent[None]:
    return run("INSERT INTO notes VALUES (?)", text)


def notes(connection: sqlite3.Connection) -> list[str]:
    return [row["note"] for row in connection.execute("SELECT note FROM notes ORDER BY rowid")]


def shout(connection: sqlite3.Connection, words: Sequence[str]) -> list[str]:
    """Notes all words as one; what comes of each is the word in capitals."""
    note("+".join(words))(connection)
    if "bad" in words:
        raise ZeroDivisionError
    return [word.upper() for word in words]


def tables(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Every column and every index there is."""
    found = connection.execute(
        """
        SELECT m.type, m.name, coalesce(c.name, ''), coalesce(c.type, '')
        FROM sqlite_master AS m LEFT JOIN pragma_table_info(m.name) AS c
        """
    )
    return {tuple(row) for row in found}


class Gate:
    """An intent that keeps the writer thread busy until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()
        self.statements: list[str] = []

    def __call__(self, connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(self.statements.append)
        self.entered.set()
        self._open.wait(timeout=30)

    def open(self) -> None:
        self._open.set()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The file while another process writes to it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def mode(path: Path) -> int:
    """Who may do what with it."""
    return path.stat().st_mode & 0o777


async def busy(database: Database) -> tuple[Gate, "asyncio.Task[None]"]:
    """A gate that the writer thread stands at."""
    gate = Gate()
    standing = asyncio.create_task(database.write(gate))
    assert await asyncio.to_thread(gate.entered.wait, 30)
    return gate, standing


async def queued(*tasks: "asyncio.Task[Any]") -> None:
    """Until the tasks have put their intents into the queue, which they do at their first step."""
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


class TestGroupCommit:
    async def test_writes_that_wait_together_share_one_commit(self, database: Database) -> None:
        gate, standing = await busy(database)
        writes = [asyncio.create_task(database.write(note(f"{n:03}"))) for n in range(100)]
        await queued(*writes)
        gate.open()
        await asyncio.gather(standing, *writes)
        assert gate.statements.count("COMMIT") == 2
        assert await database.read(notes) == [f"{n:03}" for n in range(100)]

    async def test_a_group_has_a_limit(self, database: Database) -> None:
        gate, standing = await busy(database)
        writes = [asyncio.create_task(database.write(note(str(n)))) for n in range(MOST_IN_A_GROUP + 1)]
        await queued(*writes)
        gate.open()
        await asyncio.gather(standing, *writes)
        assert gate.statements.count("COMMIT") == 3

    async def test_a_write_is_answered_when_it_is_durable(self, database: Database, path: Path) -> None:
        await database.write(note("kept"))
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT note FROM notes").fetchall() == [("kept",)]

    async def test_what_waits_together_is_answered_at_once(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gate, standing = await busy(database)
        writes = [asyncio.create_task(database.write(note(str(n)))) for n in range(50)]
        await queued(*writes)
        loop = asyncio.get_running_loop()
        woken: list[object] = []
        wake = loop.call_soon_threadsafe

        def count(callback: Callable[..., object], *arguments: Any, **more: Any) -> asyncio.Handle:
            woken.append(callback)
            return wake(callback, *arguments, **more)

        monkeypatch.setattr(loop, "call_soon_threadsafe", count)
        gate.open()
        await asyncio.gather(standing, *writes)
        assert len(woken) == 2

    async def test_what_comes_while_the_loop_is_busy_shares_a_commit(self, database: Database) -> None:
        gate, standing = await busy(database)
        gate.open()
        await standing
        writes = [asyncio.create_task(database.write(note(f"{n}"))) for n in range(3)]
        await asyncio.gather(*writes)
        assert gate.statements.count("COMMIT") == 2

    async def test_who_was_answered_and_writes_again_shares_the_next_one(self, database: Database) -> None:
        async def twice(n: int) -> None:
            await database.write(note(f"first of {n}"))
            await database.write(note(f"second of {n}"))

        gate, standing = await busy(database)
        tasks = [asyncio.create_task(twice(n)) for n in range(10)]
        await queued(*tasks)
        gate.open()
        await asyncio.gather(standing, *tasks)
        assert gate.statements.count("COMMIT") == 3

    async def test_an_intent_that_fails_fails_alone(self, database: Database) -> None:
        def fail(connection: sqlite3.Connection) -> None:
            note("half-written")(connection)
            raise ZeroDivisionError

        gate, standing = await busy(database)
        writes = [asyncio.create_task(database.write(intent)) for intent in (note("1"), fail, note("2"))]
        await queued(*writes)
        gate.open()
        outcomes = await asyncio.gather(standing, *writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [
            type(None),
            type(None),
            ZeroDivisionError,
            type(None),
        ]
        assert await database.read(notes) == ["1", "2"]
        assert gate.statements.count("COMMIT") == 2

    async def test_an_intent_sees_those_before_it_in_its_group(self, database: Database) -> None:
        gate, standing = await busy(database)
        first = asyncio.create_task(database.write(note("first")))
        second = asyncio.create_task(database.write(notes))
        await queued(first)
        gate.open()
        await asyncio.gather(standing, first)
        assert await second == ["first"]

    async def test_things_of_a_kind_are_done_together_and_answered_each(self, database: Database) -> None:
        gate, standing = await busy(database)
        writes = [
            *(asyncio.create_task(database.write_together(shout, word)) for word in ("a", "b")),
            asyncio.create_task(database.write(note("between"))),
            *(asyncio.create_task(database.write_together(shout, word)) for word in ("c", "d")),
        ]
        await queued(*writes)
        gate.open()
        outcomes = await asyncio.gather(standing, *writes)
        assert outcomes[1:] == ["A", "B", None, "C", "D"]
        assert await database.read(notes) == ["a+b", "between", "c+d"]
        assert gate.statements.count("COMMIT") == 2

    async def test_of_things_done_together_one_that_fails_fails_alone(self, database: Database) -> None:
        gate, standing = await busy(database)
        words = ("a", "between", "bad", "b")
        writes = [asyncio.create_task(database.write_together(shout, word)) for word in words]
        await queued(*writes)
        gate.open()
        outcomes = await asyncio.gather(standing, *writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes[1:]] == [str, str, ZeroDivisionError, str]
        assert await database.read(notes) == ["a", "between", "b"]

    async def test_an_error_of_sqlite_comes_out_as_an_unavailable_store(self, database: Database) -> None:
        await database.write(note("once"))
        with pytest.raises(StorageUnavailable) as caught:
            await database.write(note("once"))
        assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
        with pytest.raises(StorageUnavailable) as caught:
            await database.read(run("SELECT * FROM nowhere"))
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)

    async def test_a_full_disk_fails_its_group_and_nothing_after_it(self, database: Database) -> None:
        def fill(connection: sqlite3.Connection) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")
            for n in range(100):
                note(str(n) * 4096)(connection)

        with pytest.raises(StorageUnavailable) as caught:
            await database.write(fill)
        assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
        await database.write(run("PRAGMA max_page_count = 1000000"))
        await database.write(note("room again"))
        assert await database.read(notes) == ["room again"]

    async def test_when_sqlite_rolls_all_back_the_whole_group_hears_of_it(self, database: Database) -> None:
        gate, standing = await busy(database)
        writes = [
            asyncio.create_task(database.write(intent))
            for intent in (note("1"), run("INSERT OR ROLLBACK INTO notes VALUES ('1')"), note("2"))
        ]
        await queued(*writes)
        gate.open()
        outcomes = await asyncio.gather(standing, *writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes[1:]] == [StorageUnavailable] * 3
        causes = {type(outcome.__cause__) for outcome in outcomes[1:] if isinstance(outcome, Exception)}
        assert causes == {sqlite3.IntegrityError}
        assert await database.read(notes) == []
        await database.write(note("3"))
        assert await database.read(notes) == ["3"]


class TestCancellation:
    async def test_before_an_intent_began_withdraws_it(self, database: Database) -> None:
        gate, standing = await busy(database)
        withdrawn = asyncio.create_task(database.write(note("withdrawn")))
        await queued(withdrawn)
        withdrawn.cancel()
        await asyncio.wait([withdrawn])
        gate.open()
        await standing
        await database.write(note("next"))
        assert withdrawn.cancelled()
        assert await database.read(notes) == ["next"]

    async def test_after_an_intent_began_lets_it_finish(self, database: Database) -> None:
        gate = Gate()

        def write(connection: sqlite3.Connection) -> None:
            note("first half")(connection)
            gate(connection)
            note("second half")(connection)

        begun = asyncio.create_task(database.write(write))
        assert await asyncio.to_thread(gate.entered.wait, 30)
        begun.cancel()
        await asyncio.wait([begun])
        gate.open()
        await database.write(note("next"))
        assert begun.cancelled()
        assert await database.read(notes) == ["first half", "second half", "next"]


class TestLock:
    @pytest.mark.slow
    async def test_of_another_process_is_waited_for(self, database: Database, path: Path) -> None:
        with locked(path):
            write = asyncio.create_task(database.write(note("patient")))
            done, _ = await asyncio.wait([write], timeout=SOON.total_seconds())
            assert not done
        await write
        assert await database.read(notes) == ["patient"]

    async def test_that_outlasts_the_deadline_is_an_unavailable_store(
        self, database: Database, path: Path
    ) -> None:
        with locked(path):
            with pytest.raises(StorageUnavailable) as caught:
                await database.write(note("late"), deadline=SOON)
            assert isinstance(caught.value.__cause__, TimeoutError)
        await database.write(note("next"))
        assert await database.read(notes) == ["next"]

    async def test_leaves_nothing_behind_of_those_who_gave_up(self, database: Database, path: Path) -> None:
        def late(connection: sqlite3.Connection) -> None:
            note("late")(connection)

        intents = weakref.WeakSet([late])
        with locked(path):
            for _ in range(3):
                with pytest.raises(StorageUnavailable):
                    await database.write(late, deadline=timedelta(seconds=0.01))
        for word in ("the group they were in", "is the last no more"):
            await database.write(note(word))
        del late
        gc.collect()
        assert not intents

    @pytest.mark.slow
    async def test_keeps_the_patient_waiting_when_the_impatient_have_gone(
        self, database: Database, path: Path
    ) -> None:
        with locked(path):
            patient = asyncio.create_task(database.write(note("patient")))
            with pytest.raises(StorageUnavailable):
                await database.write(note("impatient"), deadline=SOON)
        await patient
        assert await database.read(notes) == ["patient"]

    async def test_does_not_keep_readers_waiting(self, database: Database, path: Path) -> None:
        await database.write(note("there"))
        with locked(path):
            assert await database.read(notes, deadline=SOON) == ["there"]


class TestClosing:
    async def test_finishes_what_is_queued(self, path: Path) -> None:
        database = Database(path)
        await database.open()
        await database.write(run("CREATE TABLE notes (note TEXT)"))
        gate, standing = await busy(database)
        writes = [asyncio.create_task(database.write(note(f"{n:03}"))) for n in range(300)]
        await queued(*writes)
        ending = asyncio.create_task(database.close())
        await queued(ending)
        gate.open()
        await asyncio.gather(standing, ending, *writes)
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT count(*) FROM notes").fetchone() == (300,)

    async def test_leaves_one_tidy_file(self, database: Database, path: Path) -> None:
        await database.write(note("kept"))
        await database.close()
        assert [file.name for file in path.parent.iterdir()] == ["bridge.db"]

    async def test_is_for_good_and_may_be_repeated(self, database: Database) -> None:
        await database.close()
        await database.close()
        with pytest.raises(StorageUnavailable, match="closed"):
            await database.write(note("late"))
        with pytest.raises(StorageUnavailable, match="closed"):
            await database.read(notes)

    async def test_ends_the_threads(self, path: Path) -> None:
        before = set(threading.enumerate())
        database = Database(path)
        await database.open()
        await database.read(run("SELECT 1"))
        ours = {thread for thread in threading.enumerate() if thread.name.startswith("sqlite")}
        assert len(ours - before) == 2
        await database.close()
        assert not [thread for thread in ours if thread.is_alive()]


class TestTheFile:
    async def test_and_its_folder_are_their_owners_alone(self, database: Database, path: Path) -> None:
        assert mode(path.parent) == 0o700
        assert {file.name: mode(file) for file in path.parent.iterdir()} == {
            "bridge.db": 0o600,
            "bridge.db-wal": 0o600,
            "bridge.db-shm": 0o600,
        }

    async def test_is_written_ahead_and_synced_at_each_commit(self, database: Database) -> None:
        def pragma(connection: sqlite3.Connection) -> tuple[str, int]:
            return (
                connection.execute("PRAGMA journal_mode").fetchone()[0],
                connection.execute("PRAGMA synchronous").fetchone()[0],
            )

        assert await database.write(pragma) == ("wal", 2)

    @pytest.mark.slow
    async def test_that_another_process_is_about_to_create_is_waited_for(self, tmp_path: Path) -> None:
        path = tmp_path / "new.db"
        database = Database(path)
        with locked(path):
            opening = asyncio.create_task(database.open())
            done, _ = await asyncio.wait([opening], timeout=SOON.total_seconds())
            assert not done
        await opening
        await database.close()

    async def test_that_is_no_database_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "letter.txt"
        path.write_text("Dear reader, " * 100)
        with pytest.raises(StorageUnavailable, match=r"letter\.txt"):
            await Database(path).open()
        assert path.read_text() == "Dear reader, " * 100

    async def test_that_cannot_be_made_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(StorageUnavailable, match="cannot be opened"):
            await Database(tmp_path / "file" / "bridge.db").open()

    async def test_of_a_later_version_is_refused(self, database: Database, path: Path) -> None:
        await database.write(note("kept"))
        await database.close()
        with closing(sqlite3.connect(path)) as other:
            other.execute("PRAGMA user_version = 99")
        with pytest.raises(StorageUnavailable, match="schema 99"):
            await Database(path).open()

    async def test_of_an_earlier_version_is_brought_up_to_date(self, database: Database, path: Path) -> None:
        await database.write(note("kept"))
        await database.close()
        with closing(sqlite3.connect(path)) as other:
            before = tables(other)
            other.execute("DROP TABLE trail")
            other.execute("DROP TABLE announcements")
            other.execute("DROP INDEX accounts_due_errand")
            other.execute("ALTER TABLE accounts DROP COLUMN due_errand")
            other.execute("PRAGMA user_version = 1")
        again = Database(path)
        await again.open()
        assert await again.read(notes) == ["kept"]
        assert await again.read(tables) == before
        await again.close()

    async def test_keeps_its_content_when_it_is_opened_again(self, database: Database, path: Path) -> None:
        await database.write(note("kept"))
        await database.close()
        again = Database(path)
        await again.open()
        assert await again.read(notes) == ["kept"]
        await again.close()

    @pytest.mark.e2e
    async def test_is_shared_by_processes_that_all_create_it_and_write_at_once(self, path: Path) -> None:
        processes = [
            await asyncio.create_subprocess_exec(sys.executable, "-c", COUNTING, str(path)) for _ in range(3)
        ]
        async with asyncio.timeout(60):
            assert [await process.wait() for process in processes] == [0, 0, 0]
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT n FROM counter").fetchone() == (300,)


COUNTING = """
import asyncio, sys
from pathlib import Path
from withings_bridge.storage.sqlite.database import Database

def create(connection):
    connection.execute("CREATE TABLE IF NOT EXISTS counter (n INTEGER)")
    connection.execute("INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT * FROM counter)")

def count(connection):
    (n,) = connection.execute("SELECT n FROM counter").fetchone()
    connection.execute("UPDATE counter SET n = ?", (n + 1,))

async def main():
    database = Database(Path(sys.argv[1]))
    await database.open()
    await database.write(create)
    for _ in range(10):
        await asyncio.gather(*(database.write(count) for _ in range(10)))
    await database.close()

asyncio.run(main())
"""
"""Counts to a hundred in one file, ten at a time."""
