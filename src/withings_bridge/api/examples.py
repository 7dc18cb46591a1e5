"""Examples of what the read API answers, made of the records that are shown, by the code that answers."""

from typing import Any

from withings_bridge.api import records_shown as shown
from withings_bridge.api.kinds_schemas import (
    ActivityDay,
    ActivityHour,
    Ecg,
    Goals,
    Night,
    SleepStage,
    StethoRecording,
    Told,
    WithingsEvent,
    Workout,
)
from withings_bridge.api.readings_schemas import Camel, RecordChange, Showing, Value
from withings_bridge.domain.readings import readings
from withings_bridge.domain.records import Body, Kind, record_from
from withings_bridge.services.history.paging import Found
from withings_bridge.storage.base import Changed

KINDS: dict[type[Told], tuple[Kind, Body]] = {
    ActivityDay: (Kind.ACTIVITY, shown.ACTIVITY_DAY),
    ActivityHour: (Kind.INTRADAY, shown.HOUR),
    Night: (Kind.SLEEP, shown.NIGHT),
    SleepStage: (Kind.SEGMENT, shown.STRETCH),
    Workout: (Kind.WORKOUT, shown.WORKOUT),
    Ecg: (Kind.HEART, shown.ECG),
    StethoRecording: (Kind.STETHO, shown.HEART_SOUNDS),
    Goals: (Kind.GOALS, shown.GOALS),
    WithingsEvent: (Kind.EVENT, shown.INTO_BED),
}
"""What tells of records of one kind, and such a record."""

_SHOWING = Showing("Europe/Paris", record=True)


def examples() -> dict[str, Any]:
    """By the name of the component."""
    weighing = _found(Kind.MEASURES, shown.WEIGH_IN)
    values = weighing.readings
    told: list[Camel] = [kind.of(_found(*record), _SHOWING) for kind, record in KINDS.items()]
    told += [
        Value.of(values[0], _SHOWING),
        RecordChange.of(Changed(1, weighing.record.name, weighing.record), values, _SHOWING),
    ]
    return {type(one).__name__: one.model_dump(mode="json", by_alias=True) for one in told}


def _found(kind: Kind, body: Body) -> Found:
    record = record_from(kind, body)
    return Found(record, list(readings(record)))
