"""Withings' records of all people: one table, bodies as JSON, exactly as they are served."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

JsonObject = dict[str, Any]


class Service(StrEnum):
    """What a record is, named after the service that serves it."""

    MEASURES = "measures"
    ACTIVITY = "activity"
    WORKOUTS = "workouts"
    NIGHTS = "nights"
    SEGMENTS = "segments"
    HEART = "heart"
    STETHO = "stetho"


@dataclass(frozen=True, slots=True)
class Record:
    """One thing Withings keeps."""

    userid: int
    service: Service
    key: str
    """Its natural key within the service, such as a grpid."""
    taken: int
    """Epoch by which date windows find it."""
    day: str
    """Local day by which ``ymd`` windows find it, or empty."""
    modified: int
    body: JsonObject
    loaded: bool = False
    """Given from outside, so nothing may be derived from it."""

    def changed(self, body: JsonObject, *, modified: int) -> Self:
        """The same record with another body."""
        return replace(self, body=body, modified=modified)


@dataclass(frozen=True, slots=True)
class Portion:
    """Which of the rows that were found are wanted; left alone, all of them."""

    start: int = 0
    """How many rows to pass over."""
    most: int | None = None
    types: frozenset[int] | None = None
    """Measure groups that hold any of these types."""
    category: int | None = None
    """Measure groups of this category: 1 is measured, 2 a goal."""


_ALL = Portion()


class Records:
    """Adds, finds, changes and drops records."""

    SCHEMA: ClassVar = """
        CREATE TABLE IF NOT EXISTS records (
            id INTEGER PRIMARY KEY,
            userid INTEGER NOT NULL,
            service TEXT NOT NULL,
            key TEXT NOT NULL,
            taken INTEGER NOT NULL,
            day TEXT NOT NULL,
            modified INTEGER NOT NULL,
            body TEXT NOT NULL,
            loaded INTEGER NOT NULL,
            gone_at INTEGER
        ) STRICT;
        CREATE INDEX IF NOT EXISTS records_by_key ON records (userid, service, key);
        CREATE INDEX IF NOT EXISTS records_by_taken ON records (userid, service, taken, gone_at);
        CREATE INDEX IF NOT EXISTS records_by_modified ON records (userid, service, modified);
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, records: Iterable[Record]) -> None:
        """Adds them all, also such as share a key: recorded replies do."""
        self._connection.executemany(
            "INSERT INTO records (userid, service, key, taken, day, modified, body, loaded)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (r.userid, r.service, r.key, r.taken, r.day, r.modified, json.dumps(r.body), int(r.loaded))
                for r in records
            ],
        )

    def put(self, record: Record) -> None:
        """Stores it in place of whatever has its key."""
        self.forget(record.userid, record.service, record.key)
        self.add([record])

    def vanish(self, record: Record, *, at: int) -> None:
        """From ``at`` on the record is no longer served; nothing tells that it existed."""
        self._connection.execute(
            "UPDATE records SET gone_at = ? WHERE userid = ? AND service = ? AND key = ?"
            " AND gone_at IS NULL",  # what went long ago does not come back
            (at, record.userid, record.service, record.key),
        )

    def forget(self, userid: int, service: Service, key: str) -> None:
        self._connection.execute(
            "DELETE FROM records WHERE userid = ? AND service = ? AND key = ?", (userid, service, key)
        )

    def forget_all(self, userid: int) -> None:
        self._connection.execute("DELETE FROM records WHERE userid = ?", (userid,))

    def find(self, userid: int, service: Service, key: str, *, at: int) -> Record | None:
        found = self._select(userid, service, "AND key = ?", (key,), at=at)
        return found[0] if found else None

    def taken_between(
        self, userid: int, service: Service, first: int, last: int, *, at: int, portion: Portion = _ALL
    ) -> list[Record]:
        """Taken from ``first`` to ``last``, both included."""
        return self._select(
            userid, service, "AND taken BETWEEN ? AND ?", (first, last), at=at, portion=portion
        )

    def of_days(
        self, userid: int, service: Service, first: str, last: str, *, at: int, portion: Portion = _ALL
    ) -> list[Record]:
        """Of the local days ``first`` to ``last``, both included, as YYYY-MM-DD."""
        return self._select(userid, service, "AND day BETWEEN ? AND ?", (first, last), at=at, portion=portion)

    def changed_after(
        self, userid: int, service: Service, moment: int, *, at: int, portion: Portion = _ALL
    ) -> list[Record]:
        return self._select(userid, service, "AND modified > ?", (moment,), at=at, portion=portion)

    def latest(self, userid: int, service: Service, *, at: int, most: int) -> list[Record]:
        """Those that were taken last, the last first."""
        rows = self._connection.execute(
            "SELECT * FROM records WHERE userid = ? AND service = ? AND (gone_at IS NULL OR gone_at > ?)"
            " ORDER BY taken DESC, day DESC, id DESC LIMIT ?",
            (userid, service, at, most),
        )
        return [_record(row) for row in rows]

    def written(self, userid: int, *, at: int) -> dict[Service, list[str]]:
        """The bodies of all records that are served, as JSON texts by ascending change."""
        rows = self._connection.execute(
            "SELECT service, body FROM records WHERE userid = ? AND (gone_at IS NULL OR gone_at > ?)"
            " ORDER BY modified, id",
            (userid, at),
        )
        written: dict[Service, list[str]] = {service: [] for service in Service}
        for row in rows:
            written[Service(row["service"])].append(row["body"])
        return written

    def counts(self, userid: int, *, at: int) -> dict[str, int]:
        """How many records of each service are served."""
        rows = self._connection.execute(
            "SELECT service, COUNT(*) AS number FROM records"
            " WHERE userid = ? AND (gone_at IS NULL OR gone_at > ?) GROUP BY service ORDER BY service",
            (userid, at),
        )
        return {row["service"]: row["number"] for row in rows}

    def _select(
        self,
        userid: int,
        service: Service,
        condition: str,
        values: tuple[object, ...],
        *,
        at: int,
        portion: Portion = _ALL,
    ) -> list[Record]:
        """By ascending change. Only the wanted rows are read, so that a page costs what it holds."""
        wanted, measures = _wanted(portion)
        most = -1 if portion.most is None else portion.most
        rows = self._connection.execute(
            "SELECT * FROM records WHERE userid = ? AND service = ?"  # noqa: S608 conditions are literals above
            f" AND (gone_at IS NULL OR gone_at > ?) {condition} {wanted}"
            " ORDER BY modified, id LIMIT ? OFFSET ?",
            (userid, service, at, *values, *measures, most, portion.start),
        )
        return [_record(row) for row in rows]


def _wanted(portion: Portion) -> tuple[str, list[int]]:
    """The condition on measure groups, and its values."""
    condition, values = "", []
    if portion.category is not None:
        condition += " AND json_extract(body, '$.category') = ?"
        values.append(portion.category)
    if portion.types is not None:
        marks = ",".join("?" * len(portion.types))
        condition += (
            " AND EXISTS (SELECT 1 FROM json_each(body, '$.measures')"  # noqa: S608 question marks alone
            f" WHERE json_extract(value, '$.type') IN ({marks}))"
        )
        values += sorted(portion.types)
    return condition, values


def _record(row: sqlite3.Row) -> Record:
    return Record(
        userid=row["userid"],
        service=Service(row["service"]),
        key=row["key"],
        taken=row["taken"],
        day=row["day"],
        modified=row["modified"],
        body=json.loads(row["body"]),
        loaded=bool(row["loaded"]),
    )
