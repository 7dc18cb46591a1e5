"""What charts of a person show: their readings over a span, by the days of their own calendar.

A long span is told in steps of a week or of four: each says the mean, the lowest and the highest of what
was taken in it, so that a chart has some hundred points at most and no extreme is lost.
"""

import math
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from withings_bridge.domain.measures import WHOLE_BODY
from withings_bridge.domain.readings import Reading, counts, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.domain.vitals7 import ranked
from withings_bridge.domain.zones import begin_of, local
from withings_bridge.services.clock import Clock
from withings_bridge.services.history import browsing
from withings_bridge.services.history.browsing import Browsing, History

MEASURED = (
    "weight",
    "fat_mass",
    "muscle_mass",
    "bone_mass",
    "hydration",
    "systolic_blood_pressure",
    "diastolic_blood_pressure",
    "heart_pulse",
)
BY_DAY = ("steps", "heart_rate_average")
STAGES = ("deep_sleep_duration", "light_sleep_duration", "rem_sleep_duration", "awake_duration")
ASLEEP = "asleep"
"""The stages of a night in which it was slept, together. A metric of charts alone."""
BY_NIGHT = (*STAGES, ASLEEP, "sleep_heart_rate_average")

STEPS = ((92, 1), (731, 7))
"""Up to so many days are told in steps of so many; longer spans in steps of four weeks."""

LONGEST_STEP = 28
LONGEST = timedelta(days=366 * 20)
"""Of older records a chart says nothing."""

LATE = timedelta(days=2)
"""Within so many days the records of one calendar day come, whatever zones they were taken in."""


MOST_KNOWN = 64
"""Charts that are remembered until the records they tell of change."""


class Span(StrEnum):
    """How far back a chart goes."""

    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "1y"
    ALL = "all"

    @property
    def days(self) -> int | None:
        """How many days; None: as many as anything is stored of."""
        return {Span.MONTH: 30, Span.QUARTER: 90, Span.YEAR: 52 * 7}.get(self)


@dataclass(frozen=True, slots=True)
class Point:
    """What was taken in one step."""

    day: date
    """The first day of it."""
    mean: Decimal
    low: Decimal
    high: Decimal
    count: int = 1
    """How many values it is the mean of."""


@dataclass(frozen=True, slots=True)
class Charts:
    """All that is shown of a person."""

    account: str
    span: Span
    zone: str | None
    first: date
    last: date
    step: int
    """How many days a point stands for."""
    series: Mapping[str, Sequence[Point]]
    """By metric, the oldest first; a metric nothing is known of has none."""
    newest: Mapping[str, Reading]
    """The newest reading of each metric, of whatever time."""


class Charting:
    """Gathers what charts show."""

    def __init__(self, *, browsing: Browsing, clock: Clock) -> None:
        self._browsing = browsing
        self._clock = clock
        self._known: OrderedDict[tuple[object, ...], Charts] = OrderedDict()

    async def charts(self, user: str, span: Span) -> Charts:
        """The person's readings over the span, to the end of their day. Raises NotLinked, StorageError."""
        history = await self._browsing.of(user)
        version = await history.version()
        zone = await history.zone()
        last = local(self._clock(), zone).date()
        name = (history.account.history, version, span, zone, last)
        if name not in self._known:
            self._known[name] = await self._gathered(history, span, zone, last)
        self._known.move_to_end(name)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return self._known[name]

    async def _gathered(self, history: History, span: Span, zone: str | None, last: date) -> Charts:
        days = span.days or await _days_of(history, last, zone)
        length = next((length for most, length in STEPS if days <= most), LONGEST_STEP)
        # In whole steps: a part of one would be told as if it were whole.
        first = last - timedelta(days=math.ceil(days / length) * length - 1)
        steps = _Steps(first, last, length)
        stretch = browsing.Span(begin_of(first, zone), begin_of(last + timedelta(days=2), zone))
        async for group in history.all(Kind.MEASURES, stretch):
            if counts(group.body):
                steps.take(readings(group), MEASURED, local(group.at, zone).date())
        # A day or a night is filed under its own date, whose instants lie in the zone it was spent in.
        wider = browsing.Span(stretch.start - LATE, stretch.end)
        async for day in _best_of_each_day(history, wider):
            steps.take(readings(day), BY_DAY, day.day)
        async for night in _longest_of_each_night(history, wider, zone):
            steps.take(_of_night(night), BY_NIGHT, night.day or local(night.at, zone).date())
        return Charts(
            account=history.account.userid,
            span=span,
            zone=zone,
            first=first,
            last=last,
            step=steps.length,
            series=steps.series(),
            newest=await history.latest(),
        )


@dataclass(slots=True)
class _Sum:
    """The values of one step so far."""

    count: int
    total: Decimal
    low: Decimal
    high: Decimal

    def add(self, value: Decimal) -> None:
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)


@dataclass(slots=True)
class _Steps:
    """The span in steps, of which the last ends today, and what was taken in each."""

    first: date
    last: date
    length: int
    sums: dict[str, dict[int, _Sum]] = field(default_factory=dict)

    def take(self, found: Iterable[Reading], metrics: Sequence[str], day: date | None) -> None:
        """Add those of the readings that are charted, of the whole body."""
        if day is None or not self.first <= day <= self.last:
            return
        step = (self.last - day).days // self.length
        for reading in found:
            if reading.metric not in metrics or reading.position not in (None, WHOLE_BODY):
                continue
            known = self.sums.setdefault(reading.metric, {}).get(step)
            if known:
                known.add(reading.value)
            else:
                value = reading.value
                self.sums[reading.metric][step] = _Sum(1, value, value, value)

    def series(self) -> dict[str, list[Point]]:
        return {
            metric: [
                Point(self._day(step), each.total / each.count, each.low, each.high, each.count)
                for step, each in sorted(sums.items(), reverse=True)
            ]
            for metric, sums in self.sums.items()
        }

    def _day(self, step: int) -> date:
        return self.last - timedelta(days=(step + 1) * self.length - 1)


async def _days_of(history: History, last: date, zone: str | None) -> int:
    """How many days lie between the oldest record and today."""
    longest = browsing.Span(start=begin_of(last, zone) - LONGEST)
    oldest: list[datetime] = []
    for kind in (Kind.MEASURES, Kind.ACTIVITY, Kind.SLEEP):
        page = await history.page(kind, longest, limit=1)
        oldest += [record.at for record in page.records]
    first = local(min(oldest), zone).date() if oldest else last
    return max((last - first).days + 1, 30)


async def _best_of_each_day(history: History, span: browsing.Span) -> AsyncIterator[Record]:
    """Of each day whoever speaks for it, where watch and phone counted the same steps."""
    waiting: dict[date, Record] = {}
    async for record in history.all(Kind.ACTIVITY, span):
        if record.day is None:
            continue
        rivals = [record, *filter(None, [waiting.get(record.day)])]
        if best := ranked(rivals, history.sources):
            waiting[record.day] = best[0]
        for day in [day for day in waiting if day < record.day - LATE]:
            yield waiting.pop(day)
    for best_of_day in waiting.values():
        yield best_of_day


async def _longest_of_each_night(
    history: History, span: browsing.Span, zone: str | None
) -> AsyncIterator[Record]:
    """Of each night its longest record: a nap, or a second device, would count it twice."""
    waiting: dict[date, Record] = {}
    async for night in history.all(Kind.SLEEP, span):
        day = night.day or local(night.at, zone).date()
        known = waiting.get(day)
        if known is None or _length(night) > _length(known):
            waiting[day] = night
        for past in [past for past in waiting if past < day - LATE]:
            yield waiting.pop(past)
    for longest in waiting.values():
        yield longest


def _of_night(night: Record) -> list[Reading]:
    """Its readings, and how long it was slept in all."""
    found = list(readings(night))
    slept = [reading for reading in found if reading.metric in STAGES[:3]]
    total = sum((reading.value for reading in slept), Decimal())
    return [*found, *([replace(slept[0], metric=ASLEEP, value=total)] if slept else [])]


def _length(night: Record) -> float:
    start, end = night.body.get("startdate"), night.body.get("enddate")
    return end - start if isinstance(start, int | float) and isinstance(end, int | float) else 0.0
