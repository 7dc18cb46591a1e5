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
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.storage.sqlite.schema import create

Answer = TypeVar("Answer")
Intent = Callable[[sqlite3.Connection], Answer]
"""What to do, as a function over a connection that is inside a transaction."""

DEADLINE = timedelta(seconds=5)
"""How long a caller waits for the store before it is told that there is no answer."""

ANNOUNCE_DEADLINE = timedelta(seconds=1)
"""The same where Withings waits for our 200: a 503 must leave in time."""

MOST_IN_A_GROUP = 256
"""Jobs that share a commit: in a flood the first must not wait for the last."""

BUSY = 0.1
"""Seconds SQLite waits for another process's lock before we look whether anyone still waits for us."""


@dataclass(frozen=True, slots=True)
class _Job:
    """An intent in the queue, and the future its caller waits on."""

    intent: Intent[Any]
    future: "Future[Any]" = field(default_factory=Future)


class Database:
    """A database file, opened once and used by many coroutines.

    A caller that is cancelled or out of patience withdraws an intent that has not begun; one that
    has begun is done in full. So nothing is ever left half-written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._open = False

    async def open(self) -> None:
        """Create what is missing of folder, file and tables, and start the threads."""
        try:
            writing, self._reading = await asyncio.to_thread(_connect, self._path)
        except (OSError, sqlite3.Error) as error:
            raise StorageUnavailable(f"The database {self._path} cannot be opened: {error}") from error
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sqlite-reader")
        self._writer = threading.Thread(
            target=self._write_until_closed, args=(writing,), name="sqlite-writer", daemon=True
        )
        self._writer.start()
        self._open = True

    async def close(self) -> None:
        """Finish what is queued, then let go of the file."""
        if self._open:
            self._open = False
            self._jobs.put(None)
            await asyncio.to_thread(self._finish)

    async def write(self, intent: Intent[Answer], *, deadline: timedelta = DEADLINE) -> Answer:
        """Do the intent in a transaction; when this returns the result is on the disk.

        What the intent raises comes out here, and then it has changed nothing.
        """
        self._check_open()
        job = _Job(intent)
        self._jobs.put(job)
        return await _answer(job.future, deadline)

    async def read(self, intent: Intent[Answer], *, deadline: timedelta = DEADLINE) -> Answer:
        """Do the intent on one state of the file, which holds all that was written before."""
        self._check_open()
        return await _answer(self._reader.submit(_read, self._reading, intent), deadline)

    def _check_open(self) -> None:
        if not self._open:
            raise StorageUnavailable("The store is closed.")

    def _finish(self) -> None:
        self._writer.join()
        self._reader.shutdown()
        self._reading.close()

    def _write_until_closed(self, connection: sqlite3.Connection) -> None:
        closing = False
        while not closing:
            group, closing = self._gather()
            if _begin(connection, group):
                _commit(connection, group)
        connection.close()

    def _gather(self) -> tuple[list[_Job], bool]:
        """Wait for a job and take those that wait behind it; and whether the end was asked for."""
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            group.append(job)
            if len(group) == MOST_IN_A_GROUP or self._jobs.empty():
                return group, False
            job = self._jobs.get()
        return group, True


async def _answer(future: "Future[Answer]", deadline: timedelta) -> Answer:
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            return await asyncio.wrap_future(future)
    except (TimeoutError, sqlite3.Error) as error:
        raise StorageUnavailable from error


def _begin(connection: sqlite3.Connection, group: list[_Job]) -> bool:
    """Take the write lock for as long as anyone in the group waits; False when there is nothing to do."""
    while not all(job.future.cancelled() for job in group):
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if not _is_busy(error):
                _fail(group, error)
                return False
        else:
            return True
    return False


def _commit(connection: sqlite3.Connection, group: list[_Job]) -> None:
    """Do the jobs in the open transaction, each able to fail alone, and answer once all is durable."""
    jobs = [job for job in group if job.future.set_running_or_notify_cancel()]
    try:
        answers = [_do(connection, job) for job in jobs]
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        for job in jobs:
            job.future.set_exception(error)
    else:
        for answer in answers:
            answer()


def _do(connection: sqlite3.Connection, job: _Job) -> Callable[[], None]:
    """Do one job of a group, and give what is left to do for it once the group is committed."""
    connection.execute("SAVEPOINT job")
    try:
        result = job.intent(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise  # SQLite itself gave up the whole group, as it does when the disk is full.
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return partial(job.future.set_exception, error)
    connection.execute("RELEASE job")
    return partial(job.future.set_result, result)


def _fail(group: list[_Job], error: sqlite3.Error) -> None:
    for job in group:
        if job.future.set_running_or_notify_cancel():
            job.future.set_exception(error)


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
