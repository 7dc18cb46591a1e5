"""What Vitals7 shows of a record, rule by rule."""

from typing import Any

import pytest

from builders import DAY, HOUR, NOON, a_record
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import Kind, Record, midnight, record_from
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night

WEIGHT = {"type": 1, "value": 72500, "unit": -3}
FAT = {"type": 6, "value": 21987, "unit": -3}
PULSE = {"type": 11, "value": 61, "unit": 0}
SYSTOLIC = {"type": 10, "value": 121, "unit": 0}
DIASTOLIC = {"type": 9, "value": 79, "unit": 0}

NO_HEIGHTS = Heights([])


def height(centimetres: int) -> dict[str, Any]:
    return {"type": 4, "value": centimetres, "unit": -2}


def a_group(*measures: dict[str, Any], key: str = "1001", days: int = 0, **fields: Any) -> Record:
    body = {"grpid": int(key), "attrib": 0, "category": 1, "measures": list(measures)} | fields
    return a_record(key, at=NOON + days * DAY, body=body)


def heights(*groups: Record) -> Heights:
    return Heights(height for group in groups if (height := height_of(group)))


def told(rows: list[VitalRow]) -> dict[str, tuple[str, str, str]]:
    """Value, unit and source of each vital type."""
    found = {row.vital_type: (row.value, row.units, row.source_id) for row in rows}
    assert len(found) == len(rows)
    return found


class TestWeighing:
    def test_gives_pounds_and_fat(self) -> None:
        rows = rows_of_group(a_group(WEIGHT, FAT), NO_HEIGHTS)
        assert told(rows) == {
            "weight": ("159.83", "lbs", "withings_weight_1001_1"),
            "body-fat-percentage": ("21.99", "%", "withings_weight_1001_1"),
        }
        assert {(row.device_used, row.recording_context) for row in rows} == {
            ("Withings Scale", "home_measurement")
        }
        assert {row.recorded_at for row in rows} == {int(NOON.timestamp())}

    def test_of_a_type_repeated_takes_the_last(self) -> None:
        rows = rows_of_group(a_group(WEIGHT | {"value": 1}, WEIGHT), NO_HEIGHTS)
        assert told(rows)["weight"][0] == "159.83"

    @pytest.mark.parametrize(
        "odd",
        [
            *(None, "text", 7, [], {}),
            *({"type": 1}, {"type": 1, "value": 1}, {"type": 1, "unit": 0}),
            *(FAT | {"type": [6]}, FAT | {"type": 6.0}, FAT | {"value": 21.987}, FAT | {"unit": [-3]}),
        ],
    )
    def test_is_shown_beside_what_is_no_measure(self, odd: Any) -> None:
        rows = rows_of_group(a_group(WEIGHT, odd, PULSE), NO_HEIGHTS)
        assert [row.vital_type for row in rows] == ["weight", "heart-rate"]
        assert told(rows)["weight"][0] == "159.83"

    def test_shows_nothing_while_it_may_be_another_persons(self) -> None:
        assert rows_of_group(a_group(WEIGHT, FAT, PULSE, attrib=1), NO_HEIGHTS) == []

    def test_shows_no_goal(self) -> None:
        assert rows_of_group(a_group(WEIGHT, category=2), NO_HEIGHTS) == []

    @pytest.mark.parametrize("attrib", [0, 2, 3, 4, 5, 7, 8, 10, 15, 17, 10009])
    def test_is_shown_with_every_other_attrib(self, attrib: int) -> None:
        assert rows_of_group(a_group(WEIGHT, attrib=attrib), NO_HEIGHTS)


class TestBmi:
    def bmi(self, group: Record, *others: Record) -> str | None:
        found = told(rows_of_group(group, heights(group, *others))).get("bmi")
        return found[0] if found else None

    def test_rests_on_the_groups_own_height(self) -> None:
        assert self.bmi(a_group(WEIGHT, height(180)), a_group(height(200), key="2")) == "22.4"

    def test_rests_on_the_last_height_before_the_weighing(self) -> None:
        early, late = a_group(height(150), key="2", days=-9), a_group(height(180), key="3", days=-2)
        assert self.bmi(a_group(WEIGHT), early, late) == "22.4"

    def test_rests_on_a_height_of_the_very_same_instant(self) -> None:
        assert self.bmi(a_group(WEIGHT), a_group(height(180), key="2")) == "22.4"

    def test_rests_on_no_height_after_the_weighing(self) -> None:
        assert self.bmi(a_group(WEIGHT), a_group(height(180), key="2", days=1)) is None

    def test_is_none_without_any_height(self) -> None:
        assert self.bmi(a_group(WEIGHT)) is None

    def test_passes_over_a_height_of_nothing(self) -> None:
        assert self.bmi(a_group(WEIGHT, height(0))) is None
        assert self.bmi(a_group(WEIGHT, height(0)), a_group(height(180), key="2", days=-1)) == "22.4"

    def test_passes_over_a_height_that_is_held_back(self) -> None:
        held = a_group(height(150), key="2", days=-1, attrib=1)
        assert self.bmi(a_group(WEIGHT), held, a_group(height(180), key="3", days=-3)) == "22.4"


class TestHeight:
    def test_alone_gives_inches(self) -> None:
        assert told(rows_of_group(a_group(height(180)), NO_HEIGHTS)) == {
            "height": ("70.87", "inches", "withings_height_1001_4")
        }

    def test_beside_a_weight_gives_a_bmi_instead(self) -> None:
        group = a_group(WEIGHT, height(180))
        assert set(told(rows_of_group(group, heights(group)))) == {"weight", "bmi"}


class TestPressure:
    def test_gives_both_values_and_the_pulse(self) -> None:
        rows = rows_of_group(a_group(SYSTOLIC, DIASTOLIC, PULSE), NO_HEIGHTS)
        assert told(rows) == {
            "blood-pressure-systolic": ("121", "mmHg", "withings_bp_1001_9"),
            "blood-pressure-diastolic": ("79", "mmHg", "withings_bp_1001_9"),
            "heart-rate": ("61", "bpm", "withings_bp_1001_9"),
        }
        assert {row.device_used for row in rows} == {"Withings BP Monitor"}

    @pytest.mark.parametrize("measure", [SYSTOLIC, DIASTOLIC])
    def test_may_have_one_value_only(self, measure: dict[str, Any]) -> None:
        assert len(told(rows_of_group(a_group(measure), NO_HEIGHTS))) == 1


class TestLonePulse:
    @pytest.mark.parametrize("others", [(), (WEIGHT,)])
    def test_has_a_source_of_its_own(self, others: tuple[dict[str, Any], ...]) -> None:
        rows = [row for row in rows_of_group(a_group(PULSE, *others), NO_HEIGHTS) if row.units == "bpm"]
        assert told(rows) == {"heart-rate": ("61", "bpm", "withings_hr_1001_11")}
        assert rows[0].device_used == "Withings Device"


class TestOxygenAndTemperature:
    def test_give_percent_and_fahrenheit(self) -> None:
        group = a_group({"type": 54, "value": 97, "unit": 0}, {"type": 71, "value": 368, "unit": -1})
        assert told(rows_of_group(group, NO_HEIGHTS)) == {
            "oxygen-saturation": ("97", "%", "withings_spo2_1001_54"),
            "body-temperature": ("98.2", "°F", "withings_temp_1001_71"),
        }

    def test_of_the_body_goes_before_the_older_type(self) -> None:
        older, body = {"type": 12, "value": 300, "unit": -1}, {"type": 71, "value": 368, "unit": -1}
        assert told(rows_of_group(a_group(body, older), NO_HEIGHTS))["body-temperature"][0] == "98.2"
        assert told(rows_of_group(a_group(older), NO_HEIGHTS))["body-temperature"][0] == "86"


class TestNight:
    def night(self, *, data: Any, **fields: Any) -> Record:
        start = int(NOON.timestamp())
        body = {"id": 77, "startdate": start, "enddate": start + 8 * 3600, "data": data} | fields
        return record_from(Kind.SLEEP, body)

    def test_gives_the_hours_slept(self) -> None:
        assert told(rows_of_night(self.night(data={"total_sleep_time": 25943}))) == {
            "sleep-hours": ("7.21", "hours", "withings_sleep_77_sleep")
        }

    @pytest.mark.parametrize("data", [{}, [], None, {"total_sleep_time": None, "asleepduration": 9}])
    def test_without_a_sleep_time_lasts_from_start_to_end(self, data: Any) -> None:
        assert told(rows_of_night(self.night(data=data)))["sleep-hours"][0] == "8"

    def test_without_sleep_gives_nothing(self) -> None:
        assert rows_of_night(self.night(data={"total_sleep_time": 0})) == []

    def test_gives_the_vitals_of_the_night(self) -> None:
        data = {"total_sleep_time": 3600, "rr_average": 14, "spo2_average": 96.5}
        rows = rows_of_night(self.night(data=data))
        assert told(rows) == {
            "sleep-hours": ("1", "hours", "withings_sleep_77_sleep"),
            "respiratory-rate": ("14", "breaths/min", "withings_sleep_77_rr"),
            "oxygen-saturation": ("96.5", "%", "withings_sleep_77_spo2"),
        }
        assert {(row.device_used, row.recording_context) for row in rows} == {("Withings Sleep", "sleep")}

    def test_gives_no_vitals_that_are_zero(self) -> None:
        data = {"total_sleep_time": 0, "rr_average": 0, "spo2_average": 0}
        assert rows_of_night(self.night(data=data)) == []

    def test_without_an_id_is_named_by_its_start(self) -> None:
        start = int(NOON.timestamp())
        rows = rows_of_night(self.night(data={"total_sleep_time": 3600}, id=None))
        assert rows[0].source_id == f"withings_sleep_{start}_sleep"


class TestDay:
    def source(self, steps: Any, *, device: str | None = None, **fields: Any) -> Record:
        body = {"date": "2026-03-02", "deviceid": device, "steps": steps} | fields
        return record_from(Kind.ACTIVITY, body)

    def test_is_dated_at_midnight_in_utc(self) -> None:
        (row,) = rows_of_day([self.source(8123)])
        assert (row.vital_type, row.value, row.units) == ("steps", "8123", "count")
        assert row.source_id == "withings_activity_2026-03-02_steps"
        assert (
            row.recorded_at == int(midnight(NOON.date()).timestamp()) == int((NOON - 12 * HOUR).timestamp())
        )

    def test_of_several_sources_is_told_by_the_tracker(self) -> None:
        phone, tracker = self.source(9000), self.source(8000, device="d", is_tracker=True)
        for days in ([phone, tracker], [tracker, phone]):
            assert [row.value for row in rows_of_day(days)] == ["8000"]

    def test_of_several_phones_is_told_by_the_larger_count(self) -> None:
        assert [row.value for row in rows_of_day([self.source(10), self.source(20, modelid=3)])] == ["20"]

    def test_that_the_tracker_lay_in_a_drawer_is_told_by_the_phone(self) -> None:
        phone, tracker = self.source(9000), self.source(0, device="d", is_tracker=True, brand=1)
        assert [row.value for row in rows_of_day([tracker, phone])] == ["9000"]

    @pytest.mark.parametrize("steps", [0, -5, None, "12", True])
    def test_without_steps_gives_nothing(self, steps: Any) -> None:
        assert rows_of_day([self.source(steps)]) == []

    def test_without_a_source_gives_nothing(self) -> None:
        assert rows_of_day([]) == []
