"""Numbers as ECMAScript rounds and prints them, for what was in ECMAScript before us."""

from decimal import ROUND_HALF_UP, Context, Decimal

_ALL_DIGITS = Context(prec=400)
"""Room for every digit of any double, so that an absurd one is rounded like the others."""

_PLAIN = 1e11
"""Below it, a number with up to three decimals has fifteen digits at most: those are its shortest form."""
_ROUNDING = {1: (".1f", 4.0), 2: (".2f", 8.0), 3: (".3f", 16.0)}
"""By how many decimals: how Python writes it, and ties. The odd multiples of one in so many are all doubles
that lie half way between two numbers.
"""
_write = float.__format__  # by ``%`` it takes a third longer

_SMALL = {float(number): str(number) for number in range(1_000)}
"""Most of what is printed in its shortest form: pulses, pressures, saturations."""


def to_fixed(value: float, digits: int) -> str:
    """Rounded as ECMAScript's ``toFixed`` does, printed as ECMAScript prints a number."""
    if 0.0 < value < _PLAIN and digits in _ROUNDING:
        form, ties = _ROUNDING[digits]
        # Python rounds as exactly, and differs half way alone, where it takes the even number.
        if value * ties % 2.0 != 1.0:
            return _write(value, form).rstrip("0").rstrip(".")
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ALL_DIGITS)
    return to_text(float(rounded))


def to_text(value: float) -> str:
    """A double in its shortest form: no trailing zeros, no exponent, no negative zero."""
    if small := _SMALL.get(value):
        return small
    shortest = repr(value)
    if "e" not in shortest:
        whole = shortest.removesuffix(".0")
        return whole if whole != "-0" else "0"
    return str(int(Decimal(shortest))) if value.is_integer() else format(Decimal(shortest), "f")
