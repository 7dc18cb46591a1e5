"""The rows of ``user_vitals`` in the embedded store, under their wire names."""

import sqlite3
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from withings_bridge.domain.vitals7 import RECORDED_BY, VitalRow
from withings_bridge.storage.sqlite.database import Database

PAGE = 500
"""Rows read, or removed, at once while a user's rows are gone through."""

PROJECTED = (
    "item_key",
    "vitalType",
    "value",
    "units",
    "recordedAt",
    "recordedBy",
    "sourceId",
    "deviceUsed",
    "recordingContext",
    "notes",
)
"""Columns that come from the row; the others are set when it is first written, and kept."""


class SqliteVitals:
    """Keeps the promises of ``storage.base.Vitals``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self, user: str, rows: Sequence[VitalRow], *, gone: Collection[str] = (), now: datetime
    ) -> int:
        return await self._database.write(lambda connection: write(connection, user, rows, gone, now))

    async def forget(self, user: str) -> None:
        while await self._database.write(lambda connection: forget(connection, user)):
            pass

    async def rows(self, user: str, *, vital_type: str | None = None) -> AsyncIterator[dict[str, Any]]:
        after = ""
        while found := await self._database.read(
            partial(page, user=user, vital_type=vital_type, after=after)
        ):
            for row in found:
                yield row
            after = found[-1]["item_key"]


def write(
    connection: sqlite3.Connection,
    user: str,
    rows: Sequence[VitalRow],
    gone: Collection[str],
    now: datetime,
) -> int:
    wanted = {row.item_key: row for row in rows}
    written = sum(_put(connection, user, row, now) for row in wanted.values())
    return written + sum(_delete(connection, user, key) for key in set(gone) - wanted.keys())


def forget(connection: sqlite3.Connection, user: str) -> int:
    """Remove some of the user's rows by Withings; how many."""
    deleted = connection.execute(
        """
        DELETE FROM user_vitals WHERE user_id = :user AND item_key IN (
            SELECT item_key FROM user_vitals WHERE user_id = :user AND recordedBy = :ours LIMIT :page
        )
        """,
        {"user": user, "ours": RECORDED_BY, "page": PAGE},
    )
    return deleted.rowcount


def page(
    connection: sqlite3.Connection, user: str, vital_type: str | None, after: str
) -> list[dict[str, Any]]:
    rows = connection.execute(
        """
        SELECT * FROM user_vitals
        WHERE user_id = :user AND item_key > :after AND vitalType IS coalesce(:vital_type, vitalType)
        ORDER BY item_key LIMIT :page
        """,
        {"user": user, "after": after, "vital_type": vital_type, "page": PAGE},
    )
    return [_present(row) for row in rows]


def _put(connection: sqlite3.Connection, user: str, row: VitalRow, now: datetime) -> bool:
    stored = connection.execute(
        "SELECT * FROM user_vitals WHERE user_id = ? AND item_key = ?", (user, row.item_key)
    ).fetchone()
    attributes = row.attributes
    if stored and {name: stored[name] for name in PROJECTED if stored[name] is not None} == attributes:
        return False
    columns: dict[str, Any] = dict.fromkeys(PROJECTED) | attributes
    columns |= {
        "user_id": user,
        "id": str(uuid.uuid4()),
        "created_at": int(now.timestamp()),
        "created_by": user,
    }
    updates = ", ".join(f"{name} = excluded.{name}" for name in PROJECTED)
    connection.execute(
        f"""
        INSERT INTO user_vitals ({", ".join(columns)}) VALUES (:{", :".join(columns)})
        ON CONFLICT (user_id, item_key) DO UPDATE SET {updates}
        """,  # noqa: S608 - the names above
        columns,
    )
    return True


def _delete(connection: sqlite3.Connection, user: str, key: str) -> bool:
    deleted = connection.execute("DELETE FROM user_vitals WHERE user_id = ? AND item_key = ?", (user, key))
    return deleted.rowcount > 0


def _present(row: sqlite3.Row) -> dict[str, Any]:
    return {name: row[name] for name in row.keys() if row[name] is not None}  # noqa: SIM118 - a Row iterates over its values
