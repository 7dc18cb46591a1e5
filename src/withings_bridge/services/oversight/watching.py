"""What happens, as it happens, for those who look on: by whichever replica it is done.

The trail is asked about once a second, and only while somebody looks; all who look share the answer.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from withings_bridge.domain.errors import StorageError
from withings_bridge.domain.trail import Step
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Trail

log = structlog.get_logger()

EVERY_SECONDS = 1.0

LATE = timedelta(seconds=20)
"""A step may show in the trail so much later than it was taken, above all a call that waited for its slot: so
far back it is looked for again.
"""

MOST_AT_ONCE = 500
MOST_LOOKS = 4
"""How often so many are read on, where more has happened than fits into one look."""

HELD = 20
"""Batches that wait for somebody who reads slowly. Who missed some looks at everything anew anyway."""

Steps = Sequence[Step]


class Watching:
    """Tells of steps as they are taken."""

    def __init__(self, *, trail: Trail, clock: Clock, every_seconds: float = EVERY_SECONDS) -> None:
        self._trail = trail
        self._clock = clock
        self._every = every_seconds
        self._watchers: set[asyncio.Queue[Steps]] = set()
        self._asking: asyncio.Task[None] | None = None

    async def steps(self, *, until: asyncio.Event, idle_seconds: float) -> AsyncGenerator[Steps, None]:
        """What happens from now on, in the order of time, until the event is set; nothing, as an empty
        sequence, after so many seconds without a step.
        """
        async with self._watched() as queue:
            waking = asyncio.create_task(_wake(queue, until))
            try:
                while not until.is_set():
                    try:
                        async with asyncio.timeout(idle_seconds):
                            steps = await queue.get()
                    except TimeoutError:
                        steps = ()
                    if not until.is_set():
                        yield steps
            finally:
                waking.cancel()

    @asynccontextmanager
    async def _watched(self) -> AsyncIterator[asyncio.Queue[Steps]]:
        queue: asyncio.Queue[Steps] = asyncio.Queue(HELD)
        self._watchers.add(queue)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(self._clock()), name="watching")
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
            if not self._watchers and self._asking is not None:
                self._asking.cancel()
                self._asking = None

    async def _ask(self, began_at: datetime) -> None:
        told: set[str] = set()
        while True:
            await asyncio.sleep(self._every)
            now = self._clock()
            try:
                found = await self._since(max(began_at, now - LATE), now)
            except StorageError as error:
                log.warning("the trail cannot be read", reason=type(error).__name__)
                continue
            except Exception as error:
                # Whoever looks on would wait for news for ever, and be told that all is live.
                log.exception("our bug", exc_info=error)
                continue
            if new := [step for step in found if step.place not in told]:
                for queue in self._watchers:
                    _put(queue, new)
            told = {step.place for step in found}

    async def _since(self, at: datetime, now: datetime) -> Steps:
        found: dict[str, Step] = {}
        for _ in range(MOST_LOOKS):
            steps = await self._trail.since(at, limit=MOST_AT_ONCE, now=now)
            found |= {step.place: step for step in steps}
            if len(steps) < MOST_AT_ONCE:
                break
            at = steps[-1].at
        return list(found.values())


async def _wake(queue: asyncio.Queue[Steps], until: asyncio.Event) -> None:
    await until.wait()
    _put(queue, ())


def _put(queue: asyncio.Queue[Steps], steps: Steps) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(steps)
