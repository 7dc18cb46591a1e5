"""Small things that end by themselves, in the embedded store; those that have ended are swept by the way."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime

from withings_bridge.storage.sqlite.database import Database
from withings_bridge.storage.sqlite.times import micros


class SqliteEphemera:
    """Keeps the promises of ``storage.base.Ephemera``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, key: str, value: Mapping[str, str], *, until: datetime, now: datetime) -> bool:
        text = json.dumps(dict(value))
        return await self._database.write(
            lambda connection: put(connection, _value(key), text, until=until, now=now)
        )

    async def get(self, key: str, *, now: datetime) -> dict[str, str] | None:
        return await self._database.read(lambda connection: get(connection, _value(key), now=now))

    async def take(self, key: str, *, now: datetime) -> dict[str, str] | None:
        return await self._database.write(lambda connection: take(connection, _value(key), now=now))

    async def swap(
        self,
        key: str,
        value: Mapping[str, str],
        *,
        instead_of: Mapping[str, str] | None,
        until: datetime,
        now: datetime,
    ) -> dict[str, str] | None:
        expected = None if instead_of is None else dict(instead_of)
        return await self._database.write(
            lambda connection: swap(
                connection, _value(key), dict(value), instead_of=expected, until=until, now=now
            )
        )

    async def acquire(self, name: str, holder: str, *, until: datetime, now: datetime) -> bool:
        return await self._database.write(
            lambda connection: acquire(connection, _lock(name), holder, until=until, now=now)
        )

    async def held(self, name: str, *, now: datetime) -> bool:
        return await self._database.read(lambda connection: held(connection, _lock(name), now=now))

    async def release(self, name: str, holder: str) -> None:
        await self._database.write(lambda connection: release(connection, _lock(name), holder))


def put(connection: sqlite3.Connection, key: str, text: str, *, until: datetime, now: datetime) -> bool:
    _sweep(connection, now)
    done = connection.execute(
        "INSERT INTO ephemera (key, value, until) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (key, text, micros(until)),
    )
    return done.rowcount > 0


def get(connection: sqlite3.Connection, key: str, *, now: datetime) -> dict[str, str] | None:
    return _decode(
        connection.execute("SELECT value FROM ephemera WHERE key = ? AND until > ?", (key, micros(now)))
    )


def take(connection: sqlite3.Connection, key: str, *, now: datetime) -> dict[str, str] | None:
    return _decode(
        connection.execute(
            "DELETE FROM ephemera WHERE key = ? AND until > ? RETURNING value", (key, micros(now))
        )
    )


def swap(
    connection: sqlite3.Connection,
    key: str,
    value: dict[str, str],
    *,
    instead_of: dict[str, str] | None,
    until: datetime,
    now: datetime,
) -> dict[str, str] | None:
    standing = get(connection, key, now=now)
    if standing != instead_of:
        return standing
    connection.execute(
        "INSERT OR REPLACE INTO ephemera (key, value, until) VALUES (?, ?, ?)",
        (key, json.dumps(value), micros(until)),
    )
    return value


def acquire(connection: sqlite3.Connection, key: str, holder: str, *, until: datetime, now: datetime) -> bool:
    _sweep(connection, now)
    done = connection.execute(
        """
        INSERT INTO ephemera (key, value, until) VALUES (?, ?, ?)
        ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE value = excluded.value
        """,
        (key, holder, micros(until)),
    )
    return done.rowcount > 0


def held(connection: sqlite3.Connection, key: str, *, now: datetime) -> bool:
    found = connection.execute("SELECT 1 FROM ephemera WHERE key = ? AND until > ?", (key, micros(now)))
    return found.fetchone() is not None


def release(connection: sqlite3.Connection, key: str, holder: str) -> None:
    connection.execute("DELETE FROM ephemera WHERE key = ? AND value = ?", (key, holder))


def _sweep(connection: sqlite3.Connection, now: datetime) -> None:
    connection.execute("DELETE FROM ephemera WHERE until <= ?", (micros(now),))


def _decode(found: sqlite3.Cursor) -> dict[str, str] | None:
    rows = found.fetchall()  # to its end, or what RETURNING deletes is not deleted
    value: dict[str, str] | None = json.loads(rows[0]["value"]) if rows else None
    return value


def _value(key: str) -> str:
    return f"value#{key}"


def _lock(name: str) -> str:
    return f"lock#{name}"
