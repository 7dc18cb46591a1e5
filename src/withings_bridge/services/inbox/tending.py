"""The inbox for a person to tend: what is stuck in which account, looked at, replayed, dropped.

A replay or a drop is one atomic change of the account, whoever works on it meanwhile; how a turn that
runs then settles is said in ``domain.entries``. What is due after a replay is found by the loop of any
bridge on the same store within seconds.
"""

from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Entry, Part, dropped, entries, replayed
from withings_bridge.domain.errors import AccountUnknown, NoSuchAccount
from withings_bridge.domain.trail import What
from withings_bridge.services.clock import Clock
from withings_bridge.services.noting import Noting
from withings_bridge.storage.base import Accounts, Links

PAGE = 100
"""Accounts that are read at once."""

LONGEST_NAME = 128
"""No userid and no id of a user is longer."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An account, and what is pending in it."""

    account: Account
    entries: list[Entry]

    @property
    def stuck(self) -> list[Entry]:
        """Those of its entries with which something is wrong."""
        return [entry for entry in self.entries if entry.stuck]

    @property
    def needs_a_person(self) -> bool:
        """Whether anything of it is stuck, or nothing is tried at all before somebody consents."""
        return bool(self.stuck) or self.account.consent_needed_at is not None


@dataclass(frozen=True, slots=True)
class Page:
    """What is pending in a stretch of all accounts."""

    found: list[Pending]
    after: str | None
    """The account that the next page begins behind; None when there is none."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of an account's stuck entries are meant. Those that merely wait never are."""

    categories: Collection[Category] = ()
    """Empty: all of them."""
    part: Part | None = None
    """None: both."""

    def of(self, found: Iterable[Entry]) -> list[Entry]:
        """The entries that are meant."""
        return [
            entry
            for entry in found
            if entry.stuck
            and (not self.categories or entry.category in self.categories)
            and self.part in (None, entry.part)
        ]


@dataclass(frozen=True, slots=True)
class Tended:
    """An account after it was tended, and the entries that were meant, as they were before."""

    pending: Pending
    chosen: list[Entry]


class Tending:
    """Lists, shows, replays and drops."""

    def __init__(self, *, accounts: Accounts, links: Links, noting: Noting, clock: Clock) -> None:
        self._accounts = accounts
        self._links = links
        self._noting = noting
        self._clock = clock

    async def page(self, *, everything: bool, after: str | None = None, limit: int = PAGE) -> Page:
        """Those of the next ``limit`` accounts that need a person; with ``everything``, those that have
        anything pending. None may be among them though more accounts follow.
        """
        accounts = await self._accounts.list(after=after, limit=limit)
        found = [self._pending(account) for account in accounts]
        return Page(
            [one for one in found if one.needs_a_person or (everything and one.entries)],
            accounts[-1].userid if accounts else None,
        )

    async def all(self, *, everything: bool = False) -> AsyncGenerator[Pending, None]:
        """The same of all accounts, read a page at a time."""
        page = await self.page(everything=everything)
        while page.after is not None:
            for one in page.found:
                yield one
            page = await self.page(everything=everything, after=page.after)

    async def show(self, named: str) -> Pending:
        """All that is pending in an account, named by its Withings userid or by one of its users.

        Raises NoSuchAccount.
        """
        return self._pending(await self._find(named))

    async def replay(self, named: str, choice: Choice) -> Tended:
        """Make stuck entries of an account due now. Raises NoSuchAccount."""
        return await self._tend(await self._find(named), choice, What.REPLAYED)

    async def replay_each(self, found: Iterable[Pending], choice: Choice) -> list[Tended]:
        """The same of many accounts. One whose last user has left meanwhile is no matter any more."""
        tended: list[Tended] = []
        for one in found:
            if choice.of(one.entries):
                with suppress(NoSuchAccount):
                    tended.append(await self._tend(one.account, choice, What.REPLAYED))
        return tended

    async def drop(self, named: str, choice: Choice) -> Tended:
        """Let go of stuck entries of an account. Raises NoSuchAccount."""
        return await self._tend(await self._find(named), choice, What.DROPPED)

    async def _tend(self, account: Account, choice: Choice, what: What) -> Tended:
        change = replayed if what is What.REPLAYED else dropped
        now = self._clock()
        chosen = choice.of(entries(account, now))

        def tended(stored: Account) -> Account:
            nonlocal chosen
            chosen = choice.of(entries(stored, now))
            return change(stored, chosen)

        if chosen:
            try:
                account = await self._accounts.change(account.userid, tended, now=now)
            except AccountUnknown:
                raise NoSuchAccount from None
            for entry in chosen:
                self._noting.note(account.userid, what, category=entry.category)
        return Tended(self._pending(account), chosen)

    async def _find(self, named: str) -> Account:
        if not 0 < len(named) <= LONGEST_NAME:
            raise NoSuchAccount  # which DynamoDB would not even look for
        account = await self._accounts.get(named)
        if account is None and (link := await self._links.get(named)):
            account = await self._accounts.get(link.account)
        if account is None:
            raise NoSuchAccount
        return account

    def _pending(self, account: Account) -> Pending:
        return Pending(account, entries(account, self._clock()))
