"""Readings: exact decimals, and the latest of each metric."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, NOON, a_record
from withings_bridge.domain.readings import height_of, latest, measures_of, readings
from withings_bridge.domain.records import Kind, Record


def a_measure(type_: int, value: int, unit: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": type_, "value": value, "unit": unit, **more}


def a_group(*measures: Any, key: str = "1001", days: int = 0, **fields: Any) -> Record:
    body = {"grpid": key, "attrib": 0, "category": 1, "measures": list(measures)} | fields
    return a_record(key, at=NOON + days * DAY, body=body)


class TestReadings:
    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [(70123, -3, "70.123"), (7012, -2, "70.12"), (70, 0, "70"), (7, 1, "7E+1"), (100, -2, "1.00")],
    )
    def test_are_the_integer_times_the_power_of_ten_with_every_digit(
        self, value: int, unit: int, text: str
    ) -> None:
        (reading,) = readings(a_group(a_measure(1, value, unit)))
        assert str(reading.value) == text

    @given(st.integers(-(10**15), 10**15), st.integers(-12, 6))
    def test_never_pass_through_a_float(self, value: int, unit: int) -> None:
        (reading,) = readings(a_group(a_measure(1, value, unit)))
        assert reading.value == Decimal(value) * Decimal(10) ** unit

    def test_carry_metric_unit_time_and_record(self) -> None:
        group = a_group(a_measure(10, 120), key="5")
        (reading,) = readings(group)
        assert (reading.metric, reading.unit) == ("systolic_blood_pressure", "mmHg")
        assert (reading.at, reading.record) == (NOON, group.name)

    def test_of_a_type_nobody_knows_yet_have_its_number_for_a_name(self) -> None:
        (reading,) = readings(a_group(a_measure(987, 5)))
        assert (reading.metric, reading.unit) == ("type-987", None)

    def test_repeat_a_type_once_for_each_position(self) -> None:
        group = a_group(a_measure(174, 5, position=2), a_measure(174, 6, position=3))
        assert [(r.position, r.value) for r in readings(group)] == [(2, Decimal(5)), (3, Decimal(6))]


class TestMeasures:
    @pytest.mark.parametrize(
        "odd",
        [
            None,
            "text",
            7,
            [],
            {},
            a_measure(1, 70) | {"value": "70"},
            a_measure(1, 70) | {"value": None},
            a_measure(1, 70) | {"unit": None},
            a_measure(1, 70, 31),
            a_measure(1, 70, -400),
            a_measure(1, 10**400),
        ],
    )
    def test_that_are_none_are_passed_over_and_the_others_kept(self, odd: Any) -> None:
        group = a_group(odd, a_measure(11, 60))
        assert [measure.type for measure in measures_of(group.body)] == [11]

    @pytest.mark.parametrize("measures", [None, {}, [], "text", 5, {"type": 1}])
    def test_may_be_missing_altogether(self, measures: Any) -> None:
        group = a_record(body={"grpid": 1, "measures": measures})
        assert list(measures_of(group.body)) == []
        assert height_of(group) is None


class TestLatest:
    def test_is_the_newest_of_each_metric_not_of_the_newest_group_alone(self) -> None:
        groups = [
            a_group(a_measure(1, 71), key="2", days=1),
            a_group(a_measure(1, 70), a_measure(6, 20), key="1"),
        ]
        found = latest(groups)
        assert (found["weight"].value, found["fat_ratio"].value) == (Decimal(71), Decimal(20))

    def test_leaves_out_what_may_be_another_persons(self) -> None:
        groups = [a_group(a_measure(1, 70)), a_group(a_measure(1, 99), key="2", days=1, attrib=1)]
        assert latest(groups)["weight"].value == Decimal(70)

    def test_leaves_out_goals(self) -> None:
        assert latest([a_group(a_measure(1, 60), category=2)]) == {}

    def test_takes_the_whole_body_and_no_limb(self) -> None:
        group = a_group(
            a_measure(8, 12, position=7), a_measure(8, 2, position=2), a_measure(174, 1, position=3)
        )
        found = latest([group])
        assert found["fat_mass"].value == Decimal(12)
        assert "fat_mass_for_segments" not in found

    def test_of_two_groups_of_one_instant_is_always_the_same(self) -> None:
        one, two = a_group(a_measure(1, 70), key="1"), a_group(a_measure(1, 71), key="2")
        assert latest([one, two]) == latest([two, one])


class TestHeight:
    def test_is_the_group_narrowed_to_it(self) -> None:
        group = a_group(a_measure(1, 70), a_measure(4, 180, -2), deviceid="d", modelid=5)
        height = height_of(group)
        assert height is not None
        assert (height.kind, height.key, height.at) == (Kind.HEIGHT, group.key, group.at)
        assert height.body == {
            "grpid": "1001",
            "attrib": 0,
            "category": 1,
            "deviceid": "d",
            "modelid": 5,
            "measures": [a_measure(4, 180, -2)],
        }
        (told,) = readings(height)
        assert (told.origin.device, told.origin.model) == ("d", 5)

    @pytest.mark.parametrize("odd", [None, "text", 7, [], {}, {"type": [4]}])
    def test_is_found_among_what_is_no_measure(self, odd: Any) -> None:
        height = height_of(a_group(odd, a_measure(4, 180, -2), odd))
        assert height is not None
        assert height.body["measures"] == [a_measure(4, 180, -2)]

    def test_is_none_for_a_group_without_one(self) -> None:
        assert height_of(a_group(a_measure(1, 70))) is None

    def test_is_none_while_the_group_is_held_back(self) -> None:
        assert height_of(a_group(a_measure(4, 180, -2), attrib=1)) is None
