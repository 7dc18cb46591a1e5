"""The forms in which records and readings leave for other software: rows of CSV, lines of NDJSON."""

import csv
import io
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from withings_bridge.domain.readings import Reading
from withings_bridge.domain.records import Record
from withings_bridge.domain.zones import local, zone_told


class Format(StrEnum):
    """The forms of an export."""

    CSV = "csv"
    """A reading a row."""
    NDJSON = "ndjson"
    """A record a line, with Withings' own JSON."""
    FHIR = "fhir"
    """A resource of FHIR R4 a line."""


COLUMNS = (
    "metric",
    "value",
    "unit",
    "at",
    "local",
    "zone",
    "until",
    "source",
    "device",
    "model",
    "position",
    "held_back",
    "kind",
    "record",
    "code",
    "attrib",
    "modified",
)
"""What is told of a reading, in the order of the columns."""

HEADER = ",".join(COLUMNS) + "\r\n"


def fields_of(reading: Reading, zone: str | None) -> dict[str, str]:
    """All that is told of a reading, as text; empty where there is nothing to tell.

    ``zone`` is where the person was last: readings that tell no zone of their own are told by it.
    """
    origin = reading.origin
    there = zone_told(reading.origin.zone, zone)
    told: dict[str, object] = {
        "metric": reading.metric,
        "value": plain(reading),
        "unit": reading.unit,
        "at": utc(reading.at),
        "local": local(reading.at, there).isoformat(timespec="seconds"),
        "zone": there,
        "until": utc(reading.until),
        "source": origin.source,
        "device": origin.device,
        "model": origin.model,
        "position": reading.position,
        "held_back": "true" if origin.held_back else "false",
        "kind": reading.record.kind,
        "record": reading.record.key,
        "code": reading.code,
        "attrib": origin.attrib,
        "modified": utc(origin.modified),
    }
    return {name: "" if value is None else str(value) for name, value in told.items()}


def csv_row(reading: Reading, zone: str | None) -> str:
    """The reading as one row, by RFC 4180."""
    fields = fields_of(reading, zone)
    text = io.StringIO()
    csv.writer(text).writerow([fields[column] for column in COLUMNS])
    return text.getvalue()


def record_fields(record: Record) -> dict[str, Any]:
    """All of a record. But for a signal, which is filed by its recording, ``record_from`` of kind and body
    is the record again.
    """
    return {
        "kind": record.kind,
        "key": record.key,
        "at": utc(record.at),
        "modified": utc(record.modified),
        "body": record.body,
    }


def json_line(fields: Any) -> str:
    """As JSON on one line, in ASCII: half a surrogate pair in a device's name goes through too."""
    return json.dumps(fields, separators=(",", ":")) + "\n"


def plain(reading: Reading) -> str:
    """The value with all its digits and without an exponent."""
    return f"{reading.value:f}"


def utc(at: datetime | None) -> str | None:
    """In ISO 8601, to the second, which is all that Withings tells."""
    return None if at is None else f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
