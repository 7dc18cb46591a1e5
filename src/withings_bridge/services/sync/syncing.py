"""One account and one category: fetch what changed, compare, store, say where the cursor goes.

A window in which nothing is stored is news, and one ``lastupdate`` call brings it with everything
else that is new. A window in which something is stored is an edit, a deletion or an echo: that
window by dates, compared. What neither explains is looked at once more minutes later.

A sweep asks for what changed too, and compares the recent weeks by dates.

A stored record that changed after the cursor may be what a turn left that was cut off, perhaps with
others that no window names: then ``lastupdate`` is asked again too.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import KIND_OF, SUMMARY_OF, TRACKED, Category
from withings_bridge.domain.deletions import LOOK_AGAIN_AFTER, believed
from withings_bridge.domain.devices import STETHOSCOPES
from withings_bridge.domain.imports import BEGINNING, CHUNK, Backfill
from withings_bridge.domain.inbox import Recheck, Task, Unread
from withings_bridge.domain.notifications import DAY, SECOND, Window, fold
from withings_bridge.domain.quota import SAME_ARGUMENTS
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record, RecordKey
from withings_bridge.services.clock import Clock
from withings_bridge.services.sync.fetching import Fetching, Reply, Span
from withings_bridge.services.sync.looking import Look, second_look
from withings_bridge.services.sync.storing import Storing
from withings_bridge.storage.base import Records

OVERLAP = timedelta(minutes=5)
"""Whether Withings includes the very second of ``lastupdate`` is not documented."""

RECENT = timedelta(days=28)
"""How far back a sweep compares by dates: a deletion that no notification told of shows only there."""

MOST_DOUBTS = 4
"""So many quarters of one chunk of an import are looked at once more for deletions, the newest first.
A mistaken answer for half a century must not fill the account with rechecks; where the deletions are
real, the next comparison finds the others.
"""


class Syncing:
    """Makes the store equal to Withings, a category at a time."""

    def __init__(
        self,
        *,
        fetching: Fetching,
        storing: Storing,
        records: Records,
        windows: dict[Category, timedelta],
        clock: Clock,
    ) -> None:
        self._fetching = fetching
        self._storing = storing
        self._records = records
        self._windows = windows
        self._clock = clock

    async def look(self, account: Account, task: Task) -> Look:
        """Look at what was announced of a category, and at what was to be looked at again."""
        began = self._clock()
        look = Look(task)
        if task.category not in self._windows:
            return look  # it was switched off
        if task.category in SUMMARY_OF:
            await self._look_closely(account, look, began)
            return look
        fresh, unsettled, known = await self._sorted(account, task)
        if fresh or unsettled or _wants_changes(task):
            await self._catch_up(account, look, began, fresh)
            found = [record.at for record in look.fetched]
            came = {record.name for record in look.fetched}
            # What is stored there and did not come may be gone; what came may be about to go.
            whole = [window for window, names in unsettled.items() if names <= came]
            known += unsettled.keys() - whole
            silent = [window for window in fresh if not any(window.holds(at) for at in found)]
            # A day without a workout is the rule: what was announced is its activity.
            again = whole if task.category is Category.WORKOUTS else whole + silent
            look.rechecks += [Recheck(window, began + LOOK_AGAIN_AFTER) for window in again]
        for window in known:
            await self._compare(account, look, window, again_at=began + LOOK_AGAIN_AFTER)
        await self._compare_again(account, look)
        if task.news.sweep and await self._worth_a_sweep(account, task.category):
            await self._compare_recent(account, look, began)
        if task.news.everything:
            await self._import_anew(account, look, began)
        look.told = look.fetched
        return look

    async def fill(self, account: Account, task: Task, backfill: Backfill) -> Look:
        """Import one chunk, or one run of pages of it, newest first.

        Chunks grow (``domain.imports.CHUNK``), and what a turn holds in memory is bounded by its pages
        all the same. Of a whole history, only what the import windows hold is told to who waits.
        """
        began = self._clock()
        look = Look(task)
        span = Span(Window(backfill.start, backfill.until))
        reply = await self._fetching.some(account, task.category, span, offset=backfill.offset or 0)
        look.take(reply)
        oldest = self._clock() - self._windows[task.category]
        look.told = [record for record in reply.records if record.at >= oldest]
        changed = reply.changed_since(began, continued=backfill.offset is not None)
        if changed:
            look.backfill = replace(backfill, offset=None)
        elif not reply.complete:
            look.backfill = replace(backfill, offset=reply.next_offset)
        else:
            if backfill.offset is None:
                # Before any of it is stored: what was not there before lacks nothing.
                await self._doubt(account, look, span, reply)
            if backfill.start > backfill.since:
                look.backfill = replace(backfill, until=backfill.start, offset=None)
        await self._storing.apply(account, KIND_OF[task.category], reply.records, imported=True)
        return look

    async def _look_closely(self, account: Account, look: Look, began: datetime) -> None:
        """Compare detail where its summary changed. There are no changes to ask for, and nothing to look at
        once more minutes later: whatever changes then, the summary will say so.
        """
        for window in fold(look.task.news.windows):
            await self._compare(account, look, window)
        await self._compare_again(account, look)
        if look.task.news.everything:
            await self._import_anew(account, look, began)

    async def _compare_again(self, account: Account, look: Look) -> None:
        """Look at what is due to be looked at once more."""
        for recheck in look.task.rechecks:
            await self._compare(
                account, look, recheck.window, earlier=recheck.missing, announced=recheck.announced
            )

    async def _import_anew(self, account: Account, look: Look, began: datetime) -> None:
        """Compare all, by an import. One that goes further back already does so still: ``inbox.settle``."""
        category = look.task.category
        since = await self._reaching_all(account, category, began - self._windows[category])
        look.backfill = Backfill(since=since, until=began, began_at=began)

    async def _worth_a_sweep(self, account: Account, category: Category) -> bool:
        """Whether a sweep may find anything. Few people have a stethoscope: who has none is not asked for
        recordings, so long as none is stored. One that was announced is looked for all the same.
        """
        if category is not Category.STETHO:
            return True
        if await self._records.newest(account.userid, Kind.STETHO, limit=1):
            return True
        devices = await self._records.between(account.userid, Kind.DEVICE, EPOCH, THE_END)
        return any(device.body.get("model_id") in STETHOSCOPES for device in devices)

    async def _sorted(
        self, account: Account, task: Task
    ) -> tuple[list[Window], dict[Window, set[RecordKey]], list[Window]]:
        """The announced windows: without a stored record; with one that no settled turn may have
        brought, as it changed after the cursor, and what is stored there; and with records that settled
        turns brought.
        """
        fresh: list[Window] = []
        unsettled: dict[Window, set[RecordKey]] = {}
        known: list[Window] = []
        cursor = task.work.cursor
        for window in fold(task.news.windows):
            stored = await self._stored_in(account, task.category, window)
            if not stored:
                fresh.append(window)
            elif cursor and any(record.modified and record.modified > cursor for record in stored):
                unsettled[window] = {record.name for record in stored}
            else:
                known.append(window)
        return fresh, unsettled, known

    async def _stored_in(self, account: Account, category: Category, window: Window) -> list[Record]:
        """What is stored of an announced window."""
        kind, margin = KIND_OF[category], DAY if category is Category.WORKOUTS else timedelta()
        start, end = window.start - margin, window.end + margin
        stored = await self._records.between(account.userid, kind, start, end)
        return [record for record in stored if _lies_in(window, record)]

    async def _reaching_all(self, account: Account, category: Category, since: datetime) -> datetime:
        """``since``, or the oldest that is stored where that is older: what was uploaded late, from before
        the import, can be deleted too.
        """
        first = await self._storing.first(account, category, before=since)
        return max(BEGINNING, first) if first else since

    async def _catch_up(
        self, account: Account, look: Look, began: datetime, fresh: Collection[Window]
    ) -> None:
        """Fetch all that changed since the last time."""
        task = look.task
        kind = KIND_OF[task.category]
        cursor = task.work.cursor or account.linked_at
        if task.category not in TRACKED:
            # No ``lastupdate`` here: what was taken since the last catch-up or the day before it, and
            # since the earliest window that was announced.
            start = min([cursor - DAY, *(window.start for window in fresh)])
            window = self._fetching.distinct(account, task.category, Window(start, began))
            reply = await self._fetching.span(account, task.category, Span(window))
            look.cursor = began
        else:
            reply = await self._changes(account, look, began, cursor - OVERLAP)
        look.take(reply)
        await self._storing.apply(account, kind, reply.records)

    async def _changes(self, account: Account, look: Look, began: datetime, since: datetime) -> Reply:
        """Fetch a run of pages of what changed, and say where the cursor goes, or the next turn.

        Once the last page has come, the cursor moves to the latest change, never past the time at which
        the first page was asked for.
        """
        category, left = look.task.category, look.task.work.unread
        at = left.since if left else self._fetching.distinct_since(account, category, since)
        reply = await self._fetching.since(account, category, at, offset=left.offset if left else 0)
        until = left.until if left else min(reply.updated_at or began, began)
        times = [record.modified for record in reply.records if record.modified]
        newest = max([*times, *([left.newest] if left and left.newest else [])], default=None)
        changing = reply.changed_since(until, continued=left is not None) or (left and left.changing)
        if reply.next_offset is not None:
            look.unread = Unread(at, reply.next_offset, until, newest, changing=bool(changing))
        elif changing:
            look.again_at = self._clock() + SAME_ARGUMENTS
        elif newest:
            look.cursor = min(newest, until)
        return reply

    async def _compare(
        self,
        account: Account,
        look: Look,
        window: Window,
        *,
        announced: bool = True,
        earlier: str | None = None,
        again_at: datetime | None = None,
    ) -> None:
        """Fetch a window by dates and make the store equal to it.

        ``again_at``: when to look once more if nothing had changed.
        """
        span = Span(self._fetching.distinct(account, look.task.category, window))
        reply = await self._fetching.span(account, look.task.category, span)
        changed = await self._store(account, look, span, reply, announced=announced, earlier=earlier)
        # What changed beside the window, as on the day before it, explains nothing.
        if again_at and not any(_lies_in(window, record) for record in changed):
            look.rechecks.append(Recheck(window, again_at))

    async def _compare_recent(self, account: Account, look: Look, began: datetime) -> None:
        """Compare the recent weeks, which nobody announced. Where there is no ``lastupdate`` they also
        bring what is new.
        """
        start = began - RECENT
        if look.task.category not in TRACKED:
            start = min(start, (look.task.work.cursor or account.linked_at) - DAY)
            look.cursor = began
        await self._compare(account, look, Window(start, began), announced=False)

    async def _store(
        self,
        account: Account,
        look: Look,
        span: Span,
        reply: Reply,
        *,
        announced: bool,
        earlier: str | None,
    ) -> list[Record]:
        """Store a complete answer by dates; what it changed, or may change."""
        category = look.task.category
        missing = await self._storing.missing(
            account, category, span, {record.key for record in reply.records}
        )
        names = [record.name for record in missing]
        gone = missing if missing and believed(names, announced=announced, earlier=earlier) else []
        if missing and not gone:
            look.rechecks.append(self._recheck(span, missing, announced=announced))
        look.take(reply)
        changed = await self._storing.apply(account, KIND_OF[category], reply.records, gone)
        return [*changed, *missing]

    async def _doubt(self, account: Account, look: Look, span: Span, reply: Reply) -> None:
        """Look once more at what a complete answer of an import lacks.

        A quarter at a time, wherever something is stored: half a century is too much to read at once, and
        to ask Withings for again.
        """
        listed = {record.key for record in reply.records}
        before = span.window.end + SECOND
        while len(look.rechecks) < MOST_DOUBTS:
            last = await self._storing.last(account, look.task.category, before)
            if last is None or last < span.window.start:
                break
            before = max(span.window.start, last - CHUNK)
            part = Span(Window(before, last))
            if missing := await self._storing.missing(account, look.task.category, part, listed):
                look.rechecks.append(self._recheck(part, missing, announced=False))

    def _recheck(self, span: Span, missing: Iterable[Record], *, announced: bool) -> Recheck:
        return second_look(span.window, missing, announced=announced, now=self._clock())


def _wants_changes(task: Task) -> bool:
    """Whether all that changed is to be fetched, whatever was announced. For a sweep the comparison of
    recent weeks does that too, where there is no ``lastupdate``.
    """
    news = task.news
    asked = news.asked or news.everything or news.unheard or task.work.unread is not None
    return asked or (news.sweep and task.category in TRACKED)


def _lies_in(window: Window, record: Record) -> bool:
    """Whether an announcement of the window may be about the record.

    One of workouts names their local day: a workout after midnight may have begun on the day before,
    in UTC.
    """
    if record.kind is Kind.WORKOUT:
        return record.day is not None and window.start.date() <= record.day <= window.end.date()
    return window.holds(record.at)
