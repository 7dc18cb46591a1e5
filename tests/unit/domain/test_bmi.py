"""The body mass index, exact."""

from decimal import Decimal
from typing import Any

import pytest

from builders import DAY, NOON, a_record
from withings_bridge.domain.bmi import Stature, bmi, bmi_of
from withings_bridge.domain.records import Record


def a_group(*measures: tuple[int, int, int], days: int = 0, key: str = "1", **fields: Any) -> Record:
    body = {"attrib": 0, "category": 1} | fields
    body["measures"] = [{"type": type_, "value": value, "unit": unit} for type_, value, unit in measures]
    return a_record(key, at=NOON + days * DAY, body=body)


TALL = a_group((4, 178, -2), days=-10, key="tall")


def told(group: Record, *heights: Record) -> str | None:
    reading = bmi_of(group, Stature(heights))
    return None if reading is None else f"{reading.value} {reading.unit}"


class TestBmi:
    @pytest.mark.parametrize(
        ("weight", "height", "index"), [("81.3", "1.78", "25.7"), ("50", "2", "12.5"), ("49.8", "2", "12.5")]
    )
    def test_is_kilograms_by_square_metres_to_one_decimal(self, weight: str, height: str, index: str) -> None:
        assert bmi(Decimal(weight), Decimal(height)) == Decimal(index)

    @pytest.mark.parametrize(("weight", "height"), [("1E+30", "0.001"), ("81.3", "0"), ("81.3", "-1.78")])
    def test_is_none_of_what_no_body_has(self, weight: str, height: str) -> None:
        assert bmi(Decimal(weight), Decimal(height)) is None


class TestBmiOfAWeighing:
    def test_rests_on_the_last_height_known_at_the_time(self) -> None:
        later = a_group((4, 180, -2), days=1, key="later")
        assert told(a_group((1, 81300, -3)), TALL, later) == "25.7 kg/m²"
        assert told(a_group((1, 81300, -3), days=1), TALL, later) == "25.1 kg/m²"

    def test_prefers_a_height_of_its_own(self) -> None:
        assert told(a_group((1, 50, 0), (4, 2, 0)), TALL) == "12.5 kg/m²"

    def test_is_none_without_a_height_or_a_weight(self) -> None:
        assert told(a_group((1, 81300, -3))) is None
        assert told(a_group((1, 81300, -3), days=-20), TALL) is None
        assert told(a_group((10, 120, 0)), TALL) is None

    def test_takes_no_height_that_is_zero_held_back_or_a_goal(self) -> None:
        weighing = a_group((1, 81300, -3))
        assert told(weighing, a_group((4, 0, 0), days=-1)) is None
        assert told(weighing, a_group((4, 2, 0), days=-1, attrib=1)) is None
        assert told(weighing, a_group((4, 2, 0), days=-1, category=2)) is None

    def test_is_none_where_no_body_has_such_a_weight_or_height(self) -> None:
        assert told(a_group((1, 1, 9), (4, 1, -9))) is None
        assert told(a_group((1, 1, 30)), TALL) is None
