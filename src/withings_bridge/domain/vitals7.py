"""The rows of ``user_vitals``: what Vitals7 shows of a Withings record.

This is a wire contract: the app, its API and the other connectors read these rows, and the
connector that came before wrote them, so names, digits and rounding are kept to the byte. Values
are computed in doubles as it did; exact decimals would give other digits in about one row of a
hundred.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime

from withings_bridge.domain import measures as types
from withings_bridge.domain.conversions import FAHRENHEIT, HOURS, KG_TO_LBS, M_TO_INCHES
from withings_bridge.domain.ecmascript import to_fixed, to_text
from withings_bridge.domain.extended import EXTENDED
from withings_bridge.domain.lean import lean
from withings_bridge.domain.mapping import CONTRACT, RowMapping, Sources
from withings_bridge.domain.origins import is_tracker
from withings_bridge.domain.readings import MOST_EXPONENT, TOO_LARGE, counts, measures_of, position_in
from withings_bridge.domain.records import EPOCH, Body, Kind, Record
from withings_bridge.domain.row_keys import extended_source, item_key, source_id, source_of

RECORDED_BY = "Withings"

_AT_HOME = "home_measurement"
_SCALE = "Withings Scale"
_PULSE = (
    (types.SYSTOLIC, "blood-pressure-systolic", "mmHg"),
    (types.DIASTOLIC, "blood-pressure-diastolic", "mmHg"),
    (types.HEART_PULSE, "heart-rate", "bpm"),
)
_SHOWN = frozenset(
    {types.WEIGHT, types.HEIGHT, types.FAT_RATIO, types.DIASTOLIC, types.SYSTOLIC, types.HEART_PULSE}
    | {types.SPO2, types.TEMPERATURE, types.BODY_TEMPERATURE}
)
"""The measure types that the contract's rows are made of."""
_WHOLE = (None, types.WHOLE_BODY)
_EXTENDED = frozenset(entry.source for entry in EXTENDED if entry.kind is Kind.MEASURES)
_TENS = {unit: 10.0**unit for unit in range(-MOST_EXPONENT, MOST_EXPONENT + 1)}


@lean
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
        return item_key(self.vital_type, self.source_id)

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
            if (value := _values(record.body, _SHOWN).get(types.HEIGHT, 0.0)) > 0 and counts(record.body)
        )
        self._times = [at for at, _, _ in found]
        self._values = [value for _, _, value in found]

    def at(self, when: datetime) -> float | None:
        """The last height dated at or before the instant."""
        index = bisect_right(self._times, when)
        return self._values[index - 1] if index else None


def rows_of_group(group: Record, heights: Heights, mapping: RowMapping = CONTRACT) -> list[VitalRow]:
    """The rows of a measure group; none while it is held back."""
    if not counts(group.body):
        return []
    values = _values(group.body, _SHOWN)
    rows = _contract_rows(group, values, heights) if values else []
    if mapping.extended:
        whole = _values(group.body, _EXTENDED, of_limbs=False)
        rows += _extended_rows(group, mapping, whole.get)
    return rows


def rows_of_night(night: Record, mapping: RowMapping = CONTRACT) -> list[VitalRow]:
    """The rows of a sleep summary."""
    data = night.body.get("data")
    data = data if isinstance(data, dict) else {}
    source = source_of(night)
    seconds = _number(data.get("total_sleep_time"))
    if seconds is None:
        start, end = _number(night.body.get("startdate")), _number(night.body.get("enddate"))
        seconds = end - start if start is not None and end is not None else 0.0

    def row(vital_type: str, value: str, units: str, ending: str) -> VitalRow:
        return _row(night, vital_type, value, units, f"sleep_{source}_{ending}", "Withings Sleep", "sleep")

    found = []
    if seconds > 0:
        found.append(row("sleep-hours", to_fixed(HOURS.of(seconds), 2), "hours", "sleep"))
    if (rate := _number(data.get("rr_average")) or 0.0) > 0:
        found.append(row("respiratory-rate", to_text(rate), "breaths/min", "rr"))
    if (saturation := _number(data.get("spo2_average")) or 0.0) > 0:
        found.append(row("oxygen-saturation", to_text(saturation), "%", "spo2"))
    found += _extended_rows(night, mapping, lambda field: _number(data.get(field)))
    return found


def rows_of_day(days: Iterable[Record], mapping: RowMapping = CONTRACT) -> list[VitalRow]:
    """The rows of one calendar day, from the records of all its sources.

    They count the same steps, so one of them speaks: see ``Sources``.
    """
    best = max(_believed(days, mapping.sources), key=_counted_by(mapping.sources), default=None)
    if best is None:
        return []
    found = []
    if _steps(best) > 0:
        source = f"activity_{source_of(best)}_steps"
        steps = to_text(_steps(best))
        found.append(_row(best, "steps", steps, "count", source, "Withings Activity", "daily_activity"))
    found += _extended_rows(best, mapping, lambda field: _number(best.body.get(field)))
    return found


def ranked(days: Iterable[Record], sources: Sources) -> list[Record]:
    """Records of activity, the newest day first, and of one day whoever speaks for it before the others."""
    rank = _counted_by(sources)
    return sorted(_believed(days, sources), key=lambda day: (day.at, *rank(day)), reverse=True)


def _contract_rows(group: Record, values: dict[int, float], heights: Heights) -> list[VitalRow]:
    """The rows of the contract, all but those that an operator switches on."""
    at = _epoch(group)
    rows: list[VitalRow] = []
    if types.WEIGHT in values:
        _add_weighing(rows, group, at, values, heights)
    elif types.HEIGHT in values:
        source, inches = source_id(f"height_{group.key}_4"), to_fixed(values[types.HEIGHT] * M_TO_INCHES, 2)
        rows.append(VitalRow("height", inches, "inches", at, source, _SCALE, _AT_HOME))
    if types.SYSTOLIC in values or types.DIASTOLIC in values:
        _add_pulse(rows, at, values, source_id(f"bp_{group.key}_9"), "Withings BP Monitor")
    elif types.HEART_PULSE in values:
        _add_pulse(rows, at, values, source_id(f"hr_{group.key}_11"), "Withings Device")
    if types.SPO2 in values:
        source, device = source_id(f"spo2_{group.key}_54"), "Withings Pulse Oximeter"
        text = to_text(values[types.SPO2])
        rows.append(VitalRow("oxygen-saturation", text, "%", at, source, device, _AT_HOME))
    celsius = values.get(types.BODY_TEMPERATURE, values.get(types.TEMPERATURE))
    if celsius is not None:
        source, device = source_id(f"temp_{group.key}_71"), "Withings Thermometer"
        text = to_fixed(FAHRENHEIT.of(celsius), 1)
        rows.append(VitalRow("body-temperature", text, "°F", at, source, device, _AT_HOME))
    return rows


def _add_weighing(
    rows: list[VitalRow], group: Record, at: int, values: dict[int, float], heights: Heights
) -> None:
    weight, height = values[types.WEIGHT], values.get(types.HEIGHT)
    source, pounds = source_id(f"weight_{group.key}_1"), to_fixed(weight * KG_TO_LBS, 2)
    rows.append(VitalRow("weight", pounds, "lbs", at, source, _SCALE, _AT_HOME))
    if types.FAT_RATIO in values:
        fat = to_fixed(values[types.FAT_RATIO], 2)
        rows.append(VitalRow("body-fat-percentage", fat, "%", at, source, _SCALE, _AT_HOME))
    # Scales do not send a height, so a bmi rests on the last one known at the time.
    stature = height if height is not None and height > 0 else heights.at(group.at)
    if stature:
        index = to_fixed(weight / (stature * stature), 1)
        rows.append(VitalRow("bmi", index, "kg/m²", at, source, _SCALE, _AT_HOME))


def _add_pulse(rows: list[VitalRow], at: int, values: dict[int, float], source: str, device: str) -> None:
    for type_, vital_type, units in _PULSE:
        if type_ in values:
            text = to_text(values[type_])
            rows.append(VitalRow(vital_type, text, units, at, source, device, _AT_HOME))


def _extended_rows(
    record: Record, mapping: RowMapping, value_of: Callable[..., float | None]
) -> Iterator[VitalRow]:
    """The rows that are switched on; ``value_of`` gives the value of a measure type or a field."""
    for entry in mapping.extended_of(record.kind):
        value = value_of(entry.source)
        if value is None or not (value > 0 or entry.zero):
            continue
        text = to_fixed(entry.conversion.of(value), entry.digits)
        source = extended_source(record.kind, source_of(record), entry.ending)
        yield _row(record, entry.name, text, entry.units, source, entry.device, entry.context)


def _values(group: Body, wanted: Container[object], *, of_limbs: bool = True) -> dict[int, float]:
    """The value of each measure type that is wanted, as a double; of a type that is repeated the last one.

    Without ``of_limbs``: a limb's value then never stands for the body's, nor one limb's for another's.
    """
    values = {}
    try:
        for entry in group["measures"]:
            type_ = entry["type"]
            if type_ in wanted:
                value, unit = entry["value"], entry["unit"]
                whole = isinstance(type_, int) and isinstance(value, int) and isinstance(unit, int)
                if whole and -TOO_LARGE < value < TOO_LARGE and (of_limbs or position_in(entry) in _WHOLE):
                    values[type_] = value * _TENS[unit]
    except (KeyError, TypeError):  # something stands among them that is no measure, or no quantity
        return {
            type_: value * _TENS[unit]
            for type_, value, unit, position in measures_of(group)
            if type_ in wanted and (of_limbs or position in _WHOLE)
        }
    return values


def _row(
    record: Record, vital_type: str, value: str, units: str, source: str, device: str, context: str
) -> VitalRow:
    return VitalRow(vital_type, value, units, _epoch(record), source_id(source), device, context)


def _epoch(record: Record) -> int:
    since = record.at - EPOCH  # by ``timestamp`` it takes twice as long
    return since.days * 86_400 + since.seconds


def _number(value: object) -> float | None:
    """A quantity as a double; None for what is none, or beyond all that a double can hold."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _believed(days: Iterable[Record], sources: Sources) -> Iterator[Record]:
    return (day for day in days if sources is not Sources.TRACKERS_ONLY or is_tracker(day.body))


def _counted_by(sources: Sources) -> Callable[[Record], tuple[float, ...]]:
    """By what the sources of a day are ranked. Who counted no step speaks only where nobody did."""

    def rank(day: Record) -> tuple[float, ...]:
        steps, tracker = _steps(day), is_tracker(day.body)
        return (steps, tracker) if sources is Sources.MOST_STEPS else (steps > 0, tracker, steps)

    return rank


def _steps(day: Record) -> float:
    return _number(day.body.get("steps")) or 0.0
