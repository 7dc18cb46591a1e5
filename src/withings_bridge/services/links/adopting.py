"""The predecessor's users: each becomes a member of the account that their rows name.

Where only one pair can be meant that takes no call. Where several can, Withings is asked about the newest
first, and the one it honours takes the place of all. Token rows are written by that proof alone, or to
fold rows that say the same: until then every pair stays where it was.

Every step may be repeated, and a crash between any two leaves a state that the next scan, or the
account's own next turn, goes on from.
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

import structlog

from withings_bridge.domain.accounts import Account, announce, joined, needing_consent
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import (
    AccountUnknown,
    ConsentNeeded,
    LeaseLost,
    NotLinked,
    PairChanged,
    WithingsError,
)
from withings_bridge.domain.inbox import ASKED, News
from withings_bridge.domain.links import Link, Place, TokenRow
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.granting import Granting
from withings_bridge.services.links.marking import Mark, Marking
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.storage.base import Accounts, Ephemera, Links

log = structlog.get_logger()

LOOK_BACK = timedelta(days=1)
"""How long before its announcement a change may have been made: the live look of a marked account asks
for that much, and need not wait for the import.
"""

JUST_NOW = timedelta(minutes=1)
"""So soon after a refusal nobody asks again, whoever wants it: each user of an account would."""

REMEMBERED = timedelta(days=30)
"""How long a scan asks no more about pairs that Withings has refused."""


class Outcome(StrEnum):
    """What became of a user."""

    SETTLED = "settled"
    """Nothing was to be done: in an account already, or without any pair."""
    ADOPTED = "adopted"
    REFUSED = "refused"
    """Withings honours none of the pairs; the user must connect again."""
    UNREADABLE = "unreadable"
    """The pair was encrypted with a key that we do not have."""
    LEFT = "left"
    """Could not be decided now: for a later attempt."""


class Adopting:
    """Takes in users of the predecessor."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        ephemera: Ephemera,
        tokens: Tokens,
        granting: Granting,
        marking: Marking,
        windows: Mapping[Category, timedelta],
        sweep_every: timedelta,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._ephemera = ephemera
        self._tokens = tokens
        self._granting = granting
        self._marking = marking
        self._windows = windows
        self._sweep_every = sweep_every
        self._clock = clock

    async def wants(self, user: str, *, again: bool = False) -> bool:
        """Whether ``adopt`` would do something about the user."""
        rows = await self._links.rows(user)
        link = rows[0].link if rows else None
        return link is not None and await self._wants(link, rows, again=again)

    async def adopt(self, user: str, *, again: bool = False) -> Outcome:
        """Make the user a member of an account, if they hold a pair and are in none.

        A user whose link Withings refuses is looked at too where another pair may stand in for it; with
        ``again`` also when all of them were refused before. Raises StorageError.
        """
        for _ in Place:  # each refused account that is left for another takes a row with it
            rows = await self._links.rows(user)
            if rows and rows[0].unreadable:
                return Outcome.UNREADABLE
            link = rows[0].link if rows else None
            if link is None or not await self._wants(link, rows, again=again):
                return Outcome.SETTLED
            try:
                outcome = await self._adopt(link, rows)
            except (PairChanged, AccountUnknown, NotLinked, LeaseLost):
                return Outcome.LEFT  # somebody links, or leaves, at this very moment
            if outcome is not None:
                return outcome
        return Outcome.REFUSED

    async def _wants(self, link: Link, rows: list[TokenRow], *, again: bool) -> bool:
        account = await self._accounts.get(link.account)
        if account is None or link.user not in account.users:
            return True
        if account.consent_needed_at is None:
            # A scan that was cut off may have left it so, without asking which of several pairs works.
            return account.fetched_at is None and len(await self._pairs(account, rows)) > 1
        asked_just_now = self._clock() - account.consent_needed_at < JUST_NOW
        if (again and not asked_just_now) or link.pair.saved_at > account.consent_needed_at:
            return True
        pairs = await self._pairs(account, rows)
        return len(pairs) > 1 and not await self._refused_before(account, pairs)

    async def _adopt(self, link: Link, rows: list[TokenRow]) -> Outcome | None:
        """What became of the user, by the account of their newest pair; None where that is refused and
        they have left it, for rows name another.
        """
        account, was_refused = await self._join(link)
        pairs = await self._pairs(account, rows)
        if len(pairs) == 1 and not was_refused:
            await self._fold(account, link, rows)
        else:
            try:
                await self._tokens.renew(account)
            except ConsentNeeded:
                return await self._give_up(account, link, rows, pairs)
            except WithingsError as error:
                log.warning("not proven yet", user=link.user, account=link.account, reason=str(error))
                return Outcome.LEFT
            for former in {row.link.account for row in rows if row.link} - {link.account}:
                await self._links.leave(link.user, former)
        log.info("adopted", user=link.user, account=link.account, pairs=len(pairs))
        return Outcome.ADOPTED

    async def _join(self, link: Link) -> tuple[Account, bool]:
        """The account with the user in it, due like a new link; and whether they were in it before, and
        Withings refused them.
        """
        now = self._clock()
        mark = await self._marking.seen(link.account)
        before: list[Account | None] = []

        def join(stored: Account | None) -> Account:
            before[:] = [stored]
            scopes = stored.scopes if stored else frozenset[str]()
            account = joined(
                stored,
                userid=link.account,
                user=link.user,
                scopes=scopes,
                now=now,
                windows=self._windows,
                sweep_every=self._sweep_every,
            )
            return _looking_back(account, mark) if mark else account

        # As for a new link: whoever ends the account's grant meanwhile must know who uses it.
        async with self._granting.alone(link.account):
            account = await self._links.adopt(link, join, now=now)
        if mark := await self._marking.take(link.account):
            await self._accounts.announce(link.account, _asked(account, mark), now=self._clock())
        stored = before[0]
        refused = stored is not None and link.user in stored.users and stored.consent_needed_at is not None
        return account, refused

    async def _fold(self, account: Account, link: Link, rows: list[TokenRow]) -> None:
        """One row out of several that hold the same pair, or none. Only of a user who shares with nobody:
        a row of another's that cannot be read now may hold more.
        """
        if account.users == {link.user} and [row.name.place for row in rows] != [Place.OWN]:
            with suppress(PairChanged):  # a refresh was quicker, and has folded them
                await self._links.replace_pair(link.account, link.pair, replacing=link.pair)

    async def _give_up(
        self, account: Account, link: Link, rows: list[TokenRow], pairs: frozenset[str]
    ) -> Outcome | None:
        """Withings honours no pair of the account: mark it, and leave it where rows name another."""
        now = self._clock()

        def refused(stored: Account) -> Account:
            return replace(needing_consent(stored, now, refused=account), lease=stored.lease)

        stored = await self._accounts.change(account.userid, refused, now=now)
        log.warning("consent needed", user=link.user, account=account.userid, pairs=len(pairs))
        if stored.consents != account.consents:
            return Outcome.LEFT
        if any(row.link and row.link.account != account.userid for row in rows):
            await self._links.leave(link.user, account.userid)
            return None
        await self._remember_refusal(account, pairs)
        return Outcome.REFUSED

    async def _pairs(self, account: Account, rows: Iterable[TokenRow]) -> frozenset[str]:
        """The different pairs that may be meant: all of the user, and those of the account's others."""
        others = [row for user in account.users for row in await self._links.rows(user)]
        links = [row.link for row in others if row.link and row.link.account == account.userid]
        links += [row.link for row in rows if row.link]
        return frozenset(link.pair.refresh_token for link in links)

    async def _refused_before(self, account: Account, pairs: frozenset[str]) -> bool:
        known = await self._ephemera.get(_refusal_key(account), now=self._clock())
        return known is not None and known["pairs"] == _digest(pairs)

    async def _remember_refusal(self, account: Account, pairs: frozenset[str]) -> None:
        now = self._clock()
        known = await self._ephemera.get(_refusal_key(account), now=now)
        await self._ephemera.swap(
            _refusal_key(account),
            {"pairs": _digest(pairs)},
            instead_of=known,
            until=now + REMEMBERED,
            now=now,
        )


def _looking_back(account: Account, mark: Mark) -> Account:
    """With the cursors of what was marked moved back to before it was announced."""
    work = dict(account.work)
    for category in mark.categories:
        known = account.of(category)
        if known.cursor:
            work[category] = replace(known, cursor=min(known.cursor, mark.at - LOOK_BACK))
    return announce(replace(account, work=work), _asked(account, mark))


def _asked(account: Account, mark: Mark) -> dict[Category, News]:
    return {category: ASKED for category in mark.categories if account.may(category)}


def _refusal_key(account: Account) -> str:
    return f"refused#{account.userid}"


def _digest(pairs: Iterable[str]) -> str:
    """Names a set of pairs, and tells none of them."""
    return hashlib.sha256("\n".join(sorted(pairs)).encode()).hexdigest()
