"""One chart: its frame, its lines or its bars, its words and its table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from withings_bridge.pages.charts.scales import Scale, days_told, spread_apart, ticks, written
from withings_bridge.services.history.charting import Charts, Point

WIDTH, HEIGHT = 420, 230
LEFT, TOP, BOTTOM = 44, 12, 26
RIGHT, RIGHT_WITH_LABELS = 14, 82

LABEL_HEIGHT = 15
MOST_MARKED = 40
"""With more points than this only the last of a series is marked."""

Text = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Tick:
    """A number or a day at its place on an axis."""

    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One series as a line; how it looks follows from its number."""

    number: int
    label: str
    label_at: float
    points: Sequence[tuple[float, float]]
    marked: Sequence[tuple[float, float]]
    """Those of the points that carry the series' own shape."""
    band: Sequence[tuple[float, float]] = ()
    """Around the lowest and the highest of each step, where a step has several."""

    @property
    def path(self) -> str:
        """As SVG writes a line."""
        return _path(self.points)

    @property
    def area(self) -> str:
        """As SVG writes a closed shape."""
        return f"{_path(self.band)}Z" if self.band else ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar: of a stack, or all of it."""

    number: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A strip of the chart, from top to bottom, and what is told of it."""

    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that is drawn and told."""

    name: str
    """For its address within the page."""
    title: str
    gist: str
    """What there is to see, in a sentence."""
    unit: str
    labels: Sequence[str]
    """What its series are called."""
    rows: Sequence[tuple[str, Sequence[str]]]
    """The same numbers: a step, and a cell for each series; the newest first."""
    across: Sequence[Tick] = ()
    up: Sequence[Tick] = ()
    lines: Sequence[Line] = ()
    bars: Sequence[Bar] = ()
    spots: Sequence[Spot] = ()
    right: float = WIDTH - RIGHT

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not self.rows


@dataclass(frozen=True, slots=True)
class Subject:
    """What a chart is to be about."""

    name: str
    title: str
    unit: str
    series: Mapping[str, str]
    """What each metric is called on it."""
    text: Text = field(default=lambda value: f"{value:.1f}")
    factor: float = 1.0
    """From the metric's unit to the chart's."""


def lines(charts: Charts, subject: Subject, gist: str) -> Chart:
    """A chart of lines over time, the axis around the values."""
    found = _series(charts, subject)
    if not found:
        return _nothing(subject)
    values = [
        value for points in found.values() for _, (low, _, high) in points.items() for value in (low, high)
    ]
    marks = ticks(min(values), max(values))
    right = WIDTH - (RIGHT_WITH_LABELS if len(subject.series) > 1 else RIGHT)
    y = Scale(marks[0], marks[-1], HEIGHT - BOTTOM, TOP)
    x = _days(charts, right)
    drawn = []
    for metric, points in found.items():
        number = list(subject.series).index(metric)
        places = [(x(_middle(day, charts)), y(mean)) for day, (_, mean, _) in points.items()]
        band: list[tuple[float, float]] = []
        if any(high > low for low, _, high in points.values()):
            upper = [(x(_middle(day, charts)), y(high)) for day, (_, _, high) in points.items()]
            lower = [(x(_middle(day, charts)), y(low)) for day, (low, _, _) in points.items()]
            band = [*upper, *reversed(lower)]
        marked = places if len(places) <= MOST_MARKED else places[-1:]
        drawn.append(Line(number, subject.series[metric], places[-1][1], places, marked, band))
    if len(subject.series) > 1:
        ends = spread_apart(
            [line.label_at for line in drawn], least=LABEL_HEIGHT, low=TOP, high=HEIGHT - BOTTOM
        )
        drawn = [
            Line(line.number, line.label, end, line.points, line.marked, line.band)
            for line, end in zip(drawn, ends, strict=True)
        ]
    frame = _frame(charts, subject, found, gist, x=x, right=right)
    return replace(frame, up=[Tick(y(mark), written(mark)) for mark in marks], lines=drawn)


def bars(charts: Charts, subject: Subject, gist: str) -> Chart:
    """A chart of bars over time, the series on top of each other, the axis from nothing."""
    found = _series(charts, subject)
    if not found:
        return _nothing(subject)
    right = WIDTH - RIGHT
    days = sorted({day for points in found.values() for day in points})
    heights = {day: sum(points[day][1] for points in found.values() if day in points) for day in days}
    marks = ticks(0, max(heights.values()) or 1)
    y = Scale(0, marks[-1], HEIGHT - BOTTOM, TOP)
    x = _days(charts, right)
    width = max(1.0, round((x(charts.step) - x(0)) * 0.78, 1))
    drawn = []
    for day in days:
        below = 0.0
        for number, metric in enumerate(subject.series):
            value = found.get(metric, {}).get(day, (0.0, 0.0, 0.0))[1]
            if value > 0:
                top = y(below + value)
                left = round(x(_middle(day, charts)) - width / 2, 1)
                drawn.append(Bar(number, left, top, width, round(y(below) - top, 1)))
                below += value
    frame = _frame(charts, subject, found, gist, x=x, right=right)
    return replace(frame, up=[Tick(y(mark), written(mark)) for mark in marks], bars=drawn)


Values = Mapping[date, tuple[float, float, float]]
"""By the first day of a step: the lowest, the mean and the highest."""


def _frame(
    charts: Charts, subject: Subject, found: Mapping[str, Values], gist: str, *, x: Scale, right: float
) -> Chart:
    """All but what is drawn up along the values."""
    return Chart(
        name=subject.name,
        title=subject.title,
        gist=gist,
        unit=subject.unit,
        labels=list(subject.series.values()),
        rows=_rows(charts, subject, found),
        across=_across(charts, x),
        spots=_spots(charts, subject, found, x),
        right=right,
    )


def _series(charts: Charts, subject: Subject) -> dict[str, Values]:
    return {
        metric: {point.day: _values(point, subject.factor) for point in charts.series[metric]}
        for metric in subject.series
        if charts.series.get(metric)
    }


def _values(point: Point, factor: float) -> tuple[float, float, float]:
    return float(point.low) * factor, float(point.mean) * factor, float(point.high) * factor


def _days(charts: Charts, right: float) -> Scale:
    """From days since the first to places; the last day has its full width."""
    return Scale(0, (charts.last - charts.first).days + 1, LEFT, right)


def _middle(day: date, charts: Charts) -> float:
    """The middle of the step that begins then, in days since the first."""
    end = min(day + timedelta(days=charts.step), charts.last + timedelta(days=1))
    return ((day - charts.first).days + (end - charts.first).days) / 2


def _across(charts: Charts, x: Scale) -> list[Tick]:
    return [
        Tick(x((day - charts.first).days + 0.5), text) for day, text in days_told(charts.first, charts.last)
    ]


def _spots(charts: Charts, subject: Subject, found: Mapping[str, Values], x: Scale) -> list[Spot]:
    days = sorted({day for values in found.values() for day in values})
    width = round(x(charts.step) - x(0), 1)
    told = []
    for day in days:
        parts = [
            f"{subject.series[metric]} {_told(values[day], subject)}"
            for metric, values in found.items()
            if day in values
        ]
        text = f"{_when(day, charts)}: {', '.join(parts)} {subject.unit}"
        told.append(Spot(round(x(_middle(day, charts)) - width / 2, 1), width, text))
    return told


def _rows(charts: Charts, subject: Subject, found: Mapping[str, Values]) -> list[tuple[str, Sequence[str]]]:
    days = sorted({day for values in found.values() for day in values}, reverse=True)
    return [
        (
            _when(day, charts),
            [
                _told(found[metric][day], subject) if day in found.get(metric, {}) else ""
                for metric in subject.series
            ],
        )
        for day in days
    ]


def _told(values: tuple[float, float, float], subject: Subject) -> str:
    low, mean, high = (subject.text(value) for value in values)
    return mean if low == high else f"{mean} ({low} to {high})"


def _when(day: date, charts: Charts) -> str:
    begins = f"{day.day} {day:%b %Y}"
    return begins if charts.step == 1 else f"{charts.step} days from {begins}"


def _nothing(subject: Subject) -> Chart:
    return Chart(
        name=subject.name,
        title=subject.title,
        gist="Nothing is known of this time.",
        unit=subject.unit,
        labels=list(subject.series.values()),
        rows=(),
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
