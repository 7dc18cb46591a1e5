"""An embedded store without hand-overs: what is read and written is done where it is asked for. To hand it
to a thread takes longer than nearly all of it.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from withings_bridge.storage.sqlite import SqliteStorage
from withings_bridge.storage.sqlite.database import Database, _is_busy, _Job, _written


def work_in_place(storage: SqliteStorage) -> None:
    """From now on its two threads have nothing to do, save where somebody else writes to the file."""
    database = storage._database
    database._reader = Reader()
    database._groups = Groups(database)  # type: ignore[assignment]  # all of a queue that is used


class Reader(ThreadPoolExecutor):
    """Does what it is given at once; whoever asked hears of it later, as of a thread."""

    def submit(self, do: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        try:
            loop.call_soon(_tell, done, do(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            done.set_exception(error)
        return done


def _tell(done: asyncio.Future[Any], answer: Any) -> None:
    if not done.done():
        done.set_result(answer)


class Groups:
    """What waits for the writer: a group that can be written at once is, any other goes to the thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._for_the_thread = database._groups
        self._connection = sqlite3.connect(
            database._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        self._connection.row_factory = sqlite3.Row

    def put(self, group: list[_Job] | None) -> None:
        if group is None:
            self._connection.close()
        elif self._is_free():
            asyncio.get_running_loop().call_soon(self._database._answer, *_written(self._connection, group))
            return
        self._for_the_thread.put(group)

    def get(self) -> list[_Job] | None:
        return self._for_the_thread.get()

    def _is_free(self) -> bool:
        """Whether nobody else holds the lock, who would have to get on for it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            return False
        self._connection.execute("ROLLBACK")
        return True
