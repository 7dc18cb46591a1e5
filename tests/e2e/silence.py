"""Stores that fall silent on demand, while the test still sees what they hold."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Protocol

from e2e.stores import DynamoTables, SqliteFile, Store
from e2e.wire import Wire


class Silenceable(Store, Protocol):
    """A store that a test can make unreachable for bridges."""

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Answer no bridge inside the block."""

    def end(self) -> None:
        """Let go of everything."""


class LockableFile(SqliteFile):
    """The embedded store, whose write lock somebody else can hold."""

    @contextmanager
    def silent(self) -> Iterator[None]:
        with closing(sqlite3.connect(self._path, isolation_level=None, timeout=30)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")

    def end(self) -> None:
        pass


class WiredTables(DynamoTables):
    """Tables behind a wire that can be cut."""

    def __init__(self, endpoint: str, *, prefix: str) -> None:
        super().__init__(endpoint, prefix=prefix)
        self._wire = Wire(endpoint)
        self._wire.start()

    @property
    def env(self) -> Mapping[str, str]:
        return {**super().env, "AWS_DYNAMODB_ENDPOINT": self._wire.url}

    @contextmanager
    def silent(self) -> Iterator[None]:
        self._wire.cut()
        try:
            yield
        finally:
            self._wire.mend()

    def end(self) -> None:
        self._wire.end()
