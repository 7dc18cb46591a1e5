"""When a call to Withings may leave: by one schedule for the whole application, kept in the store.

The lane travels with the work like a log context: every call made for it, each page and a refresh on
the way included, waits in that lane. Work can be hurried while it waits.
"""

import asyncio
import hashlib
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from withings_bridge.domain.errors import RateLimited, StorageError
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.quota import (
    LATENESS,
    MINUTE,
    Budget,
    Later,
    Schedule,
    Slot,
    book,
    paused,
    swept,
    used,
)
from withings_bridge.domain.records import EPOCH
from withings_bridge.domain.troubles import RATE_LIMIT_PAUSE
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Ephemera
from withings_bridge.withings import Call

log = structlog.get_logger()

ORDER = {lane: place for place, lane in enumerate(Lane)}
MICROSECOND = timedelta(microseconds=1)

CODE_PATIENCE_SECONDS = 5.0
"""An authorization code lives 30 s: rather ask out of turn than let it die in the line."""

NAP_SECONDS = 0.5
"""Nobody sleeps longer without a look at the clock, which may have been set meanwhile."""

Step = Callable[[Schedule], Slot | Later]


class Urgency:
    """The lane of some work, which may change while it waits."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane


_URGENCY: ContextVar[Urgency | None] = ContextVar("urgency", default=None)


@contextmanager
def in_lane(urgency: Urgency) -> Iterator[None]:
    """What is called inside belongs to this work. Outside of any, somebody waits: it is live."""
    token = _URGENCY.set(urgency)
    try:
        yield
    finally:
        _URGENCY.reset(token)


@dataclass(slots=True, eq=False)
class _Caller:
    """Somebody who waits for a slot."""

    digest: str
    urgency: Urgency
    number: int
    not_before: datetime = EPOCH
    slot: datetime | None = None
    """A slot that was missed."""
    future: "asyncio.Future[datetime]" = field(default_factory=asyncio.Future)


@dataclass(frozen=True, slots=True)
class Usage:
    """How the budget of Withings calls was used in the last hour."""

    calls: Mapping[datetime, Mapping[Lane, int]]
    """By the beginning of a stretch of five minutes and the lane; the oldest first."""
    until: datetime
    """When it was looked at."""
    per_minute: int
    """How many calls Withings grants."""
    paused_until: datetime | None
    """Withings asked everybody to wait until then; None: nobody waits."""

    @property
    def by_lane(self) -> dict[Lane, int]:
        """The calls of the whole hour."""
        return {lane: sum(calls[lane] for calls in self.calls.values()) for lane in Lane}

    @property
    def total(self) -> int:
        """The calls of all lanes."""
        return sum(self.by_lane.values())

    @property
    def hourly(self) -> int:
        """How many calls were granted in the time that is told of, which is an hour and some minutes."""
        return round(self.per_minute * ((self.until - min(self.calls)) / timedelta(minutes=1)))


class Pacing:
    """Keeps the application within its budget, together with every other replica.

    ``application`` names the schedule: one for each client id. ``sleep`` is given seconds.
    """

    def __init__(
        self,
        *,
        ephemera: Ephemera,
        budget: Budget,
        application: str,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ephemera = ephemera
        self._budget = budget
        self._key = f"quota#{hashlib.sha256(application.encode()).hexdigest()[:16]}"
        self._clock = clock
        self._sleep = sleep
        self._known: dict[str, str] | None = None
        """The schedule as last seen. An old one promises too much at worst, which a swap finds out."""
        self._line: list[_Caller] = []
        self._closed_until = dict.fromkeys(Lane, EPOCH)
        self._numbers = itertools.count()
        self._woken = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def wait(self, call: Call) -> None:
        """Return when the call may leave.

        Raises RateLimited when that is too far away to wait for, and StorageUnavailable when the
        schedule cannot be read. The exchange of a code alone leaves within seconds whatever happens.
        """
        if call.parameters.get("grant_type") == "authorization_code":
            with suppress(TimeoutError, RateLimited, StorageError):
                async with asyncio.timeout(CODE_PATIENCE_SECONDS):
                    await self._wait(call)
        else:
            await self._wait(call)

    async def slow_down(self, wait: timedelta | None) -> None:
        """Hold everybody back for as long as Withings asked."""
        until = self._clock() + (wait or RATE_LIMIT_PAUSE)
        log.warning("Withings asks everybody to slow down", until=until.isoformat(timespec="seconds"))
        with suppress(StorageError):
            await self._take(lambda schedule: Slot(until, paused(schedule, until)))

    async def usage(self) -> "Usage":
        """How the budget was used of late, by all replicas together. Raises a StorageError."""
        now = self._clock()
        schedule = _load(await self._ephemera.get(self._key, now=now))
        paused_until = schedule.paused_until if schedule.paused_until > now else None
        return Usage(used(schedule, now), now, self._budget.per_minute, paused_until)

    def may_sweep(self) -> bool:
        """Whether the sweeps' share of the budget allows to begin another, as far as is known here."""
        return _load(self._known).sweep_at <= self._clock()

    async def sweeping(self, calls: int) -> None:
        """A sweep of about so many calls begins: count it against the share."""
        now = self._clock()
        await self._take(lambda schedule: Slot(now, swept(schedule, self._budget, calls, now=now)))

    def hurry(self, urgency: Urgency) -> None:
        """Somebody waits for this work now."""
        urgency.lane = Lane.LIVE
        self._woken.set()

    async def _wait(self, call: Call) -> None:
        urgency = _URGENCY.get() or Urgency(Lane.LIVE)
        digest = secrets.token_hex(6) if call.may_be_repeated else _digest(call)
        caller = _Caller(digest, urgency, next(self._numbers))
        while True:
            slot = await self._slot(caller)
            while (left := (slot - self._clock()).total_seconds()) > 0:
                await self._sleep(min(left, NAP_SECONDS))
            if self._clock() <= slot + LATENESS:
                return
            # Used late it would fall into a minute that has no room for it.
            caller = _Caller(caller.digest, urgency, caller.number, slot=slot)

    async def _slot(self, caller: _Caller) -> datetime:
        self._line.append(caller)
        self._woken.set()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(), name="pacing")
        try:
            return await caller.future
        finally:
            if caller in self._line:  # cancelled
                self._line.remove(caller)

    async def _serve(self) -> None:
        """Book slots for those who wait, the most urgent first, until nobody waits."""
        while self._line:
            self._woken.clear()
            opens_at = {caller: self._opens_at(caller) for caller in self._line}
            now = self._clock()
            ready = [caller for caller, at in opens_at.items() if at <= now]
            if not ready:
                await self._rest(min((min(opens_at.values()) - now).total_seconds(), NAP_SECONDS))
                continue
            caller = min(ready, key=lambda each: (ORDER[each.urgency.lane], each.number))
            try:
                outcome = await self._take(self._booking(caller))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's to handle
                self._dismiss(caller, error)
            else:
                self._tell(caller, outcome)

    def _opens_at(self, caller: _Caller) -> datetime:
        return max(caller.not_before, self._closed_until[caller.urgency.lane])

    def _booking(self, caller: _Caller) -> Step:
        lane, now = caller.urgency.lane, self._clock()

        def step(schedule: Schedule) -> Slot | Later:
            asked = dict(schedule.asked)
            if caller.slot is not None and asked.get(caller.digest) == caller.slot:
                del asked[caller.digest]  # its own, and it did not leave
            return book(replace(schedule, asked=asked), self._budget, lane, caller.digest, now=now)

        return step

    def _tell(self, caller: _Caller, outcome: Slot | Later) -> None:
        if isinstance(outcome, Slot):
            if self._leave(caller):
                caller.future.set_result(outcome.at)
        elif outcome.put_off:
            wait = max(outcome.at - self._clock(), MICROSECOND)
            self._dismiss(caller, RateLimited("The budget of Withings calls is spent.", retry_after=wait))
        elif outcome.same:
            caller.not_before = outcome.at
        else:
            self._closed_until[caller.urgency.lane] = outcome.at

    def _dismiss(self, caller: _Caller, error: Exception) -> None:
        if self._leave(caller):
            caller.future.set_exception(error)

    def _leave(self, caller: _Caller) -> bool:
        """Take the caller out of the line; False where it has left by itself, not waiting any more."""
        if caller not in self._line or caller.future.done():
            return False
        self._line.remove(caller)
        return True

    async def _rest(self, seconds: float) -> None:
        """Sleep, or until somebody new waits or is hurried."""
        tasks = {
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._woken.wait()),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()

    async def _take(self, step: Step) -> Slot | Later:
        """Put the schedule that the step makes in place of the one in the store, computed anew while
        others get in first.
        """
        while True:
            known = self._known
            outcome = step(_load(known))
            if isinstance(outcome, Later):
                return outcome
            value = {**_dump(outcome.schedule), "by": secrets.token_hex(8)}
            now = self._clock()
            until = max(outcome.schedule.ends_at, now + LATENESS)
            self._known = await self._ephemera.swap(self._key, value, instead_of=known, until=until, now=now)
            if self._known == value:
                return outcome


def _digest(call: Call) -> str:
    """Names a call and whoever makes it, and tells neither."""
    said = [
        call.url,
        call.action,
        call.access_token or "",
        *itertools.chain(*sorted(call.parameters.items())),
    ]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:12]


def _dump(schedule: Schedule) -> dict[str, str]:
    asked = " ".join(f"{digest}:{_count(at)}" for digest, at in schedule.asked.items())
    times = {
        "free_at": schedule.free_at,
        "paused_until": schedule.paused_until,
        "sweep_at": schedule.sweep_at,
    }
    return {
        **{name: str(_count(at)) for name, at in times.items()},
        "asked": asked,
        "used": _counts(schedule),
    }


def _load(value: Mapping[str, str] | None) -> Schedule:
    if value is None:
        return Schedule()
    asked = (entry.partition(":") for entry in value["asked"].split())
    return Schedule(
        free_at=_time(value["free_at"]),
        paused_until=_time(value["paused_until"]),
        sweep_at=_time(value["sweep_at"]),
        asked={digest: _time(count) for digest, _, count in asked},
        # A bridge of another version beside us, while it is being replaced, writes none, or in other words.
        used=_counted(value.get("used", "")),
    )


def _counts(schedule: Schedule) -> str:
    """The calls by stretch and lane, in few letters: each call to Withings writes them anew."""
    stretches = sorted({at for at, _ in schedule.used})
    return " ".join(
        f"{(at - EPOCH) // MINUTE}:{','.join(str(schedule.used.get((at, lane), 0)) for lane in Lane)}"
        for at in stretches
    )


def _counted(text: str) -> dict[tuple[datetime, Lane], int]:
    """The same read back; nothing of what is not understood, for no call goes by it."""
    found: dict[tuple[datetime, Lane], int] = {}
    with suppress(ValueError, OverflowError):
        for entry in text.split():
            minutes, _, by_lane = entry.partition(":")
            for lane, calls in zip(Lane, map(int, by_lane.split(",")), strict=True):
                if calls:
                    found[EPOCH + int(minutes) * MINUTE, lane] = calls
    return found


def _count(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def _time(count: str) -> datetime:
    return EPOCH + int(count) * MICROSECOND
