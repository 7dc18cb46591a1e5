"""One SQLite file between coroutines: a writer thread that commits in groups, a reader beside it.

What is written and read is left to the intents, plain functions over a connection, which stand in
the modules next to this one.
"""

import asyncio
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.storage.sqlite.schema import create

Answer = TypeVar("Answer")
Item = TypeVar("Item")
Intent = Callable[[sqlite3.Connection], Answer]
"""What to do, as a function over a connection that is inside a transaction."""

Together = Callable[[sqlite3.Connection, Sequence[Item]], Sequence[Answer]]
"""The same for things of a kind, which it does at once; an answer for each, in their order."""

DEADLINE = timedelta(seconds=5)
"""How long a caller waits for the store before it is told that there is no answer."""

ANNOUNCE_DEADLINE = timedelta(seconds=1)
"""The same where Withings waits for our 200: a 503 must leave in time."""

MOST_IN_A_GROUP = 256
"""Jobs that share a commit: in a flood the first must not wait for the last."""

BUSY = 0.1
"""Seconds SQLite waits for another process's lock before we look whether anyone still waits for us."""


def _each(connection: sqlite3.Connection, intents: Sequence[Intent[Answer]]) -> list[Answer]:
    return [intent(connection) for intent in intents]


class _Job:
    """What waits in the queue to be done, and the answer that its caller waits for."""

    def __init__(self, together: Together[Any, Any], item: Any) -> None:
        self.together = together
        self.item = item
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.withdrawn = False
        self._fate = threading.Lock()

    def begin(self) -> bool:
        """Whether it is to be done: from now on it cannot be withdrawn."""
        return self._fate.acquire(blocking=False)

    def withdraw(self) -> None:
        """Leave it undone, unless it has begun."""
        if self._fate.acquire(blocking=False):
            self.withdrawn = True

    def give_up(self) -> None:
        """Tell the caller that it has waited for too long."""
        self.tell(_Outcome(error=TimeoutError()))

    def tell(self, outcome: "_Outcome") -> None:
        """Give the caller its answer, in its own thread; nothing if it has gone away."""
        if self.answer.done():
            return
        if outcome.error is not None:
            self.answer.set_exception(outcome.error)
        else:
            self.answer.set_result(outcome.result)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a job."""

    result: Any = None
    error: Exception | None = None


class Database:
    """A database file, opened once and used by many coroutines.

    A caller that is cancelled or out of patience withdraws an intent that has not begun; one that
    has begun is done in full. So nothing is ever left half-written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: list[_Job] = []
        self._groups: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._writing = False
        self._open = False

    async def open(self) -> None:
        """Create what is missing of folder, file and tables, and start the threads.

        From here on it belongs to the loop that runs now.
        """
        try:
            writing, self._reading = await asyncio.to_thread(_connect, self._path)
        except (OSError, sqlite3.Error) as error:
            raise StorageUnavailable(f"The database {self._path} cannot be opened: {error}") from error
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-reader")
        self._writer = threading.Thread(
            target=self._write_until_closed, args=(writing,), name="sqlite-writer", daemon=True
        )
        self._writer.start()
        self._loop = asyncio.get_running_loop()
        self._open = True

    async def close(self) -> None:
        """Finish what is queued, then let go of the file."""
        if self._open:
            self._open = False
            if not self._writing:
                self._groups.put(None)
            await asyncio.to_thread(self._finish)

    async def write(self, intent: Intent[Answer], *, deadline: timedelta = DEADLINE) -> Answer:
        """Do the intent in a transaction; when this returns the result is on the disk.

        What the intent raises comes out here, and then it has changed nothing.
        """
        answer: Answer = await self._do(_Job(_each, intent), deadline)
        return answer

    async def write_together(
        self, together: Together[Item, Answer], item: Item, *, deadline: timedelta = DEADLINE
    ) -> Answer:
        """Like ``write``, for one of many things that are done alike: ``together`` is given all that wait."""
        answer: Answer = await self._do(_Job(together, item), deadline)
        return answer

    async def read(self, intent: Intent[Answer], *, deadline: timedelta = DEADLINE) -> Answer:
        """Do the intent on one state of the file, which holds all that was written before."""
        self._check_open()
        try:
            async with asyncio.timeout(deadline.total_seconds()):
                return await asyncio.wrap_future(self._reader.submit(_read, self._reading, intent))
        except (TimeoutError, sqlite3.Error) as error:
            raise StorageUnavailable from error

    async def _do(self, job: _Job, deadline: timedelta) -> Any:
        self._check_open()
        self._waiting.append(job)
        if not self._writing:
            self._writing = True
            self._loop.call_soon(self._hand_over)
        # A third of what ``asyncio.timeout`` takes, and an acknowledgement waits here.
        patience = self._loop.call_later(deadline.total_seconds(), job.give_up)
        try:
            return await job.answer
        except (TimeoutError, sqlite3.Error) as error:
            raise StorageUnavailable from error
        finally:
            patience.cancel()
            job.withdraw()

    def _check_open(self) -> None:
        if not self._open:
            raise StorageUnavailable("The store is closed.")

    def _finish(self) -> None:
        self._writer.join()
        self._reader.shutdown()
        self._reading.close()

    def _hand_over(self) -> None:
        """Give the writer a group of those that wait. What comes while it is busy with them is the next.

        The loop hands them over, at the end of what it is at: a writer that took each as it comes would
        commit once for three, while the two threads took the interpreter from each other.
        """
        group, self._waiting = self._waiting[:MOST_IN_A_GROUP], self._waiting[MOST_IN_A_GROUP:]
        self._writing = bool(group)
        if group or not self._open:
            self._groups.put(group or None)

    def _answer(self, jobs: list[_Job], outcomes: list[_Outcome]) -> None:
        for job, outcome in zip(jobs, outcomes, strict=True):
            job.tell(outcome)
        # Behind those who were waiting for these answers, so that what they do next goes along.
        self._loop.call_soon(self._hand_over)

    def _write_until_closed(self, connection: sqlite3.Connection) -> None:
        while group := self._groups.get():
            jobs, outcomes = _written(connection, group)
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                # All at once: to wake the loop for each takes longer than most jobs.
                self._loop.call_soon_threadsafe(self._answer, jobs, outcomes)
        connection.close()


def _written(connection: sqlite3.Connection, group: list[_Job]) -> tuple[list[_Job], list[_Outcome]]:
    """Those of a group that were not withdrawn, and what came of each. What is done is durable."""
    try:
        if not _begin(connection, group):
            return [], []
        jobs = [job for job in group if job.begin()]
    except sqlite3.Error as error:
        jobs = [job for job in group if job.begin()]
        return jobs, [_Outcome(error=error)] * len(jobs)
    try:
        outcomes = _done(connection, jobs)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        outcomes = [_Outcome(error=error)] * len(jobs)
    return jobs, outcomes


def _begin(connection: sqlite3.Connection, group: list[_Job]) -> bool:
    """Take the write lock for as long as anyone in the group waits; False when nobody does any more."""
    while not all(job.withdrawn for job in group):
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if not _is_busy(error):
                raise
        else:
            return True
    return False


def _done(connection: sqlite3.Connection, jobs: list[_Job]) -> list[_Outcome]:
    """What came of each. Hardly ever one fails: then all are undone, and done again with a savepoint each.

    A savepoint is two more statements, and around every statement the writer hands the interpreter over to
    whoever wants it, and waits to get it back.
    """
    try:
        return [
            _Outcome(answer)
            for together, those in groupby(jobs, key=attrgetter("together"))
            for answer in together(connection, [job.item for job in those])
        ]
    except Exception:
        if not connection.in_transaction:
            raise  # SQLite itself gave up the whole group, as it does when the disk is full.
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        return [_done_alone(connection, job) for job in jobs]


def _done_alone(connection: sqlite3.Connection, job: _Job) -> _Outcome:
    """Do one job of a group, or leave nothing of it."""
    connection.execute("SAVEPOINT job")
    try:
        (answer,) = job.together(connection, [job.item])
        outcome = _Outcome(answer)
    except Exception as error:
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO job")
        outcome = _Outcome(error=error)
    connection.execute("RELEASE job")
    return outcome


def _read(connection: sqlite3.Connection, intent: Intent[Answer]) -> Answer:
    connection.execute("BEGIN")
    try:
        return intent(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _connect(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A connection to write and one to read; the file holds tokens, so it is its owner's alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    give_up_at = time.monotonic() + DEADLINE.total_seconds()
    while True:
        writing = _connection(path)
        try:
            # Switching a new file to WAL does not wait for others who are about to do the same.
            writing.execute("PRAGMA journal_mode = WAL")
            writing.execute("PRAGMA synchronous = FULL")
            create(writing)
        except BaseException as error:
            writing.close()
            if not (_is_busy(error) and time.monotonic() < give_up_at):
                raise
            time.sleep(BUSY)
        else:
            break
    reading = _connection(path)
    reading.execute(f"PRAGMA busy_timeout = {DEADLINE // timedelta(milliseconds=1)}")
    reading.execute("PRAGMA query_only = ON")
    return writing, reading


def _connection(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    return connection


def _is_busy(error: BaseException) -> bool:
    """Whether another connection holds the lock (of the extended codes the low byte tells)."""
    return (
        isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    )
