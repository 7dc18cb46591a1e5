"""The rows of ``user_vitals``: what Vitals7 shows of a Withings record.

This is a wire contract: the app, its API and the other connectors read these rows, and the
connector that came before wrote them, so names, digits and rounding are kept to the byte. Values
are computed in doubles as it did; exact decimals would give other digits in about one row of a
hundred.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal

from withings_bridge.domain import measures as types
from withings_bridge.domain.readings import counts, measures_of
from withings_bridge.domain.records import Body, Kind, Record, RecordKey

KG_TO_LBS = 2.20462
M_TO_INCHES = 39.3701

RECORDED_BY = "Withings"
MOST_SOURCE_ID = 180

_ALL_DIGITS = Context(prec=400)
"""Room for every digit of any double, so that an absurd one is rounded like the others."""


@dataclass(frozen=True, slots=True)
class VitalRow:
    """One reading as Vitals7 wants it, for whichever user; the store adds ids and creation."""

    vital_type: str
    value: str
    units: str
    recorded_at: int
    """Epoch seconds."""
    source_id: str
    device_used: str = ""
    recording_context: str = ""
    notes: str = ""

    @property
    def item_key(self) -> str:
        """The sort key; the partition key is the user."""
        return _item_key(self.vital_type, self.source_id)

    @property
    def attributes(self) -> dict[str, str | int]:
        """The projected attributes under their wire names; empty ones are absent."""
        required: dict[str, str | int] = {
            "item_key": self.item_key,
            "vitalType": self.vital_type,
            "value": self.value,
            "units": self.units,
            "recordedAt": self.recorded_at,
            "recordedBy": RECORDED_BY,
            "sourceId": self.source_id,
        }
        optional = {
            "deviceUsed": self.device_used,
            "recordingContext": self.recording_context,
            "notes": self.notes,
        }
        return required | {name: text for name, text in optional.items() if text}


class Heights:
    """A person's heights over time, in metres."""

    def __init__(self, records: Iterable[Record]) -> None:
        found = sorted(
            (record.at, record.key, value)
            for record in records
            if (value := _values(record.body).get(types.HEIGHT, 0.0)) > 0 and counts(record.body)
        )
        self._times = [at for at, _, _ in found]
        self._values = [value for _, _, value in found]

    def at(self, when: datetime) -> float | None:
        """The last height dated at or before the instant."""
        index = bisect_right(self._times, when)
        return self._values[index - 1] if index else None


def rows_of_group(group: Record, heights: Heights) -> list[VitalRow]:
    """The rows of a measure group; none while it is held back."""
    if not counts(group.body):
        return []
    values = _values(group.body)
    return [
        *_body_rows(group, values, heights),
        *_pressure_rows(group, values),
        *_other_rows(group, values),
    ]


def rows_of_night(night: Record) -> list[VitalRow]:
    """The rows of a sleep summary."""
    data = night.body.get("data")
    data = data if isinstance(data, dict) else {}
    source = night.body.get("id") or night.body.get("startdate")
    seconds = _number(data.get("total_sleep_time"))
    if seconds is None:
        start, end = _number(night.body.get("startdate")), _number(night.body.get("enddate"))
        seconds = end - start if start is not None and end is not None else 0.0

    def row(vital_type: str, value: str, units: str, ending: str) -> VitalRow:
        return _row(night, vital_type, value, units, f"sleep_{source}_{ending}", "Withings Sleep", "sleep")

    found = []
    if seconds > 0:
        found.append(row("sleep-hours", to_fixed(seconds / 3600, 2), "hours", "sleep"))
    if (rate := _number(data.get("rr_average")) or 0.0) > 0:
        found.append(row("respiratory-rate", to_text(rate), "breaths/min", "rr"))
    if (saturation := _number(data.get("spo2_average")) or 0.0) > 0:
        found.append(row("oxygen-saturation", to_text(saturation), "%", "spo2"))
    return found


def rows_of_day(days: Iterable[Record]) -> list[VitalRow]:
    """The row of one calendar day, from the records of all its sources.

    They count the same steps, so one of those that counted any speaks: a tracker before a phone, then
    the larger.
    """
    walked = [day for day in days if _steps(day) > 0]
    if not walked:
        return []
    best = max(walked, key=lambda day: (_is_tracker(day.body), _steps(day)))
    source = f"activity_{best.body['date']}_steps"
    steps = to_text(_steps(best))
    return [_row(best, "steps", steps, "count", source, "Withings Activity", "daily_activity")]


def possible_keys(record: Record) -> frozenset[str]:
    """Every ``item_key`` that a record of this name may ever have yielded, in any version of it."""
    match record.kind:
        case Kind.SLEEP:
            return _keys_from(record.kind, record.body.get("id") or record.body.get("startdate"))
        case Kind.ACTIVITY:
            return _keys_from(record.kind, record.body.get("date"))
        case _:
            return _keys_from(record.kind, record.key)


def keys_of_gone(name: RecordKey) -> frozenset[str]:
    """The same of a record that is gone, of which its name alone is left."""
    day, _, _ = name.key.partition("/")
    _, _, begun = name.key.rpartition("/")
    return _keys_from(name.kind, {Kind.ACTIVITY: day, Kind.SLEEP: begun}.get(name.kind, name.key))


def _keys_from(kind: Kind, source: object) -> frozenset[str]:
    match kind:
        case Kind.MEASURES:
            sources = {
                f"weight_{source}_1": ("weight", "body-fat-percentage", "bmi"),
                f"height_{source}_4": ("height",),
                f"bp_{source}_9": ("blood-pressure-systolic", "blood-pressure-diastolic", "heart-rate"),
                f"hr_{source}_11": ("heart-rate",),
                f"spo2_{source}_54": ("oxygen-saturation",),
                f"temp_{source}_71": ("body-temperature",),
            }
        case Kind.SLEEP:
            sources = {
                f"sleep_{source}_sleep": ("sleep-hours",),
                f"sleep_{source}_rr": ("respiratory-rate",),
                f"sleep_{source}_spo2": ("oxygen-saturation",),
            }
        case Kind.ACTIVITY:
            sources = {f"activity_{source}_steps": ("steps",)}
        case _:
            sources = {}
    return frozenset(
        _item_key(vital_type, _source_id(source)) for source, kinds in sources.items() for vital_type in kinds
    )


def to_fixed(value: float, digits: int) -> str:
    """Rounded as ECMAScript's ``toFixed`` does, printed as ECMAScript prints a number."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ALL_DIGITS)
    return to_text(float(rounded))


def to_text(value: float) -> str:
    """A double in its shortest form: no trailing zeros, no exponent, no negative zero."""
    shortest = Decimal(repr(value))
    return str(int(shortest)) if value.is_integer() else format(shortest, "f")


def _body_rows(group: Record, values: dict[int, float], heights: Heights) -> Iterator[VitalRow]:
    weight, height = values.get(types.WEIGHT), values.get(types.HEIGHT)

    def row(vital_type: str, value: str, units: str, source: str) -> VitalRow:
        return _row(group, vital_type, value, units, source, "Withings Scale", "home_measurement")

    if weight is None:
        if height is not None:
            yield row("height", to_fixed(height * M_TO_INCHES, 2), "inches", f"height_{group.key}_4")
        return
    source = f"weight_{group.key}_1"
    yield row("weight", to_fixed(weight * KG_TO_LBS, 2), "lbs", source)
    if (fat := values.get(types.FAT_RATIO)) is not None:
        yield row("body-fat-percentage", to_fixed(fat, 2), "%", source)
    # Scales do not send a height, so a bmi rests on the last one known at the time.
    stature = height if height is not None and height > 0 else heights.at(group.at)
    if stature:
        yield row("bmi", to_fixed(weight / (stature * stature), 1), "kg/m²", source)


def _pressure_rows(group: Record, values: dict[int, float]) -> Iterator[VitalRow]:
    systolic, diastolic = values.get(types.SYSTOLIC), values.get(types.DIASTOLIC)
    pulse = values.get(types.HEART_PULSE)
    has_pressure = systolic is not None or diastolic is not None
    source = f"bp_{group.key}_9" if has_pressure else f"hr_{group.key}_11"
    device = "Withings BP Monitor" if has_pressure else "Withings Device"
    for vital_type, value, units in (
        ("blood-pressure-systolic", systolic, "mmHg"),
        ("blood-pressure-diastolic", diastolic, "mmHg"),
        ("heart-rate", pulse, "bpm"),
    ):
        if value is not None:
            yield _row(group, vital_type, to_text(value), units, source, device, "home_measurement")


def _other_rows(group: Record, values: dict[int, float]) -> Iterator[VitalRow]:
    if (saturation := values.get(types.SPO2)) is not None:
        source = f"spo2_{group.key}_54"
        yield _row(
            group,
            "oxygen-saturation",
            to_text(saturation),
            "%",
            source,
            "Withings Pulse Oximeter",
            "home_measurement",
        )
    celsius = values.get(types.BODY_TEMPERATURE, values.get(types.TEMPERATURE))
    if celsius is not None:
        yield _row(
            group,
            "body-temperature",
            to_fixed(celsius * 9 / 5 + 32, 1),
            "°F",
            f"temp_{group.key}_71",
            "Withings Thermometer",
            "home_measurement",
        )


def _values(group: Body) -> dict[int, float]:
    """Each measure type's value as a double; of a type repeated in the group the last one."""
    return {measure.type: measure.value * 10.0**measure.unit for measure in measures_of(group)}


def _row(
    record: Record, vital_type: str, value: str, units: str, source: str, device: str, context: str
) -> VitalRow:
    recorded_at = int(record.at.timestamp())
    return VitalRow(vital_type, value, units, recorded_at, _source_id(source), device, context)


def _source_id(source: str) -> str:
    return f"withings_{source}".replace("#", "_")[:MOST_SOURCE_ID]


def _item_key(vital_type: str, source_id: str) -> str:
    return f"VIT#{vital_type}#SRC#{source_id}#{vital_type}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _steps(day: Record) -> float:
    return _number(day.body.get("steps")) or 0.0


def _is_tracker(day: Body) -> bool:
    return bool(day.get("is_tracker")) or day.get("brand") == 1
