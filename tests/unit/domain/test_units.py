"""The units of Vitals7, with the digits of its rows."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, a_record
from withings_bridge.domain.readings import readings
from withings_bridge.domain.records import Kind
from withings_bridge.domain.units import in_vitals7_units
from withings_bridge.domain.vitals7 import Heights, rows_of_group


def shown(type_: int, value: int, unit: int) -> tuple[str, str | None]:
    body = {
        "grpid": 1,
        "attrib": 0,
        "category": 1,
        "measures": [{"type": type_, "value": value, "unit": unit}],
    }
    (reading,) = readings(a_record("1", at=NOON, body=body))
    shown = in_vitals7_units(reading)
    return str(shown.value), shown.unit


class TestUnits:
    @pytest.mark.parametrize(
        ("type_", "value", "unit", "expected"),
        [
            (1, 81300, -3, ("179.24", "lbs")),
            (76, 61700, -3, ("136.03", "lbs")),
            (4, 178, -2, ("70.08", "inches")),
            (71, 36650, -3, ("98", "°F")),
            (73, 325, -1, ("90.5", "°F")),
            (10, 120, 0, ("120", "mmHg")),
            (91, 7123, -3, ("7.123", "m/s")),
            (987, 5, 0, ("5", None)),
        ],
    )
    def test_are_those_that_vitals7_shows(
        self, type_: int, value: int, unit: int, expected: tuple[str, str | None]
    ) -> None:
        assert shown(type_, value, unit) == expected

    @given(value=st.integers(-(10**7), 10**7), unit=st.integers(-6, 2), type_=st.sampled_from([1, 4, 71]))
    def test_have_the_digits_of_the_rows(self, value: int, unit: int, type_: int) -> None:
        measure = {"type": type_, "value": value, "unit": unit}
        group = a_record("1", at=NOON, body={"attrib": 0, "category": 1, "measures": [measure]})
        (reading,) = readings(group)
        (row,) = rows_of_group(group, Heights([]))
        shown = in_vitals7_units(reading)
        assert (shown.value, shown.unit) == (Decimal(row.value), row.units)

    def test_leave_ways_in_metres(self) -> None:
        body = {"date": "2026-03-02", "distance": 6120.5, "is_tracker": True}
        (reading,) = readings(a_record("d", kind=Kind.ACTIVITY, body=body))
        assert in_vitals7_units(reading) == reading
