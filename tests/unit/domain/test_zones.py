"""Zones by their IANA names, and what is none."""

from datetime import UTC, date, datetime, timedelta

import pytest

from builders import NOON
from withings_bridge.domain.zones import day_in, is_zone, local


class TestLocal:
    def test_is_the_instant_as_clocks_there_show_it(self) -> None:
        shown = local(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "Europe/Paris")
        assert shown.isoformat() == "2026-07-02T00:30:00+02:00"

    @pytest.mark.parametrize(
        "name", [None, "", "Mars/Olympus", "/etc", "../../etc/passwd", "a\x00b", "Europe"]
    )
    def test_is_utc_for_a_name_that_is_no_zone(self, name: str | None) -> None:
        assert local(NOON, name).utcoffset() == timedelta()
        assert not is_zone(name)

    @pytest.mark.parametrize("name", ["Europe/Paris", "UTC"])
    def test_is_of_a_zone_that_is_known(self, name: str) -> None:
        assert is_zone(name)

    def test_of_the_ends_of_the_calendar_is_utc_where_no_other_is(self) -> None:
        assert local(datetime.max.replace(tzinfo=UTC), "Asia/Tokyo") == datetime.max.replace(tzinfo=UTC)


class TestDay:
    @pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
    def test_has_the_length_that_clocks_give_it(self, day: str, hours: int) -> None:
        begins, ends = day_in(date.fromisoformat(day), "Europe/Paris")
        assert ends - begins == timedelta(hours=hours)

    @pytest.mark.parametrize("day", [date.min, date.max])
    @pytest.mark.parametrize("name", [None, "Pacific/Kiritimati", "Pacific/Pago_Pago"])
    def test_may_be_the_first_or_last_of_the_calendar(self, day: date, name: str | None) -> None:
        begins, ends = day_in(day, name)
        assert begins <= ends
