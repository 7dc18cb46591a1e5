"""Records: what Withings keeps and may add late, edit or delete, stored as Withings sent it.

A record's natural key makes two writes the same record. Its time is no part of the key, because
an edit may move it: a revised night keeps its id and changes its start.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from withings_bridge.domain.lean import lean

Body = Mapping[str, Any]

_from_epoch = datetime.fromtimestamp  # looked up once

EPOCH = _from_epoch(0, UTC)
THE_END = datetime.max.replace(tzinfo=UTC)
"""Of the calendar."""

THE_GOALS = "goals"
"""The key of an account's one record of goals."""


class Kind(StrEnum):
    """The kinds of records, each with its own space of natural keys."""

    MEASURES = "measures"
    ACTIVITY = "activity"
    SLEEP = "sleep"
    WORKOUT = "workout"
    HEART = "heart"
    STETHO = "stetho"
    """A stethoscope recording as listed, without its sound."""
    DEVICE = "device"
    GOALS = "goals"
    """What the person aims at: one record an account."""
    INTRADAY = "intraday"
    """The samples of one hour of UTC: ``{"hour": epoch, "series": {epoch: sample}}``. Withings gives no id
    but the second, and an hour is small enough to be rewritten when one sample of it changes.
    """
    SEGMENT = "segment"
    """A stretch of one sleep state, with the samples in it."""
    SIGNAL = "signal"
    """The curve of an ECG or the sound of a stethoscope, as far as somebody asked for it."""
    EVENT = "event"
    """What a notification itself told, since nothing can be fetched about it: into bed, out of bed."""
    HEIGHT = "height"
    """A measure group narrowed to its heights: an index over all history that a bmi looks into."""


@lean
class RecordKey:
    """Names one record of an account."""

    kind: Kind
    key: str

    def __str__(self) -> str:
        return f"{self.kind}#{self.key}"


@lean
class Record:
    """One thing that Withings keeps."""

    kind: Kind
    key: str
    at: datetime
    """When it was taken or began; for an activity day its midnight in UTC; 1970 for a device or goals."""
    modified: datetime | None
    """When Withings last changed it, where it says so."""
    body: Body
    """Withings' own JSON, untouched."""

    @property
    def name(self) -> RecordKey:
        return RecordKey(self.kind, self.key)

    @property
    def day(self) -> date | None:
        """The local calendar day Withings files it under, for the services that are asked by day."""
        return day_of(self.body.get("date"))

    def same_as(self, other: "Record | None") -> bool:
        """Whether storing this one in place of the other would change nothing."""
        return other is not None and self.body == other.body


def record_from(kind: Kind, body: Body) -> Record:
    """The record in a row of a Withings reply.

    Never fails: a row without its id gets a key made of its content, a row without a time is
    filed under 1970. Losing what cannot be understood yet would be worse than storing it oddly.
    """
    return _record(kind, _IDS.get(kind), _TIMES.get(kind, ()), body)


def records_from(kind: Kind, rows: Iterable[Body]) -> list[Record]:
    """The records in a reply, each natural key once: of two rows with one key the last is kept."""
    id_field, times = _IDS.get(kind), _TIMES.get(kind, ())
    return list({(record := _record(kind, id_field, times, row)).key: record for row in rows}.values())


def instant(value: Any) -> datetime | None:
    """An epoch in seconds, as a number or as digits, or None where it is no such thing."""
    try:
        if type(value) is int:  # and no bool, which is an int by another name
            return _from_epoch(value, UTC)
        return _from_epoch(int(value), UTC) if isinstance(value, (float, str)) else None
    except (ValueError, OverflowError, OSError):
        return None


def day_of(value: Any) -> date | None:
    """A calendar day written YYYY-MM-DD, or None."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    # Other forms of ISO 8601 are read too: the epoch 1801011200 would be a day of the year 1801.
    return day if day is not None and day.isoformat() == value else None


def midnight(day: date) -> datetime:
    """The day's midnight in UTC: Vitals7 dates a day of steps so, whatever the person's zone."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


_IDS: dict[Kind, str] = {
    Kind.MEASURES: "grpid",
    Kind.HEIGHT: "grpid",
    Kind.WORKOUT: "id",
    Kind.STETHO: "signalid",
    Kind.INTRADAY: "hour",
}
"""The field that is an id by itself."""

_TIMES: dict[Kind, tuple[str, ...]] = {
    Kind.MEASURES: ("date", "created"),
    Kind.HEIGHT: ("date", "created"),
    Kind.WORKOUT: ("startdate",),
    Kind.SLEEP: ("startdate",),
    Kind.SEGMENT: ("startdate",),
    Kind.HEART: ("timestamp",),
    Kind.STETHO: ("timestamp",),
    Kind.INTRADAY: ("hour",),
    Kind.EVENT: ("date",),
}
"""The fields that may hold the epoch a record is filed under; the first that holds one is it."""


def _record(kind: Kind, id_field: str | None, times: tuple[str, ...], body: Body) -> Record:
    key = _text(body.get(id_field)) if id_field else _composed_key(kind, body)
    for field in times:
        if at := instant(body.get(field)):
            break
    else:
        day = day_of(body.get("date")) if kind is Kind.ACTIVITY else None
        at = midnight(day) if day else EPOCH
    return Record(kind, key or _content_key(body), at, instant(body.get("modified")), body)


def _composed_key(kind: Kind, body: Body) -> str | None:
    """The natural key of what has no field that is an id by itself."""
    match kind:
        case Kind.ACTIVITY if day_of(body.get("date")):
            # One row per source is possible on one day, and a phone's row has no device.
            source = _text(body.get("deviceid")) or "-"
            return f"{body['date']}/{source}/{_text(body.get('modelid')) or '-'}"
        case Kind.SLEEP:
            return _text(body.get("id")) or _joined(body, "hash_deviceid", "startdate")
        case Kind.HEART:
            return _joined(body, "timestamp", "deviceid") or _text(body.get("timestamp"))
        case Kind.DEVICE:
            return _text(body.get("deviceid")) or _text(body.get("hash_deviceid"))
        case Kind.SEGMENT if instant(body.get("startdate")):
            # Withings gives segments no id, and a device sleeps one sleep at a time.
            return f"{_text(body.get('hash_deviceid')) or '-'}/{body['startdate']}"
        case Kind.EVENT if instant(body.get("date")):
            return f"{body.get('appli')}/{_text(body.get('deviceid')) or '-'}/{body['date']}"
        case Kind.GOALS:
            return THE_GOALS
        case _:
            return None


def _joined(body: Body, *fields: str) -> str | None:
    parts = [_text(body.get(field)) for field in fields]
    return "/".join(part for part in parts if part) if all(parts) else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value) or None


def _content_key(body: Body) -> str:
    text = json.dumps(body, sort_keys=True, default=str)
    return f"~{hashlib.sha256(text.encode()).hexdigest()[:24]}"
