"""From Withings' units to those of Vitals7, in doubles and in the predecessor's order of operations."""

from collections.abc import Callable
from dataclasses import dataclass

KG_TO_LBS = 2.20462
M_TO_INCHES = 39.3701


@dataclass(frozen=True, slots=True)
class Conversion:
    """A step from one unit to another."""

    formula: str
    """As people read it, applied to Withings' value; empty where that stays as it is."""
    of: Callable[[float], float]


AS_IS = Conversion("", lambda value: value)
POUNDS = Conversion(f"* {KG_TO_LBS}", lambda kilograms: kilograms * KG_TO_LBS)
FAHRENHEIT = Conversion("* 9/5 + 32", lambda celsius: celsius * 9 / 5 + 32)
HOURS = Conversion("/ 3600", lambda seconds: seconds / 3600)
MINUTES = Conversion("/ 60", lambda seconds: seconds / 60)
PERCENT = Conversion("* 100", lambda share: share * 100)
