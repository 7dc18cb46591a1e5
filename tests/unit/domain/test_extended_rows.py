"""The rows that are switched on: exact values, and what stays away."""

from typing import Any

import pytest

from builders import NOON, a_record
from withings_bridge.domain.extended import NAMES
from withings_bridge.domain.mapping import RowMapping, Sources
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night

NO_HEIGHTS = Heights([])
ALL = RowMapping(frozenset(NAMES))
START = int(NOON.timestamp())


def only(*names: str) -> RowMapping:
    return RowMapping(frozenset(names))


def a_measure(type_: int, value: int, unit: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": type_, "value": value, "unit": unit} | fields


def a_group(*measures: dict[str, Any], **fields: Any) -> Record:
    body = {"grpid": 1001, "attrib": 0, "category": 1, "measures": list(measures)} | fields
    return a_record("1001", body=body)


def a_night(**data: Any) -> Record:
    return record_from(Kind.SLEEP, {"id": 77, "startdate": START, "enddate": START + 3600, "data": data})


def a_day(**fields: Any) -> Record:
    return record_from(Kind.ACTIVITY, {"date": "2026-03-02", "deviceid": "d", "is_tracker": True} | fields)


def told(rows: list[VitalRow]) -> dict[str, tuple[str, str]]:
    """Value and unit of each vital type."""
    found = {row.vital_type: (row.value, row.units) for row in rows}
    assert len(found) == len(rows) == len({row.item_key for row in rows})
    return found


class TestGroup:
    @pytest.mark.parametrize(
        ("measure", "name", "value", "units"),
        [
            (a_measure(8, 15123, -3), "fat-mass", "33.34", "lbs"),
            (a_measure(5, 5732, -2), "fat-free-mass", "126.37", "lbs"),
            (a_measure(76, 54321, -3), "muscle-mass", "119.76", "lbs"),
            (a_measure(77, 40, 0), "hydration", "88.18", "lbs"),
            (a_measure(88, 305, -2), "bone-mass", "6.72", "lbs"),
            (a_measure(168, 1675, -2), "extracellular-water", "36.93", "lbs"),
            (a_measure(170, 35, -1), "visceral-fat", "3.5", "index"),
            (a_measure(226, 1725), "basal-metabolic-rate", "1725", "kcal/day"),
            (a_measure(227, 41), "metabolic-age", "41", "years"),
            (a_measure(91, 6789, -3), "pulse-wave-velocity", "6.79", "m/s"),
            (a_measure(155, 38), "vascular-age", "38", "years"),
            (a_measure(123, 42), "vo2-max", "42", "ml/min/kg"),
            (a_measure(137, 402), "qt-interval", "402", "ms"),
            (a_measure(167, 711, -1), "nerve-health-score", "71.1", "µS"),
            (a_measure(73, 3345, -2), "skin-temperature", "92.2", "°F"),
            (a_measure(119, 98), "blood-glucose", "98", "mg/dL"),
            (a_measure(148, 1015, -3), "urine-specific-gravity", "1.015", "ratio"),
            # 3 * 10.0**-1 is 0.30000000000000004.
            (a_measure(204, 3, -1), "urinary-ketones", "0.3", "mmol/L"),
            (a_measure(151, 0), "urinary-nitrites", "0", "µmol/L"),
        ],
    )
    def test_gives_what_was_measured(
        self, measure: dict[str, Any], name: str, value: str, units: str
    ) -> None:
        (row,) = rows_of_group(a_group(measure), NO_HEIGHTS, only(name))
        assert (row.vital_type, row.value, row.units) == (name, value, units)
        assert row.source_id == f"withings_measure_1001_{measure['type']}"
        assert (row.recorded_at, row.recording_context) == (START, "home_measurement")

    def test_gives_only_what_is_switched_on_beside_the_rows_of_the_contract(self) -> None:
        group = a_group(a_measure(1, 70), a_measure(8, 15), a_measure(76, 50))
        assert set(told(rows_of_group(group, NO_HEIGHTS))) == {"weight"}
        assert set(told(rows_of_group(group, NO_HEIGHTS, only("fat-mass")))) == {"weight", "fat-mass"}

    def test_names_the_device_that_its_kin_do(self) -> None:
        rows = rows_of_group(a_group(a_measure(8, 15), a_measure(137, 402)), NO_HEIGHTS, ALL)
        assert [row.device_used for row in rows] == ["Withings Scale", "Withings Device"]

    @pytest.mark.parametrize("fields", [{"attrib": 1}, {"category": 2}])
    def test_gives_nothing_while_it_is_held_back_or_a_goal(self, fields: dict[str, Any]) -> None:
        assert rows_of_group(a_group(a_measure(8, 15), **fields), NO_HEIGHTS, ALL) == []

    def test_takes_no_limb_for_the_body(self) -> None:
        group = a_group(
            a_measure(91, 7, position=7), a_measure(91, 5, position=2), a_measure(76, 9, position=11)
        )
        assert told(rows_of_group(group, NO_HEIGHTS, ALL)) == {"pulse-wave-velocity": ("7", "m/s")}

    @pytest.mark.parametrize("type_", [173, 174, 175])
    @pytest.mark.parametrize("position", [2, 7, None])
    def test_has_no_row_for_a_segmental_type(self, type_: int, position: int | None) -> None:
        group = a_group(a_measure(type_, 9, position=position), a_measure(type_, 8, position=3))
        assert rows_of_group(group, NO_HEIGHTS, ALL) == []

    @pytest.mark.parametrize("type_", [130, 139, 99999])
    def test_has_no_row_for_a_code_or_a_type_that_nobody_knows(self, type_: int) -> None:
        assert rows_of_group(a_group(a_measure(type_, 2)), NO_HEIGHTS, ALL) == []


class TestNight:
    def test_gives_what_was_measured(self) -> None:
        night = a_night(
            total_sleep_time=25943,
            total_timeinbed=28800,
            lightsleepduration=13980,
            deepsleepduration=6480,
            remsleepduration=0,
            wakeupduration=2857,
            sleep_score=82,
            sleep_efficiency=0.86,
            snoring=0,
            hr_average=58,
            hr_min=49,
            rmssd_start_avg=41.25,
            breathing_disturbances_intensity=12,
            core_body_temperature_avg=36.6,
        )
        assert told(rows_of_night(night, ALL)) == {
            "sleep-hours": ("7.21", "hours"),
            "time-in-bed-hours": ("8", "hours"),
            "light-sleep-hours": ("3.88", "hours"),
            "deep-sleep-hours": ("1.8", "hours"),
            "rem-sleep-hours": ("0", "hours"),
            "awake-hours": ("0.79", "hours"),
            "sleep-score": ("82", "score"),
            "sleep-efficiency": ("86", "%"),
            "snoring-minutes": ("0", "min"),
            "sleep-heart-rate-average": ("58", "bpm"),
            "sleep-heart-rate-min": ("49", "bpm"),
            "hrv-rmssd-start": ("41.25", "ms"),
            "breathing-disturbances": ("12", "index"),
            "sleep-core-temperature": ("97.9", "°F"),
        }

    def test_names_its_id_and_the_field(self) -> None:
        (row,) = rows_of_night(a_night(total_sleep_time=0, sleep_score=82), ALL)
        assert row.source_id == "withings_sleep_77_sleep_score"
        assert (row.device_used, row.recording_context) == ("Withings Sleep", "sleep")

    @pytest.mark.parametrize("value", [0, -3, None, "58", True, float("nan"), float("inf"), 10**400])
    def test_takes_no_heart_rate_for_one_that_cannot_be(self, value: Any) -> None:
        assert rows_of_night(a_night(total_sleep_time=0, hr_average=value), ALL) == []


class TestDay:
    def test_gives_what_was_counted(self) -> None:
        day = a_day(
            steps=8123,
            distance=6123.456,
            elevation=18,
            calories=312.5,
            totalcalories=2312.5,
            soft=5400,
            moderate=1810,
            intense=0,
            active=1810,
            hr_average=71,
            hr_min=52,
            hr_max=134,
        )
        assert told(rows_of_day([day], ALL)) == {
            "steps": ("8123", "count"),
            "distance": ("6123.46", "m"),
            "elevation": ("18", "m"),
            "calories": ("312.5", "kcal"),
            "total-calories": ("2312.5", "kcal"),
            "soft-minutes": ("90", "min"),
            "moderate-minutes": ("30.17", "min"),
            "active-minutes": ("30.17", "min"),
            "heart-rate-average": ("71", "bpm"),
            "heart-rate-min": ("52", "bpm"),
            "heart-rate-max": ("134", "bpm"),
        }

    def test_names_its_date_and_the_field(self) -> None:
        (row,) = rows_of_day([a_day(hr_average=71)], ALL)
        assert row.source_id == "withings_activity_2026-03-02_hr_average"
        assert (row.device_used, row.recording_context) == ("Withings Activity", "daily_activity")

    def test_on_which_nobody_walked_has_its_other_rows(self) -> None:
        assert told(rows_of_day([a_day(steps=0, hr_max=134)], ALL)) == {"heart-rate-max": ("134", "bpm")}


class TestSources:
    """A watch counted 8000 steps, a phone 9000; they tell who speaks by their distance."""

    WATCH = a_day(steps=8000, distance=8)
    PHONE = a_day(deviceid=None, is_tracker=False, brand=18, steps=9000, distance=9, calories=300)
    DRAWER = a_day(steps=0, distance=0, brand=1)

    @pytest.mark.parametrize(
        ("sources", "days", "steps"),
        [
            (Sources.TRACKERS_FIRST, (WATCH, PHONE), "8000"),
            (Sources.TRACKERS_FIRST, (DRAWER, PHONE), "9000"),
            (Sources.TRACKERS_FIRST, (PHONE,), "9000"),
            (Sources.TRACKERS_ONLY, (WATCH, PHONE), "8000"),
            (Sources.TRACKERS_ONLY, (DRAWER, PHONE), None),
            (Sources.TRACKERS_ONLY, (PHONE,), None),
            (Sources.MOST_STEPS, (WATCH, PHONE), "9000"),
            (Sources.MOST_STEPS, (WATCH, DRAWER), "8000"),
        ],
    )
    def test_one_of_them_speaks(self, sources: Sources, days: tuple[Record, ...], steps: str | None) -> None:
        for order in (days, days[::-1]):
            found = told(rows_of_day(order, RowMapping(frozenset({"distance"}), sources)))
            expected = {"steps": (steps, "count"), "distance": (steps[0], "m")} if steps else {}
            assert found == expected

    def test_what_the_one_does_not_tell_is_not_taken_from_another(self) -> None:
        assert "calories" not in told(rows_of_day([self.WATCH, self.PHONE], ALL))
        most = RowMapping(ALL.extended, Sources.MOST_STEPS)
        assert told(rows_of_day([self.WATCH, self.PHONE], most))["calories"] == ("300", "kcal")

    def test_of_trackers_that_counted_the_same_the_rule_does_not_depend_on_the_order(self) -> None:
        phone = a_day(deviceid=None, is_tracker=False, brand=18, steps=8000, distance=9)
        for order in ((self.WATCH, phone), (phone, self.WATCH)):
            for sources in Sources:
                found = rows_of_day(order, RowMapping(frozenset({"distance"}), sources))
                assert told(found)["distance"] == ("8", "m")
