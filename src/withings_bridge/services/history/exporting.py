"""What is stored of a person as a stream, for a shell or other software: of any size, a page in memory."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from withings_bridge.domain.bmi import Stature, bmi_of
from withings_bridge.domain.exports import HEADER, Format, csv_row, json_line, record_fields, utc
from withings_bridge.domain.ranges import Moment, Range
from withings_bridge.domain.readings import GOAL, Reading, counts, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.fhir.identity import whereabouts
from withings_bridge.fhir.resources import Observation, Resource
from withings_bridge.fhir.searching import Bound, Search
from withings_bridge.services.history.browsing import Browsing, History, Span
from withings_bridge.services.history.sharing import Sharing
from withings_bridge.services.history.walking import PAGE

Watch = Callable[[Kind, float], None]
"""Is told which kind of record is at work, and which share of the whole is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a history is wanted."""

    kinds: tuple[Kind, ...] = tuple(Kind)
    range: Range = field(default_factory=Range)


class Exporting:
    """Opens a user's history for an export."""

    def __init__(self, *, browsing: Browsing, sharing: Sharing) -> None:
        self._browsing = browsing
        self._sharing = sharing

    async def of(self, user: str) -> "Export":
        """What may be exported of the user. Raises NotLinked."""
        history = await self._browsing.of(user)
        zone, stature = await history.zone(), await history.stature()
        return Export(user, history, self._sharing, zone=zone, stature=stature)


class Export:
    """A history, with what must be known to tell it."""

    def __init__(
        self, user: str, history: History, sharing: Sharing, *, zone: str | None, stature: Stature
    ) -> None:
        self.zone = zone
        """Where the person was last."""
        self._user = user
        self._history = history
        self._sharing = sharing
        self._stature = stature

    async def lines(self, form: Format, asked: Asked, watch: Watch | None = None) -> AsyncGenerator[str]:
        """The export in that form, line ends included; kind by kind, those of a kind from old to new."""
        if form is Format.FHIR:
            async for resource in self._resources(asked, watch):
                yield f"{resource.json_text()}\n"
            return
        if form is Format.CSV:
            yield HEADER
            # A curve or a sound is large, and no row is made of it.
            asked = replace(asked, kinds=tuple(kind for kind in asked.kinds if kind is not Kind.SIGNAL))
        start, end = asked.range.stretch(self.zone)
        async for record in self.records(asked, watch):
            if form is Format.NDJSON:
                yield json_line(record_fields(record))
                continue
            for reading in await self.readings(record):
                # The hour that samples are stored in may begin before the range.
                if record.kind is not Kind.INTRADAY or start <= reading.at <= end:
                    yield csv_row(reading, self.zone)

    async def records(self, asked: Asked, watch: Watch | None = None) -> AsyncIterator[Record]:
        """The records that are asked for, kind by kind, those of a kind from old to new."""
        for number, kind in enumerate(asked.kinds):
            span = Span(*asked.range.of(kind, self.zone))
            way = await self._way(kind, span) if watch else None
            async for record in self._history.all(kind, span):
                yield record
                if watch and way:
                    watch(kind, (number + way.share(record.at)) / len(asked.kinds))

    async def newest(self, asked: Asked, *, at_once: int = PAGE) -> AsyncIterator[Record]:
        """The same with the newest first, whatever its kind."""
        streams = [
            self._history.all(kind, Span(*asked.range.of(kind, self.zone)), backward=True, at_once=at_once)
            for kind in asked.kinds
        ]
        heads = {stream: head for stream in streams if (head := await anext(stream, None))}
        while heads:
            stream, record = max(heads.items(), key=lambda entry: entry[1].at)
            yield record
            if head := await anext(stream, None):
                heads[stream] = head
            else:
                del heads[stream]

    async def readings(self, record: Record) -> list[Reading]:
        """All readings of a record, the bmi of a weighing among them.

        None of a group that is a wish. The index of heights says of a group that is stored whole what the
        group itself says, so it yields nothing then.
        """
        if record.kind is Kind.HEIGHT and await self._history.get(Kind.MEASURES, record.key):
            return []
        if record.kind is Kind.MEASURES and record.body.get("category") == GOAL:
            return []
        found = list(readings(record))
        if record.kind is Kind.MEASURES and counts(record.body) and (index := bmi_of(record, self._stature)):
            found.append(index)
        return found

    async def _resources(self, asked: Asked, watch: Watch | None) -> AsyncIterator[Resource]:
        """Patient, Devices and Observations; a night or a workout that overlaps the range is of it."""
        search = _search(asked)
        async for resource in self._sharing.everything(self._user, search):
            yield resource
            if watch and isinstance(resource, Observation) and (where := whereabouts(resource.id)):
                watch(where.kind, search.kinds.index(where.kind) / len(search.kinds))

    async def _way(self, kind: Kind, span: Span) -> "_Way | None":
        """From the first to the last of the kind's records."""
        ends = [
            (await self._history.page(kind, span, limit=1, backward=backward)).records
            for backward in (False, True)
        ]
        first, last = ([record.at for record in end] for end in ends)
        return _Way(first[0], last[0]) if first and last else None


def _search(asked: Asked) -> Search:
    """What is asked for, as FHIR puts it. Heights are told from their index, which holds all of them."""
    indexed = (Kind.HEIGHT,) if Kind.MEASURES in asked.kinds else ()
    bounds = (("ge", asked.range.start), ("le", asked.range.end))
    dates = tuple(Bound.parse(f"{prefix}{_date(moment)}") for prefix, moment in bounds if moment)
    return Search(dates=dates, among=(*asked.kinds, *indexed))


def _date(moment: Moment) -> str | None:
    return utc(moment) if isinstance(moment, datetime) else moment.isoformat()


@dataclass(frozen=True, slots=True)
class _Way:
    first: datetime
    last: datetime

    def share(self, at: datetime) -> float:
        length = self.last - self.first
        return min(max((at - self.first) / length, 0.0), 1.0) if length > timedelta() else 1.0
