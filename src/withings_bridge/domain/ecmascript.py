"""Numbers as ECMAScript rounds and prints them, for what was in ECMAScript before us."""

from decimal import ROUND_HALF_UP, Context, Decimal

_ALL_DIGITS = Context(prec=400)
"""Room for every digit of any double, so that an absurd one is rounded like the others."""


def to_fixed(value: float, digits: int) -> str:
    """Rounded as ECMAScript's ``toFixed`` does, printed as ECMAScript prints a number."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ALL_DIGITS)
    return to_text(float(rounded))


def to_text(value: float) -> str:
    """A double in its shortest form: no trailing zeros, no exponent, no negative zero."""
    shortest = Decimal(repr(value))
    return str(int(shortest)) if value.is_integer() else format(shortest, "f")
