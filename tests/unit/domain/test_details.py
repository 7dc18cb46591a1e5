"""Detail follows its summary: which windows a day or a night names, and hours as records."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from builders import DAY, HOUR, NOON, SECOND
from withings_bridge.domain.details import LONGEST_NIGHT, hours_of, whole_hours, windows_of
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.records import Kind, Record, record_from

NOON_EPOCH = int(NOON.timestamp())


def a_night(start: datetime = NOON, *, end: datetime | None = None, **body: Any) -> Record:
    times = {"startdate": int(start.timestamp()), "enddate": int((end or start + 8 * HOUR).timestamp())}
    return record_from(Kind.SLEEP, {"id": 1} | times | body)


def a_day(date: str = "2026-03-02", **body: Any) -> Record:
    return record_from(Kind.ACTIVITY, {"date": date, "timezone": "Europe/Paris"} | body)


def the_window(*summaries: Record) -> Window:
    (window,) = windows_of(summaries)
    return window


def hours(window: Window) -> float:
    return (window.end - window.start + SECOND) / HOUR


class TestANight:
    def test_is_looked_at_from_its_start_to_its_end(self) -> None:
        assert the_window(a_night()) == Window(NOON, NOON + 8 * HOUR)

    def test_as_it_was_and_as_it_is_makes_one_window(self) -> None:
        before, after = a_night(NOON), a_night(NOON + HOUR)
        assert the_window(before, after) == Window(NOON, NOON + 9 * HOUR)

    def test_makes_no_window_with_another_night(self) -> None:
        assert len(windows_of([a_night(NOON), a_night(NOON + DAY)])) == 2

    @pytest.mark.parametrize("end", [None, "late", NOON_EPOCH - 1])
    def test_without_an_end_that_makes_sense_is_a_day(self, end: Any) -> None:
        assert the_window(a_night(enddate=end)) == Window(NOON, NOON + DAY)

    def test_of_years_is_cut(self) -> None:
        assert the_window(a_night(end=NOON + 900 * DAY)).end == NOON + LONGEST_NIGHT

    @pytest.mark.parametrize("start", [None, "soon", -1])
    def test_without_a_start_names_nothing(self, start: Any) -> None:
        assert not windows_of([a_night(startdate=start)])


class TestADay:
    def test_is_looked_at_from_midnight_to_midnight_where_the_person_was(self) -> None:
        midnight = datetime(2026, 3, 1, 23, tzinfo=UTC)
        assert the_window(a_day()) == Window(midnight, midnight + DAY - SECOND)

    @pytest.mark.parametrize(("date", "length"), [("2026-03-29", 23), ("2026-10-25", 25)])
    def test_on_which_the_clocks_change_is_shorter_or_longer(self, date: str, length: int) -> None:
        assert hours(the_window(a_day(date))) == length

    @pytest.mark.parametrize("zone", [None, "", "Mars/Olympus", "../../etc/passwd", "Europe", "a\0b", 7])
    def test_in_a_zone_that_nobody_knows_is_one_of_utc(self, zone: Any) -> None:
        midnight = datetime(2026, 3, 2, tzinfo=UTC)
        assert the_window(a_day(timezone=zone)).start == midnight

    @pytest.mark.parametrize("date", ["0001-01-01", "1969-12-31", "9999-12-31", "soon"])
    def test_that_no_device_has_seen_names_nothing(self, date: str) -> None:
        assert not windows_of([a_day(date)])

    def test_of_several_sources_is_one_window(self) -> None:
        assert len(windows_of([a_day(deviceid="watch"), a_day(brand=18)])) == 1

    def test_survives_the_way_it_waits(self) -> None:
        window = the_window(a_day("1971-01-01", timezone="Asia/Kolkata"))
        assert Window.parse(str(window)) == window


class TestHours:
    def test_of_a_window_are_whole(self) -> None:
        window = Window(NOON + 30 * 60 * SECOND, NOON + 90 * 60 * SECOND)
        assert whole_hours(window) == Window(NOON, NOON + 2 * HOUR - SECOND)
        assert whole_hours(whole_hours(window)) == whole_hours(window)

    def test_hold_the_samples_as_withings_sent_them(self) -> None:
        samples: list[dict[str, Any]] = [
            {"timestamp": NOON_EPOCH + 3600, "steps": 3},
            {"timestamp": NOON_EPOCH + 3599, "heart_rate": 61, "odd": [1]},
            {"timestamp": NOON_EPOCH, "steps": 5, "deviceid": None},
        ]
        first, second = hours_of(samples)
        assert first.body == {
            "hour": NOON_EPOCH,
            "series": {
                str(NOON_EPOCH): {"steps": 5, "deviceid": None},
                str(NOON_EPOCH + 3599): {"heart_rate": 61, "odd": [1]},
            },
        }
        assert (first.key, first.at) == (str(NOON_EPOCH), NOON)
        assert (second.kind, second.at) == (Kind.INTRADAY, NOON + timedelta(hours=1))
