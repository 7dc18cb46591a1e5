"""What happens to accounts, noted for people who look: see ``domain.trail``.

Nobody waits for a note and nothing fails of one. Notes are gathered for a moment and written together,
so the acknowledgement of a notification stays one small write. A process that is killed loses the notes
of its last moment, and no data.
"""

import asyncio
import itertools
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog

from withings_bridge.domain.errors import StorageError
from withings_bridge.domain.records import EPOCH
from withings_bridge.domain.trail import Step, What
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Trail

log = structlog.get_logger()

GATHER_SECONDS = 0.25
FLOOD_SECONDS = 2.0
"""How long notes are gathered, and how long in a flood: what is written more rarely keeps fewer
acknowledgements waiting.
"""

MANY = 64
"""Steps of one moment, from which on it is such a flood."""

MINUTE = timedelta(minutes=1)
MOST_A_MINUTE = 200
"""Steps of one account: anybody can post notifications, and each of them would stay for weeks."""


class Noting:
    """Notes what happens."""

    def __init__(self, *, trail: Trail, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock
        self._numbers = itertools.count()
        self._process = secrets.token_hex(2)
        self._gathered: list[Step] = []
        self._flushing = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self._minute_began = EPOCH
        self._noted: Counter[str] = Counter()

    def note(self, account: str, what: What, *, at: datetime | None = None, **about: Any) -> None:
        """Note a step that was taken just now, or ``at`` some time; ``about`` as the fields of ``Step``."""
        now = self._clock()
        if not self._minute_began <= now < self._minute_began + MINUTE:
            self._minute_began = now
            self._noted.clear()
        self._noted[account] += 1
        if self._noted[account] > MOST_A_MINUTE:
            return
        # Steps of one instant stay in the order in which they were taken.
        name = f"{next(self._numbers):08x}{self._process}"
        self._gathered.append(Step(at=at or now, account=account, what=what, id=name, **about))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon(), name="noting")

    def forget(self, account: str) -> None:
        """Let go of what is noted of an account, and not yet written."""
        self._gathered = [step for step in self._gathered if step.account != account]

    async def flush(self) -> None:
        """Write what was gathered, and wait for what is being written."""
        async with self._flushing:
            steps, self._gathered = self._gathered, []
            if not steps:
                return
            try:
                await self._trail.append(steps, now=self._clock())
            except StorageError as error:
                log.warning("steps not noted", steps=len(steps), reason=type(error).__name__)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Write what is left when the body ends."""
        try:
            yield
        finally:
            if self._writing:
                self._writing.cancel()
                await asyncio.wait([self._writing])
            await self.flush()

    async def _write_soon(self) -> None:
        while self._gathered:
            await asyncio.sleep(GATHER_SECONDS)
            if len(self._gathered) >= MANY:
                await asyncio.sleep(FLOOD_SECONDS - GATHER_SECONDS)
            # To its end, also when the bridge is told to stop meanwhile.
            await asyncio.shield(self.flush())
