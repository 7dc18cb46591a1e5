"""The readings of every kind of record: rows of replies in, exact values out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from withings_bridge.domain.measures import MEASURE_TYPES, POSITIONS
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.readings import Reading, exact, readings
from withings_bridge.domain.records import Kind, record_from

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "measures",
        "type",
        "value",
        "unit",
        "data",
        "series",
        "startdate",
        "steps",
        "weight",
        "ecg",
        "state",
        "hr",
    ]
)

DAY = {
    "date": "2026-03-29",
    "timezone": "Europe/Paris",
    "deviceid": "d1",
    "modelid": 93,
    "is_tracker": True,
    "brand": 1,
    "modified": 1774900000,
    "steps": 8421,
    "distance": 6120.5,
    "calories": 312.477,
    "hr_average": 0,
    "hr_min": 48,
    "hr_zone_0": 0,
    "floors_swum": 3,
}
NIGHT = {
    "id": 31,
    "timezone": "Europe/Paris",
    "model": 32,
    "model_id": 63,
    "hash_deviceid": "d2",
    "startdate": 1774900000,
    "enddate": 1774928800,
    "data": {
        "total_sleep_time": 24600,
        "sleep_efficiency": 0.86,
        "rr_average": 14,
        "night_events": '{"1": [0]}',
        "core_body_temperature_status": "usual",
        "remsleepduration": None,
    },
}
WORKOUT = {
    "id": 5,
    "category": 2,
    "attrib": 7,
    "model": 93,
    "deviceid": "d1",
    "startdate": 1774900000,
    "enddate": 1774903600,
    "data": {"calories": 401, "hr_average": 0, "spo2_average": 96.5},
}
HOUR = {
    "hour": 1774900800,
    "series": {
        "1774900860": {"deviceid": "d1", "model": "ScanWatch", "model_id": 93, "steps": 12, "duration": 60},
        "1774901000": {"deviceid": None, "model_id": 1055, "heart_rate": 71, "sdnn1": 41.5, "new_one": 2},
        "soon": {"steps": 1},
    },
}
SEGMENT = {
    "startdate": 1774900000,
    "enddate": 1774900600,
    "state": 3,
    "hash_deviceid": "d2",
    "model": "Aura Sensor V2",
    "model_id": 63,
    "hr": {"1774900000": 55, "1774900060": 56},
    "sdnn_1": {"1774900000": 40.25},
    "rmssd": [],
}
HEART = {
    "timestamp": 1774900000,
    "deviceid": "d3",
    "model": 44,
    "heart_rate": {"value": 64, "grpid": 1},
    "ecg": {"signalid": 7, "afib": 0},
    "bloodpressure": {"systole": 121, "diastole": 79},
    "stetho": {"signalid": 8, "vhd": 1},
}


def told(kind: Kind, body: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Each metric with value and unit, in their order."""
    found = list(readings(record_from(kind, body)))
    told = {reading.metric: (str(reading.value), reading.unit) for reading in found}
    assert len(told) == len(found)
    return told


def one(kind: Kind, body: dict[str, Any], metric: str) -> Reading:
    (found,) = [reading for reading in readings(record_from(kind, body)) if reading.metric == metric]
    return found


class TestAMeasureGroup:
    def test_yields_each_of_the_48_types_of_withings_under_its_name_and_in_its_unit(self) -> None:
        assert len(MEASURE_TYPES) == 48
        for number, type_ in MEASURE_TYPES.items():
            body = {"grpid": 1, "attrib": 0, "measures": [{"type": number, "value": 12340, "unit": -3}]}
            (reading,) = readings(record_from(Kind.MEASURES, body))
            value = "12340" if type_.classification else "12.340"
            told = (reading.metric, str(reading.value), reading.unit, reading.code)
            assert told == (type_.metric, value, type_.unit, number)
            metric = METRICS[reading.metric]
            assert (metric.unit, metric.code, metric.quantity) == (
                type_.unit,
                number,
                not type_.classification,
            )

    def test_yields_a_value_that_is_no_integer_as_of_a_type_that_nobody_knows(self) -> None:
        """Its code is no number: nothing that goes by the type takes it for one of its values."""
        odd = {"type": 10, "value": 120.5, "unit": -1, "position": 7}
        (reading,) = readings(record_from(Kind.MEASURES, {"grpid": 1, "attrib": 0, "measures": [odd]}))
        assert (reading.metric, str(reading.value), reading.unit) == ("type-10", "12.05", None)
        assert (reading.code, reading.position) == ("10", 7)

    def test_yields_a_type_that_comes_by_position_once_for_each(self) -> None:
        limbs = [
            {"type": type_.number, "value": 100 + position, "unit": -1, "position": position}
            for type_ in MEASURE_TYPES.values()
            if type_.positional
            for position in POSITIONS
        ]
        body = {"grpid": 1, "attrib": 0, "measures": limbs}
        found = list(readings(record_from(Kind.MEASURES, body)))
        assert [(r.code, r.position) for r in found] == [(limb["type"], limb["position"]) for limb in limbs]


class TestAnActivityDay:
    def test_yields_its_numbers_and_no_heart_rate_of_zero(self) -> None:
        assert told(Kind.ACTIVITY, DAY) == {
            "steps": ("8421", "count"),
            "distance": ("6120.5", "m"),
            "active_energy": ("312.477", "kcal"),
            "heart_rate_minimum": ("48", "bpm"),
            "heart_rate_zone_light_duration": ("0", "s"),
            "field-floors_swum": ("3", None),
        }

    def test_is_about_the_local_day_which_may_have_another_length(self) -> None:
        steps = one(Kind.ACTIVITY, DAY, "steps")
        assert steps.at == datetime(2026, 3, 28, 23, tzinfo=UTC)
        assert steps.until == datetime(2026, 3, 29, 22, tzinfo=UTC)

    def test_is_about_the_day_of_utc_where_no_zone_is_told(self) -> None:
        steps = one(Kind.ACTIVITY, DAY | {"timezone": "Mars/Olympus"}, "steps")
        assert steps.at == datetime(2026, 3, 29, tzinfo=UTC)


class TestANight:
    def test_yields_the_numbers_of_its_data_and_leaves_words_alone(self) -> None:
        assert told(Kind.SLEEP, NIGHT) == {
            "sleep_duration": ("24600", "s"),
            "sleep_efficiency": ("0.86", "ratio"),
            "sleep_respiratory_rate_average": ("14", "breaths/min"),
        }

    def test_is_about_the_stretch_from_its_start_to_its_end(self) -> None:
        slept = one(Kind.SLEEP, NIGHT, "sleep_duration")
        assert (slept.at.timestamp(), slept.until and slept.until.timestamp()) == (1774900000, 1774928800)

    @pytest.mark.parametrize("data", [None, [], {}, "nothing"])
    def test_without_data_yields_nothing(self, data: Any) -> None:
        assert told(Kind.SLEEP, NIGHT | {"data": data}) == {}


class TestAWorkout:
    def test_yields_its_numbers_zero_included(self) -> None:
        assert told(Kind.WORKOUT, WORKOUT) == {
            "workout_active_energy": ("401", "kcal"),
            "workout_heart_rate_average": ("0", "bpm"),
            "workout_spo2_average": ("96.5", "%"),
        }


class TestAnHour:
    def test_yields_every_sample_at_its_second(self) -> None:
        found = [
            (int(reading.at.timestamp()), reading.metric, str(reading.value))
            for reading in readings(record_from(Kind.INTRADAY, HOUR))
        ]
        assert found == [
            (1774900860, "intraday_steps", "12"),
            (1774900860, "intraday_duration", "60"),
            (1774901000, "heart_rate", "71"),
            (1774901000, "hrv_sdnn", "41.5"),
            (1774901000, "field-new_one", "2"),
        ]

    def test_tells_samples_of_a_watch_from_those_of_a_phone(self) -> None:
        steps, pulse = one(Kind.INTRADAY, HOUR, "intraday_steps"), one(Kind.INTRADAY, HOUR, "heart_rate")
        assert (steps.origin.device, steps.origin.model, steps.origin.source) == ("d1", 93, "device")
        assert (pulse.origin.device, pulse.origin.model, pulse.origin.source) == (None, 1055, "external")


class TestASegment:
    def test_yields_its_stage_over_its_stretch_and_its_samples_at_their_seconds(self) -> None:
        found = [
            (r.metric, str(r.value), int(r.at.timestamp()), r.until and int(r.until.timestamp()))
            for r in readings(record_from(Kind.SEGMENT, SEGMENT))
        ]
        assert found == [
            ("sleep_stage", "3", 1774900000, 1774900600),
            ("sleeping_heart_rate", "55", 1774900000, None),
            ("sleeping_heart_rate", "56", 1774900060, None),
            ("sleeping_hrv_sdnn", "40.25", 1774900000, None),
        ]


class TestARecordingOfTheHeart:
    def test_yields_all_that_was_found(self) -> None:
        assert told(Kind.HEART, HEART) == {
            "ecg_heart_rate": ("64", "bpm"),
            "ecg_afib": ("0", "code"),
            "systolic_blood_pressure": ("121", "mmHg"),
            "diastolic_blood_pressure": ("79", "mmHg"),
            "stetho_vhd": ("1", "code"),
        }

    def test_has_its_rate_as_a_number_too(self) -> None:
        assert told(Kind.HEART, {"timestamp": 9, "heart_rate": 64}) == {"ecg_heart_rate": ("64", "bpm")}

    def test_may_be_a_sound(self) -> None:
        body = {"signalid": 8, "timestamp": 9, "vhd": 2}
        assert told(Kind.STETHO, body) == {"stetho_vhd": ("2", "code")}


class TestGoals:
    def test_are_readings_too(self) -> None:
        body = {"steps": 10000, "sleep": 28800, "weight": {"value": 70500, "unit": -3}}
        assert told(Kind.GOALS, body) == {
            "goal_steps": ("10000", "count"),
            "goal_sleep": ("28800", "s"),
            "goal_weight": ("70.500", "kg"),
        }


class TestAnyRecord:
    @given(st.sampled_from(list(Kind)), st.dictionaries(NAMES | st.text(max_size=5), JSON_VALUES, max_size=6))
    def test_is_decoded_without_an_error_whatever_it_holds(self, kind: Kind, body: dict[str, Any]) -> None:
        for reading in readings(record_from(kind, body)):
            assert reading.value.is_finite()
            assert reading.metric in METRICS or reading.metric.startswith(("type-", "field-"))

    def test_yields_metrics_in_the_units_of_the_table(self) -> None:
        bodies = {
            Kind.ACTIVITY: DAY,
            Kind.SLEEP: NIGHT,
            Kind.WORKOUT: WORKOUT,
            Kind.INTRADAY: HOUR,
            Kind.SEGMENT: SEGMENT,
            Kind.HEART: HEART,
        }
        found = [reading for kind, body in bodies.items() for reading in readings(record_from(kind, body))]
        known = [reading for reading in found if reading.metric in METRICS]
        assert len(known) > 20
        assert all(reading.unit == METRICS[reading.metric].unit for reading in known)

    def test_of_a_device_or_an_event_has_none(self) -> None:
        assert told(Kind.DEVICE, {"deviceid": "d", "battery": "low", "first_session_date": 5}) == {}
        assert told(Kind.EVENT, {"appli": 50, "deviceid": "d", "date": 5}) == {}


class TestExact:
    @pytest.mark.parametrize(
        ("value", "text"), [(1028.559, "1028.559"), (0.1, "0.1"), (12, "12"), (0, "0"), (1e-7, "1E-7")]
    )
    def test_keeps_the_digits_that_were_sent(self, value: float, text: str) -> None:
        assert str(exact(value)) == text

    @pytest.mark.parametrize("value", [None, True, "12", [], {}, float("nan"), float("inf"), 1e300, 10**40])
    def test_is_nothing_for_what_is_no_quantity(self, value: Any) -> None:
        assert exact(value) is None

    @given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=6))
    def test_never_adds_a_digit(self, value: Decimal) -> None:
        assert exact(float(value)) == value


class TestWhatNoTableKnows:
    @pytest.mark.parametrize(
        ("kind", "body", "name"),
        [
            (Kind.MEASURES, {"grpid": 1, "measures": [], "mood": 7}, "mood"),
            (Kind.ACTIVITY, DAY | {"mood": 7}, "mood"),
            (Kind.SLEEP, NIGHT | {"mood": 7}, "mood"),
            (Kind.WORKOUT, WORKOUT | {"mood": 7}, "mood"),
            (Kind.SEGMENT, SEGMENT | {"mood": 7}, "mood"),
            (Kind.HEART, HEART | {"mood": 7}, "mood"),
            (Kind.HEART, HEART | {"ecg": {"signalid": 7, "mood": 7}}, "ecg.mood"),
            (Kind.STETHO, {"signalid": 5, "mood": 7}, "mood"),
            (Kind.GOALS, {"steps": 5, "mood": 7}, "mood"),
            (Kind.DEVICE, {"deviceid": "d", "mood": 7}, "mood"),
        ],
    )
    def test_is_a_reading_where_it_is_a_number(self, kind: Kind, body: dict[str, Any], name: str) -> None:
        reading = one(kind, body, f"field-{name}")
        assert (str(reading.value), reading.unit, reading.code) == ("7", None, name)

    @pytest.mark.parametrize("value", ["7", True, None, [7], {"mood": 7}])
    def test_is_none_where_it_is_anything_else(self, value: Any) -> None:
        assert told(Kind.STETHO, {"signalid": 5, "mood": value}) == {}
