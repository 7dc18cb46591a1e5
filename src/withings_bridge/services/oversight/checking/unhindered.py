"""A pace that no store can stop: whether Withings answers is to be seen also while the store does not."""

from contextlib import suppress
from datetime import timedelta

from withings_bridge.domain.errors import StorageError
from withings_bridge.withings import Call, Pace


class Unhindered:
    """Keeps to the shared schedule as long as it can be read."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def wait(self, call: Call) -> None:
        """See ``Pace``."""
        with suppress(StorageError):
            await self._pace.wait(call)

    async def slow_down(self, wait: timedelta | None) -> None:
        """See ``Pace``."""
        await self._pace.slow_down(wait)
