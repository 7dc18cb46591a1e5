"""The body mass index: the one value that is computed here, since scales do not send it."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from withings_bridge.domain import measures as types
from withings_bridge.domain.metrics import BMI
from withings_bridge.domain.origins import origin_of
from withings_bridge.domain.readings import Reading, counts, readings
from withings_bridge.domain.records import Record

STEP = Decimal("0.1")


class Stature:
    """A person's heights over time, exact, in metres."""

    def __init__(self, groups: Iterable[Record]) -> None:
        found = sorted(
            (group.at, group.key, height)
            for group in groups
            if counts(group.body) and (height := _of_type(group, types.HEIGHT)) and height > 0
        )
        self._times = [at for at, _, _ in found]
        self._heights = [height for _, _, height in found]

    def at(self, when: datetime) -> Decimal | None:
        """The last height dated at or before the instant."""
        index = bisect_right(self._times, when)
        return self._heights[index - 1] if index else None


def bmi(weight: Decimal, height: Decimal) -> Decimal | None:
    """In kg/m², to one decimal; None for a weight or a height that no body has."""
    try:
        return (weight / (height * height)).quantize(STEP, ROUND_HALF_UP) if height > 0 else None
    except InvalidOperation:
        return None  # more digits than there are


def bmi_of(group: Record, stature: Stature) -> Reading | None:
    """The bmi of a weighing, with a height of its own or else the last one known at the time."""
    weight = _of_type(group, types.WEIGHT)
    if weight is None:
        return None
    own = _of_type(group, types.HEIGHT)
    height = own if own is not None and own > 0 else stature.at(group.at)
    index = bmi(weight, height) if height else None
    if index is None:
        return None
    return Reading(BMI.name, index, BMI.unit, group.at, group.name, origin=origin_of(group))


def _of_type(group: Record, type_: int) -> Decimal | None:
    """The group's value of a type; of one that is repeated the last."""
    values = [reading.value for reading in readings(group) if reading.code == type_]
    return values[-1] if values else None
