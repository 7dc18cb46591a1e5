from datetime import UTC, datetime, timedelta, timezone

import pytest

from withings_bridge.pages.moments import ago, ahead, clock_time, day, moment

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


class TestAgo:
    @pytest.mark.parametrize(
        ("passed", "words"),
        [
            (timedelta(seconds=-30), "just now"),
            (timedelta(seconds=59), "just now"),
            (timedelta(seconds=60), "1 minute ago"),
            (timedelta(minutes=59, seconds=59), "59 minutes ago"),
            (timedelta(hours=1), "1 hour ago"),
            (timedelta(hours=23, minutes=59), "23 hours ago"),
            (timedelta(days=1), "1 day ago"),
            (timedelta(days=400), "400 days ago"),
        ],
    )
    def test_says_the_largest_whole_unit(self, passed: timedelta, words: str) -> None:
        assert ago(NOON - passed, NOON) == words


class TestDay:
    def test_reads_like_a_date_in_a_letter(self) -> None:
        assert day(NOON) == "3 Nov 2026"


class TestAhead:
    @pytest.mark.parametrize(
        ("left", "words"),
        [
            (timedelta(seconds=-30), "any moment"),
            (timedelta(seconds=59), "any moment"),
            (timedelta(minutes=5), "in 5 minutes"),
            (timedelta(hours=1), "in 1 hour"),
        ],
    )
    def test_says_the_largest_whole_unit(self, left: timedelta, words: str) -> None:
        assert ahead(NOON + left, NOON) == words


class TestMoment:
    def test_names_the_day_the_time_and_the_zone(self) -> None:
        there = timezone(timedelta(hours=2))
        assert moment(NOON.astimezone(there)) == "3 Nov 2026, 12:00 UTC"


class TestTheTimeOfDay:
    def test_names_the_day_unless_it_is_today(self) -> None:
        there = timezone(timedelta(hours=2))
        assert clock_time(NOON.astimezone(there), NOON) == "12:00:00"
        assert clock_time(NOON, NOON + timedelta(hours=12)) == "3 Nov, 12:00:00"
