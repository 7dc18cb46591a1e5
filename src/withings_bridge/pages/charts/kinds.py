"""Which charts there are of a person, and what each says in words."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from withings_bridge.domain.zones import local
from withings_bridge.pages.charts.drawing import Chart, Subject, bars, lines
from withings_bridge.services.history.charting import ASLEEP, Charts, Point

WEIGHT = Subject("weight", "Weight", "kg", {"weight": "Weight"}, text=lambda value: f"{value:.1f}")
COMPOSITION = Subject(
    "composition",
    "Composition",
    "kg",
    {"muscle_mass": "Muscle", "hydration": "Water", "fat_mass": "Fat", "bone_mass": "Bone"},
)
PRESSURE = Subject(
    "pressure",
    "Blood pressure",
    "mmHg",
    {"systolic_blood_pressure": "Systolic", "diastolic_blood_pressure": "Diastolic"},
    text=lambda value: f"{value:.0f}",
)
HEART = Subject(
    "heart",
    "Heart rate",
    "bpm",
    {"heart_pulse": "Measured", "heart_rate_average": "By day", "sleep_heart_rate_average": "Asleep"},
    text=lambda value: f"{value:.0f}",
)
STEPS = Subject("steps", "Steps", "a day", {"steps": "Steps"}, text=lambda value: f"{value:,.0f}")
SLEEP = Subject(
    "sleep",
    "Sleep",
    "hours",
    {
        "deep_sleep_duration": "Deep",
        "light_sleep_duration": "Light",
        "rem_sleep_duration": "REM",
        "awake_duration": "Awake",
    },
    factor=1 / 3600,
)


def charts_of(charts: Charts) -> list[Chart]:
    """All charts of a person, also those with nothing on them."""
    return [
        lines(charts, WEIGHT, _weight(charts)),
        lines(charts, COMPOSITION, _newest(charts, COMPOSITION)),
        lines(charts, PRESSURE, _pressure(charts)),
        lines(charts, HEART, _newest(charts, HEART)),
        bars(charts, STEPS, _steps(charts)),
        bars(charts, SLEEP, _sleep(charts)),
    ]


def _weight(charts: Charts) -> str:
    newest = charts.newest.get("weight")
    points = charts.series.get("weight", ())
    if newest is None or not points:
        return ""
    told = f"{newest.value:.1f} kg on {_day(local(newest.at, charts.zone))}"
    change = newest.value - points[0].mean
    if len(points) == 1:
        return f"{told}."
    first = _day(points[0].day)
    then = f"on {first}" if charts.step == 1 else f"the mean of {charts.step} days from {first}"
    if abs(change) < Decimal("0.05"):
        return f"{told}, as much as {then}."
    return f"{told}, {abs(change):.1f} kg {'more' if change > 0 else 'less'} than {then}."


def _newest(charts: Charts, subject: Subject) -> str:
    """The newest value of each series, and not the mean of the last step, which may be weeks."""
    parts = [
        f"{label.lower()} {subject.text(float(charts.newest[metric].value) * subject.factor)}"
        for metric, label in subject.series.items()
        if charts.series.get(metric) and metric in charts.newest
    ]
    return f"Newest, in {subject.unit}: {', '.join(parts)}." if parts else ""


def _pressure(charts: Charts) -> str:
    systolic = charts.newest.get("systolic_blood_pressure")
    diastolic = charts.newest.get("diastolic_blood_pressure")
    if not systolic or not diastolic:
        return ""
    when = _day(local(systolic.at, charts.zone))
    return f"{systolic.value:.0f} over {diastolic.value:.0f} mmHg on {when}."


def _steps(charts: Charts) -> str:
    points = charts.series.get("steps", ())
    if not points:
        return ""
    return f"{_mean(points):,.0f} steps a day on average, {max(point.high for point in points):,.0f} at most."


def _sleep(charts: Charts) -> str:
    points = charts.series.get(ASLEEP, ())
    return f"{_mean(points) / 3600:.1f} hours asleep a night on average." if points else ""


def _mean(points: Sequence[Point]) -> Decimal:
    """Of all that the points are means of."""
    return sum((point.mean * point.count for point in points), Decimal()) / sum(
        point.count for point in points
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
