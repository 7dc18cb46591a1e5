"""Houses as they are after certain steps, each made once a process and then copied: to link somebody takes
longer than most of the tests that begin with it.
"""

import sqlite3
from collections.abc import Hashable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from withings_bridge.sandbox.world import World
from withings_bridge.storage.base import Storage
from withings_bridge.storage.sqlite import SqliteStorage

REPEATABLE = {"applis", "callback_url", "cloud", "detail", "max_pages", "sweep_every"}
"""What a house may have of its own and be like the next that has the same."""
INDIFFERENT = {"renew_every", "polite"}
"""What makes no difference to what either holds."""


@dataclass(frozen=True, slots=True)
class Past:
    """All that has happened to a house, where that is no more than named steps."""

    own: str
    steps: tuple[tuple[Hashable, datetime], ...] = ()

    @classmethod
    def of_new(cls, changes: dict[str, Any]) -> "Past | None":
        """That of a new house, if others can be like it."""
        own = {name: value for name, value in changes.items() if name not in INDIFFERENT}
        return cls(repr(sorted(own.items()))) if own.keys() <= REPEATABLE else None

    def and_then(self, name: Hashable, at: datetime) -> "Past":
        return replace(self, steps=(*self.steps, (name, at)))


@dataclass(frozen=True, slots=True)
class Template:
    """What the store and the pretend cloud hold."""

    store: sqlite3.Connection
    cloud: sqlite3.Connection
    outcome: str
    took: timedelta

    @classmethod
    def of(cls, store: Storage, world: World, outcome: str, *, took: timedelta) -> "Template":
        """A copy of both as they are now."""
        with closing(_opened(store)) as connection:
            return cls(_copied(connection), _copied(world._connection), outcome, took)

    def put(self, store: Storage, world: World) -> None:
        """Have both hold what was copied, and nothing else."""
        with closing(_opened(store)) as connection:
            self.store.backup(connection)
        self.cloud.backup(world._connection)


TEMPLATES: dict[Past, Template] = {}


def state(store: Storage, world: World) -> Hashable:
    """Something else whenever either has changed."""
    with closing(_opened(store)) as connection:
        return world.changes, hash(connection.serialize())


def _opened(store: Storage) -> sqlite3.Connection:
    assert isinstance(store, SqliteStorage)
    return sqlite3.connect(store._path)


def _copied(connection: sqlite3.Connection) -> sqlite3.Connection:
    copy = sqlite3.connect(":memory:")
    connection.backup(copy)
    return copy
