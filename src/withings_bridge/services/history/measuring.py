"""Measurements by what a caller wants to see of them: which metrics, of which devices, from when."""

from dataclasses import dataclass
from functools import partial

from withings_bridge.domain.bmi import Stature, bmi_of
from withings_bridge.domain.metrics import BMI
from withings_bridge.domain.origins import Source
from withings_bridge.domain.readings import GOAL, Reading, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.services.history.browsing import History, Page, Span
from withings_bridge.services.history.paging import Leaf, leaf
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
        turn=partial(_with_heights, history),
    )


async def _with_heights(
    history: History, span: Span, *, limit: int, after: Place | None = None, backward: bool = False
) -> Page:
    """A page of measure groups, and between them the heights of groups from before the import."""
    groups, heights = [
        await history.page(kind, span, limit=limit, after=after, backward=backward)
        for kind in (Kind.MEASURES, Kind.HEIGHT)
    ]
    # Stable: of a group and its own height the group comes first, and is what a page never ends before.
    found = sorted(
        [*groups.records, *heights.records], key=lambda record: (record.at, record.key), reverse=backward
    )[:limit]
    alone = {record.key for record in found if record.kind is Kind.HEIGHT}
    alone -= {record.key for record in groups.records}
    alone -= await history.known(Kind.MEASURES, alone)
    records = [record for record in found if record.kind is Kind.MEASURES or record.key in alone]
    more = len(found) == limit
    return Page(records, Place(found[-1].at, found[-1].key) if more else None)
