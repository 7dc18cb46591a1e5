"""What Withings answered into the store: compared, saved, projected.

The order inside makes a crash harmless: detail is announced before the summary it follows is saved;
records are saved before the rows they yield; tombstones and the index of heights, which tell the next
attempt what is left to do, come after the rows, and those of signals before those of their recordings.
"""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from withings_bridge import tracing
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import CATEGORY_OF, KIND_OF, Category
from withings_bridge.domain.notifications import DAY
from withings_bridge.domain.records import EPOCH, Kind, Record, RecordKey
from withings_bridge.domain.signals import signals_of
from withings_bridge.domain.trail import What
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding
from withings_bridge.services.noting import Noting
from withings_bridge.services.sync.fetching import ASKED_BY_DAY, Span
from withings_bridge.services.sync.following import Following
from withings_bridge.services.sync.projecting import Change, Projecting
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.base import Records


class Storing:
    """Makes records and rows of an account what Withings answered."""

    def __init__(
        self,
        *,
        records: Records,
        projecting: Projecting,
        following: Following,
        holding: Holding,
        noting: Noting,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._records = records
        self._following = following
        self._projecting = projecting
        self._holding = holding
        self._noting = noting
        self._telemetry = telemetry
        self._clock = clock
        self._applying: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def missing(
        self, account: Account, category: Category, span: Span, listed: Collection[str]
    ) -> list[Record]:
        """The stored records that a complete answer for the span ought to list and does not."""
        margin = 2 * DAY if category in ASKED_BY_DAY else timedelta()
        start, end = span.window.start - margin, span.window.end + margin
        stored = await self._records.between(account.userid, KIND_OF[category], start, end)
        if category is Category.MEASURES:
            # Of a group from before the import only the index of heights knows.
            groups = {group.key for group in stored}
            heights = await self._records.between(account.userid, Kind.HEIGHT, start, end)
            stored += [height for height in heights if height.key not in groups]
        return [r for r in stored if r.key not in listed and span.covers(category, r)]

    async def last(self, account: Account, category: Category, before: datetime) -> datetime | None:
        """When the last of the stored records was taken that ``missing`` may name."""
        found = [
            await self._records.newest(account.userid, kind, limit=1, before=before)
            for kind in _kinds(category)
        ]
        return max((record.at for newest in found for record in newest), default=None)

    async def first(self, account: Account, category: Category, before: datetime) -> datetime | None:
        """When the first of them was taken, if that was before some time."""
        found = [
            await self._records.page(account.userid, kind, EPOCH, before, limit=1)
            for kind in _kinds(category)
        ]
        return min((record.at for oldest in found for record in oldest), default=None)

    async def apply(
        self,
        account: Account,
        kind: Kind,
        fetched: Collection[Record],
        removed: Collection[Record] = (),
        *,
        imported: bool = False,
    ) -> list[Record]:
        """Save what was fetched, bring the rows up to date, let go of what was removed. Gives what changed.

        Rows are projected for all that was fetched, also where the record is stored as it is: an
        earlier attempt may have ended between the two. ``imported``: an import brought them;
        detail has one of its own. One at a time of an account. Raises LeaseLost rather than write what
        another may have purged meanwhile.
        """
        if not fetched and not removed:
            return []
        async with self._applying.setdefault(account.userid, asyncio.Lock()):
            return await self._apply(account, kind, fetched, removed, imported=imported)

    async def _apply(
        self,
        account: Account,
        kind: Kind,
        fetched: Collection[Record],
        removed: Collection[Record],
        *,
        imported: bool,
    ) -> list[Record]:
        userid = account.userid
        before = await self._records.get(userid, [record.name for record in fetched])
        fresh = [record for record in fetched if not record.same_as(before.get(record.name))]
        as_it_was = [before[record.name] for record in fresh if record.name in before]
        changed = [*fresh, *as_it_was, *removed]
        await self._following.announce(account, kind, changed, imported=imported)
        if fresh and kind is not Kind.HEIGHT:
            await self._holding.check(account)
            with tracing.span("save records", {"records": len(fresh)}):
                await self._records.save(userid, fresh, now=self._clock())
            self._telemetry.stored(fresh)
        if fresh or removed:
            category = CATEGORY_OF.get(kind)
            self._noting.note(userid, What.STORED, category=category, number=len(fresh), removed=len(removed))
        projection = await self._projecting.project(account, Change(kind, fetched, before, removed))
        await self._projecting.write(account, projection)
        if signals := _lost_signals([*before.values(), *removed], fetched):
            await self._holding.check(account)
            await self._records.save(userid, [], removed=signals, now=self._clock())
        tombstones = {*projection.lost_heights, *(record.name for record in removed)}
        if projection.heights or tombstones:
            await self._holding.check(account)
            await self._records.save(userid, projection.heights, removed=tombstones, now=self._clock())
        return [*fresh, *removed]


def _lost_signals(before: Iterable[Record], now: Iterable[Record]) -> set[RecordKey]:
    """The signals that no recording names any more, stored or not."""
    named = {signal for recording in now for signal in signals_of(recording)}
    return {signal for recording in before for signal in signals_of(recording)} - named


def _kinds(category: Category) -> list[Kind]:
    """What is stored of a category: of measures from before the import the index of heights alone."""
    return [KIND_OF[category], *([Kind.HEIGHT] if category is Category.MEASURES else [])]
