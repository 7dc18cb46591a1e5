"""Measurements by what a caller wants to see of them: which metrics, of which devices, from when."""

from dataclasses import dataclass

from withings_bridge.domain.bmi import Stature, bmi_of
from withings_bridge.domain.metrics import BMI
from withings_bridge.domain.origins import Source
from withings_bridge.domain.readings import GOAL, Reading, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.services.browsing import History, Span
from withings_bridge.services.paging import Leaf, leaf
from withings_bridge.storage.base import Place


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which measurements; what is not said does not matter."""

    metrics: frozenset[str] = frozenset()
    types: frozenset[int] = frozenset()
    """Withings' numbers of measure types: those beside the metrics."""
    device: str | None = None
    source: Source | None = None
    held_back: bool = False
    """Also those that may be another person's."""

    @property
    def bmi(self) -> bool:
        """Whether a bmi is to be computed."""
        return BMI.name in self.metrics if self.metrics or self.types else True

    def of(self, group: Record, stature: Stature | None) -> list[Reading] | None:
        """What is wanted of a measure group; None when nothing is."""
        if group.body.get("category") == GOAL:
            return None
        found = [reading for reading in readings(group) if self._has(reading)]
        if stature and (index := bmi_of(group, stature)) and self._is_from(index):
            found.append(index)
        return found or None

    def _has(self, reading: Reading) -> bool:
        anything = not self.metrics and not self.types
        named = anything or reading.metric in self.metrics or reading.code in self.types
        return named and self._is_from(reading)

    def _is_from(self, reading: Reading) -> bool:
        origin = reading.origin
        return (
            self.device in (None, origin.device)
            and self.source in (None, origin.source)
            and (self.held_back or not origin.held_back)
        )


async def measurements(
    history: History,
    wanted: Wanted,
    span: Span,
    *,
    limit: int,
    after: Place | None = None,
    backward: bool = False,
) -> Leaf:
    """A page of measurements, with ``limit`` values and those of the last one's group."""
    stature = await history.stature() if wanted.bmi else None
    return await leaf(
        history,
        Kind.MEASURES,
        span,
        limit=limit,
        after=after,
        backward=backward,
        decode=lambda group: wanted.of(group, stature),
        by_value=True,
    )
