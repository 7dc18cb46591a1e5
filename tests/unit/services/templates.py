"""A house as it is once somebody is linked, made once a process and then copied: linking takes longer than
most of the tests that begin with it.
"""

import sqlite3
from collections.abc import Hashable
from contextlib import closing
from dataclasses import dataclass

from withings_bridge.sandbox.world import World
from withings_bridge.storage.base import Storage
from withings_bridge.storage.sqlite import SqliteStorage


@dataclass(frozen=True, slots=True)
class Template:
    """What the store and the pretend cloud hold."""

    store: sqlite3.Connection
    cloud: sqlite3.Connection
    userid: str

    @classmethod
    def of(cls, store: Storage, world: World, userid: str) -> "Template":
        """A copy of both as they are now."""
        with closing(_opened(store)) as connection:
            return cls(_copied(connection), _copied(world._connection), userid)

    def put(self, store: Storage, world: World) -> None:
        """Have both hold what was copied, and nothing else."""
        with closing(_opened(store)) as connection:
            self.store.backup(connection)
        self.cloud.backup(world._connection)


TEMPLATES: dict[Hashable, Template] = {}


def _opened(store: Storage) -> sqlite3.Connection:
    assert isinstance(store, SqliteStorage)
    return sqlite3.connect(store._path)


def _copied(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    return copy
