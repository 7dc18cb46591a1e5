"""Announcements of one account that come while another of it is being written go into one write, the next.

It is what a group commit is to an fsync: the more come at once, the less each of them costs, and nobody
waits for others to come. Announcements of different accounts have nothing to share, see decision 0020.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from withings_bridge.domain.accounts import Account, announce
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageError, StorageUnavailable
from withings_bridge.domain.inbox import News


@dataclass(frozen=True, slots=True)
class Announcements:
    """What was announced of one account, one after the other."""

    each: Sequence[Mapping[Category, News]]
    at: datetime
    """When the first of them came."""
    traces: Sequence[str] = ()
    """The traceparents of what brought them, where there are traces."""

    @property
    def counts(self) -> Mapping[Category, int]:
        """How often each category was announced."""
        return Counter(category for news in self.each for category in news)

    @property
    def merged(self) -> Mapping[Category, News]:
        """All of it as one. More than a category keeps apart may be in there: then only ``added_to`` tells
        what becomes of it.
        """
        merged: dict[Category, News] = {}
        for news in self.each:
            for category, added in news.items():
                merged[category] = merged[category] | added if category in merged else added
        return merged

    def added_to(self, account: Account) -> Account:
        """The account with all of it."""
        for news in self.each:
            account = announce(account, news)
        for trace in self.traces:
            account = announce(account, {}, trace)
        return account


Write = Callable[[str, Announcements], Awaitable[bool]]
"""Adds announcements to the account of this userid in one write; False where there is none."""


@dataclass(frozen=True, slots=True)
class _Caller:
    """Somebody who announces something, and waits until it is kept."""

    news: Mapping[Category, News]
    now: datetime
    trace: str | None
    answer: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def tell(self, known: bool | Exception) -> None:  # noqa: FBT001 - it is the answer itself
        """Nothing if they have gone away."""
        if self.answer.done():
            return
        if isinstance(known, Exception):
            self.answer.set_exception(known)
        else:
            self.answer.set_result(known)


class Gathering:
    """Writes announcements, those of one account one write at a time.

    A caller that is cancelled withdraws what has not begun; a write that has begun is done in full.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: dict[str, list[_Caller]] = {}
        """By account, for each that is being written to."""
        self._writing: set[asyncio.Task[None]] = set()

    async def announce(
        self, userid: str, news: Mapping[Category, News], *, now: datetime, trace: str | None = None
    ) -> bool:
        """Whether the account is known, and has the news. Raises what the write raises."""
        caller = _Caller(news, now, trace)
        if userid in self._waiting:
            self._waiting[userid].append(caller)
        else:
            self._waiting[userid] = [caller]
            writing = asyncio.create_task(self._write_all(userid), name="announcing")
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
        return await caller.answer

    async def finish(self) -> None:
        """Wait for the writes that are under way."""
        await asyncio.gather(*self._writing)

    async def _write_all(self, userid: str) -> None:
        while waiting := self._waiting[userid]:
            self._waiting[userid] = []
            if callers := [caller for caller in waiting if not caller.answer.done()]:
                await self._write_for(userid, callers)
        del self._waiting[userid]

    async def _write_for(self, userid: str, callers: Sequence[_Caller]) -> None:
        """One write for all. If what they have together is not accepted each is tried by itself."""
        known = await self._tried(userid, callers)
        alone = isinstance(known, StorageError) and not isinstance(known, StorageUnavailable)
        if alone and len(callers) > 1:
            for caller in callers:
                caller.tell(await self._tried(userid, [caller]))
        else:
            for caller in callers:
                caller.tell(known)

    async def _tried(self, userid: str, callers: Sequence[_Caller]) -> bool | Exception:
        announced = Announcements(
            [each.news for each in callers],
            min(each.now for each in callers),
            [each.trace for each in callers if each.trace],
        )
        try:
            return await self._write(userid, announced)
        except Exception as error:  # noqa: BLE001 - whoever waits raises it
            return error
