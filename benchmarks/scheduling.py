"""How many Withings calls a minute 1, 1,000 and 100,000 accounts need: on paper, and by the bridge's own
schedule in virtual time.

The day that is supposed is written down below, in calls. On paper it is a sum. In virtual time each call
takes its slot by ``domain.quota.book``, in the lane that it has in a bridge, while people wake up.
``python benchmarks/scheduling.py`` prints the table of docs/capacity.md.
"""

import heapq
import itertools
import math
import random
import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ratios import Ratio, Target, table

from withings_bridge.domain.accounts import SWEEP_EVERY
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.quota import Budget, Schedule, Slot, book, swept
from withings_bridge.services.inbox.turning import SWEEP_CALLS

FREE = 120
"""Calls a minute that Withings grants an application without a contract."""
PATIENCE = 5.0
"""Seconds that 95 of 100 readings shall not wait for the quota."""

NEWS = {"two weigh-ins": 2, "a night": 1, "a day's steps, told four times": 8, "refreshes of the token": 6}
"""Calls of one account for what is announced on an ordinary day, in the lane of what somebody waits for."""
MORNING_MINUTES = 120
MORNING = (1, 1, 2, 1)
"""Calls of one account between waking and leaving: a weigh-in, the night, steps and workouts, a refresh."""
IMPORT = 48
"""Calls of a newcomer's first year, subscriptions included: see importing.py."""
ANSWER = 0.3
"""Seconds that Withings takes for an answer."""
WITH_ITS_SLOT = 1.5 * ANSWER
"""Seconds of a sweep's call, with what it waits for its slot where the budget is nearly spent."""

USED = 0.95
"""The share of the budget that the even pace uses: 114 of 120."""
ZERO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scale:
    """So many accounts, all in one time zone, and what they need on paper. Rates are calls a minute."""

    accounts: int
    minutes: int
    """Minutes of a morning that are let pass."""
    sweep_every: timedelta = SWEEP_EVERY

    @property
    def news(self) -> float:
        """For what is announced in the course of a day."""
        return self.accounts * sum(NEWS.values()) / 1440

    @property
    def peak(self) -> float:
        """For what is announced in the morning."""
        return self.accounts * sum(MORNING) / MORNING_MINUTES

    @property
    def sweeps(self) -> float:
        """For sweeps that keep their interval."""
        return self.accounts * SWEEP_CALLS / (self.sweep_every / timedelta(minutes=1))

    @property
    def needed(self) -> int:
        """To ask Withings for: the morning's news finds its slots beside the sweeps, and a third of all
        suffices for these.
        """
        return max(FREE, math.ceil(max(self.peak + self.sweeps, 3 * self.sweeps) / USED))

    @property
    def replicas(self) -> int:
        """So many sweep all in time, one account each at a time, slots included; two are there anyhow."""
        busy = self.accounts * SWEEP_CALLS * WITH_ITS_SLOT / self.sweep_every.total_seconds()
        return max(2, math.ceil(busy))


SCALES = (Scale(1, 60), Scale(1_000, 20), Scale(100_000, 2, timedelta(days=1)))


@dataclass(slots=True)
class Job:
    """Calls one after another, in a lane."""

    lane: Lane
    began: float
    left: int
    waited: float = 0.0
    """Seconds for slots, so far."""


class Morning:
    """Minutes of a morning with so many accounts, and one newcomer whose import begins with them."""

    def __init__(self, scale: Scale, per_minute: int, *, sweeping: bool = True) -> None:
        self._scale, self._sweeping = scale, sweeping
        self._begin, self._end = 60.0, 60.0 * (scale.minutes + 1)  # in the first minute the schedule fills
        self._chance = random.Random(scale.accounts)  # noqa: S311 - guards nothing
        self._budget, self._schedule = Budget(per_minute), Schedule()
        self._numbers = itertools.count()
        self._heap: list[tuple[float, int, Job | None]] = []
        self._due, self._counted_at = 0.0, 0.0
        self._waits: list[float] = []
        self._calls: Counter[Lane] = Counter()
        self._sweeps = 0
        self.imported = math.inf
        """Seconds that the import of the newcomer took."""
        self._pass()

    @property
    def p95(self) -> float:
        """Seconds that 95 of 100 pieces of news did not exceed."""
        few = len(self._waits) < 2  # noqa: PLR2004 - what quantiles takes
        return max(self._waits, default=0.0) if few else statistics.quantiles(self._waits, n=20)[-1]

    @property
    def calls(self) -> float:
        """Calls a minute for news and sweeps."""
        return (self._calls[Lane.LIVE] + self._calls[Lane.RECONCILE]) / self._scale.minutes

    @property
    def hours_between_sweeps(self) -> float:
        """How long it takes at this rate to sweep everybody."""
        kept = self._scale.sweep_every / timedelta(hours=1)
        return max(kept, self._scale.accounts / max(1, self._sweeps) * self._scale.minutes / 60)

    def _pass(self) -> None:
        per_second = self._scale.accounts * len(MORNING) / (MORNING_MINUTES * 60)
        at = 0.0
        while (at := at + self._chance.expovariate(per_second)) < self._end:
            self._soon(at, Job(Lane.LIVE, at, self._chance.choice(MORNING)))
        self._soon(self._begin, Job(Lane.BACKFILL, self._begin, IMPORT))
        for _ in range(self._scale.replicas if self._sweeping else 0):
            self._soon(0.0, None)
        while self._heap and self._heap[0][0] < self._end:
            at, _, job = heapq.heappop(self._heap)
            job = job or self._next_sweep(at)
            if job and job.left:
                self._call(job, at)
            elif job:
                self._ended(job, at)

    def _soon(self, at: float, job: Job | None) -> None:
        heapq.heappush(self._heap, (at, next(self._numbers), job))

    def _next_sweep(self, at: float) -> Job | None:
        """What a replica that is free to sweep does: sweep, if somebody is due and the share allows it."""
        per_second = self._scale.accounts / self._scale.sweep_every.total_seconds()
        self._due, self._counted_at = self._due + (at - self._counted_at) * per_second, at
        opens = (self._schedule.sweep_at - ZERO).total_seconds()
        if self._due < 1 or opens > at:
            self._soon(max(opens, at + max(0.01, (1 - self._due) / per_second)), None)
            return None
        self._due -= 1
        self._schedule = swept(self._schedule, self._budget, SWEEP_CALLS, now=_moment(at))
        return Job(Lane.RECONCILE, at, SWEEP_CALLS)

    def _call(self, job: Job, at: float) -> None:
        outcome = book(self._schedule, self._budget, job.lane, str(next(self._numbers)), now=_moment(at))
        leaves = (outcome.at - ZERO).total_seconds()
        job.waited += max(0.0, round(leaves - at, 3))
        if isinstance(outcome, Slot):
            self._schedule = outcome.schedule
            job.left -= 1
            self._calls[job.lane] += at >= self._begin
            leaves += ANSWER
        self._soon(max(at + 0.001, leaves), job)  # a microsecond is lost on the way to a float

    def _ended(self, job: Job, at: float) -> None:
        counts = job.began >= self._begin
        match job.lane:
            case Lane.LIVE:
                self._waits += [job.waited] if counts else []
            case Lane.RECONCILE:
                self._sweeps += counts
                self._soon(at, None)
            case Lane.BACKFILL:
                self.imported = at - job.began


def least(scale: Scale) -> int:
    """The fewest calls a minute, of some that are tried, that keep 95 of 100 readings within patience."""
    for share in (1.0, 1.1, 1.25, 1.5, 2.0, 3.0):
        per_minute = math.ceil(share * scale.peak / USED)
        if Morning(scale, per_minute, sweeping=False).p95 < PATIENCE:
            return per_minute
    raise RuntimeError(f"No quota that was tried suffices for {scale.accounts} accounts")


def measure() -> list[Ratio]:
    """What was simulated against what was reckoned, at each scale."""
    return [ratio for scale in SCALES for ratio in _at(scale)]


def _at(scale: Scale) -> Iterator[Ratio]:
    morning = Morning(scale, scale.needed)
    people = f"{scale.accounts:,} account{'s' if scale.accounts > 1 else ''}"
    given = f"{people} at {scale.needed:,} calls a minute"
    yield Ratio(f"{given}: what 95 of 100 readings wait less than", morning.p95, PATIENCE, "s", Target(1))
    if scale.accounts > 1:
        every = scale.sweep_every / timedelta(hours=1)
        yield Ratio(f"{given}: calls a minute in the morning", morning.calls, scale.peak + scale.sweeps, "")
        yield Ratio(f"{given}: hours between sweeps", morning.hours_between_sweeps, every, "h", Target(1.1))
        yield Ratio(
            f"{people}: fewest calls a minute for the news alone", least(scale), scale.peak / USED, ""
        )
    alone = IMPORT * max(ANSWER, Budget(scale.needed).interval.total_seconds())
    yield Ratio(f"{given}: a newcomer's first year, against alone", morning.imported, alone, "s")


def _moment(at: float) -> datetime:
    return ZERO + timedelta(seconds=at)


def main() -> None:
    """The table of what is needed on paper, and that of the simulation."""
    print("| Accounts | For news, all day | in the morning | For sweeps | To ask for | Replicas |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for scale in SCALES:
        rates = scale.news, scale.peak, scale.sweeps
        shown = " | ".join(f"{rate:,.2f}" if rate < 1 else f"{rate:,.0f}" for rate in rates)
        print(f"| {scale.accounts:,} | {shown} | {scale.needed:,} | {scale.replicas} |")
    print(table(measure()))


if __name__ == "__main__":
    main()
