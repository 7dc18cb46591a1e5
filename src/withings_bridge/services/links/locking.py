"""The lock under which an account's pair is refreshed: one at a time, in all replicas."""

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta

from withings_bridge.domain.errors import LinkError, StorageUnavailable, Unreachable
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Ephemera

LOCK = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=5)
"""Whoever refreshes holds a lock of the account and renews it; of one who died it ends by itself."""


class RefreshLock:
    """The right to refresh an account's pair.

    Entered once it is acquired, it is renewed until the block ends. After a refresh that Withings may
    have heard of and that failed, it is not given back but left to end, so that nobody repeats the same
    call too soon.
    """

    def __init__(self, ephemera: Ephemera, userid: str, clock: Clock) -> None:
        self._ephemera = ephemera
        self._name = f"refresh#{userid}"
        self._holder = secrets.token_hex(8)
        self._clock = clock
        self._renewing: asyncio.Task[None] | None = None

    async def acquired(self) -> bool:
        """Take or keep the lock; False while another holds it."""
        now = self._clock()
        return await self._ephemera.acquire(self._name, self._holder, until=now + LOCK, now=now)

    async def __aenter__(self) -> None:
        self._renewing = asyncio.create_task(self._renew())

    async def __aexit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        if self._renewing:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing
        if kind is None or issubclass(kind, (LinkError, Unreachable)):
            await self._ephemera.release(self._name, self._holder)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY.total_seconds())
            with suppress(StorageUnavailable):
                await self.acquired()
