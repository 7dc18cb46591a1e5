"""Writes the tables of docs/data.md, from the tables that the code goes by.

``python scripts/data_table.py``; with ``--check`` it writes nothing and ends with 1 where they differ.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from withings_bridge.domain import fields
from withings_bridge.domain.conversions import AS_IS, FAHRENHEIT, HOURS, M_TO_INCHES, POUNDS, Conversion
from withings_bridge.domain.exports import COLUMNS
from withings_bridge.domain.extended import EXTENDED
from withings_bridge.domain.fields import Field
from withings_bridge.domain.measures import MEASURE_TYPES, POSITIONS
from withings_bridge.domain.metrics import BMI, METRICS, NO_NUMBER, Metric, kinds_of
from withings_bridge.domain.origins import ATTRIBS
from withings_bridge.domain.records import Kind

PAGE = Path(__file__).resolve().parents[1] / "docs/data.md"
BEGIN, END = "<!-- data:begin -->", "<!-- data:end -->"

TIMES = "\N{MULTIPLICATION SIGN}"

INCHES = Conversion(f"* {M_TO_INCHES}", lambda metres: metres * M_TO_INCHES)


class Row(NamedTuple):
    """One vital type that the app knows, and what of Withings it shows."""

    vital_type: str
    kind: Kind
    source: int | str
    """The measure type, or the field; empty for the bmi, which is computed."""
    units: str
    digits: int | None = None
    """Decimals that the value is rounded to; None: it is not rounded."""
    conversion: Conversion = AS_IS


CONTRACT = (
    Row("weight", Kind.MEASURES, 1, "lbs", 2, POUNDS),
    Row("body-fat-percentage", Kind.MEASURES, 6, "%", 2),
    Row("bmi", Kind.MEASURES, "", "kg/m²", 1),
    Row("height", Kind.MEASURES, 4, "inches", 2, INCHES),
    Row("blood-pressure-systolic", Kind.MEASURES, 10, "mmHg"),
    Row("blood-pressure-diastolic", Kind.MEASURES, 9, "mmHg"),
    Row("heart-rate", Kind.MEASURES, 11, "bpm"),
    Row("oxygen-saturation", Kind.MEASURES, 54, "%"),
    Row("body-temperature", Kind.MEASURES, 71, "°F", 1, FAHRENHEIT),
    Row("body-temperature", Kind.MEASURES, 12, "°F", 1, FAHRENHEIT),
    Row("steps", Kind.ACTIVITY, "steps", "count"),
    Row("sleep-hours", Kind.SLEEP, "total_sleep_time", "hours", 2, HOURS),
    Row("respiratory-rate", Kind.SLEEP, "rr_average", "breaths/min"),
    Row("oxygen-saturation", Kind.SLEEP, "spo2_average", "%"),
)
"""The rows of the contract. The code of ``domain.vitals7`` is what counts; a test holds this against it."""

TITLES = {
    Kind.MEASURES: "Measure groups",
    Kind.ACTIVITY: "Days of activity",
    Kind.INTRADAY: "Samples within a day",
    Kind.WORKOUT: "Workouts",
    Kind.SLEEP: "Nights",
    Kind.SEGMENT: "Samples within a night",
    Kind.HEART: "ECG recordings",
    Kind.STETHO: "Stethoscope recordings",
    Kind.GOALS: "Goals",
}
"""The kinds of records that hold readings."""

KINDS = {
    Kind.MEASURES: ("one weigh-in, blood pressure, ...", "`grpid`", "when it was taken"),
    Kind.ACTIVITY: ("one day of one source", "day, device, model", "the day's midnight in UTC"),
    Kind.SLEEP: ("one night", "`id`", "when it began"),
    Kind.WORKOUT: ("one workout", "`id`", "when it began"),
    Kind.HEART: ("one recording of a watch, scale or cuff", "time and device", "when it was taken"),
    Kind.STETHO: ("one recording of heart sounds", "`signalid`", "when it was taken"),
    Kind.DEVICE: ("a device, its battery and firmware", "`deviceid`", "no time"),
    Kind.GOALS: ("what the person aims at", "`goals`", "no time"),
    Kind.INTRADAY: ("the samples of one hour of UTC", "the hour's epoch", "the hour"),
    Kind.SEGMENT: ("a stretch of one sleep state with its samples", "device and start", "when it began"),
    Kind.SIGNAL: ("the curve or sound of a recording", "`ecg/` or `stetho/` and `signalid`", "the recording"),
    Kind.EVENT: ("into bed, out of bed, as told", "`appli`, device, time", "when it happened"),
    Kind.HEIGHT: ("a height, an index back to the first one", "`grpid`", "when it was taken"),
}
"""What a record of each kind is, its key, and the time it is filed under."""

FIELDS: dict[Kind, tuple[Field, ...]] = {
    Kind.ACTIVITY: fields.ACTIVITY,
    Kind.INTRADAY: fields.INTRADAY,
    Kind.WORKOUT: fields.WORKOUT,
    Kind.SLEEP: fields.SLEEP_SUMMARY,
    Kind.SEGMENT: fields.SLEEP_DETAIL,
}

HEAD = ("Withings", "metric", "unit", "UCUM", "LOINC", "`vitalType` of the row", "")


def tables() -> str:
    """All tables of the page."""
    parts = ["## Kinds of records", _table(("kind", "is", "key", "filed under"), _kinds())]
    for kind, title in TITLES.items():
        parts += [f"## {title}", f"Kind `{kind}`.", _table(HEAD, _metrics(kind)), *_beside(kind)]
    parts += ["## `attrib` of a measure group", _table(("attrib", "source"), _attribs())]
    parts += ["## `position` of a measure", _table(("position", "of the body"), _positions())]
    columns = ", ".join(f"`{column}`" for column in COLUMNS)
    parts += ["## Columns of the CSV export", f"{columns}. An empty field is something that nobody told."]
    return "\n\n".join(parts)


def in_page(page: str) -> str:
    """The page with the tables of now between its markers; ValueError when it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"docs/data.md lacks the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, complain of differences")
    check = parser.parse_args().check
    before = PAGE.read_text()
    after = in_page(before)
    if after == before:
        return 0
    print(f"{'differs from the tables of the code' if check else 'written'}: docs/data.md")
    if not check:
        PAGE.write_text(after)
    return 1 if check else 0


def _kinds() -> Iterator[tuple[str, ...]]:
    for kind in Kind:
        yield (f"`{kind}`", *KINDS[kind])


def _metrics(kind: Kind) -> Iterator[tuple[str, ...]]:
    for metric in METRICS.values():
        if metric.kind is kind:
            yield (
                _withings(metric),
                f"`{metric.name}`",
                metric.unit,
                f"`{metric.ucum}`" if metric.ucum else "",
                metric.loinc.code if metric.loinc else "",
                ", ".join(_rows(kind, metric.code)),
                metric.description,
            )
    for field in FIELDS.get(kind, ()):
        if field.unit in NO_NUMBER:
            yield (f"`{field.name}`", "", field.unit, "", "", "", f"No reading. {field.description}")


def _withings(metric: Metric) -> str:
    if metric is BMI:
        return "(computed)"
    known = MEASURE_TYPES.get(metric.code) if isinstance(metric.code, int) else None
    return f"{metric.code} {known.name}" if known else f"`{metric.code}`"


def _rows(kind: Kind, code: int | str) -> Iterator[str]:
    for row in CONTRACT:
        if (row.kind, row.source) == (kind, code):
            yield f"**`{row.vital_type}`** {_made(row.units, row.digits, row.conversion)}"
    for entry in EXTENDED:
        if (entry.kind, entry.source) == (kind, code):
            yield f"`{entry.name}` {_made(entry.units, entry.digits, entry.conversion)}"


def _made(units: str, digits: int | None, conversion: Conversion) -> str:
    """How the row's value comes of Withings'."""
    steps = [conversion.formula.replace("*", TIMES)] if conversion.formula else []
    steps += [f"{digits} decimal{'s' if digits != 1 else ''}"] if digits is not None else []
    return f"{units} ({', '.join(steps)})" if steps else units


def _beside(kind: Kind) -> Iterator[str]:
    """What stands below a kind's table."""
    also = [
        f"`{name}`" for name, metric in METRICS.items() if metric.kind is not kind and kind in kinds_of(name)
    ]
    if also:
        yield f"Read from these records too: {', '.join(also)}."
    known = {(metric.kind, metric.code) for metric in METRICS.values()}
    for row in CONTRACT:
        if row.kind is kind and (kind, row.source) not in known:
            shown = f"**`{row.vital_type}`** {_made(row.units, row.digits, row.conversion)}"
            yield f"Withings does not document `{row.source}`. Where it comes, {shown} shows it."


def _attribs() -> Iterator[tuple[str, ...]]:
    for attrib, source in ATTRIBS.items():
        yield (str(attrib), source)
    yield ("any other", "unknown")


def _positions() -> Iterator[tuple[str, ...]]:
    for position, name in POSITIONS.items():
        yield (str(position), name)


def _table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    titles = tuple(head)
    lines = [titles, ("---",) * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
