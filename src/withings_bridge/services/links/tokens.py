"""A live access token for an account: refreshed early, by one worker at a time, saved before use.

A refresh returns a new pair and soon kills the old one, so a pair that was used but not saved ends
the link. Hence the order: lock, read again, refresh, save, use.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from withings_bridge import tracing
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import (
    BadGrant,
    BadToken,
    ConsentNeeded,
    Malformed,
    NoLiveToken,
    NotLinked,
    PairChanged,
    RepeatedTooSoon,
    Retry,
    StorageUnavailable,
    Transient,
    Unreachable,
    WithingsError,
)
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.links import TokenPair
from withings_bridge.domain.quota import SAME_ARGUMENTS
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.locking import RefreshLock
from withings_bridge.services.pacing import Urgency, in_lane
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.base import Ephemera, Links
from withings_bridge.withings import TokenReply, WithingsOAuth

log = structlog.get_logger()

ResultT = TypeVar("ResultT")

SOONEST = timedelta(minutes=5)
SPREAD = timedelta(minutes=10)
"""A pair is refreshed 5 to 15 minutes before it ends, each account at its own time."""

AGAIN_AFTER = SAME_ARGUMENTS + timedelta(seconds=1)
"""When a refresh whose answer got lost may be asked for once more."""

POLL_SECONDS = 0.2
RENEW_POLLS = 15
SAVE_PAUSES = (0.1, 0.3, 1.0, 3.0, 8.0)
MILLISECOND = timedelta(milliseconds=1)

PASSING = (Transient, Malformed, RepeatedTooSoon)
"""After which nobody knows whether Withings has issued the next pair."""


class Tokens:
    """Makes calls with an access token that works."""

    def __init__(
        self,
        *,
        links: Links,
        ephemera: Ephemera,
        oauth: WithingsOAuth,
        telemetry: Telemetry,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._links = links
        self._ephemera = ephemera
        self._oauth = oauth
        self._telemetry = telemetry
        self._clock = clock
        self._sleep = sleep

    async def call(self, account: Account, ask: Callable[[str], Awaitable[ResultT]]) -> ResultT:
        """The answer to a call that is given the account's access token.

        Refused, the token is compared with the stored one first, for another worker may have
        refreshed it, and the call is made with that; refused again, the stored pair is refreshed for
        a last try. Raises ConsentNeeded when Withings no longer honours the link, NotLinked when no
        pair is stored.
        """
        pair = await self._live(account)
        try:
            return await _answer(ask, pair)
        except BadToken:
            stored = await self._stored(account)
        if stored.saved_at != pair.saved_at:
            pair = stored
            with suppress(BadToken):
                return await _answer(ask, pair)
        try:
            return await _answer(ask, await self._refreshed(account, pair))
        except BadToken as error:
            raise ConsentNeeded from error

    async def renew(self, account: Account) -> None:
        """Refresh the account's pair though it may be fresh: to learn which of several Withings honours.

        The rows of all users then hold the new pair and no other. Raises ConsentNeeded when Withings
        honours none of them, and another WithingsError when that cannot be told now, also because
        somebody else has just tried.
        """
        lock, pair = self._lock(account), await self._stored(account)
        for _ in range(RENEW_POLLS):
            if await lock.acquired():
                await self._shielded(account, pair, lock, patient=False)
                return
            await asyncio.sleep(POLL_SECONDS)
            if (await self._stored(account)).saved_at != pair.saved_at:
                return
        raise RepeatedTooSoon("Another refresh of this account is under way, or has failed just now.")

    async def _live(self, account: Account) -> TokenPair:
        pair = await self._stored(account)
        if pair.fresh_at(self._clock(), margin=_margin(account.userid)):
            return pair
        if not pair.fresh_at(self._clock()):
            return await self._refreshed(account, pair)
        # Early is early: the token at hand works for minutes yet, and the next call tries again.
        lock = self._lock(account)
        if not await lock.acquired():
            return pair
        try:
            return await self._shielded(account, pair, lock, patient=False)
        except WithingsError:
            return pair

    async def _stored(self, account: Account) -> TokenPair:
        """The newest of the pairs that the rows of the account's users hold."""
        links = [await self._links.get(user) for user in sorted(account.users)]
        pairs = [link.pair for link in links if link and link.account == account.userid]
        if not pairs:
            raise NotLinked
        return max(pairs, key=lambda pair: pair.saved_at)

    async def _refreshed(self, account: Account, pair: TokenPair) -> TokenPair:
        """The pair after ``pair``, whoever obtained it."""
        lock = self._lock(account)
        while not await lock.acquired():
            await asyncio.sleep(POLL_SECONDS)
            stored = await self._stored(account)
            if stored.saved_at != pair.saved_at:
                return stored
        return await self._shielded(account, pair, lock, patient=True)

    async def _shielded(
        self, account: Account, pair: TokenPair, lock: RefreshLock, *, patient: bool
    ) -> TokenPair:
        """Refresh, also when whoever asked is stopped: between Withings' answer and the save that would
        end the link.
        """
        return await asyncio.shield(
            asyncio.ensure_future(self._refresh(account, pair, lock, patient=patient))
        )

    async def _refresh(
        self, account: Account, pair: TokenPair, lock: RefreshLock, *, patient: bool
    ) -> TokenPair:
        async with lock:
            stored = await self._stored(account)
            if stored.saved_at != pair.saved_at:
                return stored
            try:
                with in_lane(Urgency(Lane.LIVE)), tracing.span("refresh tokens"):
                    reply = await self._successor(account, pair, patient=patient)
            except BadGrant as error:
                stored = await self._stored(account)
                if stored.saved_at != pair.saved_at:
                    self._telemetry.refreshed("overtaken")
                    return stored
                self._telemetry.refreshed("refused")
                raise ConsentNeeded from error
            except WithingsError as error:
                self._telemetry.refreshed("failed")
                if isinstance(error, Unreachable) or not isinstance(error, PASSING):
                    raise
                reason = f"Withings gave no new token ({type(error).__name__}), and is asked again later."
                raise NoLiveToken(reason, retry_after=error.retry_after) from error
            self._telemetry.refreshed("granted")
            fresh = pair_from(reply, saved_at=max(self._clock(), pair.saved_at + MILLISECOND))
            log.info("token pair refreshed", account=account.userid)
            return await self._saved(account, fresh, replacing=pair)

    def _lock(self, account: Account) -> RefreshLock:
        return RefreshLock(self._ephemera, account.userid, self._clock)

    async def _successor(self, account: Account, pair: TokenPair, *, patient: bool) -> TokenReply:
        """What follows the pair; where Withings refuses it for good, what follows the next newest that
        the users' rows hold. Raises the refusal of the pair when all of them are refused.
        """
        try:
            return await self._granted(account, pair, patient=patient)
        except BadGrant:
            for other in await self._others(account, pair):
                with suppress(BadGrant):
                    reply = await self._granted(account, other, patient=patient)
                    log.warning("an older pair took the place of a refused one", account=account.userid)
                    return reply
            raise

    async def _granted(self, account: Account, pair: TokenPair, *, patient: bool) -> TokenReply:
        """Withings' answer to a refresh. A pair of another person is as good as refused."""
        reply = await self._ask(pair, patient=patient)
        if reply.userid not in {None, account.userid}:
            raise BadGrant("The stored tokens belong to another Withings user.")
        return reply

    async def _ask(self, pair: TokenPair, *, patient: bool) -> TokenReply:
        """Withings' answer to a refresh.

        Without one nobody knows whether Withings has issued the next pair. Until that is used the old
        token still works, but the identical call only when some seconds have passed.
        """
        try:
            return await self._oauth.refresh(pair.refresh_token)
        except PASSING as error:
            if not patient or isinstance(error, Unreachable):
                raise
            log.warning("refresh is tried once more", reason=type(error).__name__)
        await self._sleep(AGAIN_AFTER.total_seconds())
        return await self._oauth.refresh(pair.refresh_token)

    async def _others(self, account: Account, pair: TokenPair) -> list[TokenPair]:
        """The account's other pairs, newest first: the predecessor may have left several."""
        rows = [row for user in sorted(account.users) for row in await self._links.rows(user)]
        pairs = [row.link.pair for row in rows if row.link and row.link.account == account.userid]
        others: dict[str, TokenPair] = {}
        for each in sorted(pairs, key=lambda pair: pair.saved_at, reverse=True):
            others.setdefault(each.refresh_token, each)
        others.pop(pair.refresh_token, None)
        return list(others.values())

    async def _saved(self, account: Account, fresh: TokenPair, *, replacing: TokenPair) -> TokenPair:
        for pause in (*SAVE_PAUSES, None):
            try:
                await self._links.replace_pair(account.userid, fresh, replacing=replacing)
            except PairChanged:
                # Somebody linked anew meanwhile; a newer consent's pair is the one to use.
                return await self._stored(account)
            except StorageUnavailable:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                break
        return fresh


def pair_from(reply: TokenReply, *, saved_at: datetime) -> TokenPair:
    """The pair in Withings' reply, dated to whole milliseconds as the store keeps it."""
    saved_at = saved_at.replace(microsecond=saved_at.microsecond // 1000 * 1000)
    return TokenPair(
        access_token=reply.access_token.get_secret_value(),
        refresh_token=reply.refresh_token.get_secret_value(),
        expires_at=saved_at + reply.lifetime,
        saved_at=saved_at,
        lifetime=reply.lifetime,
    )


async def _answer(ask: Callable[[str], Awaitable[ResultT]], pair: TokenPair) -> ResultT:
    """The answer; ConsentNeeded where Withings refuses the token in a way that no refresh mends."""
    try:
        return await ask(pair.access_token)
    except BadToken as error:
        if error.retry is Retry.RELINK:
            raise ConsentNeeded from error
        raise


def _margin(userid: str) -> timedelta:
    share = int.from_bytes(hashlib.sha256(userid.encode()).digest()[:2]) / 65535
    return SOONEST + SPREAD * share
