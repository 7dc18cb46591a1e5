"""Ranges of time: days of somebody's calendar, or instants."""

from datetime import UTC, date, datetime

import pytest

from builders import DAY
from withings_bridge.domain.ranges import WHOLE, Range, moment_of
from withings_bridge.domain.records import EPOCH, Kind

PARIS = "Europe/Paris"


class TestAMoment:
    def test_is_a_day_or_an_instant(self) -> None:
        assert moment_of("2026-01-15") == date(2026, 1, 15)
        assert moment_of("2026-01-15T08:30:41+01:00") == datetime(2026, 1, 15, 7, 30, 41, tzinfo=UTC)
        assert moment_of("2026-01-15T07:30:41Z") == datetime(2026, 1, 15, 7, 30, 41, tzinfo=UTC)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "yesterday", "2026-02-30", "20260115", "1768462241"),
            *("2026-01-15 07:30:41Z", "0001-01-01T00:00:00+23:00"),
        ],
    )
    def test_is_refused_where_it_is_not_clear(self, text: str) -> None:
        with pytest.raises(ValueError, match="give a day such as"):
            moment_of(text)

    def test_of_no_zone_is_refused_since_it_could_be_anybodys(self) -> None:
        with pytest.raises(ValueError, match=r"any zone's: add Z or an offset"):
            moment_of("2026-01-15T07:30:41")


class TestARange:
    @pytest.mark.parametrize("day", [date.min, date.max])
    @pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati", "Pacific/Pago_Pago"])
    def test_may_be_the_first_or_last_day_of_the_calendar(self, day: date, zone: str | None) -> None:
        start, end = Range(day, day).stretch(zone)
        assert start <= end

    def test_of_days_begins_and_ends_with_them_where_the_person_is(self) -> None:
        start, end = Range(date(2026, 3, 29), date(2026, 3, 29)).stretch(PARIS)
        assert start == datetime(2026, 3, 28, 23, tzinfo=UTC)
        assert end == datetime(2026, 3, 29, 21, 59, 59, 999999, tzinfo=UTC)

    def test_of_instants_is_just_these(self) -> None:
        start, end = datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 1, 1, 6, tzinfo=UTC)
        assert Range(start, end).stretch(PARIS) == (start, end)

    def test_that_is_open_has_no_bounds(self) -> None:
        assert Range().stretch(PARIS) == WHOLE

    def test_reaches_to_the_end_of_the_calendar(self) -> None:
        assert Range(end=date(9999, 12, 31)).stretch(PARIS) == WHOLE

    def test_that_ends_before_it_begins_is_refused(self) -> None:
        with pytest.raises(ValueError, match="ends before it begins"):
            Range(date(2026, 1, 2), date(2026, 1, 1)).of(Kind.SLEEP, PARIS)

    def test_of_activity_is_by_the_midnights_in_utc_of_its_days(self) -> None:
        late = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
        assert Range(late, late).of(Kind.ACTIVITY, PARIS) == (datetime(2026, 1, 2, tzinfo=UTC),) * 2
        day = date(2026, 1, 2)
        assert Range(day, day).of(Kind.ACTIVITY, PARIS) == (datetime(2026, 1, 2, tzinfo=UTC),) * 2

    def test_of_samples_has_the_hour_in_which_it_begins(self) -> None:
        at = datetime(2026, 1, 1, 18, 30, tzinfo=UTC)
        start, end = Range(at, at + DAY).of(Kind.INTRADAY, None)
        assert datetime(2026, 1, 1, 17, tzinfo=UTC) < start <= datetime(2026, 1, 1, 18, tzinfo=UTC)
        assert end == at + DAY
        assert Range().of(Kind.INTRADAY, None) == WHOLE
        assert Range(EPOCH).of(Kind.INTRADAY, None)[0] == EPOCH

    @pytest.mark.parametrize("kind", [Kind.DEVICE, Kind.GOALS])
    def test_leaves_nothing_out_that_has_no_time(self, kind: Kind) -> None:
        assert Range(date(2026, 1, 1)).of(kind, PARIS) == WHOLE
