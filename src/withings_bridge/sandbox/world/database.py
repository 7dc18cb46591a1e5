"""Opens the world's database and joins its shelves; each shelf owns its tables and statements."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from withings_bridge.sandbox.world.deliveries import Deliveries
from withings_bridge.sandbox.world.grants import Grants
from withings_bridge.sandbox.world.nonces import Nonces
from withings_bridge.sandbox.world.people import People
from withings_bridge.sandbox.world.records import Records
from withings_bridge.sandbox.world.subscriptions import Subscriptions

_NOTES = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"
_FIRST_ID = 5_100_000_001


class World:
    """People, their records and grants, the subscriptions and their deliveries.

    Synchronous and small: SQLite answers in microseconds, so the event loop calls it directly.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.people = People(connection)
        self.records = Records(connection)
        self.grants = Grants(connection)
        self.nonces = Nonces(connection)
        self.subscriptions = Subscriptions(connection)
        self.deliveries = Deliveries(connection)

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """The world kept in ``path``, or a new one in memory."""
        connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_NOTES)
        for shelf in (People, Records, Grants, Nonces, Subscriptions, Deliveries):
            connection.executescript(shelf.SCHEMA)
        return cls(connection)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keeps all writes of the block or none of them."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @property
    def changes(self) -> int:
        """A number that grows with whatever changes in this world."""
        return self._connection.total_changes

    @property
    def clock_offset(self) -> timedelta:
        """How far the clock was moved when the world was last open."""
        return timedelta(seconds=float(self._note("clock_offset", 0)))

    @clock_offset.setter
    def clock_offset(self, offset: timedelta) -> None:
        self._keep_note("clock_offset", offset.total_seconds())

    def take_ids(self, count: int) -> range:
        """So many numbers that no record, signal or night of this world has borne."""
        first = int(self._note("next_id", _FIRST_ID))
        self._keep_note("next_id", first + count)
        return range(first, first + count)

    def _note(self, name: str, default: float) -> float:
        row = self._connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def _keep_note(self, name: str, value: float) -> None:
        self._connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))
