"""What a record holds that no table knows yet: kept, served under its code, and counted."""

from collections.abc import Iterator

from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.origins import ATTRIBS, origin_of
from withings_bridge.domain.readings import measures_of, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.domain.workouts import WORKOUT_CATEGORIES

KNOWN_POSITIONS = range(32)
"""The specification's table goes from 0 to 31."""

SLEEP_STATES = frozenset({0, 1, 2, 3, 4, 5, 15})

_FIELD = "field-"

MOST_OF_A_NAME = 40
"""Characters. A code becomes the label of a metric."""


def unknowns(record: Record) -> Iterator[tuple[str, str]]:
    """What is unknown (``measure type``, ``field``, ``attrib``, ``position``, ``device model``,
    ``workout category``, ``sleep state``) with its code, each once.
    """
    return iter(dict.fromkeys((what, code[:MOST_OF_A_NAME]) for what, code in _found(record)))


def _found(record: Record) -> Iterator[tuple[str, str]]:
    origin = origin_of(record)
    if origin.model is not None and origin.model not in DEVICE_MODELS:
        yield "device model", str(origin.model)
    if record.kind is Kind.MEASURES:
        if origin.attrib is not None and origin.attrib not in ATTRIBS:
            yield "attrib", str(origin.attrib)
        yield from _in_group(record)
        return
    if record.kind is Kind.WORKOUT and record.body.get("category") not in WORKOUT_CATEGORIES:
        yield "workout category", str(record.body.get("category"))
    if record.kind is Kind.SEGMENT and record.body.get("state") not in SLEEP_STATES:
        yield "sleep state", str(record.body.get("state"))
    for reading in readings(record):
        if reading.metric.startswith(_FIELD):
            yield "field", f"{record.kind}.{reading.metric.removeprefix(_FIELD)}"


def _in_group(group: Record) -> Iterator[tuple[str, str]]:
    for measure in measures_of(group.body):
        if measure.type not in MEASURE_TYPES:
            yield "measure type", str(measure.type)
        if measure.position is not None and measure.position not in KNOWN_POSITIONS:
            yield "position", str(measure.position)
