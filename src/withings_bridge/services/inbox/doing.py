"""What each task of a turn is: whom to ask, and what was done by it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import BadScope
from withings_bridge.domain.inbox import Done, Task
from withings_bridge.domain.records import Record
from withings_bridge.domain.trail import What
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.subscriptions import Subscribing
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.services.noting import Noting
from withings_bridge.services.sync.detailing import Detailing
from withings_bridge.services.sync.listing import Listing
from withings_bridge.services.sync.looking import Look
from withings_bridge.services.sync.rebuilding import Rebuilding
from withings_bridge.services.sync.syncing import Syncing
from withings_bridge.withings import WithingsClient

log = structlog.get_logger()

LINK_STANDS = timedelta(minutes=1)
"""How long what announces the end of a link waits after Withings has just denied it: anybody can post it,
and each look costs a call.
"""

Interrupt = Callable[[], None]
"""Raises where something is more urgent."""


class Doing:
    """Does one task, whatever it is about."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        client: WithingsClient,
        syncing: Syncing,
        listing: Listing,
        detailing: Detailing,
        rebuilding: Rebuilding,
        subscribing: Subscribing,
        noting: Noting,
        clock: Clock,
    ) -> None:
        self._tokens = tokens
        self._client = client
        self._syncing = syncing
        self._listing = listing
        self._detailing = detailing
        self._rebuilding = rebuilding
        self._subscribing = subscribing
        self._noting = noting
        self._clock = clock

    @property
    def mapping(self) -> str:
        """The version of the mapping that rows follow once they are rebuilt."""
        return self._rebuilding.version

    async def do(
        self, account: Account, task: Task, *, interrupt: Interrupt
    ) -> tuple[Done, Sequence[Record]]:
        """Do a task of an account that the caller holds: what is settled by it, and the records that are told
        to who waits. ``interrupt`` is called where the task could end, and raises to have it end. Raises
        whatever keeps the task from being done.
        """
        asked_at = self._clock()
        match task.category:
            case Category.LINK:
                with suppress(BadScope):  # what is refused then is the call and not the token
                    await self._tokens.call(account, self._client.devices)
                log.info("the link still stands")
                return Done(task, pause_until=self._clock() + LINK_STANDS), ()
            case Category.SUBSCRIPTIONS:
                return await self._subscribing.step(account, task), ()
            case Category.ROWS:
                return await self._rebuilt(account, task, interrupt), ()
            case _:
                look = await self._look(account, task)
        about = {"category": task.category, "lane": task.lane}
        log.info("synced", records=len(look.fetched), **about)
        if task.category is not Category.EVENTS:  # which nobody was asked for
            # It was asked before any of what came was stored.
            self._noting.note(account.userid, What.ASKED, at=asked_at, number=len(look.fetched), **about)
        return look.done, look.told

    async def _look(self, account: Account, task: Task) -> Look:
        match task.category:
            case Category.HEIGHTS:
                return await self._listing.heights(account, task)
            case Category.DEVICES:
                return await self._listing.devices(account, task)
            case Category.GOALS:
                return await self._listing.goals(account, task)
            case Category.EVENTS:
                return await self._listing.events(account, task)
            case Category.INTRADAY | Category.SLEEP_DETAIL if task.backfill:
                return await self._detailing.fill(account, task, task.backfill)
            case _ if task.backfill:
                return await self._syncing.fill(account, task, task.backfill)
            case _:
                return await self._syncing.look(account, task)

    async def _rebuilt(self, account: Account, task: Task, interrupt: Interrupt) -> Done:
        """Rebuild the rows. That of a long history takes long: it makes room for news, then begins anew."""

        def told(_records: int, _rows: int) -> None:
            interrupt()

        version = self._rebuilding.version
        await self._rebuilding.rebuild(account, told=told)
        return Done(task, projected=version)
