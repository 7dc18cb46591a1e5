"""Readings: what a record says, decoded, as exact decimals.

A measure is an integer and a power of ten; its value is exactly that, so readings are decimals and
never pass through a float. (The rows of Vitals7 do, on purpose: see vitals7.py.) Where Withings sends a
decimal fraction, the reading has the digits that were sent.

What nobody has documented yet is a reading all the same, under the number or the name that Withings
gave it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from withings_bridge.domain import fields as known_fields
from withings_bridge.domain import measures as types
from withings_bridge.domain.fields import Field
from withings_bridge.domain.known import SAMPLE, unknown_fields
from withings_bridge.domain.lean import lean
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.origins import AMBIGUOUS, Origin, origin_of
from withings_bridge.domain.records import Body, Kind, Record, RecordKey, instant

GOAL = 2
"""``category`` of a group that is a wish and no measurement."""

MOST_BITS = 64
MOST_EXPONENT = 30
"""Beyond these is no quantity of a body, and what a double can hold is not far."""

TOO_LARGE = 2 ** (MOST_BITS - 1)
_POWERS = {unit: Decimal(1).scaleb(unit) for unit in range(-MOST_EXPONENT, MOST_EXPONENT + 1)}


class Measure(NamedTuple):
    """One value of a measure group, as Withings sends it: ``value * 10**unit``."""

    type: int
    value: int
    unit: int
    position: int | None = None

    @property
    def exact(self) -> Decimal:
        """The value with all its digits, and no others."""
        return self.value * _POWERS[self.unit]


@lean
class Reading:
    """One decoded value."""

    metric: str
    """Our name; ``type-NNN`` or ``field-name`` for what no source names yet."""
    value: Decimal
    unit: str | None
    at: datetime
    """When it was taken, or the stretch began that it is about."""
    record: RecordKey
    position: int | None = None
    until: datetime | None = None
    """When the stretch ended; None for an instant."""
    code: int | str = ""
    """What Withings calls it: a measure type's number, or a field's name."""
    origin: Origin = field(default_factory=Origin, compare=False)
    """Where it comes from; one object for all readings of a record."""


def readings(record: Record) -> Iterator[Reading]:
    """All readings of a record, in the order in which Withings sent them; last what no table knows.

    Of that, numbers are readings. What else there may be, texts, lists, objects, is counted by its name
    (``unknowns``) and stands in the record itself.
    """
    origin = origin_of(record)
    yield from _known(record, origin)
    for name, value in unknown_fields(record.kind, record.body):
        if (number := exact(value)) is not None:
            at = origin.began_at or record.at
            yield Reading(
                unknown_metric(name), number, None, at, record.name, None, origin.ended_at, name, origin
            )


def unknown_metric(name: str) -> str:
    """What a field is called that no table knows."""
    return f"field-{name}"


def _known(record: Record, origin: Origin) -> Iterator[Reading]:
    match record.kind:
        case Kind.MEASURES | Kind.HEIGHT:
            return _of_group(record, origin)
        case Kind.ACTIVITY:
            return _of_fields(record, origin, record.body, _ACTIVITY)
        case Kind.SLEEP:
            return _of_fields(record, origin, _map(record.body.get("data")), _SLEEP)
        case Kind.WORKOUT:
            return _of_fields(record, origin, _map(record.body.get("data")), _WORKOUT)
        case Kind.INTRADAY:
            return _of_hour(record, origin)
        case Kind.SEGMENT:
            return _of_segment(record, origin)
        case Kind.HEART:
            return _of_heart(record, origin)
        case Kind.STETHO:
            return _of_numbers(record, origin, record.body, _STETHO)
        case Kind.GOALS:
            return _of_goals(record, origin)
        case _:
            return iter(())


def measures_of(group: Body) -> Iterator[Measure]:
    """The group's well-formed measures, in Withings' order. A type may come several times."""
    return (measure for entry in entries_of(group) if (measure := measure_in(entry)))


def measure_in(entry: Mapping[str, Any]) -> Measure | None:
    """What an entry of a group says; None where it is not well-formed."""
    type_: Any = entry.get("type")
    value: Any = entry.get("value")
    unit: Any = entry.get("unit")
    sound = isinstance(type_, int) and is_quantity(value, unit)
    return Measure(type_, value, unit, position_in(entry)) if sound else None


def is_quantity(value: Any, unit: Any) -> bool:
    """Whether these are an integer and a power of ten, and neither is beyond all sense."""
    return isinstance(value, int) and isinstance(unit, int) and abs(value) < TOO_LARGE and unit in _POWERS


def position_in(entry: Mapping[str, Any]) -> int | None:
    """The part of the body that an entry is about; None where it tells none."""
    position = entry.get("position")
    return position if isinstance(position, int) else None


def odd_measures(group: Body) -> Iterator[Mapping[str, Any]]:
    """The group's measures that are not well-formed: the value is no integer, say."""
    return (entry for entry in entries_of(group) if measure_in(entry) is None)


def entries_of(group: Body) -> list[dict[str, Any]]:
    """What stands in the group as measures, so far as they are objects at all."""
    entries = group.get("measures")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def counts(group: Body) -> bool:
    """Whether the group's measures are this person's measurements."""
    return group.get("category") != GOAL and group.get("attrib") != AMBIGUOUS


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
    try:
        for entry in group.body["measures"]:
            if entry["type"] == types.HEIGHT:
                break
        else:
            return None  # as of nearly all
    except (KeyError, TypeError):
        pass  # something stands among them that is no measure
    heights = [entry for entry in entries_of(group.body) if entry.get("type") == types.HEIGHT]
    if not heights or not counts(group.body):
        return None
    return Record(Kind.HEIGHT, group.key, group.at, group.modified, {**group.body, "measures": heights})


def exact(value: Any) -> Decimal | None:
    """A number of Withings with the digits that were sent; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    number = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
    sensible = number.is_finite() and abs(number.adjusted()) <= MOST_EXPONENT
    return number if sensible or not number else None


# --- one kind at a time -------------------------------------------------------------------------------


def _of_group(group: Record, origin: Origin) -> Iterator[Reading]:
    at, name = group.at, group.name
    found: dict[tuple[int, Any, Any, int | None], None] = {}  # real groups repeat some to the letter
    odd = []
    for entry in entries_of(group.body):
        code, value, unit = entry.get("type"), entry.get("value"), entry.get("unit")
        if isinstance(code, int) and is_quantity(value, unit):
            found[code, value, unit, position_in(entry)] = None
        else:
            odd.append(entry)
    for code, value, unit, position in found:
        known, number = MEASURE_TYPES.get(code), value * _POWERS[unit]
        if known is None:
            yield Reading(f"type-{code}", number, None, at, name, position, None, code, origin)
            continue
        if known.classification:
            number = Decimal(value)  # the exponent of a code means nothing
        yield Reading(known.metric, number, known.unit, at, name, position, None, code, origin)
    for entry in odd:
        type_, fraction, tens = entry.get("type"), entry.get("value"), entry.get("unit")
        if not (isinstance(type_, int) and isinstance(fraction, float) and isinstance(tens, int)):
            continue
        if (sent := exact(fraction)) is not None and abs(tens) <= MOST_EXPONENT:
            # Its code is a text, since whoever looks for values of a type goes by the number.
            metric, position = f"type-{type_}", position_in(entry)
            yield Reading(metric, sent.scaleb(tens), None, at, name, position, None, str(type_), origin)


def _of_fields(
    record: Record,
    origin: Origin,
    values: Mapping[str, Any],
    table: Mapping[str, Field],
) -> Iterator[Reading]:
    """The numbers among the values that the table knows."""
    for name, value in values.items():
        found = table.get(name)
        if found is None or (number := exact(value)) is None:
            continue
        if found in _ZERO_IS_NO_DATA and not number:
            continue
        yield Reading(
            metric=found.metric,
            value=number,
            unit=found.unit,
            at=origin.began_at or record.at,
            until=origin.ended_at,
            record=record.name,
            code=name,
            origin=origin,
        )


def _of_hour(record: Record, origin: Origin) -> Iterator[Reading]:
    for epoch, sample in _map(record.body.get("series")).items():
        at = instant(epoch)
        if at is None or not isinstance(sample, Mapping):
            continue
        about = origin.of_sample(sample)
        for name, value in sample.items():
            if name in SAMPLE or (number := exact(value)) is None:
                continue
            yield _sampled(record, about, _INTRADAY.get(name), name, number, at)


def _of_segment(record: Record, origin: Origin) -> Iterator[Reading]:
    if (state := exact(record.body.get("state"))) is not None:
        yield Reading(
            SLEEP_STAGE, state, "code", record.at, record.name, None, origin.ended_at, "state", origin
        )
    for name, samples in record.body.items():
        if not isinstance(samples, Mapping):
            continue
        for epoch, value in samples.items():
            at, number = instant(epoch), exact(value)
            if at is not None and number is not None:
                yield _sampled(record, origin, _DETAIL.get(name), name, number, at)


def _of_heart(record: Record, origin: Origin) -> Iterator[Reading]:
    body = record.body
    rate = body.get("heart_rate")
    # A number in August 2026, an object that holds it by October.
    rate = rate.get("value") if isinstance(rate, Mapping) else rate
    yield from _of_numbers(record, origin, {"heart_rate": rate}, {"heart_rate": ("ecg_heart_rate", "bpm")})
    yield from _of_numbers(record, origin, _map(body.get("ecg")), {"afib": ("ecg_afib", "code")})
    yield from _of_numbers(record, origin, _map(body.get("bloodpressure")), _PRESSURES)
    yield from _of_numbers(record, origin, _map(body.get("stetho")), _STETHO)


def _of_goals(record: Record, origin: Origin) -> Iterator[Reading]:
    yield from _of_numbers(record, origin, record.body, _GOALS)
    weight = _map(record.body.get("weight"))
    for measure in measures_of({"measures": [{**weight, "type": types.WEIGHT}]}):
        at = record.modified or record.at
        yield Reading("goal_weight", measure.exact, "kg", at, record.name, code="weight", origin=origin)


def _of_numbers(
    record: Record, origin: Origin, values: Mapping[str, Any], table: Mapping[str, tuple[str, str]]
) -> Iterator[Reading]:
    for name, (metric, unit) in table.items():
        if (number := exact(values.get(name))) is not None:
            yield Reading(metric, number, unit, record.at, record.name, code=name, origin=origin)


def _sampled(
    record: Record, origin: Origin, known: Field | None, name: str, value: Decimal, at: datetime
) -> Reading:
    metric, unit = (known.metric, known.unit) if known else (unknown_metric(name), None)
    return Reading(metric, value, unit, at, record.name, code=name, origin=origin)


SLEEP_STAGE = "sleep_stage"

_ACTIVITY = known_fields.by_name(known_fields.ACTIVITY)
_SLEEP = known_fields.by_name(known_fields.SLEEP_SUMMARY)
_WORKOUT = known_fields.by_name(known_fields.WORKOUT)
_INTRADAY = known_fields.by_name(known_fields.INTRADAY)
_DETAIL = known_fields.by_name(known_fields.SLEEP_DETAIL)

_ZERO_IS_NO_DATA = frozenset(_ACTIVITY[name] for name in ("hr_average", "hr_min", "hr_max"))

_PRESSURES = {
    "systole": (MEASURE_TYPES[types.SYSTOLIC].metric, "mmHg"),
    "diastole": (MEASURE_TYPES[types.DIASTOLIC].metric, "mmHg"),
}
_STETHO = {"vhd": ("stetho_vhd", "code")}
_GOALS = {"steps": ("goal_steps", "count"), "sleep": ("goal_sleep", "s")}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
