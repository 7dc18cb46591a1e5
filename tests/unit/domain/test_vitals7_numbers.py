"""Rounding and printing of row values, held against ECMAScript: its specification, and node itself."""

import json
import math
import random
import shutil
import subprocess
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from withings_bridge.domain.conversions import KG_TO_LBS, M_TO_INCHES
from withings_bridge.domain.ecmascript import to_fixed, to_text

LEAST, MOST = 1e-6, 1e21
"""ECMAScript prints without an exponent from the one up to, but not including, the other."""

PLAIN = st.floats(LEAST, MOST, exclude_max=True)
DOUBLES = st.just(0.0) | PLAIN | PLAIN.map(lambda value: -value)
TIES = (0.125, 0.375, 2.5, 1.005, 0.15, 0.25, 8.345, -1.005, -0.125, 1e20, 123456789012345680000.0)


def number_to_string(value: float) -> str:
    """ECMA-262 Number::toString for what needs no exponent, by searching the shortest digits."""
    if value == 0:
        return "0"
    if value < 0:
        return f"-{number_to_string(-value)}"
    for length in range(1, 18):
        mantissa, _, exponent = f"{value:.{length - 1}e}".partition("e")
        if float(f"{mantissa}e{exponent}") == value:
            break
    else:
        raise AssertionError("seventeen digits name every double")
    digits, point = mantissa.replace(".", ""), int(exponent) + 1
    if length <= point <= 21:
        return digits + "0" * (point - length)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    return f"0.{'0' * -point}{digits}"


def number_to_fixed(value: float, fraction_digits: int) -> float:
    """ECMA-262 Number.prototype.toFixed, read back as a number."""
    scale = 10**fraction_digits
    scaled = Fraction(abs(value)) * scale
    # "Let n be an integer for which n / 10^f - x is as close to zero as possible; of two, the larger."
    nearest = math.floor(scaled + Fraction(1, 2))
    return math.copysign(float(Fraction(nearest, scale)), value)


class TestToText:
    @given(DOUBLES)
    def test_prints_a_double_as_ecmascript_does(self, value: float) -> None:
        assert to_text(value) == number_to_string(value)

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (70.0, "70"),
            (168.1, "168.1"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e20, "1" + "0" * 20),
        ],
    )
    def test_has_no_trailing_zeros_and_no_exponent(self, value: float, text: str) -> None:
        assert to_text(value) == text


class TestToFixed:
    @given(DOUBLES, st.sampled_from((1, 2, 3)))
    @example(1.005, 2)
    @example(0.125, 2)
    @example(0.25, 1)
    @example(0.004, 2)
    @example(-1.0625, 3)
    @example(1e11 + 0.25, 1)
    def test_rounds_as_ecmascript_does(self, value: float, digits: int) -> None:
        assert to_fixed(value, digits) == number_to_string(number_to_fixed(value, digits))

    @pytest.mark.parametrize(
        ("value", "digits", "text"),
        [
            (1.005, 2, "1"),  # the double below the decimal
            (0.125, 2, "0.13"),  # a true tie goes up
            (154.3234, 2, "154.32"),
            (24.25, 1, "24.3"),
            (70.0, 2, "70"),
            (-0.001, 2, "0"),
        ],
    )
    def test_knows_the_double_and_not_the_decimal_that_was_typed(
        self, value: float, digits: int, text: str
    ) -> None:
        assert to_fixed(value, digits) == text

    @given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e60, max_value=1e60))
    def test_never_fails_however_absurd_the_value(self, value: float) -> None:
        assert "e" not in to_fixed(value, 2).lower()


def sample() -> list[float]:
    """Values as scales give them, in the units of the rows, and all kinds of others."""
    draw = random.Random(7)  # noqa: S311 - the same sample every time
    weights = [draw.randint(20_000, 150_000) * 10.0**-3 * KG_TO_LBS for _ in range(2000)]
    heights = [draw.randint(100, 210) * 10.0**-2 * M_TO_INCHES for _ in range(500)]
    others = [draw.choice((-1, 1)) * 10 ** draw.uniform(-6, 21) for _ in range(2000)]
    halves = [draw.randint(0, 100_000) / draw.choice((2, 4, 8, 200, 1000)) for _ in range(2000)]
    return [
        value for value in (*TIES, *weights, *heights, *others, *halves) if not value or abs(value) >= LEAST
    ]


class TestAgainstNode:
    def test_thousands_of_values_come_out_the_same(self) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not on the PATH")
        values = sample()
        script = """
            const values = JSON.parse(require('fs').readFileSync(0, 'utf8'));
            const plain = (x) => String(x);
            console.log(JSON.stringify(values.map(
                (x) => [plain(x), plain(Number(x.toFixed(1))), plain(Number(x.toFixed(2)))])));
        """
        run = subprocess.run(  # noqa: S603 - our own script
            [node, "-e", script], input=json.dumps(values), capture_output=True, text=True, check=True
        )
        theirs = json.loads(run.stdout)
        ours = [[to_text(value), to_fixed(value, 1), to_fixed(value, 2)] for value in values]
        assert ours == theirs
