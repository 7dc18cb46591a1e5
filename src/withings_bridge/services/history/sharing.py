"""A person's history as resources of FHIR: searched page by page, or all of it as a stream."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from withings_bridge.domain.errors import CursorRefused
from withings_bridge.domain.records import EPOCH, Kind, Record
from withings_bridge.domain.signals import Signal
from withings_bridge.fhir.devices import device, patient
from withings_bridge.fhir.identity import whereabouts
from withings_bridge.fhir.observations import Context, observations
from withings_bridge.fhir.resources import Device, Observation, Patient, Resource
from withings_bridge.fhir.searching import Search
from withings_bridge.services.history.browsing import Browsing, History, Span
from withings_bridge.storage.base import Place

MOST_RECORDS = 500
"""Records that one page of a search reads at most; it may find nothing in them, and has a next page."""

FEWEST_AT_ONCE = 50
"""Records that are asked of the store at a time, at least."""

EVERYTHING = Search()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of a search ended."""

    kind: Kind
    after: Place | None
    """Behind this record; None: before the first one of the kind."""
    half: str | None = None
    """The key of a record that was told in part, unless it has gone or moved since."""
    skip: int = 0
    """So many of its observations were told already."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what a search finds."""

    observations: list[Observation]
    next: Cursor | None
    """Where to go on; None: that was the end."""


class Sharing:
    """Tells other health software what is stored of a user, as FHIR R4."""

    def __init__(self, *, browsing: Browsing) -> None:
        self._browsing = browsing

    async def search(self, user: str, search: Search, *, count: int, cursor: Cursor | None = None) -> Found:
        """At most so many Observations of those that are asked for. Raises NotLinked.

        They come by kind of record, those of one kind from old to new. Reads a bounded number of records.
        Raises CursorRefused for the cursor of another search.
        """
        chart = await self._chart(user)
        found: list[Observation] = []
        left = MOST_RECORDS
        for kind in _from(search.kinds, cursor):
            here = cursor if cursor and cursor.kind is kind else Cursor(kind, None)
            after, half, skip = here.after, here.half, here.skip
            while True:
                if left <= 0:
                    return Found(found, Cursor(kind, after, half, skip))
                limit = min(left, max(count, FEWEST_AT_ONCE))
                page = await chart.history.page(kind, Span(*search.span), limit=limit, after=after)
                left -= len(page.records)
                for record in page.records:
                    for nth, observation in enumerate(await chart.found(record, search)):
                        if record.key == half and nth < skip:
                            continue
                        if len(found) == count:
                            return Found(found, Cursor(kind, after, record.key, nth))
                        found.append(observation)
                    after, half, skip = Place(record.at, record.key), None, 0
                if page.after is None:
                    break
        return Found(found, None)

    async def everything(self, user: str, search: Search = EVERYTHING) -> AsyncGenerator[Resource]:
        """The Patient, their Devices, and all Observations that are asked for, a few in memory at a time.

        Raises NotLinked before the first one.
        """
        chart = await self._chart(user)
        yield chart.patient
        for one in chart.devices:
            yield one
        for kind in search.kinds:
            async for record in chart.history.all(kind, Span(*search.span)):
                for observation in await chart.found(record, search):
                    yield observation
                await asyncio.sleep(0)  # others have their turn while a long history is told

    async def observation(self, user: str, name: str) -> Observation | None:
        """The Observation of that id. Raises NotLinked."""
        chart = await self._chart(user)
        where = whereabouts(name)
        if where is None:
            return None
        if where.key is not None:
            record = await chart.history.get(where.kind, where.key)
            return await _of_id(chart, record, name) if record else None
        if where.at is not None:
            async for record in chart.history.all(where.kind, Span(where.at, where.at)):
                if observation := await _of_id(chart, record, name):
                    return observation
        return None

    async def devices(self, user: str) -> list[Device]:
        """All devices of the user. Raises NotLinked."""
        return (await self._chart(user)).devices

    async def patient(self, user: str) -> Patient:
        """The user. Raises NotLinked."""
        return (await self._chart(user)).patient

    async def _chart(self, user: str) -> "_Chart":
        history = await self._browsing.of(user)
        who = patient(user, history.account.userid)
        listed = [record async for record in history.all(Kind.DEVICE, Span(EPOCH, EPOCH))]
        devices = list({one.id: one for one in (device(record, who.id) for record in listed)}.values())
        context = Context(
            patient=who.id,
            zone=await history.zone(),
            stature=await history.stature(),
            devices=frozenset(one.id for one in devices),
        )
        return _Chart(history, who, devices, context)


@dataclass(frozen=True, slots=True)
class _Chart:
    """A history, with what must be known to tell it."""

    history: History
    patient: Patient
    devices: list[Device]
    context: Context

    async def found(self, record: Record, search: Search = EVERYTHING) -> list[Observation]:
        """The record's Observations that are asked for."""
        curve = Signal.ECG.of(record)
        signal = await self.history.get(curve.kind, curve.key) if curve else None
        told = observations(record, self.context, signal=signal)
        return [observation for observation in told if search.finds(observation)]


async def _of_id(chart: _Chart, record: Record, name: str) -> Observation | None:
    return next((one for one in await chart.found(record) if one.id == name), None)


def _from(kinds: tuple[Kind, ...], cursor: Cursor | None) -> tuple[Kind, ...]:
    """The kinds that are left."""
    if cursor is None:
        return kinds
    if cursor.kind not in kinds:
        raise CursorRefused
    return kinds[kinds.index(cursor.kind) :]
