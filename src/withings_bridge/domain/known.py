"""The names that Withings' rows are known to hold, and what stands in a row under any other.

Made of the tables of ``fields`` and, for what stands beside the values, of Withings' specification and of
recorded replies.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from withings_bridge.domain import fields
from withings_bridge.domain.fields import Field
from withings_bridge.domain.records import Body, Kind

_ANYWHERE = frozenset(
    {"deviceid", "hash_deviceid", "model", "modelid", "model_id", "timezone", "created", "modified"}
)
"""What a row of any service may say of itself."""

_STRETCH = frozenset({"startdate", "enddate", "date"})

MEASURE = frozenset({"type", "value", "unit", "position"}) | {
    *("algo", "fm", "algo_params", "apppfmid", "appliver")  # deprecated, or of no use to anybody outside
}
"""What a measure of a group may hold."""

SAMPLE = _ANYWHERE | {"timestamp"}
"""What a sample within a day may hold beside its values."""

INTRADAY_SAMPLE = SAMPLE | set(fields.names(fields.INTRADAY))
"""The same with its values."""

_RATE = frozenset({"grpid", "value", "date", "is_deleted"})
_SIGNAL = frozenset({"signalid"})


def _names(table: tuple[Field, ...]) -> frozenset[str]:
    return frozenset(fields.names(table))


_OF_KIND: dict[Kind, frozenset[str]] = {
    Kind.MEASURES: frozenset({"grpid", "attrib", "date", "category", "measures"})
    | {"comment", "probability", "is_inconclusive"},
    Kind.ACTIVITY: _STRETCH | {"brand", "is_tracker", "id", "userid"} | _names(fields.ACTIVITY),
    Kind.SLEEP: _STRETCH | {"id", "completed", "data"},
    Kind.WORKOUT: _STRETCH | {"id", "category", "attrib", "data"},
    Kind.SEGMENT: _STRETCH | {"state"} | _names(fields.SLEEP_DETAIL),
    Kind.HEART: frozenset({"timestamp", "heart_rate", "ecg", "bloodpressure", "stetho"}),
    Kind.STETHO: frozenset({"signalid", "timestamp", "vhd"}),
    Kind.DEVICE: frozenset({"type", "battery", "first_session_date", "last_session_date"})
    | {"mac_address", "fw", "network", "sim_status"},
    Kind.GOALS: frozenset({"steps", "sleep", "weight"}),
    Kind.SIGNAL: frozenset({"signal", "sampling_frequency", "wearposition", "heart_rate"})
    | {"signalid", "timestamp", "frequency", "duration", "format", "size", "resolution", "channel"}
    | {"position", "vhd"},
}
"""By kind. Of kinds that are not here the bridge itself has made the rows."""

_ROWS = {kind: names | _ANYWHERE for kind, names in _OF_KIND.items()}

_WITHIN: dict[tuple[Kind, str], frozenset[str]] = {
    (Kind.SLEEP, "data"): _names(fields.SLEEP_SUMMARY),
    (Kind.WORKOUT, "data"): _names(fields.WORKOUT),
    (Kind.HEART, "heart_rate"): _RATE,
    (Kind.SIGNAL, "heart_rate"): _RATE,
    (Kind.HEART, "ecg"): _SIGNAL | {"afib"},
    (Kind.HEART, "bloodpressure"): frozenset({"systole", "diastole"}),
    (Kind.HEART, "stetho"): _SIGNAL | {"vhd"},
    (Kind.GOALS, "weight"): frozenset({"value", "unit"}),
}
"""What the objects within a row may hold."""

_NESTED = frozenset(kind for kind, _ in _WITHIN)


def unknown_fields(kind: Kind, row: Body) -> Iterator[tuple[str, Any]]:
    """What stands in the row under a name that no table knows: the name, and the value, of whatever form.

    What stands within an object of the row has its name before it, ``ecg.strength``; but values of a night
    or a workout, which stand in ``data``, have their own alone. Measures of a group and samples within
    a day are not looked into: see ``MEASURE`` and ``INTRADAY_SAMPLE``.
    """
    known = _ROWS.get(kind)
    if known is None or (kind not in _NESTED and row.keys() <= known):
        return  # as nearly all rows do
    for name, value in row.items():
        within = _WITHIN.get((kind, name))
        if within is not None:
            if isinstance(value, Mapping):
                prefix = "" if name == "data" else f"{name}."
                yield from ((f"{prefix}{each}", value[each]) for each in value if each not in within)
        elif name not in known:
            yield name, value
