"""Values in the units that Vitals7 shows: pounds, inches and degrees Fahrenheit.

Computed and rounded just as the rows of ``user_vitals`` are, so that a caller who asks for these units
sees the same digits in both places. Of what Vitals7 shows in Withings' own units, or computes (a bmi, hours
of sleep), rows have fewer digits.
"""

from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

from withings_bridge.domain.conversions import FAHRENHEIT, M_TO_INCHES, POUNDS
from withings_bridge.domain.ecmascript import to_fixed
from withings_bridge.domain.readings import Reading


class Units(StrEnum):
    """In which units values are told."""

    METRIC = "metric"
    """As Withings documents them."""
    VITALS7 = "vitals7"
    """Masses in pounds, temperatures in degrees Fahrenheit, and the height in inches."""


_LENGTHS_OF_A_BODY = frozenset({"height"})
"""Other lengths in metres are ways, and stay so."""


def in_vitals7_units(reading: Reading) -> Reading:
    """The reading in the units of Vitals7; one that Vitals7 shows in Withings' own stays as it is."""
    value = reading.value
    if reading.unit == "kg":
        return _converted(reading, to_fixed(POUNDS.of(_double(value)), 2), "lbs")
    if reading.unit == "degC":
        return _converted(reading, to_fixed(FAHRENHEIT.of(_double(value)), 1), "°F")
    if reading.metric in _LENGTHS_OF_A_BODY:
        return _converted(reading, to_fixed(_double(value) * M_TO_INCHES, 2), "inches")
    return reading


def _converted(reading: Reading, value: str, unit: str) -> Reading:
    return replace(reading, value=Decimal(value), unit=unit)


def _double(value: Decimal) -> float:
    """As the rows compute it: the integer times a power of ten, in doubles."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        return float(value)
    number = int("".join(map(str, digits))) if digits else 0
    return (-number if sign else number) * 10.0**exponent
