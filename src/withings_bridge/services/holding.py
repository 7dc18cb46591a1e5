"""An account's lease: kept while a turn runs, proven before the turn writes, taken over for an end.

A lease ends by itself, so whoever held it may not know yet that it is another's. Hence nothing is
written to records or rows without looking at the lease just before.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

from withings_bridge.domain.accounts import LEASE, RENEW_EVERY, Account, Lease
from withings_bridge.domain.errors import AccountUnknown, BridgeError, LeaseLost, StorageError
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Accounts

POLITE = timedelta(seconds=5)
"""How long a turn under way may go on before its account is taken over."""

POLL_SECONDS = 0.1


class Holding:
    """Holds leases on accounts."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        clock: Clock,
        renew_every: timedelta = RENEW_EVERY,
        polite: timedelta = POLITE,
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._renew_every = renew_every
        self._polite = polite
        self._process = f"{socket.gethostname()}:{os.getpid()}"

    def name(self) -> str:
        """A name of its own for every claim: two turns of one process are two holders."""
        return f"{self._process}:{secrets.token_hex(4)}"

    async def check(self, account: Account) -> Account:
        """The account as it is stored now; LeaseLost unless the lease it was claimed with still stands."""
        stored = await self._accounts.get(account.userid)
        held = stored.lease if stored else None
        if stored is None or held is None or account.lease is None or held.holder != account.lease.holder:
            raise LeaseLost
        return stored

    @asynccontextmanager
    async def kept(self, userid: str, holder: str) -> AsyncIterator[None]:
        """Hold the lease while the body runs; a lost one raises LeaseLost out of the body."""

        async def renew() -> None:
            await self._accounts.renew(userid, holder, now=self._clock(), lease=LEASE)

        async with renewing(renew, every=self._renew_every):
            yield

    @asynccontextmanager
    async def taken(self, userid: str) -> AsyncIterator[Account | None]:
        """The account, for the body alone; None when there is no such account.

        A turn under way may end by itself for some seconds. Then the lease is taken from it, and the
        body begins when it has surely noticed: it cannot settle from the first moment on, and
        whatever it was writing just then is written.
        """
        holder = self.name()
        async with self._alone(await self._take(userid, holder), holder) as account:
            yield account

    @asynccontextmanager
    async def if_free(self, userid: str) -> AsyncIterator[Account | None]:
        """The account, for the body alone; None when somebody holds it, or there is no such account."""
        holder = self.name()
        claimed = await self._accounts.claim_one(userid, holder, now=self._clock(), lease=LEASE)
        async with self._alone(claimed, holder) as account:
            yield account

    @asynccontextmanager
    async def _alone(self, account: Account | None, holder: str) -> AsyncIterator[Account | None]:
        """The account that the holder has claimed, until the body ends."""
        if account is None:
            yield None
            return
        userid = account.userid

        async def renew() -> None:
            try:
                await self._accounts.renew(userid, holder, now=self._clock(), lease=LEASE)
            except LeaseLost:
                if await self._accounts.get(userid) is not None:
                    raise
                # The body itself has ended the account, and may have more to do.

        try:
            async with renewing(renew, every=self._renew_every):
                yield account
        finally:
            await asyncio.shield(self.release(userid, holder))

    async def release(self, userid: str, holder: str) -> None:
        """Give the lease back, if it still is the holder's and the store can be told."""
        with suppress(BridgeError):
            await self._accounts.change(
                userid, lambda stored: replace(stored, lease=None), now=self._clock(), holder=holder
            )

    async def _take(self, userid: str, holder: str) -> Account | None:
        loop = asyncio.get_running_loop()
        polite_until = loop.time() + self._polite.total_seconds()
        while True:
            account = await self._accounts.claim_one(userid, holder, now=self._clock(), lease=LEASE)
            if account or await self._accounts.get(userid) is None:
                return account
            if loop.time() >= polite_until:
                break
            await asyncio.sleep(POLL_SECONDS)
        now = self._clock()
        lease = Lease(holder, now + LEASE)
        with suppress(AccountUnknown):
            taken = await self._accounts.change(userid, lambda stored: replace(stored, lease=lease), now=now)
            await asyncio.sleep(self._renew_every.total_seconds())
            return taken
        return None


@asynccontextmanager
async def renewing(renew: Callable[[], Awaitable[None]], *, every: timedelta) -> AsyncIterator[None]:
    """Renew something while the body runs; LeaseLost, once ``renew`` raises it, comes out of the body."""
    lost: list[LeaseLost] = []
    body = asyncio.current_task()

    async def keep_on() -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            try:
                await renew()
            except LeaseLost as error:
                lost.append(error)
                if body:
                    body.cancel()
                return
            except StorageError:
                continue

    keeping = asyncio.create_task(keep_on())
    try:
        yield
    except asyncio.CancelledError:
        if lost and body and body.uncancel() == 0:
            raise lost[0] from None
        raise
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
