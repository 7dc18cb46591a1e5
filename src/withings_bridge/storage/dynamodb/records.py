"""Withings' records: one partition an account, an index by time and one by change."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from withings_bridge.domain.errors import StorageError
from withings_bridge.domain.records import Kind, Record, RecordKey
from withings_bridge.storage.base import ALL_KINDS, Changed, Place
from withings_bridge.storage.documents import dump_body, load_body
from withings_bridge.storage.dynamodb.engine import Engine, Refused
from withings_bridge.storage.dynamodb.items import Item, from_microseconds, microseconds
from withings_bridge.storage.dynamodb.names import BY_CHANGE, BY_TIME
from withings_bridge.storage.dynamodb.writes import put

MOST_BODY_BYTES = 400 * 1024 // 3 - 4096
"""An item and its copies in the two indexes share DynamoDB's 400 KB; keys and numbers take a little."""

THROUGH = ":through"
"""The name of the item that tells up to which number the change feed is complete."""

_AFTER_DIGITS = ":"
_CALENDAR_BEGINS = datetime.min.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DynamoRecords:
    """``storage.base.Records`` on one table."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine = engine
        self._table = table

    async def save(
        self, userid: str, records: Sequence[Record], *, removed: Collection[RecordKey] = (), now: datetime
    ) -> None:
        contents = {str(record.name): _content(record) for record in records}
        contents |= {item["name"]: {} for item in await self._items(userid, removed) if not _is_gone(item)}
        if not contents:
            return
        numbers = count(max(await self._last_number(userid) + 1, microseconds(now)))
        items = [
            {"userid": userid, "name": name, "changed": next(numbers), **content}
            for name, content in contents.items()
        ]
        await self._engine.write_many(self._table, puts=items)
        # Last: a reader of the feed who came between the batches, and goes on from the largest number he
        # saw, would otherwise miss what lands behind him.
        await self._show(userid, through=max(item["changed"] for item in items))

    async def catch_up(self, userid: str) -> None:
        last = await self._last_number(userid)
        if last > await self.through(userid):
            await self._show(userid, through=last)

    async def get(self, userid: str, names: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        records = [record for item in await self._items(userid, names) if (record := _record(item))]
        return {record.name: record for record in records}

    async def between(self, userid: str, kind: Kind, start: datetime, end: datetime) -> list[Record]:
        first, behind = _moment(kind, _since(start)), _moment(kind, _since(end) + 1)
        return await self._in_time(userid, first, behind) if start <= end else []

    async def page(
        self,
        userid: str,
        kind: Kind,
        start: datetime,
        end: datetime,
        *,
        limit: int,
        after: Place | None = None,
        backward: bool = False,
    ) -> list[Record]:
        first, behind = _moment(kind, _since(start)), _moment(kind, _since(end) + 1)
        place = _place(kind, after.at, after.key) if after else None
        if place:
            first, behind = (first, min(behind, place)) if backward else (max(first, place), behind)
        if first > behind:
            return []
        # BETWEEN includes its ends, so the place itself may come too.
        found = await self._in_time(
            userid, first, behind, limit=limit + 1 if place else limit, backward=backward
        )
        return [record for record in found if _place(kind, record.at, record.key) != place][:limit]

    async def newest(
        self, userid: str, kind: Kind, *, limit: int, before: datetime | None = None
    ) -> list[Record]:
        behind = _moment(kind, _since(before)) if before else f"{kind}#{_AFTER_DIGITS}"
        return await self._in_time(userid, f"{kind}#", behind, limit=limit, backward=True)

    async def changes(
        self, userid: str, *, after: int, limit: int, bringing: Collection[Kind] = ALL_KINDS
    ) -> list[Changed]:
        through = await self.through(userid)
        if through <= after:
            return []
        found = self._engine.query(
            self._table,
            "#userid = :userid AND #changed BETWEEN :first AND :last",
            {"userid": userid, "first": after + 1, "last": through},
            index=BY_CHANGE,
            limit=limit,
        )
        return [_changed(item, bringing) async for item in found]

    async def through(self, userid: str) -> int:
        mark = await self._engine.get(self._table, {"userid": userid, "name": THROUGH})
        return int(mark["through"]) if mark else 0

    async def forget(self, userid: str) -> None:
        everything = self._engine.query(self._table, "#userid = :userid", {"userid": userid})
        await self._engine.remove_all(self._table, everything, key=("userid", "name"))

    async def _items(self, userid: str, names: Iterable[RecordKey]) -> list[dict[str, Any]]:
        """Those of the named items that exist, tombstones among them."""
        keys: list[Item] = [{"userid": userid, "name": name} for name in {str(name) for name in names}]
        return await self._engine.get_many(self._table, keys)

    async def _in_time(
        self, userid: str, first: str, behind: str, *, limit: int | None = None, backward: bool = False
    ) -> list[Record]:
        """What the time index has from ``first`` to ``behind``, or the first of it on the way."""
        found = self._engine.query(
            self._table,
            "#userid = :userid AND #at BETWEEN :first AND :behind",
            {"userid": userid, "first": first, "behind": behind},
            index=BY_TIME,
            backward=backward,
            limit=limit,
        )
        return [record async for item in found if (record := _record(item))]

    async def _show(self, userid: str, *, through: int) -> None:
        mark = {"userid": userid, "name": THROUGH, "through": through}
        grows = "attribute_not_exists(#userid) OR #through < :through"
        with suppress(Refused):
            await self._engine.write(put(self._table, mark, condition=grows, values={"through": through}))

    async def _last_number(self, userid: str) -> int:
        found = self._engine.query(
            self._table, "#userid = :userid", {"userid": userid}, index=BY_CHANGE, backward=True, limit=1
        )
        return max([item["changed"] async for item in found], default=0)


def _content(record: Record) -> dict[str, Any]:
    """What a record's item has beyond a tombstone's."""
    body = dump_body(record.body)
    size = len(body.encode() if isinstance(body, str) else body)
    if size > MOST_BODY_BYTES:
        raise StorageError(
            f"A record of kind {record.kind} takes {size} bytes compressed; DynamoDB takes {MOST_BODY_BYTES}"
        )
    content: dict[str, Any] = {
        "at": _place(record.kind, record.at, record.key),
        "body": body,
    }
    if record.modified:
        content["modified"] = microseconds(record.modified)
    return content


def _name(item: Item) -> RecordKey:
    kind, _, key = item["name"].partition("#")
    return RecordKey(Kind(kind), key)


def _is_gone(item: Item) -> bool:
    """Whether it is a tombstone, which has neither time nor body."""
    return "at" not in item


def _changed(item: Item, bringing: Collection[Kind]) -> Changed:
    name = _name(item)
    record = _record(item) if name.kind in bringing else None
    return Changed(item["changed"], name, record, removed=_is_gone(item))


def _record(item: Item) -> Record | None:
    """The record in an item; None in a tombstone."""
    if _is_gone(item):
        return None
    name = _name(item)
    return Record(
        kind=name.kind,
        key=name.key,
        at=_CALENDAR_BEGINS + int(item["at"].split("#", 2)[1]) * _MICROSECOND,
        modified=from_microseconds(item["modified"]) if "modified" in item else None,
        body=load_body(item["body"]),
    )


def _since(at: datetime) -> int:
    """Microseconds since our calendar begins: never negative, and never more than 18 digits."""
    return (at - _CALENDAR_BEGINS) // _MICROSECOND


def _moment(kind: Kind, since: int) -> str:
    """How the index's keys of that kind and time begin. A key goes on with ``#``, so it lies behind this."""
    return f"{kind}#{since:018d}"


def _place(kind: Kind, at: datetime, key: str) -> str:
    """The index's key of one record."""
    return f"{_moment(kind, _since(at))}#{key}"
