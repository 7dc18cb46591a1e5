"""Which Withings service answers for which category, and how it is asked.

Services differ in how a window is said (instants or local days), in whether they know
``lastupdate``, and in where the rows stand. Here they become one: a category, a span, records.
"""

import itertools
import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from withings_bridge.domain import measures
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import KIND_OF, SUMMARY_OF, Category
from withings_bridge.domain.details import HOUR, hours_of, whole_hours
from withings_bridge.domain.notifications import DAY, SECOND, Window
from withings_bridge.domain.quota import SAME_ARGUMENTS
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import EPOCH, Kind, Record, RecordKey, records_from
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.withings import Answer, Between, Days, Since, WithingsClient

QuestionT = TypeVar("QuestionT", Window, datetime)

QUARTER = timedelta(milliseconds=250)
LEADS = 44
"""As many quarters of a second as Withings remembers a call for, and a second more."""

LISTED_LATE = timedelta(seconds=2)
"""How much Withings' clock may be behind ours."""

ASKED_BY_DAY = frozenset({Category.ACTIVITY, Category.SLEEP, Category.WORKOUTS})


@dataclass(frozen=True, slots=True)
class Reply:
    """What Withings answered for a category."""

    records: list[Record]
    complete: bool
    updated_at: datetime | None = None
    """Withings' own time of the answer, where it gives one."""
    next_offset: int | None = None
    pages: int = 1
    zone: str | None = None
    """The zone that Withings names for all the records, where it names one."""

    def changed_since(self, began: datetime, *, continued: bool = False) -> bool:
        """Whether the list changed while its pages were read, so that a record may have slipped from a
        page that was still to come to one that had been read. ``continued``: pages were read before.
        """
        recent = began - LISTED_LATE
        several = continued or self.pages > 1
        return several and any(r.modified and r.modified >= recent for r in self.records)


@dataclass(frozen=True, slots=True)
class Span:
    """What a window means to a service: the instants, and the local days that may hold them.

    A window is in instants while the service files by local day and the person's zone is not in the
    notification, so a day is added on each side.
    """

    window: Window

    @property
    def days(self) -> tuple[date, date]:
        return (self.window.start - DAY).date(), (self.window.end + DAY).date()

    def covers(self, category: Category, record: Record) -> bool:
        """Whether a complete answer for this span must contain the record."""
        if category is Category.SLEEP_DETAIL:
            # What begins where the window ends is asked for with what comes after it.
            return self.window.start <= record.at < self.window.end
        if category not in ASKED_BY_DAY:
            return self.window.holds(record.at)
        first, last = self.days
        return record.day is not None and first <= record.day <= last


class Recent:
    """The questions asked within the last ten seconds, so that none is asked twice in the same words."""

    def __init__(self) -> None:
        self._asked: dict[tuple[object, ...], datetime] = {}

    def first_new(
        self,
        account: Account,
        category: Category,
        questions: Iterator[QuestionT],
        *,
        put: Callable[[QuestionT], Between | Days | Since],
        now: datetime,
    ) -> QuestionT:
        """The first question that was not asked just now, as Withings reads it; from now on it was."""
        self._asked = {words: at for words, at in self._asked.items() if now - at < SAME_ARGUMENTS}

        def words(question: QuestionT) -> tuple[object, ...]:
            return account.userid, category, *put(question).parameters().items()

        question = next(question for question in questions if words(question) not in self._asked)
        self._asked[words(question)] = now
        return question


class Fetching:
    """Fetches records of one account."""

    def __init__(self, *, client: WithingsClient, tokens: Tokens, max_pages: int, clock: Clock) -> None:
        self._client = client
        self._tokens = tokens
        self._max_pages = max_pages
        self._clock = clock
        self._recent = Recent()

    def distinct(self, account: Account, category: Category, window: Window) -> Window:
        """The window, begun so much earlier that Withings has not been asked for it just now.

        Withings refuses the identical call within ten seconds; a superset answers as well. Detail is asked
        for a day at a time, which is where its calls are told apart: see ``span``.
        """
        if category is Category.INTRADAY:
            # What has not happened yet is not asked for.
            return whole_hours(Window(window.start, max(window.start, min(window.end, self._clock()))))
        if category is Category.SLEEP_DETAIL:
            return window
        by_day = category in ASKED_BY_DAY
        start, step = (window.start, DAY) if by_day else (window.start - self._lead(), SECOND)
        wider = (Window(start - step * steps, window.end) for steps in itertools.count())
        return self._recent.first_new(
            account, category, wider, put=lambda window: _dates(category, Span(window)), now=self._clock()
        )

    def distinct_since(self, account: Account, category: Category, at: datetime) -> datetime:
        """That time, or so much earlier that Withings has not been asked for it just now."""
        seconds = at.replace(microsecond=0) - self._lead()
        earlier = (seconds - SECOND * steps for steps in itertools.count())
        return self._recent.first_new(account, category, earlier, put=Since, now=self._clock())

    async def since(self, account: Account, category: Category, at: datetime, *, offset: int = 0) -> Reply:
        """One run of pages of what was created or changed since then."""
        return await self._pages(account, category, Since(at), offset=offset)

    def _lead(self) -> timedelta:
        """Some seconds by which a question begins earlier than it must, another number in each quarter
        of a second: a replica that asks the same within ten seconds then asks it in other words.
        """
        quarters = int(self._clock().timestamp() / QUARTER.total_seconds())
        return SECOND * (quarters % LEADS)

    async def span(self, account: Account, category: Category, span: Span) -> Reply:
        """All that was taken in a span, to the last page, or to the last day of detail."""
        if category in SUMMARY_OF:
            return await self._detail(account, category, span.window)
        return await self._all_pages(account, category, _dates(category, span))

    async def some(self, account: Account, category: Category, span: Span, *, offset: int) -> Reply:
        """One run of pages of what was taken in a span."""
        return await self._pages(account, category, _dates(category, span), offset=offset)

    async def devices(self, account: Account) -> Reply:
        """All the account's devices."""
        return await self._ask(account, Category.DEVICES, self._client.devices)

    async def goals(self, account: Account) -> Reply:
        """What the person aims at: one record, or none."""
        return await self._ask(account, Category.GOALS, self._client.goals)

    async def heights(self, account: Account) -> Reply:
        """The person's heights over all history, each group narrowed to them."""
        answer = await self._tokens.call(
            account, lambda token: self._client.measures(token, Since(EPOCH), types=[measures.HEIGHT])
        )
        groups = records_from(Kind.MEASURES, answer.rows)
        heights = [height for group in groups if (height := height_of(group))]
        return Reply(
            heights, answer.complete, answer.updatetime, answer.next_offset, zone=answer.timezone or None
        )

    async def _detail(self, account: Account, category: Category, window: Window) -> Reply:
        """Detail, at most 24 hours a call."""
        client = self._client
        found: dict[RecordKey, Record] = {}
        start = window.start
        while start <= window.end:
            parts = _parts(Window(start, window.end))
            part = self._recent.first_new(
                account, category, parts, put=lambda it: Between(it.start, it.end), now=self._clock()
            )
            asked = Between(part.start, part.end)
            if category is Category.INTRADAY:
                samples = await self._tokens.call(account, partial(client.intraday, window=asked))
                records = hours_of(samples.rows)
            else:
                segments = await self._tokens.call(account, partial(client.sleep_detail, window=asked))
                records = records_from(Kind.SEGMENT, segments.rows)
            found |= {record.name: record for record in records}
            start = part.end + SECOND
        return Reply(list(found.values()), complete=True)

    async def _all_pages(self, account: Account, category: Category, window: Between | Days) -> Reply:
        """A record that several pages hold, since it changed meanwhile, counts as the last one has it."""
        first = reply = await self._pages(account, category, window, offset=0)
        found = {record.name: record for record in reply.records}
        pages = reply.pages
        while reply.next_offset is not None:
            reply = await self._pages(account, category, window, offset=reply.next_offset)
            found |= {record.name: record for record in reply.records}
            pages += reply.pages
        return replace(first, records=list(found.values()), complete=True, next_offset=None, pages=pages)

    async def _pages(
        self, account: Account, category: Category, window: Between | Days | Since, *, offset: int
    ) -> Reply:
        client, most = self._client, self._max_pages

        def ask(token: str) -> Awaitable[Answer[Any]]:
            match category, window:
                case Category.MEASURES, Between() | Since():
                    return client.measures(token, window, offset=offset, max_pages=most)
                case Category.ACTIVITY, Days() | Since():
                    return client.activity(token, window, offset=offset, max_pages=most)
                case Category.SLEEP, Days() | Since():
                    return client.sleep_summaries(token, window, offset=offset, max_pages=most)
                case Category.WORKOUTS, Days() | Since():
                    return client.workouts(token, window, offset=offset, max_pages=most)
                case Category.HEART, Between():
                    return client.hearts(token, window, offset=offset, max_pages=most)
                case Category.STETHO, Between():
                    return client.stethos(token, window, offset=offset, max_pages=most)
            raise ValueError(f"Withings has no such service: {category} by {type(window).__name__}")

        return await self._ask(account, category, ask)

    async def _ask(
        self, account: Account, category: Category, ask: Callable[[str], Awaitable[Answer[Any]]]
    ) -> Reply:
        answer = await self._tokens.call(account, ask)
        return Reply(
            records=records_from(KIND_OF[category], answer.rows),
            complete=answer.complete,
            updated_at=answer.updatetime,
            next_offset=answer.next_offset,
            pages=answer.pages,
            zone=answer.timezone or None,
        )


def _parts(window: Window) -> Iterator[Window]:
    """Ways to ask for the first 24 hours of a window: as it is, or to some hour after or before its end."""
    hours = math.ceil((window.end - window.start + SECOND) / HOUR)
    yield Window(window.start, min(window.end, window.start + DAY - SECOND))
    longer, shorter = range(hours + 1, 25), range(min(hours, 24) - 1, 0, -1)
    for length in (*longer, *shorter):
        yield Window(window.start, window.start + length * HOUR - SECOND)


def _dates(category: Category, span: Span) -> Between | Days:
    if category in ASKED_BY_DAY:
        return Days(*span.days)
    return Between(span.window.start, span.window.end)
