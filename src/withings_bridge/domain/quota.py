"""The application's budget of Withings calls, as one paced schedule that all replicas share.

Withings counts the calls of an application, whoever makes them, in a minute whose edges it does not
tell. So calls are spread evenly: in no 60 s do more leave than the budget allows, wherever the 60 s
begin. Everything here is a pure function of the schedule as stored and the time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.records import EPOCH

MINUTE = timedelta(minutes=1)

SAME_ARGUMENTS = timedelta(seconds=10)
"""Withings refuses a call that is identical to one within this time."""

LATENESS = timedelta(seconds=1)
"""How much later than its slot a call may reach Withings, for which room is left in every minute."""

REACH = {Lane.ERRAND: 3, Lane.RECONCILE: 2, Lane.BACKFILL: 1}
"""How many slots ahead those may take one whom nobody waits for."""

TOLD_FOR = timedelta(hours=1)
"""For how long it is told which lane the calls were made for."""

STRETCH = timedelta(minutes=5)
"""Calls are counted by stretches of this length."""

LIVE_PATIENCE = timedelta(seconds=15)
"""Live work that would wait longer is put off instead, so that it holds no lease meanwhile."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many calls a minute Withings grants the application."""

    per_minute: int

    @property
    def credit(self) -> int:
        """How many calls live work may be ahead of the even pace, so that a weigh-in need not wait."""
        return min(9, self.per_minute // 40)

    @property
    def interval(self) -> timedelta:
        """The time between two calls at the even pace.

        In any 60 s fit the calls of that pace, one for the edge, the credit, and those that left
        earlier and arrive late; together they are the budget. Of 120 calls that leaves 114.
        """
        late = math.ceil(self.per_minute * (LATENESS / MINUTE))
        return MINUTE / max(self.per_minute - self.credit - 1 - late, self.per_minute / 2)

    @property
    def sweep_interval(self) -> timedelta:
        """The time between two calls of sweeps, which get a third of the budget at most."""
        return 3 * self.interval


@dataclass(frozen=True, slots=True)
class Schedule:
    """What has been promised to callers so far."""

    free_at: datetime = EPOCH
    """When the next call may leave at the even pace."""
    paused_until: datetime = EPOCH
    """Withings asked everybody to wait until then."""
    sweep_at: datetime = EPOCH
    """When the next sweep may begin."""
    asked: Mapping[str, datetime] = field(default_factory=dict)
    """Digests of the calls of the last seconds, and when each leaves."""
    used: Mapping[tuple[datetime, Lane], int] = field(default_factory=dict)
    """How many slots were taken of late, by the beginning of their stretch and their lane. One that was taken
    and missed counts, since nobody else could have it.
    """

    @property
    def ends_at(self) -> datetime:
        """When nothing of it matters any more."""
        paced = max(self.free_at, self.paused_until, self.sweep_at) + SAME_ARGUMENTS + LATENESS
        return max([paced, *(begins_at + STRETCH + TOLD_FOR for begins_at, _ in self.used)])


@dataclass(frozen=True, slots=True)
class Slot:
    """A time at which one call may leave, and the schedule in which it is taken."""

    at: datetime
    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing was taken; it is worth asking again at ``at``."""

    at: datetime
    put_off: bool = False
    """Too late to wait for: Withings asked for a pause, or live work queues up."""
    same: bool = False
    """It is this very call that has to wait; others of its lane need not."""


def book(schedule: Schedule, budget: Budget, lane: Lane, digest: str, *, now: datetime) -> Slot | Later:
    """The next slot for a call, as far as its lane may reach ahead.

    Live work takes a slot at once, however many wait before it within reason, and may use the
    credit. The others keep to the pace and take no slot long before it comes, or live work would
    find the next seconds taken; each reaches one slot further than the lane behind it, and so goes
    before it.
    ``digest`` names the call: the same one has to wait until Withings has forgotten it.
    """
    asked = {key: at for key, at in schedule.asked.items() if now < at + SAME_ARGUMENTS + LATENESS}
    if digest in asked:
        return Later(asked[digest] + SAME_ARGUMENTS + LATENESS, same=True)
    interval = budget.interval
    if lane is Lane.LIVE:
        at = max(now, schedule.free_at - budget.credit * interval, schedule.paused_until)
        reach = LIVE_PATIENCE
    else:
        at = max(now, schedule.free_at, schedule.paused_until)
        reach = interval * REACH[lane]
    if at - now > reach:
        paused = schedule.paused_until - now > LIVE_PATIENCE
        return Later(schedule.paused_until if paused else at - reach, put_off=paused or lane is Lane.LIVE)
    taken = replace(
        schedule,
        free_at=max(schedule.free_at, at) + interval,
        asked={**asked, digest: at},
        used=_with_one_more(schedule, at, lane, now=now),
    )
    return Slot(at, taken)


def used(schedule: Schedule, now: datetime) -> dict[datetime, dict[Lane, int]]:
    """How many calls each lane made in the stretches that the last hour touches, the oldest first, those
    without any included; the newest, which is not over, is the last.
    """
    newest = _stretch(now)
    stretches = [newest - n * STRETCH for n in reversed(range(TOLD_FOR // STRETCH + 1))]
    return {
        begins_at: {lane: schedule.used.get((begins_at, lane), 0) for lane in Lane} for begins_at in stretches
    }


def _with_one_more(
    schedule: Schedule, at: datetime, lane: Lane, *, now: datetime
) -> dict[tuple[datetime, Lane], int]:
    kept = {key: calls for key, calls in schedule.used.items() if key[0] + STRETCH > now - TOLD_FOR}
    key = (_stretch(at), lane)
    return {**kept, key: kept.get(key, 0) + 1}


def _stretch(at: datetime) -> datetime:
    return EPOCH + (at - EPOCH) // STRETCH * STRETCH


def paused(schedule: Schedule, until: datetime) -> Schedule:
    """After Withings asked to slow down."""
    return replace(schedule, paused_until=max(schedule.paused_until, until))


def swept(schedule: Schedule, budget: Budget, calls: int, *, now: datetime) -> Schedule:
    """After a sweep of about so many calls began: the next may when their share of the budget is paid."""
    return replace(schedule, sweep_at=max(schedule.sweep_at, now) + calls * budget.sweep_interval)
