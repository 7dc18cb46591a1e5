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
from withings_bridge.domain.trail import KEPT_FOR, Step
from withings_bridge.services.clock import Clock
from withings_bridge.services.inbox.tending import Pending, Tending
from withings_bridge.services.links.subscriptions import Registration, Subscribing
from withings_bridge.services.pacing import Pacing, Usage
from withings_bridge.storage.base import Accounts, Links, Trail
from withings_bridge.storage.encryption import TokensUnreadable

PAGE = 50
"""Accounts that are shown at once."""

MOST_LOOKED_AT = 1000
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
class Overseen(Pending):
    """An account at a glance."""

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
    def is_left_to_people(self) -> bool:
        """Whether it does not mend itself, as what is merely retried does."""
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
    tokens_readable: bool
    """Whether the keys that are configured open all that is stored."""
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
        tending: Tending,
        subscribing: Subscribing,
        pacing: Pacing,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._trail = trail
        self._tending = tending
        self._subscribing = subscribing
        self._pacing = pacing
        self._clock = clock

    async def overview(
        self, *, after: str | None = None, limit: int = PAGE, troubled: bool = False, steps: int = MOST_STEPS
    ) -> Overview:
        """The next accounts, in the store's order, and what happened lately. ``troubled``: only those that
        are left to people, of the next ``MOST_LOOKED_AT``. Raises a StorageError.
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
        pending = await self._tending.show(named)
        account, now = pending.account, self._clock()
        remembered = before is None or before > now - KEPT_FOR
        tokens, readable = await self._tokens(account)
        overseen = Overseen(account, pending.entries)
        return AccountSeen(
            at=now,
            overseen=overseen,
            categories=_categories(overseen),
            registrations=self._subscribing.registrations(account),
            tokens=tokens,
            tokens_readable=readable,
            steps=await self._trail.of(account.userid, limit=steps, now=now, before=before)
            if remembered
            else (),
        )

    async def _page(
        self, after: str | None, limit: int, *, troubled: bool
    ) -> tuple[list[Overseen], str | None]:
        found: list[Overseen] = []
        looked_at = 0
        while len(found) < limit and looked_at < MOST_LOOKED_AT:
            accounts = await self._accounts.list(after=after, limit=limit - len(found))
            if not accounts:
                return found, None
            now = self._clock()
            seen = [Overseen(account, entries(account, now)) for account in accounts]
            found += [each for each in seen if each.is_left_to_people or not troubled]
            looked_at += len(accounts)
            after = accounts[-1].userid
        more = await self._accounts.list(after=after, limit=1)
        return found, after if more else None

    async def _tokens(self, account: Account) -> tuple[TokensSeen | None, bool]:
        """Of the pair that was saved last, as all users of the account have the same; and whether all of
        them could be read.
        """
        pairs, readable = [], True
        for user in sorted(account.users):
            try:
                link = await self._links.get(user)
            except TokensUnreadable:
                readable = False
                continue
            if link and link.account == account.userid:
                pairs.append(link.pair)
        newest = max(pairs, key=lambda pair: pair.saved_at, default=None)
        return TokensSeen(newest.saved_at, newest.expires_at) if newest else None, readable


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
