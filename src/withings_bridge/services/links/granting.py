"""Withings' grant for an account: stored and revoked by one at a time.

A revocation ends every pair of the account, also one that was granted a moment ago to somebody who
links it just now. So both are done under one lock, and a revocation leaves a trace for some time: a
consent that may be older than it is proven before it is stored.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from withings_bridge.domain.accounts import LEASE, RENEW_EVERY
from withings_bridge.domain.errors import BadGrant, LeaseLost, StorageError, StorageUnavailable, WithingsError
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import renewing
from withings_bridge.storage.base import Ephemera
from withings_bridge.withings import TokenReply, WithingsOAuth

log = structlog.get_logger()

PATIENCE = timedelta(seconds=30)
"""Longer than ending a link takes, as a rule."""

TRACE = timedelta(seconds=60)
"""Longer than a consent takes from Withings' answer to our store."""

POLL_SECONDS = 0.1


class Granting:
    """Guards the grants of Withings accounts."""

    def __init__(
        self,
        *,
        ephemera: Ephemera,
        oauth: WithingsOAuth,
        clock: Clock,
        renew_every: timedelta = RENEW_EVERY,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._ephemera = ephemera
        self._oauth = oauth
        self._clock = clock
        self._renew_every = renew_every
        self._patience = patience

    @asynccontextmanager
    async def alone(self, userid: str) -> AsyncIterator[None]:
        """Run the body while nobody else links or ends the account; waits for those who do.

        Raises LeaseLost when that takes too long, StorageUnavailable when the store is silent so long.
        """
        name, holder = f"grant#{userid}", secrets.token_hex(8)

        async def acquire() -> None:
            now = self._clock()
            if not await self._ephemera.acquire(name, holder, until=now + LEASE, now=now):
                raise LeaseLost("This Withings account is being linked or unlinked; try again in a minute.")

        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._patience.total_seconds()
        while True:
            try:
                await acquire()
            except (LeaseLost, StorageUnavailable):
                if loop.time() >= give_up_at:
                    raise
                await asyncio.sleep(POLL_SECONDS)
            else:
                break
        try:
            async with renewing(acquire, every=self._renew_every):
                yield
        finally:
            await asyncio.shield(self._release(name, holder))

    async def revoke(self, userid: str) -> None:
        """End the grant at Withings, its subscriptions included. Only while ``alone``.

        Raises a WithingsError, or a StorageError and then has revoked nothing.
        """
        now = self._clock()
        # Taken first, so that the trace of an earlier time does not end too soon for this one.
        await self._ephemera.take(_trace(userid), now=now)
        await self._ephemera.put(_trace(userid), {}, until=now + TRACE, now=now)
        await self._oauth.revoke(userid)

    async def proven(self, userid: str, reply: TokenReply) -> TokenReply:
        """A new consent's pair that is not dead already. Only while ``alone``.

        Where a revocation has just been made Withings alone knows which came first: the pair is
        refreshed, and BadGrant raised when Withings no longer honours it.
        """
        if await self._ephemera.get(_trace(userid), now=self._clock()) is None:
            return reply
        try:
            fresh = await self._oauth.refresh(reply.refresh_token.get_secret_value())
        except BadGrant:
            raise
        except WithingsError as error:
            # No refusal, so what was granted counts. Should it be dead, the first turn finds out.
            log.warning("consent not proven", account=userid, reason=str(error))
            return reply
        return fresh.model_copy(update={"userid": userid, "scope": fresh.scope or reply.scope})

    async def _release(self, name: str, holder: str) -> None:
        with suppress(StorageError):
            await self._ephemera.release(name, holder)


def _trace(userid: str) -> str:
    return f"revoked#{userid}"
