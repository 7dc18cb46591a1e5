"""Small things that end by themselves, and locks: each intent one conditional write.

DynamoDB deletes what has ended when it gets round to it (``expires_at``, whole seconds); whether a
thing is alive is decided by ``until``, exactly.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from withings_bridge.storage.dynamodb.engine import Engine, Refused
from withings_bridge.storage.dynamodb.items import Item, microseconds
from withings_bridge.storage.dynamodb.writes import Write, delete, put

_FREE = "attribute_not_exists(#key) OR #until <= :now"


class DynamoEphemera:
    """``storage.base.Ephemera`` on one table that forgets."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine = engine
        self._table = table

    async def put(self, key: str, value: Mapping[str, str], *, until: datetime, now: datetime) -> bool:
        item = {**_value_key(key), "value": value, **_ending(until)}
        return await self._done(put(self._table, item, condition=_FREE, values={"now": microseconds(now)}))

    async def get(self, key: str, *, now: datetime) -> dict[str, str] | None:
        item = await self._alive(_value_key(key), now)
        return item["value"] if item else None

    async def take(self, key: str, *, now: datetime) -> dict[str, str] | None:
        alive = delete(
            self._table, _value_key(key), condition="#until > :now", values={"now": microseconds(now)}
        )
        try:
            taken = await self._engine.write(alive, returning="ALL_OLD")
        except Refused:
            return None
        value: dict[str, str] = taken["value"]
        return value

    async def swap(
        self,
        key: str,
        value: Mapping[str, str],
        *,
        instead_of: Mapping[str, str] | None,
        until: datetime,
        now: datetime,
    ) -> dict[str, str] | None:
        condition = _FREE
        values: dict[str, object] = {"now": microseconds(now)}
        if instead_of is not None:
            condition = "#until > :now AND #value = :expected"
            values["expected"] = instead_of
        item = {**_value_key(key), "value": value, **_ending(until)}
        try:
            await self._engine.write(put(self._table, item, condition=condition, values=values))
        except Refused as refused:
            # The client repeats a write whose answer was lost: then the one in the way is our own.
            standing = refused.item
            return standing["value"] if standing and microseconds(now) < standing["until"] else None
        return dict(value)

    async def acquire(self, name: str, holder: str, *, until: datetime, now: datetime) -> bool:
        item = {**_lock_key(name), "holder": holder, **_ending(until)}
        values = {"now": microseconds(now), "holder": holder}
        condition = f"{_FREE} OR #holder = :holder"
        return await self._done(put(self._table, item, condition=condition, values=values))

    async def held(self, name: str, *, now: datetime) -> bool:
        return await self._alive(_lock_key(name), now) is not None

    async def release(self, name: str, holder: str) -> None:
        held = "#holder = :holder"
        await self._done(delete(self._table, _lock_key(name), condition=held, values={"holder": holder}))

    async def _alive(self, key: Item, now: datetime) -> dict[str, Any] | None:
        item = await self._engine.get(self._table, key)
        return item if item and microseconds(now) < item["until"] else None

    async def _done(self, write: Write) -> bool:
        try:
            await self._engine.write(write)
        except Refused:
            return False
        return True


def _value_key(key: str) -> Item:
    return {"key": f"value#{key}"}


def _lock_key(name: str) -> Item:
    return {"key": f"lock#{name}"}


def _ending(until: datetime) -> Item:
    """Both spellings of the end; the whole second is rounded up, so that it never comes too early."""
    exact = microseconds(until)
    return {"until": exact, "expires_at": -(-exact // 1_000_000)}
