"""The shared schedule of calls, tried in virtual time."""

import heapq
import itertools
from collections import deque
from datetime import datetime, timedelta
from random import Random

import pytest

from builders import MINUTE, NOON, SECOND
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.quota import (
    LATENESS,
    LIVE_PATIENCE,
    SAME_ARGUMENTS,
    STRETCH,
    TOLD_FOR,
    Budget,
    Later,
    Schedule,
    Slot,
    book,
    paused,
    swept,
    used,
)

BUDGET = Budget(120)
numbers = itertools.count()


def booked(schedule: Schedule, lane: Lane, *, now: datetime = NOON, digest: str | None = None) -> Slot:
    slot = book(schedule, BUDGET, lane, digest or str(next(numbers)), now=now)
    assert isinstance(slot, Slot)
    return slot


def most_in_a_minute(times: list[datetime]) -> int:
    """The largest number of calls in any 60 s."""
    window: deque[datetime] = deque()
    most = 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - MINUTE:
            window.popleft()
        most = max(most, len(window))
    return most


class Town:
    """Callers that ask for slots as workers do: they wait, and ask again when told to."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.schedule = Schedule()
        self.left: dict[Lane, list[datetime]] = {lane: [] for lane in Lane}
        self.waited: dict[Lane, list[timedelta]] = {lane: [] for lane in Lane}

    def play(self, arrivals: dict[Lane, list[datetime]]) -> None:
        """Each lane asks for its first caller in line; live callers all ask at once."""
        asking: list[tuple[datetime, int, Lane, datetime]] = []
        lines = {lane: deque(sorted(times)) for lane, times in arrivals.items()}
        for at in lines.pop(Lane.LIVE, deque()):
            heapq.heappush(asking, (at, next(numbers), Lane.LIVE, at))
        for lane, line in lines.items():
            if line:
                first = line.popleft()
                heapq.heappush(asking, (first, next(numbers), lane, first))
        while asking:
            now, number, lane, since = heapq.heappop(asking)
            outcome = book(self.schedule, self.budget, lane, str(number), now=now)
            if isinstance(outcome, Later):
                assert outcome.at > now
                heapq.heappush(asking, (outcome.at, number, lane, since))
                continue
            self.schedule = outcome.schedule
            self.left[lane].append(outcome.at)
            self.waited[lane].append(outcome.at - since)
            if lines.get(lane):
                following = lines[lane].popleft()
                heapq.heappush(asking, (max(now, following), next(numbers), lane, following))

    @property
    def all(self) -> list[datetime]:
        return [at for times in self.left.values() for at in times]


class TestBudget:
    @pytest.mark.slow
    @pytest.mark.parametrize("per_minute", [1, 2, 3, 10, 60, 120, 121, 600, 1500])
    @pytest.mark.parametrize("seed", range(3))
    def test_is_never_exceeded_in_any_minute_even_when_calls_are_late(
        self, per_minute: int, seed: int
    ) -> None:
        random = Random(seed)  # noqa: S311 - spreads arrivals, guards nothing
        town = Town(Budget(per_minute))

        def times(count: int) -> list[datetime]:
            return [NOON + random.random() * 5 * MINUTE for _ in range(count)]

        few = max(1, per_minute // 4)
        town.play({Lane.LIVE: times(few * 5), Lane.RECONCILE: times(few * 5), Lane.BACKFILL: times(few * 15)})

        late = [at + random.random() * LATENESS for at in town.all]
        assert most_in_a_minute(late) <= per_minute

    def test_is_used_to_nine_tenths_by_backfill_alone(self) -> None:
        town = Town(BUDGET)
        town.play({Lane.BACKFILL: [NOON] * 4200})
        shortest = 4200 / 120 * MINUTE
        assert max(town.all) - NOON < 1.1 * shortest

    def test_lets_an_idle_application_burst_by_no_more_than_ten(self) -> None:
        for per_minute in (120, 1500):
            assert Budget(per_minute).credit + 1 <= 10


class TestLanes:
    def test_live_work_passes_a_backfill_that_takes_all_there_is(self) -> None:
        random = Random(1)  # noqa: S311 - spreads arrivals
        town = Town(BUDGET)
        live = [NOON + random.random() * 20 * MINUTE for _ in range(600)]
        town.play({Lane.LIVE: live, Lane.BACKFILL: [NOON] * 2000})
        waited = sorted(town.waited[Lane.LIVE])
        assert waited[int(len(waited) * 0.95)] < 5 * SECOND

    def test_reconcile_goes_before_backfill(self) -> None:
        town = Town(BUDGET)
        town.play({Lane.RECONCILE: [NOON] * 100, Lane.BACKFILL: [NOON] * 100})
        assert max(town.left[Lane.RECONCILE]) < sorted(town.left[Lane.BACKFILL])[5]

    def test_live_work_need_not_wait_for_the_even_pace(self) -> None:
        schedule = booked(Schedule(), Lane.BACKFILL).schedule
        for _ in range(BUDGET.credit):
            slot = booked(schedule, Lane.LIVE)
            assert slot.at == NOON
            schedule = slot.schedule
        assert booked(schedule, Lane.LIVE).at > NOON

    def test_backfill_takes_no_slot_that_live_work_could_want(self) -> None:
        schedule = Schedule()
        for _ in range(3):
            schedule = booked(schedule, Lane.LIVE).schedule
        later = book(schedule, BUDGET, Lane.BACKFILL, "a chunk", now=NOON)
        assert isinstance(later, Later)
        assert not later.put_off
        assert booked(schedule, Lane.BACKFILL, now=later.at).at >= later.at

    def test_live_work_is_put_off_when_too_much_waits_before_it(self) -> None:
        schedule = Schedule(free_at=NOON + MINUTE)
        later = book(schedule, BUDGET, Lane.LIVE, "a weighing", now=NOON)
        assert isinstance(later, Later)
        assert later.put_off
        assert NOON < later.at < NOON + MINUTE


class TestTheSameCall:
    def test_waits_until_withings_has_forgotten_it(self) -> None:
        slot = booked(Schedule(), Lane.LIVE, digest="getdevice")
        again = book(slot.schedule, BUDGET, Lane.LIVE, "getdevice", now=NOON + SECOND)
        assert again == Later(NOON + SAME_ARGUMENTS + LATENESS, same=True)
        assert booked(slot.schedule, Lane.LIVE, digest="getdevice", now=again.at).at == again.at

    def test_holds_up_no_other(self) -> None:
        slot = booked(Schedule(), Lane.LIVE, digest="getdevice")
        assert booked(slot.schedule, Lane.LIVE, digest="getmeas").at == NOON

    def test_is_forgotten_when_it_is_long_ago(self) -> None:
        slot = booked(Schedule(), Lane.LIVE, digest="getdevice")
        assert set(booked(slot.schedule, Lane.LIVE, digest="x", now=NOON + MINUTE).schedule.asked) == {"x"}


class TestAPause:
    def test_holds_back_every_lane_until_withings_wants_calls_again(self) -> None:
        schedule = paused(Schedule(), NOON + MINUTE)
        for lane in Lane:
            assert book(schedule, BUDGET, lane, "call", now=NOON) == Later(NOON + MINUTE, put_off=True)
            assert booked(schedule, lane, now=NOON + MINUTE).at == NOON + MINUTE

    def test_that_is_short_is_waited_for(self) -> None:
        schedule = paused(Schedule(), NOON + LIVE_PATIENCE)
        assert booked(schedule, Lane.LIVE).at == NOON + LIVE_PATIENCE
        assert book(schedule, BUDGET, Lane.BACKFILL, "call", now=NOON) == Later(
            NOON + LIVE_PATIENCE - BUDGET.interval
        )

    def test_is_never_shortened(self) -> None:
        schedule = paused(paused(Schedule(), NOON + 3 * MINUTE), NOON + MINUTE)
        assert schedule.paused_until == NOON + 3 * MINUTE


class TestSweeps:
    def test_take_a_third_of_the_budget_at_most(self) -> None:
        schedule, now, sweeps = Schedule(), NOON, 0
        while now < NOON + 60 * MINUTE:
            schedule, sweeps = swept(schedule, BUDGET, 10, now=now), sweeps + 1
            now = schedule.sweep_at
        assert 0.9 * 40 * 60 <= 10 * sweeps <= 40 * 60

    def test_that_several_replicas_begin_at_once_are_paid_for_all_the_same(self) -> None:
        once = swept(Schedule(), BUDGET, 10, now=NOON).sweep_at - NOON
        twice = swept(swept(Schedule(), BUDGET, 10, now=NOON), BUDGET, 10, now=NOON).sweep_at - NOON
        assert twice == 2 * once


class TestSchedule:
    def test_matters_until_its_last_promise_is_kept(self) -> None:
        slot = booked(Schedule(), Lane.LIVE)
        assert slot.schedule.ends_at > NOON + SAME_ARGUMENTS
        assert paused(slot.schedule, NOON + 5 * MINUTE).ends_at > NOON + 5 * MINUTE


class TestUsed:
    def test_counts_the_calls_of_each_lane_by_stretch(self) -> None:
        schedule = booked(Schedule(), Lane.LIVE, now=NOON).schedule
        schedule = booked(schedule, Lane.LIVE, now=NOON + MINUTE).schedule
        schedule = booked(schedule, Lane.BACKFILL, now=NOON + STRETCH).schedule
        told = used(schedule, NOON + STRETCH)
        assert list(told)[-2:] == [NOON, NOON + STRETCH]
        assert told[NOON] == {**dict.fromkeys(Lane, 0), Lane.LIVE: 2}
        assert told[NOON + STRETCH][Lane.BACKFILL] == 1

    def test_tells_of_one_hour_with_the_stretches_in_which_nothing_was_asked(self) -> None:
        told = used(Schedule(), NOON)
        assert len(told) == 13
        assert min(told) == NOON - TOLD_FOR
        assert all(not any(calls.values()) for calls in told.values())

    def test_forgets_what_is_over_an_hour_old(self) -> None:
        schedule = booked(Schedule(), Lane.LIVE, now=NOON).schedule
        later = NOON + TOLD_FOR + STRETCH
        schedule = booked(schedule, Lane.LIVE, now=later).schedule
        assert len(schedule.used) == 1
        assert sum(sum(calls.values()) for calls in used(schedule, later).values()) == 1

    def test_is_kept_for_as_long_as_it_is_told(self) -> None:
        schedule = booked(Schedule(), Lane.LIVE, now=NOON + 4 * MINUTE).schedule
        assert schedule.ends_at == NOON + STRETCH + TOLD_FOR
