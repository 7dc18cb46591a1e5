"""Numbers as ECMAScript rounds and prints them, for what was in ECMAScript before us."""

from decimal import ROUND_HALF_UP, Context, Decimal

_ALL_DIGITS = Context(prec=400)
"""Room for every digit of any double, so that an absurd one is rounded like the others."""

_PLAIN = 1e11
"""Below it, a number with up to three decimals has fifteen digits at most: those are its shortest form."""
_TIES = {1: 4, 2: 8, 3: 16}
"""By how many decimals: the odd multiples of one in so many are all doubles that lie half way between two
numbers.
"""


def to_fixed(value: float, digits: int) -> str:
    """Rounded as ECMAScript's ``toFixed`` does, printed as ECMAScript prints a number."""
    if -_PLAIN < value < _PLAIN and digits in _TIES and value * _TIES[digits] % 2 != 1:
        # Python rounds as exactly, and differs half way alone, where it takes the even number.
        text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
        return text if text != "-0" else "0"
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _ALL_DIGITS)
    return to_text(float(rounded))


def to_text(value: float) -> str:
    """A double in its shortest form: no trailing zeros, no exponent, no negative zero."""
    shortest = repr(value)
    if "e" not in shortest:
        whole = shortest.removesuffix(".0")
        return whole if whole != "-0" else "0"
    return str(int(Decimal(shortest))) if value.is_integer() else format(Decimal(shortest), "f")
