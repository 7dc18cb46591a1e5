"""The shared schedule kept in a store, in time that runs sixty times as fast."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from builders import MINUTE, NOON, SECOND
from fakes import TickingClock, UnansweringEphemera
from unit.domain.test_quota import most_in_a_minute
from withings_bridge.domain.errors import RateLimited, StorageUnavailable
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.quota import SAME_ARGUMENTS, Budget
from withings_bridge.services.pacing import Pacing, Urgency, in_lane
from withings_bridge.storage.base import Ephemera
from withings_bridge.storage.sqlite import SqliteStorage
from withings_bridge.withings import Call

SPEED = 60


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Ephemera]:
    async with SqliteStorage(tmp_path / "bridge.db") as storage:
        yield storage.ephemera


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock(speed=SPEED)


def a_pacing(store: Ephemera, clock: TickingClock, *, budget: int = 120) -> Pacing:
    return Pacing(
        ephemera=store, budget=Budget(budget), application="sandbox", clock=clock, sleep=clock.sleep
    )


def a_call(number: object = 0, **parameters: str) -> Call:
    return Call("https://cloud.test/measure", "getmeas", {"number": str(number), **parameters}, "a token")


async def leave(pacing: Pacing, clock: TickingClock, lane: Lane, number: object) -> datetime:
    """When a call in this lane left."""
    with in_lane(Urgency(lane)):
        await pacing.wait(a_call(number))
    return clock()


class TestReplicas:
    @pytest.mark.slow
    async def test_together_never_exceed_the_budget(self, store: Ephemera, clock: TickingClock) -> None:
        replicas = [a_pacing(store, clock) for _ in range(3)]
        lanes = [Lane.LIVE, *[Lane.RECONCILE] * 2, *[Lane.BACKFILL] * 7]
        left = await asyncio.gather(
            *(
                leave(replicas[n % 3], clock, lanes[n % 10], n)
                # Live work in such numbers would be put off.
                for n in range(200)
            )
        )
        assert most_in_a_minute(left) <= 120

    @pytest.mark.slow
    async def test_never_send_the_same_call_within_ten_seconds(
        self, store: Ephemera, clock: TickingClock
    ) -> None:
        one, other = a_pacing(store, clock), a_pacing(store, clock)
        first = await leave(one, clock, Lane.LIVE, "same")
        second = await leave(other, clock, Lane.LIVE, "same")
        assert second - first > SAME_ARGUMENTS

    async def test_may_ask_the_notify_service_again_at_once(
        self, store: Ephemera, clock: TickingClock
    ) -> None:
        pacing = a_pacing(store, clock)
        for _ in range(2):
            await pacing.wait(Call("https://cloud.test/notify", "list", {}, "a token"))
        assert clock() - NOON < 5 * SECOND

    async def test_all_wait_when_one_was_told_to(self, store: Ephemera, clock: TickingClock) -> None:
        one, other = a_pacing(store, clock), a_pacing(store, clock)
        await leave(other, clock, Lane.LIVE, 1)
        await one.slow_down(2 * MINUTE)
        with pytest.raises(RateLimited) as refused:
            await leave(other, clock, Lane.LIVE, 2)
        assert refused.value.retry_after is not None
        assert MINUTE < refused.value.retry_after <= 2 * MINUTE

    async def test_share_what_sweeps_may_take(self, store: Ephemera, clock: TickingClock) -> None:
        one, other = a_pacing(store, clock), a_pacing(store, clock)
        assert one.may_sweep()
        await one.sweeping(10)
        assert not one.may_sweep()
        await leave(other, clock, Lane.LIVE, 1)
        assert not other.may_sweep()


class TestLanes:
    @pytest.mark.slow
    async def test_a_live_call_passes_those_that_wait(self, store: Ephemera, clock: TickingClock) -> None:
        pacing = a_pacing(store, clock)
        backfill = [asyncio.create_task(leave(pacing, clock, Lane.BACKFILL, n)) for n in range(20)]
        await backfill[0]
        live = await leave(pacing, clock, Lane.LIVE, "a weighing")
        assert sum(left > live for left in await asyncio.gather(*backfill)) >= 10

    @pytest.mark.slow
    async def test_work_that_is_hurried_leaves_at_once(self, store: Ephemera, clock: TickingClock) -> None:
        pacing = a_pacing(store, clock)
        others = [asyncio.create_task(leave(pacing, clock, Lane.BACKFILL, n)) for n in range(20)]
        urgency = Urgency(Lane.BACKFILL)

        async def last() -> datetime:
            with in_lane(urgency):
                await pacing.wait(a_call("last"))
            return clock()

        waiting = asyncio.create_task(last())
        await others[0]
        pacing.hurry(urgency)
        hurried = await waiting
        assert sum(left > hurried for left in await asyncio.gather(*others)) >= 10

    async def test_whoever_gives_up_leaves_the_line_to_the_others(
        self, store: Ephemera, clock: TickingClock
    ) -> None:
        pacing = a_pacing(store, clock)
        waiting = [asyncio.create_task(leave(pacing, clock, Lane.BACKFILL, n)) for n in range(9)]
        await waiting[0]
        for task in waiting[1:8]:
            task.cancel()
        assert isinstance(await waiting[8], datetime)


class TestACode:
    async def test_is_exchanged_in_spite_of_a_pause(self, store: Ephemera, clock: TickingClock) -> None:
        pacing = a_pacing(store, clock)
        await pacing.slow_down(10 * MINUTE)
        await pacing.wait(a_call(grant_type="authorization_code", code="c"))
        assert clock() - NOON < 30 * SECOND

    async def test_is_exchanged_in_spite_of_a_silent_store(self, clock: TickingClock) -> None:
        pacing = a_pacing(UnansweringEphemera(), clock)
        await pacing.wait(a_call(grant_type="authorization_code", code="c"))
        with pytest.raises(StorageUnavailable):
            await pacing.wait(a_call())


class TestUsage:
    async def test_is_that_of_all_replicas_together(self, store: Ephemera, clock: TickingClock) -> None:
        one, other = a_pacing(store, clock), a_pacing(store, clock)
        await leave(one, clock, Lane.LIVE, 1)
        await leave(other, clock, Lane.LIVE, 2)
        await leave(other, clock, Lane.BACKFILL, 3)
        usage = await a_pacing(store, clock).usage()
        assert usage.by_lane == {Lane.LIVE: 2, Lane.ERRAND: 0, Lane.RECONCILE: 0, Lane.BACKFILL: 1}
        assert usage.total == 3
        assert 60 * 120 <= usage.hourly < 65 * 120

    async def test_tells_of_a_pause_while_it_lasts(self, store: Ephemera, clock: TickingClock) -> None:
        pacing = a_pacing(store, clock)
        await pacing.slow_down(MINUTE)
        assert (await pacing.usage()).paused_until is not None
        later = a_pacing(store, TickingClock(clock() + 2 * MINUTE))
        assert (await later.usage()).paused_until is None

    @pytest.mark.parametrize("kept", [{}, {"used": "1795651500000000:live:3 nonsense"}, {"used": "1:1,2"}])
    async def test_is_none_where_another_version_kept_no_count_or_in_other_words(
        self, store: Ephemera, clock: TickingClock, kept: dict[str, str]
    ) -> None:
        pacing = a_pacing(store, clock)
        await leave(pacing, clock, Lane.LIVE, 1)
        key = f"quota#{hashlib.sha256(b'sandbox').hexdigest()[:16]}"
        stored = await store.get(key, now=clock())
        assert stored is not None
        earlier = {name: value for name, value in stored.items() if name != "used"} | {"by": "another"} | kept
        await store.swap(key, earlier, instead_of=stored, until=clock() + MINUTE, now=clock())
        assert (await pacing.usage()).total == 0
        await leave(a_pacing(store, clock), clock, Lane.LIVE, 2)
        assert (await pacing.usage()).total > 0  # a busy machine misses a turn, and books another
