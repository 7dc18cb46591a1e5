"""Windows become parameters that leave nothing out."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from withings_bridge.withings import Between, Days, Since


class TestBetween:
    def test_reaches_outwards_to_whole_seconds(self) -> None:
        window = Between(
            datetime(2026, 1, 1, 0, 0, 0, 900_000, tzinfo=UTC),
            datetime(2026, 1, 1, 0, 0, 1, 100_000, tzinfo=UTC),
        )
        assert window.parameters() == {"startdate": "1767225600", "enddate": "1767225602"}

    def test_may_be_a_single_second(self) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        assert Between(moment, moment).parameters() == {"startdate": "1767225600", "enddate": "1767225600"}

    def test_cannot_end_before_it_starts(self) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        with pytest.raises(ValueError, match="before it starts"):
            Between(moment, moment - timedelta(seconds=1))

    def test_needs_a_time_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            Between(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001 -- the mistake under test


class TestDays:
    def test_are_calendar_days(self) -> None:
        assert Days(date(2026, 3, 1), date(2026, 3, 2)).parameters() == {
            "startdateymd": "2026-03-01",
            "enddateymd": "2026-03-02",
        }

    def test_stay_days_when_moments_are_given(self) -> None:
        assert Days(
            datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 9, tzinfo=UTC)
        ).parameters() == {
            "startdateymd": "2026-03-01",
            "enddateymd": "2026-03-01",
        }

    def test_cannot_end_before_they_start(self) -> None:
        with pytest.raises(ValueError, match="before it starts"):
            Days(date(2026, 3, 2), date(2026, 3, 1))


class TestSince:
    def test_is_an_epoch_in_any_zone(self) -> None:
        moment = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
        assert Since(moment).parameters() == {"lastupdate": "1767225600"}

    def test_needs_a_time_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            Since(datetime(2026, 1, 1))  # noqa: DTZ001 -- the mistake under test
