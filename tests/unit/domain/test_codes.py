"""LOINC and UCUM: codes that are well formed, and a unit for every metric."""

import pytest

from withings_bridge.domain import codes
from withings_bridge.domain.metrics import METRICS

ALL_CODES = sorted(
    {loinc.code for loinc in (*codes.LOINC.values(), codes.BLOOD_PRESSURE, codes.PULSE_OXIMETRY)}
)


def check_digit(number: str) -> int:
    """Of a LOINC code: every second digit from the right doubled, all digits summed, up to the next ten."""
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))]
    return -sum(sum(map(int, str(value))) for value in doubled) % 10


class TestLoinc:
    @pytest.mark.parametrize("code", ALL_CODES)
    def test_codes_carry_the_check_digit_that_loinc_gives_them(self, code: str) -> None:
        number, _, digit = code.partition("-")
        assert check_digit(number) == int(digit)

    def test_names_metrics_that_there_are(self) -> None:
        assert codes.LOINC.keys() <= METRICS.keys()

    def test_gives_one_name_to_each_code(self) -> None:
        assert len({loinc.code for loinc in codes.LOINC.values()}) == len(set(codes.LOINC.values()))


class TestUcum:
    def test_has_a_code_for_every_unit_that_is_known(self) -> None:
        without = {metric.unit for metric in METRICS.values() if metric.ucum is None}
        assert without == {"floors or m"}

    def test_has_no_code_that_nothing_uses(self) -> None:
        assert codes.UCUM.keys() == {metric.unit for metric in METRICS.values()} - {"floors or m"}
