"""What somebody waits for, asked through the inbox like any other work: a sync, or subscriptions.

Whoever asks while a turn runs shares the next one; nobody is turned away.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from withings_bridge.domain.accounts import Account, unlisted, with_whole_history
from withings_bridge.domain.categories import IMPORTED, SUMMARY_OF, Category
from withings_bridge.domain.errors import AccountUnknown, ConsentNeeded, NotLinked, SyncFailed
from withings_bridge.domain.imports import BEGINNING
from withings_bridge.domain.inbox import ASKED
from withings_bridge.domain.records import THE_END, Record
from withings_bridge.services.clock import Clock
from withings_bridge.services.inbox.working import Working
from withings_bridge.storage.base import Accounts, Links

ASKED_FOR = (
    Category.MEASURES,
    Category.ACTIVITY,
    Category.SLEEP,
    Category.WORKOUTS,
    Category.HEART,
    Category.DEVICES,
)
ASKED_FOR_IN_FULL = (*ASKED_FOR, Category.STETHO, Category.GOALS)
"""The rest seldom changes, and each costs a call."""

PATIENCE = timedelta(seconds=60)
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Synced:
    """An account after a sync, and the records that were fetched for it, as far as this process did it."""

    account: Account
    fetched: list[Record] = field(default_factory=list)


class Requesting:
    """Syncs on demand."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        working: Working,
        windows: Mapping[Category, timedelta],
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._working = working
        self._windows = windows
        self._clock = clock

    async def sync(
        self,
        user: str,
        *,
        full: bool = False,
        only: Collection[Category] = (),
        patience: timedelta | None = PATIENCE,
    ) -> Synced:
        """Bring the user's account up to date, the import windows included, and say what was fetched.

        ``full``: with an import of the whole history, whatever was imported before; one that runs
        already goes on to the beginning. ``only``: of these categories and no others; of detail its summary
        is asked for, which says where there is new detail, and nothing where it is switched off. Gives up
        waiting, not working, after ``patience``: a long import goes on by itself, where a bridge runs;
        None waits to its end. Raises NotLinked, ConsentNeeded, or SyncFailed when Withings did not play
        along.
        """
        now = self._clock()
        reaching = {
            category: BEGINNING if full else now - length for category, length in self._windows.items()
        }
        detail = [each for each in only if each in SUMMARY_OF and each in self._windows]
        if only:
            plain = [each for each in only if each not in SUMMARY_OF]
            asked_for = {*plain, *(SUMMARY_OF[each] for each in detail)}
        else:
            asked_for = {*(ASKED_FOR_IN_FULL if full else ASKED_FOR)}
        account, wanted = await self._ask(user, asked_for, full=full)
        if not only:
            # An import is waited for whether or not its category was asked for: detail has time.
            wanted |= {category: account.of(category).announced for category in IMPORTED}

        def settled(account: Account) -> bool:
            return _settled(account, wanted, reaching=reaching)

        began = self._clock()
        synced = await self._worked(account, settled, patience=patience)
        if not detail or not settled(synced.account):
            return synced
        # What the summary announced is waited for; an import of detail has time.
        wanted = {category: synced.account.of(category).announced for category in detail}
        reaching = dict.fromkeys(detail, THE_END)
        left = patience - (self._clock() - began) if patience else None
        return await self._worked(synced.account, settled, patience=left)

    async def subscriptions(self, user: str, *, patience: timedelta = PATIENCE) -> Account:
        """Compare the account's subscriptions with Withings' list now, and subscribe what is missing.

        The account as it stands then, or when ``patience`` ran out; the rest is done by itself. Raises
        NotLinked, or ConsentNeeded.
        """
        account = await self._linked(user)
        now = self._clock()
        try:
            await self._accounts.change(account.userid, unlisted, now=now)
        except AccountUnknown:
            raise NotLinked from None
        await self._accounts.announce(account.userid, {Category.SUBSCRIPTIONS: ASKED}, now=now)
        account = await self._account(account.userid)
        wanted = account.of(Category.SUBSCRIPTIONS).announced

        def settled(account: Account) -> bool:
            work = account.of(Category.SUBSCRIPTIONS)
            trouble = work.trouble
            # One of the time before says nothing, and being told to slow down counts as no attempt.
            failed = trouble is not None and trouble.announced >= wanted and trouble.attempts > 0
            return failed or (work.settled >= wanted and not work.news)

        return (await self._worked(account, settled, patience=patience)).account

    async def _worked(
        self, account: Account, settled: Callable[[Account], bool], *, patience: timedelta | None
    ) -> Synced:
        """The account once it is settled, or when nobody waits any longer."""
        deadline = self._clock() + patience if patience else None
        userid = account.userid
        synced = Synced(account)
        while deadline is None or self._clock() < deadline:
            if account.consent_needed_at:
                raise ConsentNeeded
            synced = Synced(account, synced.fetched)
            if settled(account):
                return synced
            turn = await self._working.turn(userid)
            synced.fetched.extend(turn.fetched if turn else ())
            if not (turn and turn.results):
                await asyncio.sleep(POLL_SECONDS)
            account = await self._account(userid)
        return synced

    async def _linked(self, user: str) -> Account:
        link = await self._links.get(user)
        account = await self._accounts.get(link.account) if link else None
        if account is None or user not in account.users:
            raise NotLinked
        return account

    async def _ask(
        self, user: str, categories: Iterable[Category], *, full: bool
    ) -> tuple[Account, dict[Category, int]]:
        """Put the wish into the inbox: the account, and up to which announcement it must be settled."""
        account = await self._linked(user)
        now = self._clock()
        if full:
            try:
                await self._accounts.change(account.userid, lambda it: with_whole_history(it, now), now=now)
            except AccountUnknown:
                raise NotLinked from None
        asked_for = [category for category in categories if account.may(category)]
        await self._accounts.announce(account.userid, dict.fromkeys(asked_for, ASKED), now=now)
        account = await self._account(account.userid)
        return account, {category: account.of(category).announced for category in asked_for}

    async def _account(self, userid: str) -> Account:
        account = await self._accounts.get(userid)
        if account is None:
            raise NotLinked
        return account


def _settled(
    account: Account, wanted: Mapping[Category, int], *, reaching: Mapping[Category, datetime]
) -> bool:
    """Whether all that was asked for is done, or will not be done by waiting.

    ``reaching`` says how far back an import must be: nobody waits for what lies before that. Raises
    SyncFailed for what was tried and will be tried again.
    """
    waiting = False
    for category, number in wanted.items():
        work = account.of(category)
        # Where nothing is announced any more, a person has let go of it.
        live = (work.settled < number or work.unread is not None) and work.news.live
        importing = work.backfill is not None and work.backfill.until > reaching[category]
        if not live and not importing:
            continue
        trouble = work.trouble if live else work.backfill_trouble
        untried = trouble is None or (trouble.announced < number and (live or trouble.buried))
        if trouble is None or untried or not trouble.attempts:
            # Being told to slow down counts as no attempt, and is worth waiting for.
            waiting = True
        elif not trouble.buried:
            raise SyncFailed(trouble.reason)
    return not waiting
