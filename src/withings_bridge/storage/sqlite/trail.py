"""What happened lately, in the embedded store; steps that are too old are swept by the way."""

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

from withings_bridge.domain.trail import KEPT_FOR, Step, place_at
from withings_bridge.storage.documents import dump_step, load_step
from withings_bridge.storage.sqlite.database import Database

Row = tuple[str, str, str]
"""A step's place, its account, and what ``dump_step`` writes of it."""

IN_A_STATEMENT = 250
"""So many steps at most."""

FEW = 50
"""Steps that are made rows in one go of the event loop."""

_LAST = ":"
"""Behind all digits."""


class SqliteTrail:
    """Keeps the promises of ``storage.base.Trail``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, steps: Sequence[Step], *, now: datetime) -> None:
        rows: list[Row] = []
        for step in steps:
            rows.append((step.place, step.account, dump_step(step)))
            if len(rows) % FEW == 0:
                await asyncio.sleep(0)  # others have their turn
        await self._database.write(lambda connection: append(connection, rows, now=now))

    async def of(
        self, account: str, *, limit: int, now: datetime, before: datetime | None = None
    ) -> list[Step]:
        behind = place_at(before) if before else _LAST
        return await self._find(
            "account = ? AND place < ? AND place >= ? ORDER BY place DESC LIMIT ?",
            (account, behind, _kept_since(now), limit),
        )

    async def newest(self, *, limit: int, now: datetime) -> list[Step]:
        return await self._find("place >= ? ORDER BY place DESC LIMIT ?", (_kept_since(now), limit))

    async def since(self, at: datetime, *, limit: int, now: datetime) -> list[Step]:
        first = max(place_at(at), _kept_since(now))
        return await self._find("place >= ? ORDER BY place LIMIT ?", (first, limit))

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


def append(connection: sqlite3.Connection, rows: Sequence[Row], now: datetime) -> None:
    connection.execute("DELETE FROM trail WHERE place < ?", (_kept_since(now),))
    # One statement for many: around each the writer hands the interpreter over, and waits to get it back.
    for first in range(0, len(rows), IN_A_STATEMENT):
        some = rows[first : first + IN_A_STATEMENT]
        places = ", ".join(["(?, ?, ?)"] * len(some))
        connection.execute(
            f"INSERT INTO trail (place, account, step) VALUES {places} ON CONFLICT (place) DO NOTHING",  # noqa: S608 - ours, from above
            tuple(chain.from_iterable(some)),
        )


def _kept_since(now: datetime) -> str:
    """The first place of what is still remembered."""
    return place_at(now - KEPT_FOR + timedelta(microseconds=1))
