"""Withings' records in the embedded store: under their natural keys, by time, and by change."""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from withings_bridge.domain.records import Kind, Record, RecordKey
from withings_bridge.storage.base import ALL_KINDS, Changed, Place
from withings_bridge.storage.documents import dump_body, load_body
from withings_bridge.storage.sqlite.database import Database
from withings_bridge.storage.sqlite.times import from_micros, micros

Item = TypeVar("Item")

MAX_INTEGER = 2**63 - 1
"""Later than any instant."""

MOST_AT_ONCE = 500
"""Records of one transaction: an import must not keep an acknowledgement waiting."""


class SqliteRecords:
    """Keeps the promises of ``storage.base.Records``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(
        self, userid: str, records: Sequence[Record], *, removed: Collection[RecordKey] = (), now: datetime
    ) -> None:
        for some in _batches(records):
            await self._database.write(partial(save, userid=userid, records=some, now=now))
        for gone in _batches(removed):
            await self._database.write(partial(bury, userid=userid, names=gone, now=now))

    async def catch_up(self, userid: str) -> None:
        """Nothing to do: a record and its number are saved together."""

    async def get(self, userid: str, names: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        wanted = list(names)
        return await self._database.read(lambda connection: named(connection, userid, wanted))

    async def between(self, userid: str, kind: Kind, start: datetime, end: datetime) -> list[Record]:
        return await self._database.read(lambda connection: between(connection, userid, kind, start, end))

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
        return await self._database.read(
            lambda connection: page(connection, userid, kind, start, end, limit, after, backward=backward)
        )

    async def newest(
        self, userid: str, kind: Kind, *, limit: int, before: datetime | None = None
    ) -> list[Record]:
        return await self._database.read(lambda connection: newest(connection, userid, kind, limit, before))

    async def changes(
        self, userid: str, *, after: int, limit: int, bringing: Collection[Kind] = ALL_KINDS
    ) -> list[Changed]:
        return await self._database.read(
            lambda connection: changes(connection, userid, after, limit, bringing)
        )

    async def through(self, userid: str) -> int:
        return await self._database.read(lambda connection: through(connection, userid))

    async def forget(self, userid: str) -> None:
        while await self._database.write(lambda connection: forget(connection, userid)):
            pass


def save(connection: sqlite3.Connection, userid: str, records: Iterable[Record], now: datetime) -> None:
    connection.executemany(
        """
        INSERT INTO records (userid, kind, key, number, saved_at, at, modified, body)
        VALUES (:userid, :kind, :key, :number, :saved_at, :at, :modified, :body)
        ON CONFLICT (userid, kind, key) DO UPDATE SET
            number = excluded.number,
            saved_at = excluded.saved_at,
            at = excluded.at,
            modified = excluded.modified,
            body = excluded.body
        """,
        [
            {
                "userid": userid,
                "kind": record.kind,
                "key": record.key,
                "number": number,
                "saved_at": micros(now),
                "at": micros(record.at),
                "modified": micros(record.modified) if record.modified else None,
                "body": dump_body(record.body),
            }
            for number, record in enumerate(records, start=_next_number(connection, userid, now))
        ],
    )


def bury(connection: sqlite3.Connection, userid: str, names: Iterable[RecordKey], now: datetime) -> None:
    """Leave tombstones of those that exist: key and number without time and body."""
    connection.executemany(
        """
        UPDATE records
        SET number = :number, saved_at = :saved_at, at = NULL, modified = NULL, body = NULL
        WHERE userid = :userid AND kind = :kind AND key = :key AND body IS NOT NULL
        """,
        [
            {
                "userid": userid,
                "kind": name.kind,
                "key": name.key,
                "number": number,
                "saved_at": micros(now),
            }
            for number, name in enumerate(names, start=_next_number(connection, userid, now))
        ],
    )


def named(connection: sqlite3.Connection, userid: str, names: Iterable[RecordKey]) -> dict[RecordKey, Record]:
    found: dict[RecordKey, Record] = {}
    for name in names:
        row = connection.execute(
            "SELECT * FROM records WHERE userid = ? AND kind = ? AND key = ? AND body IS NOT NULL",
            (userid, name.kind, name.key),
        ).fetchone()
        if row:
            found[name] = _record(row)
    return found


def between(
    connection: sqlite3.Connection, userid: str, kind: Kind, start: datetime, end: datetime
) -> list[Record]:
    rows = connection.execute(
        "SELECT * FROM records WHERE userid = ? AND kind = ? AND at BETWEEN ? AND ? ORDER BY at, key",
        (userid, kind, micros(start), micros(end)),
    )
    return [_record(row) for row in rows]


def page(
    connection: sqlite3.Connection,
    userid: str,
    kind: Kind,
    start: datetime,
    end: datetime,
    limit: int,
    after: Place | None = None,
    *,
    backward: bool = False,
) -> list[Record]:
    first, behind = (micros(start), ""), (micros(end) + 1, "")
    if after and backward:
        behind = min(behind, (micros(after.at), after.key))
    elif after:
        # No key lies between one and the same with a NUL at its end.
        first = max(first, (micros(after.at), f"{after.key}\0"))
    way = "DESC" if backward else "ASC"
    # That the time is there is said so that the index over those with a time is used.
    rows = connection.execute(
        f"""
        SELECT * FROM records
        WHERE userid = ? AND kind = ? AND at IS NOT NULL AND (at, key) >= (?, ?) AND (at, key) < (?, ?)
        ORDER BY at {way}, key {way} LIMIT ?
        """,  # noqa: S608 - one of two words of our own
        (userid, kind, *first, *behind, limit),
    )
    return [_record(row) for row in rows]


def newest(
    connection: sqlite3.Connection, userid: str, kind: Kind, limit: int, before: datetime | None
) -> list[Record]:
    rows = connection.execute(
        """
        SELECT * FROM records WHERE userid = ? AND kind = ? AND at < ? ORDER BY at DESC, key DESC LIMIT ?
        """,
        (userid, kind, micros(before) if before else MAX_INTEGER, limit),
    )
    return [_record(row) for row in rows]


def changes(
    connection: sqlite3.Connection, userid: str, after: int, limit: int, bringing: Collection[Kind]
) -> list[Changed]:
    rows = connection.execute(
        "SELECT * FROM records WHERE userid = ? AND number > ? ORDER BY number LIMIT ?",
        (userid, after, limit),
    )
    return [_changed(row, bringing) for row in rows]


def through(connection: sqlite3.Connection, userid: str) -> int:
    row = connection.execute(
        "SELECT coalesce(max(number), 0) AS number FROM records WHERE userid = ?", (userid,)
    ).fetchone()
    number: int = row["number"]
    return number


def forget(connection: sqlite3.Connection, userid: str) -> int:
    """Remove some of the account's records and tombstones; how many."""
    deleted = connection.execute(
        "DELETE FROM records WHERE rowid IN (SELECT rowid FROM records WHERE userid = ? LIMIT ?)",
        (userid, MOST_AT_ONCE),
    )
    return deleted.rowcount


def _next_number(connection: sqlite3.Connection, userid: str, now: datetime) -> int:
    """Not below the time: numbers go on to grow also after all records were forgotten."""
    return max(through(connection, userid) + 1, micros(now))


def _changed(row: sqlite3.Row, bringing: Collection[Kind]) -> Changed:
    name, removed = RecordKey(Kind(row["kind"]), row["key"]), row["body"] is None
    record = _record(row) if name.kind in bringing and not removed else None
    return Changed(row["number"], name, record, removed=removed)


def _record(row: sqlite3.Row) -> Record:
    return Record(
        kind=Kind(row["kind"]),
        key=row["key"],
        at=from_micros(row["at"]),
        modified=from_micros(row["modified"]) if row["modified"] is not None else None,
        body=load_body(row["body"]),
    )


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    everything = list(items)
    for start in range(0, len(everything), MOST_AT_ONCE):
        yield everything[start : start + MOST_AT_ONCE]
