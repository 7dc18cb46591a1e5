"""What happened lately: an item a step, by account and, in an index, by day.

Whether a step is still remembered is decided by its time; DynamoDB deletes it when it gets round to it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from withings_bridge.domain.trail import KEPT_FOR, Step, place_at
from withings_bridge.storage.documents import dump_step, load_step
from withings_bridge.storage.dynamodb.engine import Engine
from withings_bridge.storage.dynamodb.names import BY_DAY

DAYS_LOOKED_AT = 7
"""So many days back the newest steps of everybody are looked for."""

_FIRST, _LAST = "0", ":"
"""Before all places, and behind all."""


class DynamoTrail:
    """``storage.base.Trail`` on one table that forgets."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine = engine
        self._table = table

    async def append(self, steps: Sequence[Step], *, now: datetime) -> None:
        items = {
            step.place: {
                "account": step.account,
                "place": step.place,
                "day": _day(step.at),
                "step": dump_step(step),
                "expires_at": int((step.at + KEPT_FOR).timestamp()) + 1,
            }
            for step in steps
            if step.at + KEPT_FOR > now
        }
        await self._engine.write_many(self._table, puts=items.values())

    async def of(
        self, account: str, *, limit: int, now: datetime, before: datetime | None = None
    ) -> list[Step]:
        found = self._engine.query(
            self._table,
            "#account = :account AND #place BETWEEN :first AND :last",
            {
                "account": account,
                "first": place_at(now - KEPT_FOR + timedelta(microseconds=1)),
                "last": place_at(before) if before else _LAST,
            },
            consistent=False,
            backward=True,
            limit=limit,
        )
        return _steps([item async for item in found])

    async def newest(self, *, limit: int, now: datetime) -> list[Step]:
        found: list[Step] = []
        for days in range(DAYS_LOOKED_AT):
            day = now - timedelta(days=days)
            found += await self._of_day(day, first=_FIRST, limit=limit - len(found), backward=True)
            if len(found) == limit:
                break
        return found

    async def since(self, at: datetime, *, limit: int, now: datetime) -> list[Step]:
        found = await self._of_day(at, first=place_at(at), limit=limit)
        if len(found) < limit and _day(at) != _day(now):
            found += await self._of_day(now, first=_FIRST, limit=limit - len(found))
        return found

    async def forget(self, account: str) -> None:
        everything = self._engine.query(self._table, "#account = :account", {"account": account})
        await self._engine.remove_all(self._table, everything, key=("account", "place"))

    async def _of_day(self, day: datetime, *, first: str, limit: int, backward: bool = False) -> list[Step]:
        found = self._engine.query(
            self._table,
            "#day = :day AND #place BETWEEN :first AND :last",
            {"day": _day(day), "first": first, "last": _LAST},
            index=BY_DAY,
            consistent=False,  # an index of its own knows no other way
            backward=backward,
            limit=limit,
        )
        return _steps([item async for item in found])


def _steps(items: Sequence[dict[str, Any]]) -> list[Step]:
    return [load_step(item["step"]) for item in items]


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()
