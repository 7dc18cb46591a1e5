"""What charts of a person show."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from builders import DAY, HOUR, MINUTE, NOON, a_pair, an_account
from fakes import FakeClock
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.services.history.browsing import Browsing
from withings_bridge.services.history.charting import Charting, Charts, Point, Span
from withings_bridge.storage.base import Storage
from withings_bridge.storage.sqlite import SqliteStorage

TODAY = NOON.date()
PARIS = "Europe/Paris"


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    async with SqliteStorage(tmp_path / "bridge.db") as storage:
        await storage.links.join("user-1", "1234", a_pair(), lambda _: an_account("1234"))
        yield storage


def weighed(at: datetime, kg: float, **fields: Any) -> Record:
    measures = [{"type": 1, "value": round(kg * 1000), "unit": -3}]
    group = {"grpid": int(at.timestamp()), "attrib": 0, "category": 1, "date": int(at.timestamp())}
    return record_from(Kind.MEASURES, {**group, "measures": measures, **fields})


def walked(day: date, steps: int, **fields: Any) -> Record:
    body = {"date": day.isoformat(), "steps": steps, "timezone": PARIS, "deviceid": "d1", "is_tracker": True}
    return record_from(Kind.ACTIVITY, {**body, **fields})


def slept(day: date, hours: int, *, number: int = 1) -> Record:
    end = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
    data = {"deepsleepduration": hours * 3600}
    start = end - timedelta(hours=hours)
    return record_from(
        Kind.SLEEP,
        {
            "id": int(end.timestamp()) + number,
            "date": day.isoformat(),
            "timezone": PARIS,
            "startdate": int(start.timestamp()),
            "enddate": int(end.timestamp()),
            "data": data,
        },
    )


async def charted(
    storage: Storage, *records: Record, span: Span = Span.MONTH, now: datetime = NOON
) -> Charts:
    await storage.records.save("1234", records, now=now)
    browsing = Browsing(accounts=storage.accounts, links=storage.links, records=storage.records)
    return await Charting(browsing=browsing, clock=FakeClock(now)).charts("user-1", span)


def values(charts: Charts, metric: str) -> dict[date, Decimal]:
    return {point.day: point.mean for point in charts.series.get(metric, ())}


class TestMeasures:
    async def test_are_told_by_day_with_the_lowest_and_the_highest(self, storage: Storage) -> None:
        charts = await charted(
            storage, weighed(NOON - DAY, 80), weighed(NOON - HOUR, 81), weighed(NOON - MINUTE, 82)
        )
        yesterday = TODAY - timedelta(days=1)
        assert charts.series["weight"] == [
            Point(yesterday, Decimal(80), Decimal(80), Decimal(80)),
            Point(TODAY, Decimal("81.5"), Decimal(81), Decimal(82), 2),
        ]
        assert charts.newest["weight"].value == Decimal(82)

    async def test_belong_to_the_day_where_the_person_is(self, storage: Storage) -> None:
        late = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # half past midnight in Paris
        charts = await charted(storage, weighed(late, 80), walked(TODAY, 1))
        assert list(values(charts, "weight")) == [TODAY]

    @pytest.mark.parametrize(
        "day", [date(2026, 3, 29), date(2026, 10, 25)], ids=["of 23 hours", "of 25 hours"]
    )
    async def test_of_a_day_on_which_clocks_change_are_of_that_day_alone(
        self, storage: Storage, day: date
    ) -> None:
        begins, ends = (
            datetime(each.year, each.month, each.day, tzinfo=ZoneInfo(PARIS)).astimezone(UTC)
            for each in (day, day + timedelta(days=1))
        )
        charts = await charted(
            storage,
            weighed(begins - MINUTE, 79),
            weighed(begins, 80),
            weighed(ends - MINUTE, 82),
            weighed(ends, 83),
            walked(day, 1),
            now=ends + HOUR,
        )
        assert [(point.day - day, point.mean, point.count) for point in charts.series["weight"]] == [
            (timedelta(days=-1), Decimal(79), 1),
            (timedelta(), Decimal(81), 2),
            (timedelta(days=1), Decimal(83), 1),
        ]

    @pytest.mark.parametrize("fields", [{"attrib": 1}, {"category": 2}])
    async def test_of_somebody_else_and_wishes_are_not_shown(
        self, storage: Storage, fields: dict[str, int]
    ) -> None:
        charts = await charted(storage, weighed(NOON, 80, **fields))
        assert charts.series == {}

    async def test_of_another_account_are_not_shown(self, storage: Storage) -> None:
        await storage.links.join("user-2", "2345", a_pair(), lambda _: an_account("2345"))
        await storage.records.save("2345", [weighed(NOON, 95), walked(TODAY, 9000)], now=NOON)
        charts = await charted(storage, weighed(NOON, 80))
        assert values(charts, "weight") == {TODAY: Decimal(80)}
        assert set(charts.series) == set(charts.newest) == {"weight"}

    async def test_before_the_span_are_not_shown(self, storage: Storage) -> None:
        charts = await charted(storage, weighed(NOON - 30 * DAY, 80), weighed(NOON - 29 * DAY, 81))
        assert list(values(charts, "weight").values()) == [Decimal(81)]
        assert (charts.first, charts.last) == (TODAY - timedelta(days=29), TODAY)


class TestDaysAndNights:
    async def test_steps_are_those_of_whoever_speaks_for_the_day(self, storage: Storage) -> None:
        phone = {"deviceid": None, "is_tracker": False, "brand": 18}
        charts = await charted(storage, walked(TODAY, 8000), walked(TODAY, 9000, **phone))
        assert values(charts, "steps") == {TODAY: Decimal(8000)}

    async def test_a_nap_is_not_the_night(self, storage: Storage) -> None:
        charts = await charted(storage, slept(TODAY, 7), slept(TODAY, 1, number=2))
        assert values(charts, "deep_sleep_duration") == {TODAY: Decimal(7 * 3600)}

    async def test_are_slept_as_long_as_their_stages_together(self, storage: Storage) -> None:
        without_rem = slept(TODAY, 7)
        whole = record_from(
            Kind.SLEEP,
            {
                **slept(TODAY - timedelta(days=1), 7).body,
                "data": {"deepsleepduration": 5 * 3600, "remsleepduration": 2 * 3600, "wakeupduration": 900},
            },
        )
        charts = await charted(storage, without_rem, whole)
        assert set(values(charts, "asleep").values()) == {Decimal(7 * 3600)}

    async def test_come_out_in_their_order(self, storage: Storage) -> None:
        days = [TODAY - timedelta(days=n) for n in range(10)]
        charts = await charted(storage, *(walked(day, 1000) for day in days))
        assert list(values(charts, "steps")) == sorted(days)


class TestALongSpan:
    async def test_is_told_in_weeks_and_loses_no_extreme(self, storage: Storage) -> None:
        groups = [weighed(NOON - n * DAY, 80) for n in range(365)]
        charts = await charted(storage, *groups, weighed(NOON - 200 * DAY - HOUR, 95), span=Span.YEAR)
        points = charts.series["weight"]
        assert charts.step == 7
        assert len(points) == 52
        assert {point.count for point in points} == {7, 8}, "each of a whole week"
        assert max(point.high for point in points) == Decimal(95)
        assert points[-1].day == TODAY - timedelta(days=6), "the last step ends today"

    async def test_of_many_years_has_few_points(self, storage: Storage) -> None:
        groups = [weighed(NOON - n * 30 * DAY, 80) for n in range(150)]
        charts = await charted(storage, *groups, span=Span.ALL)
        assert charts.step == 28
        assert len(charts.series["weight"]) <= 165
        assert charts.first <= (NOON - 149 * 30 * DAY).date()
        assert ((charts.last - charts.first).days + 1) % 28 == 0

    async def test_of_all_there_is_needs_something(self, storage: Storage) -> None:
        charts = await charted(storage, span=Span.ALL)
        assert charts.series == {}
        assert charts.first == TODAY - timedelta(days=29)


class TestCharts:
    async def test_are_gathered_anew_when_something_has_changed(self, storage: Storage) -> None:
        browsing = Browsing(accounts=storage.accounts, links=storage.links, records=storage.records)
        charting = Charting(browsing=browsing, clock=FakeClock())
        await storage.records.save("1234", [weighed(NOON, 80)], now=NOON)
        first = await charting.charts("user-1", Span.MONTH)
        assert await charting.charts("user-1", Span.MONTH) is first
        await storage.records.save("1234", [weighed(NOON, 81)], now=NOON)
        assert values(await charting.charts("user-1", Span.MONTH), "weight") == {TODAY: Decimal(81)}


class TestWhoIsNotLinked:
    async def test_has_no_charts(self, storage: Storage) -> None:
        browsing = Browsing(accounts=storage.accounts, links=storage.links, records=storage.records)
        with pytest.raises(NotLinked):
            await Charting(browsing=browsing, clock=FakeClock()).charts("nobody", Span.MONTH)
