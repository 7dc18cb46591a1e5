"""What happened lately, in the embedded store; steps that have ended are swept by the way."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from withings_bridge.domain.trail import KEPT_FOR, Step, place_at
from withings_bridge.storage.documents import dump_step, load_step
from withings_bridge.storage.sqlite.database import Database
from withings_bridge.storage.sqlite.times import micros


class SqliteTrail:
    """Keeps the promises of ``storage.base.Trail``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, steps: Sequence[Step], *, now: datetime) -> None:
        rows = [(step.place, step.account, dump_step(step), micros(step.at + KEPT_FOR)) for step in steps]
        await self._database.write(lambda connection: append(connection, rows, now=now))

    async def of(
        self, account: str, *, limit: int, now: datetime, before: datetime | None = None
    ) -> list[Step]:
        behind = place_at(before) if before else _LAST
        return await self._find(
            "account = ? AND place < ? AND until > ? ORDER BY place DESC LIMIT ?",
            (account, behind, micros(now), limit),
        )

    async def newest(self, *, limit: int, now: datetime) -> list[Step]:
        return await self._find("until > ? ORDER BY place DESC LIMIT ?", (micros(now), limit))

    async def since(self, at: datetime, *, limit: int, now: datetime) -> list[Step]:
        return await self._find(
            "place >= ? AND until > ? ORDER BY place LIMIT ?", (place_at(at), micros(now), limit)
        )

    async def forget(self, account: str) -> None:
        await self._database.write(
            lambda connection: connection.execute("DELETE FROM trail WHERE account = ?", (account,))
        )

    async def _find(self, condition: str, values: tuple[str | int, ...]) -> list[Step]:
        rows = await self._database.read(
            lambda connection: connection.execute(
                f"SELECT step FROM trail WHERE {condition}",  # noqa: S608 - ours, from above
                values,
            ).fetchall()
        )
        return [load_step(row["step"]) for row in rows]


_LAST = ":"
"""Behind all digits."""


def append(
    connection: sqlite3.Connection, rows: Sequence[tuple[str, str, str, int]], *, now: datetime
) -> None:
    connection.execute("DELETE FROM trail WHERE until <= ?", (micros(now),))
    # One statement for all: around each the writer hands the interpreter over, and waits to get it back.
    connection.execute(
        """
        INSERT INTO trail (place, account, step, until)
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'),
            json_extract(value, '$[2]'), json_extract(value, '$[3]')
        FROM json_each(?) WHERE true
        ON CONFLICT (place) DO NOTHING
        """,
        (json.dumps(rows),),
    )
