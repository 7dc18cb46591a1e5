"""What may befall a process of the bridge between any two of its calls to the store or to Withings."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from typing import Any, TypeVar, cast

import httpx

from unit.services.sync.histories.skipping import SkippingLoop
from unit.services.weather import Weather
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.storage.base import Accounts, Ephemera, Links, Records, Storage, Trail, Vitals

StoreT = TypeVar("StoreT")
ResultT = TypeVar("ResultT")


class Killed(BaseException):
    """The process is gone: nothing that it still does reaches anybody."""


class Mishap(StrEnum):
    """What happens at a call."""

    KILLED_BEFORE = "killed before the call"
    KILLED_AFTER = "killed after the call, before its answer"
    UNREACHED = "the call does not arrive"
    UNANSWERED = "the call arrives, its answer does not"
    FROZEN = "frozen before a call to Withings, until it is woken"
    """In a turn alone, and not between a look at the lease and what is then written: there no lease helps."""


class Peril:
    """One process's fate: which mishap comes at which of its next calls."""

    def __init__(self, loop: SkippingLoop) -> None:
        self._loop = loop
        self._ahead: dict[int, Mishap] = {}
        self._awake = asyncio.Event()
        self._awake.set()
        self.frozen = asyncio.Event()
        self.may_freeze = False
        self._under_way = 0
        self._silent = asyncio.Event()
        self._silent.set()
        self.died = asyncio.Event()

    def befall(self, mishap: Mishap, *, after: int, times: int = 1) -> None:
        """The mishap comes when so many calls have gone well."""
        self._ahead |= dict.fromkeys(range(after, after + times), mishap)

    def pass_by(self) -> None:
        """What has not happened yet does not happen."""
        self._ahead.clear()

    def wake(self) -> None:
        """A frozen process goes on where it was, as if no time had passed."""
        self._awake.set()

    async def silence(self) -> None:
        """Wait until no call is under way: what goes on behind the scenes must not see time jump."""
        await self._silent.wait()

    async def at_store(self, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        async def standing() -> ResultT:
            with self._loop.standing_still():
                return await call()

        return await self._at(standing, StorageUnavailable(), StorageUnavailable())

    async def at_withings(self, request: httpx.Request, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        unreached = httpx.ConnectError("unreached", request=request)
        return await self._at(call, unreached, httpx.ReadTimeout("unanswered", request=request))

    async def _at(
        self, call: Callable[[], Awaitable[ResultT]], unreached: Exception, unanswered: Exception
    ) -> ResultT:
        mishap = self._ahead.pop(0, None)
        self._ahead = {number - 1: later for number, later in self._ahead.items()}
        if mishap is Mishap.FROZEN and self.may_freeze and isinstance(unreached, httpx.HTTPError):
            self._awake.clear()
            self.frozen.set()
        await self._awake.wait()
        if self.died.is_set() or mishap is Mishap.KILLED_BEFORE:
            self._die()
        if mishap is Mishap.UNREACHED:
            raise unreached
        self._under_way += 1
        self._silent.clear()
        try:
            result = await call()
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._silent.set()
        if self.died.is_set() or mishap is Mishap.KILLED_AFTER:
            self._die()
        if mishap is Mishap.UNANSWERED:
            raise unanswered
        return result

    def _die(self) -> None:
        self.died.set()
        raise Killed


class PerilousStorage:
    """A store as one process sees it."""

    def __init__(self, storage: Storage, peril: Peril) -> None:
        self.accounts: Accounts = _perilous(storage.accounts, peril)
        self.links: Links = _perilous(storage.links, peril)
        self.records: Records = _perilous(storage.records, peril)
        self.vitals: Vitals = _perilous(storage.vitals, peril)
        self.ephemera: Ephemera = _perilous(storage.ephemera, peril)
        # Nothing hangs on it, and it is written by the real time: a peril there would not come again.
        self.trail: Trail = storage.trail


class PerilousWeather(Weather):
    """The line to Withings as one process sees it."""

    def __init__(self, cloud: httpx.AsyncBaseTransport, peril: Peril) -> None:
        super().__init__(cloud)
        self._peril = peril

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sending = super().handle_async_request
        return await self._peril.at_withings(request, lambda: sending(request))


class _Perilous:
    def __init__(self, inner: object, peril: Peril) -> None:
        self._inner = inner
        self._peril = peril

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def answer(*args: Any, **kwargs: Any) -> Any:
            return await self._peril.at_store(lambda: method(*args, **kwargs))

        async def items(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            async def everything() -> list[Any]:
                return [item async for item in method(*args, **kwargs)]

            for item in await self._peril.at_store(everything):
                yield item

        return items if inspect.isasyncgenfunction(method) else answer


def _perilous(store: StoreT, peril: Peril) -> StoreT:
    return cast(StoreT, _Perilous(store, peril))
