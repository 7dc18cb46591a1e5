"""Begin and complete a link.

The state that travels through Withings is random, stored, single-use, ten minutes old at most, and
bound to the browser that began by a value in its cookie. At the callback the code is exchanged
before all else, for it lives thirty seconds.

Where callers prove who they are, a browser cannot: it brings a ticket, which a caller was given for a
user, and which works once and for two minutes.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import urlencode, urljoin

import structlog

from withings_bridge.domain.accounts import Account, joined
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import (
    ConsentRefused,
    Malformed,
    OtherBrowser,
    StateRefused,
    StorageUnavailable,
    TicketRefused,
    UserUnknown,
)
from withings_bridge.domain.links import can_be_user
from withings_bridge.domain.trail import What
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.granting import Granting
from withings_bridge.services.links.leaving import Former, Leaving
from withings_bridge.services.links.tokens import SAVE_PAUSES, pair_from
from withings_bridge.services.noting import Noting
from withings_bridge.storage.base import Ephemera, Links
from withings_bridge.withings import TokenReply, WithingsOAuth

log = structlog.get_logger()

ResultT = TypeVar("ResultT")

STATE_LIFETIME = timedelta(minutes=10)
TICKET_LIFETIME = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what its cookie must hold when it comes back."""

    authorize_url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A user and the Withings account that is theirs now."""

    user: str
    account: str
    left: Former | None = None
    """Another account that was the user's until now."""


class Linking:
    """Joins users to Withings accounts."""

    def __init__(
        self,
        *,
        links: Links,
        ephemera: Ephemera,
        oauth: WithingsOAuth,
        granting: Granting,
        leaving: Leaving,
        noting: Noting,
        redirect_uri: str,
        scopes: Sequence[str],
        windows: Mapping[Category, timedelta],
        sweep_every: timedelta,
        clock: Clock,
    ) -> None:
        self._links = links
        self._ephemera = ephemera
        self._oauth = oauth
        self._granting = granting
        self._leaving = leaving
        self._noting = noting
        self._redirect_uri = redirect_uri
        self._scopes = scopes
        self._windows = windows
        self._sweep_every = sweep_every
        self._clock = clock

    async def invite(self, user: str) -> str:
        """The address at which a browser may begin a sign-in of this user, once and soon.

        It lies on the redirect URI's origin, where the cookie must be. Raises UserUnknown for what cannot
        be a user's id, and a StorageError.
        """
        user = user.strip()
        if not can_be_user(user):
            raise UserUnknown("That cannot be the id of a user.")
        ticket = secrets.token_urlsafe(32)
        now = self._clock()
        await self._ephemera.put(_ticket_key(ticket), {"user": user}, until=now + TICKET_LIFETIME, now=now)
        return f"{self.door}?{urlencode({'ticket': ticket})}"

    @property
    def door(self) -> str:
        """The address of the page where sign-ins begin."""
        return urljoin(self._redirect_uri, "/login")

    async def redeem(self, ticket: str) -> str:
        """The user whom a ticket names; it is spent. Raises TicketRefused, or a StorageError."""
        invited = await self._ephemera.take(_ticket_key(ticket), now=self._clock())
        if invited is None:
            raise TicketRefused
        return invited["user"]

    async def begin(self, user: str, *, browser: str | None) -> Begun:
        """Start a sign-in. ``browser`` is what the browser's cookie holds already, if anything:
        it is used again, so that two pop-ups of one browser can both be completed.
        """
        browser = browser or secrets.token_urlsafe(24)
        state = secrets.token_urlsafe(32)
        now = self._clock()
        value = {"user": user, "browser": _hash(browser)}
        await self._ephemera.put(_state_key(state), value, until=now + STATE_LIFETIME, now=now)
        return Begun(self._oauth.authorize_url(state, self._redirect_uri, self._scopes), browser)

    async def complete(
        self, *, state: str | None, code: str | None, error: str | None, browser: str | None
    ) -> Joined:
        """Finish a sign-in with what the callback brought.

        Raises StateRefused (OtherBrowser among it), ConsentRefused, BadGrant (the code is too old or was
        used), another WithingsError, or a StorageError.
        """
        user = await self._spend(state, browser)
        if error:
            raise ConsentRefused
        if not code:
            raise StateRefused("Withings sent no code; start again.")
        reply = await self._oauth.exchange(code, self._redirect_uri)
        now = self._clock()
        if reply.userid is None:
            raise Malformed("Withings granted tokens without saying whose.")
        async with self._granting.alone(reply.userid):
            return await self._join(user, reply.userid, reply, now)

    async def _spend(self, state: str | None, browser: str | None) -> str:
        """The user who began with this state in this browser; the state is gone afterwards."""
        if not state:
            raise StateRefused
        begun = await self._ephemera.get(_state_key(state), now=self._clock())
        if begun is None:
            raise StateRefused
        # Compared before it is spent: a stranger who saw the state must not be able to use it up.
        if not browser or not hmac.compare_digest(begun["browser"], _hash(browser)):
            raise OtherBrowser
        if await self._ephemera.take(_state_key(state), now=self._clock()) is None:
            raise StateRefused
        return begun["user"]

    async def _join(self, user: str, userid: str, reply: TokenReply, now: datetime) -> Joined:
        granted = await _patiently(lambda: self._granting.proven(userid, reply))
        pair = pair_from(granted, saved_at=now)

        def join(account: Account | None) -> Account:
            return joined(
                account,
                userid=userid,
                user=user,
                scopes=frozenset(granted.scope),
                now=now,
                windows=self._windows,
                sweep_every=self._sweep_every,
            )

        former = await _patiently(lambda: self._leaving.former(user))
        await _patiently(lambda: self._links.join(user, userid, pair, join))
        log.info("linked", user=user, account=userid)
        self._noting.note(userid, What.LINKED, user=user)
        return Joined(user, userid, left=former if former and former.account != userid else None)


async def _patiently(step: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """The step's result, also from a store that is silent for some seconds.

    The pair is Withings' only one by now, so saving it is worth more than a quick answer.
    """
    for pause in SAVE_PAUSES:
        try:
            return await step()
        except StorageUnavailable:
            await asyncio.sleep(pause)
    return await step()


def _state_key(state: str) -> str:
    return f"state#{_hash(state)}"


def _ticket_key(ticket: str) -> str:
    return f"ticket#{_hash(ticket)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
