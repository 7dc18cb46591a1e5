"""The whole bridge at a glance, and one account in full: for whoever watches over it.

All is told from what is stored, so that any replica tells the same, and Withings is not asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from withings_bridge.domain.accounts import LIVE_ORDER, Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Entry, Part, State, entries
from withings_bridge.domain.errors import NoSuchAccount
from withings_bridge.domain.trail import Step
from withings_bridge.services.clock import Clock
from withings_bridge.services.pacing import Pacing, Usage
from withings_bridge.services.subscriptions import Registration, Subscribing
from withings_bridge.storage.base import Accounts, Links, Trail

PAGE = 50
"""Accounts that are shown at once."""

MOST_LOOKED_AT = 5000
"""Accounts that are looked through at once for those that need a person."""

MOST_STEPS = 30


class Condition(StrEnum):
    """How an account is, the worst of it."""

    CONSENT = "needs consent"
    """Withings no longer honours the link: nothing is done until the person connects again."""
    STUCK = "stuck"
    """Something was given up, until news or a person brings it back."""
    TROUBLE = "in trouble"
    """Something failed, and is tried again by itself."""
    IMPORTING = "importing"
    WAITING = "waiting"
    """It has never been in step."""
    IN_STEP = "in step"


@dataclass(frozen=True, slots=True)
class Overseen:
    """An account at a glance."""

    account: Account
    entries: Sequence[Entry]
    """What is pending, in the order in which turns do it."""

    @property
    def condition(self) -> Condition:
        """The worst of it."""
        states = {entry.state for entry in self.entries}
        conditions = {
            Condition.CONSENT: self.account.consent_needed_at is not None,
            Condition.STUCK: State.BURIED in states,
            Condition.TROUBLE: State.RETRYING in states,
            Condition.IMPORTING: self.account.importing,
            Condition.WAITING: self.account.synced_at is None,
        }
        return next((each for each, holds in conditions.items() if holds), Condition.IN_STEP)

    @property
    def stuck(self) -> list[Entry]:
        """Those of its entries with which something is wrong."""
        return [entry for entry in self.entries if entry.stuck]

    @property
    def needs_a_person(self) -> bool:
        """Whether it does not mend itself."""
        return self.condition in {Condition.CONSENT, Condition.STUCK}


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole bridge."""

    at: datetime
    accounts: Sequence[Overseen]
    after: str | None
    """The account that the next page begins behind; None when there is none."""
    usage: Usage
    steps: Sequence[Step]
    """What happened lately, the newest first."""


@dataclass(frozen=True, slots=True)
class CategorySeen:
    """One category of an account."""

    category: Category
    synced_at: datetime | None
    """When its live work was last done."""
    imported_at: datetime | None
    """When its import was complete."""
    progress: float | None
    """The share that is done of an import that runs, 0 to 1."""
    pending: Sequence[Entry]

    @property
    def stuck(self) -> bool:
        """Whether something is wrong with it."""
        return any(entry.stuck for entry in self.pending)


@dataclass(frozen=True, slots=True)
class TokensSeen:
    """The pair of tokens by which Withings is asked: never the tokens themselves."""

    saved_at: datetime
    expires_at: datetime
    """When the access token ends, and is refreshed."""


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """One account in full."""

    at: datetime
    overseen: Overseen
    categories: Sequence[CategorySeen]
    registrations: Sequence[Registration]
    tokens: TokensSeen | None
    steps: Sequence[Step]

    @property
    def account(self) -> Account:
        """As it is stored."""
        return self.overseen.account


class Overseeing:
    """Looks at everything."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        trail: Trail,
        subscribing: Subscribing,
        pacing: Pacing,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._trail = trail
        self._subscribing = subscribing
        self._pacing = pacing
        self._clock = clock

    async def overview(
        self, *, after: str | None = None, limit: int = PAGE, troubled: bool = False, steps: int = MOST_STEPS
    ) -> Overview:
        """The next accounts by their userid, and what happened lately. ``troubled``: only those that need a
        person, of the next so many that are looked through. Raises a StorageError.
        """
        found, after = await self._page(after, limit, troubled=troubled)
        now = self._clock()
        return Overview(
            at=now,
            accounts=found,
            after=after,
            usage=await self._pacing.usage(),
            steps=await self._trail.newest(limit=steps, now=now),
        )

    async def account(
        self, named: str, *, steps: int = MOST_STEPS, before: datetime | None = None
    ) -> AccountSeen:
        """An account by its Withings userid, or by one of its users; with ``before``, what happened earlier
        than that. Raises NoSuchAccount, StorageError.
        """
        account = await self._accounts.get(named)
        if account is None and (link := await self._links.get(named)):
            account = await self._accounts.get(link.account)
        if account is None:
            raise NoSuchAccount
        now = self._clock()
        overseen = Overseen(account, entries(account, now))
        return AccountSeen(
            at=now,
            overseen=overseen,
            categories=_categories(overseen),
            registrations=self._subscribing.registrations(account),
            tokens=await self._tokens(account),
            steps=await self._trail.of(account.userid, limit=steps, now=now, before=before),
        )

    async def _page(
        self, after: str | None, limit: int, *, troubled: bool
    ) -> tuple[list[Overseen], str | None]:
        found: list[Overseen] = []
        looked_at = 0
        while looked_at < (MOST_LOOKED_AT if troubled else limit):
            # One more than is shown tells whether there is a next page.
            accounts = await self._accounts.list(after=after, limit=limit + 1)
            now = self._clock()
            for account in accounts[:limit]:
                overseen = Overseen(account, entries(account, now))
                after = account.userid
                if overseen.needs_a_person or not troubled:
                    found.append(overseen)
                if len(found) == limit:
                    return found, after if account is not accounts[-1] else None
            if len(accounts) <= limit:
                return found, None
            looked_at += limit
        return found, after

    async def _tokens(self, account: Account) -> TokensSeen | None:
        """Of the pair that was saved last: all users of the account have the same."""
        links = [await self._links.get(user) for user in sorted(account.users)]
        pairs = [link.pair for link in links if link and link.account == account.userid]
        newest = max(pairs, key=lambda pair: pair.saved_at, default=None)
        return TokensSeen(newest.saved_at, newest.expires_at) if newest else None


def _categories(overseen: Overseen) -> list[CategorySeen]:
    return [
        _category(overseen.account, category, overseen.entries)
        for category in LIVE_ORDER
        if category in overseen.account.work
    ]


def _category(account: Account, category: Category, pending: Iterable[Entry]) -> CategorySeen:
    work = account.of(category)
    own = [entry for entry in pending if entry.category is category]
    running = next((entry for entry in own if entry.part is Part.IMPORT), None)
    return CategorySeen(
        category=category,
        synced_at=work.settled_at,
        imported_at=work.imported_at,
        progress=running.progress if running else None,
        pending=own,
    )
