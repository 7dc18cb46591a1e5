"""A sync that somebody waits for: asked through the inbox like any other work.

Whoever asks while a turn runs shares the next one; nobody is turned away.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import ConsentNeeded, NotLinked, SyncFailed
from withings_bridge.domain.inbox import ASKED
from withings_bridge.domain.records import Record
from withings_bridge.services.clock import Clock
from withings_bridge.services.working import Working
from withings_bridge.storage.base import Accounts, Links

ASKED_FOR = (
    Category.MEASURES,
    Category.ACTIVITY,
    Category.SLEEP,
    Category.WORKOUTS,
    Category.HEART,
    Category.DEVICES,
)
PATIENCE = timedelta(seconds=60)
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Synced:
    """An account after a sync, and the records that were fetched for it, as far as this process did it."""

    account: Account
    fetched: list[Record] = field(default_factory=list)


class Requesting:
    """Syncs on demand."""

    def __init__(self, *, accounts: Accounts, links: Links, working: Working, clock: Clock) -> None:
        self._accounts = accounts
        self._links = links
        self._working = working
        self._clock = clock

    async def sync(self, user: str) -> Synced:
        """Bring the user's account up to date, the first import included, and say what was fetched.

        Gives up waiting, not working, after a minute: a long import goes on by itself. Raises
        NotLinked, ConsentNeeded, or SyncFailed when Withings did not play along.
        """
        link = await self._links.get(user)
        if link is None:
            raise NotLinked
        account = await self._accounts.get(link.account)
        if account is None or user not in account.users:
            raise NotLinked
        asked_for = [category for category in ASKED_FOR if account.may(category)]
        await self._accounts.announce(link.account, dict.fromkeys(asked_for, ASKED), now=self._clock())
        account = await self._accounts.get(link.account)
        if account is None:
            raise NotLinked
        wanted = {category: account.of(category).announced for category in asked_for}
        synced = Synced(account)
        deadline = self._clock() + PATIENCE
        while self._clock() < deadline:
            if account is None:
                raise NotLinked
            if account.consent_needed_at:
                raise ConsentNeeded
            synced = Synced(account, synced.fetched)
            if _settled(account, wanted):
                return synced
            turns = await self._working.drain(link.account)
            for turn in turns:
                synced.fetched.extend(turn.fetched)
            if not any(turn.results for turn in turns):
                await asyncio.sleep(POLL_SECONDS)
            account = await self._accounts.get(link.account)
        return synced


def _settled(account: Account, wanted: dict[Category, int]) -> bool:
    """Whether all that was asked for is done, or will not be done by waiting.

    Raises SyncFailed for what was tried and will be tried again.
    """
    waiting = False
    for category, number in wanted.items():
        work = account.of(category)
        if work.settled >= number and work.backfill is None:
            continue
        trouble = work.backfill_trouble if work.settled >= number else work.trouble
        untried = trouble is None or (work.settled < number and trouble.announced < number)
        if trouble is None or untried or not trouble.attempts:
            # Being told to slow down counts as no attempt, and is worth waiting for.
            waiting = True
        elif trouble.retry_at is not None:
            raise SyncFailed(trouble.reason)
    return not waiting
