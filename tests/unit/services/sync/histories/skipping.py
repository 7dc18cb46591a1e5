"""An event loop in which nobody waits: when all that is left to do is sleep, the clock is put forward.

Pauses, polls and time-outs of the services then follow the clock that a test holds, take no time, and
come in the same order every time. While a thread works for somebody, time stands still.
"""

import asyncio
import math
import selectors
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar, TypeVarTuple, Unpack

from fakes import FakeClock

ResultT = TypeVar("ResultT")
ArgumentsTs = TypeVarTuple("ArgumentsTs")

_WHILE_THREADS_WORK = 0.05
"""Seconds of real time after which a thread's answer is looked for again."""


class SkippingLoop(asyncio.SelectorEventLoop):
    """Runs by a clock that others may put forward too."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._elsewhere = 0
        super().__init__(_Skipping(self))
        # What is due within this is due; the default is lost in the digits of seconds since 1970.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._clock.epoch()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Around a call that another thread answers: nobody's patience ends meanwhile."""
        self._elsewhere += 1
        try:
            yield
        finally:
            self._elsewhere -= 1

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[Unpack[ArgumentsTs]], ResultT],
        *args: *ArgumentsTs,
    ) -> asyncio.Future[ResultT]:
        future = super().run_in_executor(executor, func, *args)
        self._elsewhere += 1
        future.add_done_callback(self._answered)
        return future

    def _answered(self, _: object) -> None:
        self._elsewhere -= 1

    def wait(self, seconds: float) -> float:
        """How long to wait in real time for what comes from outside, before ``seconds`` have passed."""
        return min(seconds, _WHILE_THREADS_WORK) if self._elsewhere else 0

    def skip(self, seconds: float) -> None:
        if not self._elsewhere:
            self._clock.advance(timedelta(microseconds=math.ceil(seconds * 1e6)))


class _Skipping(selectors.SelectSelector):
    """Puts the clock forward instead of sleeping."""

    def __init__(self, loop: SkippingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not timeout or timeout < 0:
            return super().select(timeout)
        events = super().select(self._loop.wait(timeout))
        if not events:
            self._loop.skip(timeout)
        return events
