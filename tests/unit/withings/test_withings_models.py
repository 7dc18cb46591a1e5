"""Models bear every shape that Withings was seen to send, and what nobody has seen yet."""

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from withings_bridge.domain import fields
from withings_bridge.domain.errors import Malformed
from withings_bridge.withings import models
from withings_bridge.withings.answers import mapped
from withings_bridge.withings.models import (
    ActivityDay,
    Device,
    Goals,
    HeartRecord,
    IntradaySample,
    Measure,
    MeasureGroup,
    NotificationProfile,
    SleepData,
    SleepSegment,
    SleepSummary,
    StethoRecord,
    Workout,
    WorkoutData,
)


class TestQuantity:
    @settings(deadline=None)  # the machine may be busy
    @given(st.integers(-(2**63), 2**63 - 1), st.integers(-20, 20))
    def test_is_exact(self, value: int, unit: int) -> None:
        exact = Fraction(value) * Fraction(10) ** unit
        assert Fraction(Measure(value=value, unit=unit, type=1).quantity) == exact

    def test_keeps_the_digits_withings_sent(self) -> None:
        assert str(Measure(value=70400, unit=-3, type=1).quantity) == "70.400"

    def test_does_not_depend_on_the_decimal_context(self) -> None:
        with localcontext() as context:
            context.prec = 3
            assert Measure(value=118003, unit=-3, type=1).quantity == Decimal("118.003")

    def test_of_a_goal_is_exact_too(self) -> None:
        (goals,) = mapped({"goals": {"weight": {"value": 70500, "unit": -3}}}, "goals", Goals).models
        assert goals.weight is not None
        assert str(goals.weight.quantity) == "70.500"


class TestOddShapes:
    @pytest.mark.parametrize(
        ("model", "sent"),
        [
            (MeasureGroup, {"grpid": 1, "measures": [], "deviceid": None}),
            (MeasureGroup, {"grpid": 1, "measures": [], "deviceid": 892359876}),
            (MeasureGroup, {"grpid": 1, "measures": [], "deviceid": "51e8d0e7"}),
            (MeasureGroup, {"grpid": 1, "measures": [], "attrib": 10010, "modelid": 999999, "model": None}),
            (
                MeasureGroup,
                {"grpid": 1, "measures": [{"value": 1, "unit": 0, "type": 99999, "position": 31}]},
            ),
            (MeasureGroup, {"grpid": 1, "measures": [{"value": 1, "unit": 0, "type": 1, "apppfmid": 7}]}),
            (ActivityDay, {"date": "2026-01-01", "modelid": -1, "model": None, "brand": 18, "steps": None}),
            (IntradaySample, {"timestamp": 1, "deviceid": None, "spo2_auto": 96.5, "later": {"a": 1}}),
            (Workout, {"id": 1, "startdate": 1, "category": 99999, "data": {"hr_average": None, "new": 1}}),
            (Workout, {"id": 1, "startdate": 1, "model": "ScanWatch", "deviceid": None}),
            (WorkoutData, {"core_body_temperature_status": "elevated"}),
            (WorkoutData, {"core_body_temperature_status": 2}),
            (
                SleepSegment,
                {"startdate": 1, "state": 15, "model": "Aura Sensor V2", "hr": {"1": 60, "61": None}},
            ),
            (
                SleepSummary,
                {"id": 1, "startdate": 1, "model": 32, "modified": 0, "data": {"asleepduration": 5}},
            ),
            (SleepData, {"night_events": '{"1":[0]}'}),
            (SleepData, {"night_events": {"1": [0]}}),
            (SleepData, {"night_events": []}),
            (HeartRecord, {"timestamp": 1, "heart_rate": 82}),
            (HeartRecord, {"timestamp": 1, "heart_rate": {"value": 82, "grpid": 1, "is_deleted": False}}),
            (
                HeartRecord,
                {"timestamp": 1, "model": 94, "ecg": {"signalid": 48, "afib": 7}, "heart_rate": None},
            ),
            (StethoRecord, {"signalid": "s-1", "vhd": 9}),
            (
                Device,
                {"model": "", "battery": "unknown", "first_session_date": None, "last_session_date": None},
            ),
            (Device, {"model_id": 999999, "type": "Mirror", "sim_status": {"on": True}}),
            (
                NotificationProfile,
                {"appli": 9999, "callbackurl": "https://bridge.example", "expires": 2147483647},
            ),
        ],
    )
    def test_are_read_and_given_back_whole(self, model: type[BaseModel], sent: dict[str, Any]) -> None:
        assert model.model_validate(sent).model_dump(exclude_unset=True) == sent

    @pytest.mark.parametrize(
        ("model", "sent", "name"),
        [
            (Workout, {"id": 1, "startdate": 1, "data": []}, "data"),
            (SleepSummary, {"id": 1, "startdate": 1, "data": []}, "data"),
            (SleepSegment, {"startdate": 1, "hr": []}, "hr"),
            (HeartRecord, {"timestamp": 1, "ecg": []}, "ecg"),
        ],
    )
    def test_that_are_empty_maps_printed_as_lists_are_empty(
        self, model: type[BaseModel], sent: dict[str, Any], name: str
    ) -> None:
        assert model.model_validate(sent).model_dump(exclude_unset=True)[name] == {}

    @pytest.mark.parametrize("none", [[], {}])
    def test_no_goals_at_all_are_no_row(self, none: Any) -> None:
        assert mapped({"goals": none}, "goals", Goals).rows == ()

    @pytest.mark.parametrize("body", [{}, {"goals": None}, {"goals": [1]}, {"goals": "none"}])
    def test_goals_that_did_not_come_are_not_mistaken_for_none(self, body: dict[str, Any]) -> None:
        with pytest.raises(Malformed):
            mapped(body, "goals", Goals)


class TestFields:
    @pytest.mark.parametrize(
        ("model", "asked"),
        [
            (ActivityDay, fields.ACTIVITY),
            (IntradaySample, fields.INTRADAY),
            (WorkoutData, fields.WORKOUT),
            (SleepSegment, fields.SLEEP_DETAIL),
            (SleepData, fields.SLEEP_SUMMARY),
        ],
    )
    def test_that_are_asked_for_are_typed(
        self, model: type[BaseModel], asked: tuple[fields.Field, ...]
    ) -> None:
        assert set(fields.names(asked)) <= set(model.model_fields)

    def test_of_every_record_are_open_and_frozen(self) -> None:
        records = [getattr(models, name) for name in models.__all__ if name != "TokenReply"]
        configured = {(record.model_config["extra"], record.model_config["frozen"]) for record in records}
        assert configured == {("allow", True)}
