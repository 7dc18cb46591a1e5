"""Stand-ins that keep the promises of what they stand for, and tell a test what happened."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import NOON
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import AccountUnknown, StorageUnavailable
from withings_bridge.domain.links import Link, TokenPair, TokenRow
from withings_bridge.domain.vitals7 import VitalRow
from withings_bridge.services.inbox.requesting import Requesting, Synced
from withings_bridge.services.sync.publishing import Heard, RealtimeGateway
from withings_bridge.storage.base import Ephemera, JoinChange, Links, RowsPage, Vitals


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by

    def epoch(self) -> float:
        """Seconds since 1970, as a source of time for those who count so."""
        return self.now.astimezone(UTC).timestamp()


class TickingClock:
    """A clock that was set to a time and goes on from there."""

    def __init__(self, now: datetime = NOON, *, speed: float = 1) -> None:
        self._set_to, self._speed = now, speed
        self._set_at = time.monotonic()

    def __call__(self) -> datetime:
        return self._set_to + timedelta(seconds=(time.monotonic() - self._set_at) * self._speed)

    async def sleep(self, seconds: float) -> None:
        """Sleep by this clock."""
        await asyncio.sleep(seconds / self._speed)


class RecordingGateway(RealtimeGateway):
    """Remembers whose data it was told of."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.consents_needed: list[str] = []

    async def publish(self, user: str, *, at: datetime, consent_needed: bool = False) -> Heard:
        (self.consents_needed if consent_needed else self.published).append(user)
        return Heard(told=True)


class FailingSyncs(Requesting):
    """Syncs that fail at once, as told."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def sync(
        self,
        user: str,
        *,
        full: bool = False,
        only: Collection[Category] = (),
        patience: timedelta | None = None,
    ) -> Synced:
        raise self._error


class FailingVitals(Vitals):
    """Rows that can neither be written nor forgotten while ``failures`` last; then those of the store it
    stands before.
    """

    def __init__(self, inner: Vitals) -> None:
        self._inner = inner
        self.failures = 0
        self.error: Exception = StorageUnavailable()

    async def write(
        self, user: str, rows: Sequence[VitalRow], *, gone: Collection[str] = (), now: datetime
    ) -> int:
        if self.failures:
            self.failures -= 1
            raise self.error
        return await self._inner.write(user, rows, gone=gone, now=now)

    async def forget(self, user: str) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error
        await self._inner.forget(user)

    def rows(self, user: str, *, vital_type: str | None = None) -> AsyncIterator[dict[str, Any]]:
        return self._inner.rows(user, vital_type=vital_type)


class FailingLinks(Links):
    """Links that cannot be written while ``failures`` last, nor read while ``unread`` lasts; then those
    of the store it stands before.
    """

    def __init__(self, inner: Links) -> None:
        self._inner = inner
        self.failures = 0
        self.unread = 0

    def _perhaps_fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable

    async def get(self, user: str) -> Link | None:
        if self.unread:
            self.unread -= 1
            raise StorageUnavailable
        return await self._inner.get(user)

    async def rows(self, user: str) -> list[TokenRow]:
        return await self._inner.rows(user)

    async def page(self, *, after: str | None, limit: int) -> RowsPage:
        return await self._inner.page(after=after, limit=limit)

    async def adopt(self, link: Link, change: JoinChange, *, now: datetime) -> Account:
        self._perhaps_fail()
        return await self._inner.adopt(link, change, now=now)

    async def join(self, user: str, userid: str, pair: TokenPair, change: JoinChange) -> Account:
        self._perhaps_fail()
        return await self._inner.join(user, userid, pair, change)

    async def replace_pair(self, userid: str, pair: TokenPair, *, replacing: TokenPair) -> None:
        self._perhaps_fail()
        await self._inner.replace_pair(userid, pair, replacing=replacing)

    async def leave(self, user: str, userid: str | None) -> Account | None:
        self._perhaps_fail()
        return await self._inner.leave(user, userid)

    async def end(self, userid: str, only_if: Callable[[Account], bool]) -> bool:
        self._perhaps_fail()
        return await self._inner.end(userid, only_if)

    async def pushed(self, user: str, *, at: datetime) -> None:
        await self._inner.pushed(user, at=at)


class LateLinks(FailingLinks):
    """Links whose first reads were made before somebody else wrote."""

    def __init__(self, inner: Links, before: Link, *, reads: int) -> None:
        super().__init__(inner)
        self._before = before
        self._reads = reads

    async def get(self, user: str) -> Link | None:
        if self._reads:
            self._reads -= 1
            return self._before
        return await super().get(user)


class RelinkingLinks(FailingLinks):
    """Links that somebody links anew just before a refreshed pair is saved."""

    def __init__(self, inner: Links, user: str, newer: TokenPair) -> None:
        super().__init__(inner)
        self._user = user
        self._newer = newer

    async def replace_pair(self, userid: str, pair: TokenPair, *, replacing: TokenPair) -> None:
        def unchanged(account: Account | None) -> Account:
            if account is None:
                raise AccountUnknown
            return account

        await self.join(self._user, userid, self._newer, unchanged)
        await super().replace_pair(userid, pair, replacing=replacing)


class UnansweringEphemera(Ephemera):
    """A store that does not answer."""

    async def put(self, key: str, value: Mapping[str, str], *, until: datetime, now: datetime) -> bool:
        raise StorageUnavailable

    async def get(self, key: str, *, now: datetime) -> dict[str, str] | None:
        raise StorageUnavailable

    async def take(self, key: str, *, now: datetime) -> dict[str, str] | None:
        raise StorageUnavailable

    async def swap(
        self,
        key: str,
        value: Mapping[str, str],
        *,
        instead_of: Mapping[str, str] | None,
        until: datetime,
        now: datetime,
    ) -> dict[str, str] | None:
        raise StorageUnavailable

    async def acquire(self, name: str, holder: str, *, until: datetime, now: datetime) -> bool:
        raise StorageUnavailable

    async def held(self, name: str, *, now: datetime) -> bool:
        raise StorageUnavailable

    async def release(self, name: str, holder: str) -> None:
        raise StorageUnavailable
