"""The rows of ``user_vitals``, which Vitals7 reads: written only where something changed."""

import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any

from withings_bridge.domain.vitals7 import RECORDED_BY, VitalRow
from withings_bridge.storage.dynamodb.engine import Engine
from withings_bridge.storage.dynamodb.items import Item

PROJECTED = frozenset(
    {
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
    }
)
"""The attributes that ``VitalRow.attributes`` may yield; a row's others are left as they are."""


class DynamoVitals:
    """``storage.base.Vitals`` on the shared table."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine = engine
        self._table = table

    async def write(
        self, user: str, rows: Sequence[VitalRow], *, gone: Collection[str] = (), now: datetime
    ) -> int:
        wanted = {row.item_key: row.attributes for row in rows}
        concerned: list[Item] = [{"user_id": user, "item_key": key} for key in {*wanted, *gone}]
        stored = {item["item_key"]: item for item in await self._engine.get_many(self._table, concerned)}
        puts = [
            _row(user, attributes, stored.get(key), now=now)
            for key, attributes in wanted.items()
            if _projected(stored.get(key, {})) != attributes
        ]
        deletes: list[Item] = [{"user_id": user, "item_key": key} for key in stored.keys() - wanted.keys()]
        await self._engine.write_many(self._table, puts=puts, deletes=deletes)
        return len(puts) + len(deletes)

    async def forget(self, user: str) -> None:
        by_withings = (row async for row in self.rows(user) if row.get("recordedBy") == RECORDED_BY)
        await self._engine.remove_all(self._table, by_withings, key=("user_id", "item_key"))

    async def rows(self, user: str, *, vital_type: str | None = None) -> AsyncIterator[dict[str, Any]]:
        condition, values = "#user_id = :user", {"user": user}
        if vital_type is not None:
            condition += " AND begins_with(#item_key, :prefix)"
            values["prefix"] = f"VIT#{vital_type}#"
        async with aclosing(self._engine.query(self._table, condition, values)) as found:
            async for row in found:
                yield row


def _projected(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name in PROJECTED}


def _row(user: str, attributes: Item, stored: Item | None, *, now: datetime) -> Item:
    """The row to store: a new one is created now, one that exists keeps all that is not projected."""
    created = {
        "user_id": user,
        "id": str(uuid.uuid4()),
        "created_at": int(now.timestamp()),
        "created_by": user,
    }
    kept = {name: value for name, value in (stored or {}).items() if name not in PROJECTED}
    return {**created, **kept, **attributes}
