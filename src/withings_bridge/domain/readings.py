"""Readings: what a record says, decoded, as exact decimals.

A measure is an integer and a power of ten; its value is exactly that, so readings are decimals and
never pass through a float. (The rows of Vitals7 do, on purpose: see vitals7.py.)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from withings_bridge.domain import measures as types
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.records import Body, Kind, Record, RecordKey

AMBIGUOUS = 1
"""``attrib`` of a group whose device is not sure whose it is: held back until Withings settles it."""

GOAL = 2
"""``category`` of a group that is a wish and no measurement."""

MOST_BITS = 64
MOST_EXPONENT = 30
"""Beyond these is no quantity of a body, and what a double can hold is not far."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of a measure group, as Withings sends it: ``value * 10**unit``."""

    type: int
    value: int
    unit: int
    position: int | None = None

    @property
    def exact(self) -> Decimal:
        """The value with all its digits, and no others."""
        return Decimal(self.value).scaleb(self.unit)


@dataclass(frozen=True, slots=True)
class Reading:
    """One decoded value."""

    metric: str
    """Our name; ``type-NNN`` for a measure type that no source names yet."""
    value: Decimal
    unit: str | None
    at: datetime
    record: RecordKey
    position: int | None = None


def measures_of(group: Body) -> Iterator[Measure]:
    """The group's well-formed measures, in Withings' order. A type may come several times."""
    for measure in _entries(group):
        type_, value, unit = measure.get("type"), measure.get("value"), measure.get("unit")
        if not (isinstance(type_, int) and isinstance(value, int) and isinstance(unit, int)):
            continue
        if value.bit_length() < MOST_BITS and abs(unit) <= MOST_EXPONENT:
            yield Measure(type_, value, unit, measure.get("position"))


def held_back(group: Body) -> bool:
    """Whether the group is kept but not shown: perhaps another person's."""
    return group.get("attrib") == AMBIGUOUS


def counts(group: Body) -> bool:
    """Whether the group's measures are this person's measurements."""
    return not held_back(group) and group.get("category") != GOAL


def readings(record: Record) -> Iterator[Reading]:
    """The readings of a measure group."""
    for measure in measures_of(record.body):
        known = MEASURE_TYPES.get(measure.type)
        yield Reading(
            metric=known.metric if known else f"type-{measure.type}",
            value=measure.exact,
            unit=known.unit if known else None,
            at=record.at,
            record=record.name,
            position=measure.position,
        )


def latest(groups: Iterable[Record]) -> dict[str, Reading]:
    """The newest reading of each metric over all groups that count, whole body only."""
    newest: dict[str, Reading] = {}
    for group in sorted(groups, key=lambda record: (record.at, record.key)):
        if counts(group.body):
            for reading in readings(group):
                if reading.position is None or reading.position == types.WHOLE_BODY:
                    newest[reading.metric] = reading
    return newest


def height_of(group: Record) -> Record | None:
    """The group narrowed to its heights, as the record that a bmi looks for; None when it has none."""
    heights = [measure for measure in _entries(group.body) if measure.get("type") == types.HEIGHT]
    if not heights or not counts(group.body):
        return None
    fields = ("grpid", "attrib", "date", "created", "modified", "category")
    body = {name: group.body[name] for name in fields if name in group.body}
    return Record(Kind.HEIGHT, group.key, group.at, group.modified, body | {"measures": heights})


def _entries(group: Body) -> list[dict[str, Any]]:
    """What stands in the group as measures, so far as they are objects at all."""
    entries = group.get("measures")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
