"""What a record holds that no table knows yet: kept, served under its code, and counted."""

from collections.abc import Iterator, Mapping

from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.known import INTRADAY_SAMPLE, MEASURE, unknown_fields
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.origins import ATTRIBS, origin_of
from withings_bridge.domain.readings import entries_of, measures_of, odd_measures
from withings_bridge.domain.records import Body, Kind, Record
from withings_bridge.domain.workouts import WORKOUT_CATEGORIES

KNOWN_POSITIONS = range(32)
"""The specification's table goes from 0 to 31."""

SLEEP_STATES = frozenset({0, 1, 2, 3, 4, 5, 15})

MOST_OF_A_NAME = 40
"""Characters. A code becomes the label of a metric."""


def unknowns(record: Record) -> Iterator[tuple[str, str]]:
    """What is unknown (``measure type``, ``measure value``, ``field``, ``attrib``, ``position``,
    ``device model``, ``workout category``, ``sleep state``) with its code, each once.

    A field is unknown by its name, whatever its value; a ``measure value`` is one that is no integer with a
    power of ten, and has the type's number for a code.
    """
    return iter(dict.fromkeys((what, code[:MOST_OF_A_NAME]) for what, code in _found(record)))


def _found(record: Record) -> Iterator[tuple[str, str]]:
    origin = origin_of(record)
    if origin.model is not None and origin.model not in DEVICE_MODELS:
        yield "device model", str(origin.model)
    if record.kind is Kind.MEASURES:
        if origin.attrib is not None and origin.attrib not in ATTRIBS:
            yield "attrib", str(origin.attrib)
        yield from _in_group(record.body)
    if record.kind is Kind.WORKOUT and record.body.get("category") not in WORKOUT_CATEGORIES:
        yield "workout category", str(record.body.get("category"))
    if record.kind is Kind.SEGMENT and record.body.get("state") not in SLEEP_STATES:
        yield "sleep state", str(record.body.get("state"))
    for name in _names(record):
        yield "field", f"{record.kind}.{name}"


def _in_group(group: Body) -> Iterator[tuple[str, str]]:
    for measure in measures_of(group):
        if measure.type not in MEASURE_TYPES:
            yield "measure type", str(measure.type)
    for odd in odd_measures(group):
        yield "measure value", str(odd.get("type"))
    for entry in entries_of(group):
        position = entry.get("position")
        if position is not None and position not in KNOWN_POSITIONS:
            yield "position", str(position)


def _names(record: Record) -> Iterator[str]:
    """The names that no table knows, wherever in the record they stand."""
    yield from (name for name, _ in unknown_fields(record.kind, record.body))
    if record.kind is Kind.MEASURES:
        for entry in entries_of(record.body):
            yield from (f"measures.{name}" for name in entry if name not in MEASURE)
    series = record.body.get("series")
    if record.kind is Kind.INTRADAY and isinstance(series, Mapping):
        for sample in series.values():
            if isinstance(sample, Mapping):
                yield from (name for name in sample if name not in INTRADAY_SAMPLE)
