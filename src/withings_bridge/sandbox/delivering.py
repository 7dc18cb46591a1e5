"""Posts notifications on Withings' published schedule, by the sandbox's own clock.

Five cycles of two tries: at once, then after 10 s, 1 minute and 1 to 10 more, 1 hour and 2 to 20
minutes, 4 hours and 3 to 30 minutes. Below 400 is success. After 20 days without one the
subscription is dropped.
"""

import asyncio
import contextlib
from random import Random

import httpx

from withings_bridge.sandbox.clock import Clock
from withings_bridge.sandbox.world import World
from withings_bridge.sandbox.world.deliveries import Delivery, DeliveryState

MAX_TRIES = 10
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_CYCLES = (
    (0, 0),
    (10, 10),
    (_MINUTE + _MINUTE, _MINUTE + 10 * _MINUTE),
    (_HOUR + 2 * _MINUTE, _HOUR + 20 * _MINUTE),
    (4 * _HOUR + 3 * _MINUTE, 4 * _HOUR + 30 * _MINUTE),
)
"""Least and most seconds between the end of one cycle and the start of the next."""
_TRIES_PER_CYCLE = 2
_DROPPED_AFTER = 20 * _DAY
_ANSWER_SECONDS = 5.0
_FIRST_FAILURE = 400


def seconds_before_try(number: int, random: Random) -> float:
    """How long after the failed try before it the ``number``-th try (1 to 10) follows."""
    cycle, second_of_cycle = divmod(number - 1, _TRIES_PER_CYCLE)
    return 0 if second_of_cycle else random.uniform(*_CYCLES[cycle])


class Courier:
    """Delivers what is due and sleeps until something is, or until it is woken.

    In order for each URL, one after the other; a URL that is slow or dead delays no other.
    """

    def __init__(self, world: World, clock: Clock, http: httpx.AsyncClient) -> None:
        self._world = world
        self._clock = clock
        self._http = http
        self._woken = asyncio.Event()
        self._under_way: set[str] = set()

    def wake(self) -> None:
        """To be called when a delivery was added or the clock was moved."""
        self._woken.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as rounds:
            while True:
                self._woken.clear()
                pause = self._set_out(rounds)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()

    def _set_out(self, rounds: asyncio.TaskGroup) -> float | None:
        """Starts a round to every URL that has something due; returns the seconds until the next has."""
        now, pauses = self._clock.timestamp(), []
        for url, due_at in self._world.deliveries.next_due().items():
            if url in self._under_way:
                continue
            if due_at <= now:
                self._under_way.add(url)
                rounds.create_task(self._round(url))
            else:
                pauses.append(due_at - now)
        return min(pauses, default=None)

    async def _round(self, url: str) -> None:
        """One try of everything that is due at this URL."""
        try:
            for delivery in self._world.deliveries.due(url, now=self._clock.timestamp()):
                self._settle(delivery, await self._post(delivery))
        finally:
            self._under_way.discard(url)
            self.wake()

    async def _post(self, delivery: Delivery) -> int | None:
        """The HTTP status of the answer, or None where none came."""
        try:
            response = await self._http.post(delivery.url, data=delivery.fields, timeout=_ANSWER_SECONDS)
        except httpx.HTTPError:
            return None
        return response.status_code

    def _settle(self, delivery: Delivery, status: int | None) -> None:
        now = self._clock.timestamp()
        tries = delivery.tries + 1
        state, due_at = DeliveryState.DELIVERED, now
        if status is not None and status < _FIRST_FAILURE:
            self._world.subscriptions.note_success(delivery.subscription_id)
        else:
            since = self._world.subscriptions.note_failure(delivery.subscription_id, now=now)
            if now - since >= _DROPPED_AFTER:
                self._world.subscriptions.remove(delivery.subscription_id)
            if tries < MAX_TRIES:
                state = DeliveryState.WAITING
                # Seeded by the delivery, so that a schedule can be read before it is walked.
                due_at = now + seconds_before_try(tries + 1, Random(f"{delivery.id}:{tries}"))
            else:
                state = DeliveryState.FAILED
        self._world.deliveries.note_try(delivery, state=state, due_at=due_at, status=status)
