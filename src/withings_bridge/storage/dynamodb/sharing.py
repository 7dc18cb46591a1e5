"""Requests that are shared by writes which have nothing to do with each other, while there are many of them.

A request takes the client five times as long as what is added to one by another write, so a flood is over
sooner when writes go together. In a transaction a write costs twice as much: below a flood each goes alone.
"""

import asyncio
from collections.abc import Sequence

from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.storage.dynamodb.engine import Engine, Refused
from withings_bridge.storage.dynamodb.writes import Write

ALONE = 4
"""So many requests may be under way before a write waits for the end of one, to go with others that wait."""

MOST_TOGETHER = 25
"""If one of them is refused all are, and each goes alone after all."""


class Sharing:
    """Sends small conditional writes to items that differ."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._under_way = 0
        self._waiting: list[tuple[Write, asyncio.Future[bool]]] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def write(self, write: Write) -> None:
        """Send it, alone or with others. Raises as ``Engine.write`` does, ``Refused`` with what is stored."""
        if self._under_way < ALONE:
            self._under_way += 1
            try:
                await self._engine.write(write)
            finally:
                self._ended()
            return
        went_along: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, went_along))
        if not await went_along:
            await self._engine.write(write)

    async def finish(self) -> None:
        """Wait for what is under way, whoever still waits for it."""
        await asyncio.gather(*self._sending)

    def _ended(self) -> None:
        """A request has: the next is for those that wait."""
        self._under_way -= 1
        waiting, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        if waiting:
            self._under_way += 1
            sending = asyncio.create_task(self._send(waiting), name="sharing")
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)

    async def _send(self, waiting: Sequence[tuple[Write, "asyncio.Future[bool]"]]) -> None:
        waiting = [(write, answer) for write, answer in waiting if not answer.done()]
        outcome: bool | Exception = False
        try:
            if len(waiting) > 1:
                await self._engine.transact([write for write, _ in waiting])
                outcome = True
        except Refused:
            outcome = False  # one of them is: each finds out by itself
        except Exception as error:  # noqa: BLE001 - those who wait raise it
            # A store that cannot take them together would not take each of them sooner.
            outcome = error if isinstance(error, StorageUnavailable) else False
        for _, answer in waiting:
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
        self._ended()
