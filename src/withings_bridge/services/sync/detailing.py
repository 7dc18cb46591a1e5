"""The import of detail, newest first: of the days and nights whose summary is stored, and of those of which
nothing but detail is left.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import KIND_OF, SUMMARY_OF, Category
from withings_bridge.domain.details import LONGEST_NIGHT, extent_of, strays, whole_hours, windows_of
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import Task
from withings_bridge.domain.notifications import DAY, Window, fold
from withings_bridge.domain.records import EPOCH
from withings_bridge.services.clock import Clock
from withings_bridge.services.sync.fetching import Fetching, Span
from withings_bridge.services.sync.looking import Look, second_look
from withings_bridge.services.sync.storing import Storing
from withings_bridge.storage.base import Place, Records

PAGE = 100
"""Records of detail that are read at once."""

RUN = 7
"""So many days or nights are fetched in one turn: each costs a call."""


class Detailing:
    """Imports detail. ``windows`` holds a category where it is switched on."""

    def __init__(
        self,
        *,
        fetching: Fetching,
        storing: Storing,
        records: Records,
        windows: Mapping[Category, timedelta],
        clock: Clock,
    ) -> None:
        self._fetching = fetching
        self._storing = storing
        self._records = records
        self._windows = windows
        self._clock = clock

    async def fill(self, account: Account, task: Task, backfill: Backfill) -> Look:
        """Import one run of a chunk. ``offset`` says how many seconds of the chunk are done, from its end.

        Switched off meanwhile, the import is at its end.
        """
        look = Look(task)
        if task.category not in self._windows:
            return look
        left = await self._left(account, task.category, backfill)
        for window in left[:RUN]:
            span = Span(self._fetching.distinct(account, task.category, window))
            reply = await self._fetching.span(account, task.category, span)
            await self._storing.apply(account, KIND_OF[task.category], reply.records)
            listed = {record.key for record in reply.records}
            if missing := await self._storing.missing(account, task.category, span, listed):
                look.rechecks.append(second_look(span.window, missing, announced=False, now=self._clock()))
            look.fetched += reply.records
        if len(left) > RUN:
            done = backfill.until - left[RUN - 1].start
            look.backfill = replace(backfill, offset=math.ceil(done.total_seconds()))
        elif backfill.start > backfill.since:
            look.backfill = replace(backfill, until=backfill.start, offset=None)
        return look

    async def _left(self, account: Account, category: Category, backfill: Backfill) -> list[Window]:
        """What is left of a chunk, newest first."""
        # The local day that has begun where the person is may be tomorrow's in UTC.
        ahead = DAY if backfill.until == backfill.began_at else timedelta()
        # A day or a night beside the chunk may reach into it.
        around = await self._records.between(
            account.userid,
            KIND_OF[SUMMARY_OF[category]],
            max(EPOCH, backfill.start - LONGEST_NIGHT),
            backfill.until + LONGEST_NIGHT,
        )
        summaries = [each for each in around if backfill.start <= each.at <= backfill.until + ahead]
        covered = windows_of(around)
        if category is Category.INTRADAY:  # which is asked for, and kept, by whole hours of UTC
            covered = frozenset(map(whole_hours, covered))
        alone = strays(await self._stored(account, category, backfill), fold(covered))
        windows = sorted([*fold(windows_of(summaries)), *alone])
        return [window for window in reversed(windows) if window.start < backfill.done_from]

    async def _stored(self, account: Account, category: Category, backfill: Backfill) -> list[Window]:
        """Where detail is stored in what is left of a chunk, in order, be there a summary or not."""
        found: list[Window] = []
        after: Place | None = None
        start, end = backfill.start, min(backfill.until, backfill.done_from)
        while page := await self._records.page(
            account.userid, KIND_OF[category], start, end, limit=PAGE, after=after
        ):
            found += map(extent_of, page)
            after = Place(page[-1].at, page[-1].key)
        return found
