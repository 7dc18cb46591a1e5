"""From values and days to places on a drawing, and the round numbers beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

HALF_A_YEAR = 183
SAME = 1e-6
"""What differs by less is one value: no chart shows it."""
ROUND = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``low`` to ``high`` along a line that begins at ``start`` and ends at ``end``."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of a value, to a tenth."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def ticks(low: float, high: float, *, most: int = 5) -> list[float]:
    """Round numbers at even distances that hold both ends between them: from three to ``most`` or so."""
    if high - low <= SAME * max(abs(low), abs(high), 1):
        spread = abs(low) * 0.02 or 1.0
        low, high = low - spread, high + spread
    rough = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in ROUND if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(step * n, digits) for n in range(first, last + 1)]


def written(value: float) -> str:
    """A number of an axis."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,g}"


def days_told(first: date, last: date, *, most: int = 3) -> list[tuple[date, str]]:
    """Some days at even distances, the last among them, and how they are written."""
    length = (last - first).days
    step = max(1, length // (most - 1))
    days = [last - timedelta(days=step * n) for n in reversed(range(length // step + 1))]
    return [(day, f"{day:%b %Y}" if length > HALF_A_YEAR else f"{day.day} {day:%b}") for day in days]


def spread_apart(places: Sequence[float], *, least: float, low: float, high: float) -> list[float]:
    """Places for labels, in the order given: each near its own, none nearer than ``least`` to another."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    found = list(places)
    floor = low
    for index in order:
        found[index] = max(places[index], floor)
        floor = found[index] + least
    ceiling = high
    for index in reversed(order):
        found[index] = min(found[index], ceiling)
        ceiling = found[index] - least
    return [round(place, 1) for place in found]
