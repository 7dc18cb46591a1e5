"""What a person who looks can read of what happened."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from builders import MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.trail import Step, What
from withings_bridge.services.inbox.tending import Choice
from withings_bridge.services.noting import FLOOD_SECONDS, GATHER_SECONDS, MANY, MOST_A_MINUTE, Noting


async def steps(house: House, userid: str) -> list[Step]:
    """What is noted of an account, oldest first."""
    await house.noting.flush()
    return (await house.storage.trail.of(userid, limit=500, now=house.clock()))[::-1]


async def noted(house: House, userid: str, since: int = 0) -> list[What]:
    return [step.what for step in await steps(house, userid)][since:]


class TestAWeighIn:
    async def test_is_noted_from_the_notification_to_the_app(self, house: House) -> None:
        userid = await house.linked()
        before = len(await steps(house, userid))
        group = await house.weigh(userid, 81.3)

        async def a_second_passes() -> None:
            house.clock.advance(SECOND)

        house.weather.meanwhile("getmeas", a_second_passes)
        await house.notified(userid, group)
        told = (await steps(house, userid))[before:]
        assert [step.what for step in told] == [
            What.NOTIFIED,
            What.ASKED,
            What.STORED,
            What.WROTE,
            What.TOLD,
        ]
        notified, asked, stored, wrote, gateway = told
        assert notified.appli == 1
        assert notified.window is not None
        assert (stored.category, stored.number, stored.removed) == (Category.MEASURES, 1, 0)
        assert (wrote.user, gateway.user) == ("user-1", "user-1")
        assert wrote.number > 0
        assert (asked.lane, asked.number) == (Lane.LIVE, 1)

    async def test_leaves_no_value_in_the_trail(self, house: House) -> None:
        userid = await house.linked()
        await house.notified(userid, await house.weigh(userid, 81.3))
        assert "81" not in repr([(step.number, step.reason) for step in await steps(house, userid)])


class TestALink:
    async def test_is_noted_with_its_imports(self, house: House) -> None:
        userid = await house.linked()
        told = await steps(house, userid)
        assert told[0].what is What.LINKED
        imported = {step.category for step in told if step.what is What.IMPORTED}
        assert {Category.MEASURES, Category.ACTIVITY, Category.SLEEP, Category.WORKOUTS} <= imported

    async def test_that_ends_is_noted(self, house: House) -> None:
        userid = await house.linked()
        await house.leaving.disconnect("user-1")
        assert (await noted(house, userid))[-1] is What.LEFT

    async def test_that_is_purged_leaves_no_trail(self, house: House) -> None:
        userid = await house.linked()
        await house.notified(userid, await house.weigh(userid, 81.3))
        await house.leaving.disconnect("user-1", purge=True)
        assert await steps(house, userid) == []


class TestTrouble:
    async def test_is_noted_with_its_reason_and_the_next_attempt(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", "/mishaps", {"kind": "status", "status": 522, "times": 1})
        await house.notified(userid, await house.weigh(userid, 81.3))
        failed = next(step for step in await steps(house, userid) if step.what is What.FAILED)
        assert failed.category is Category.MEASURES
        assert failed.reason
        assert failed.retry_at
        assert failed.retry_at > failed.at

    async def test_that_somebody_replays_is_noted(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", "/mishaps", {"kind": "status", "status": 522, "times": 1})
        await house.notified(userid, await house.weigh(userid, 81.3))
        await house.tending.replay(userid, Choice())
        replayed = (await steps(house, userid))[-1]
        assert (replayed.what, replayed.category) == (What.REPLAYED, Category.MEASURES)


class TestAFlood:
    async def test_of_one_account_is_noted_so_far(self, house: House, clock: FakeClock) -> None:
        for _ in range(MOST_A_MINUTE + 10):
            house.noting.note("77", What.NOTIFIED, appli=1)
        house.noting.note("78", What.NOTIFIED, appli=1)
        assert len(await steps(house, "77")) == MOST_A_MINUTE
        assert len(await steps(house, "78")) == 1
        clock.advance(MINUTE)
        house.noting.note("77", What.NOTIFIED, appli=1)
        assert len(await steps(house, "77")) == MOST_A_MINUTE + 1

    async def test_is_written_more_rarely(self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[int] = []
        waited: list[float] = []
        sleep = asyncio.sleep

        class Counting:
            async def append(self, steps: Sequence[Step], *, now: datetime) -> None:
                written.append(len(steps))

        async def at_once(seconds: float) -> None:
            waited.append(seconds)
            await sleep(0)

        noting = Noting(trail=Counting(), clock=clock)  # type: ignore[arg-type]  # it takes and never tells
        monkeypatch.setattr(asyncio, "sleep", at_once)
        async with asyncio.timeout(5), noting.opened():
            for steps in (1, MANY):
                for n in range(steps):
                    noting.note(str(n), What.NOTIFIED)
                while sum(written) < steps:
                    await sleep(0)
        assert written == [1, MANY]
        assert waited == [GATHER_SECONDS, GATHER_SECONDS, FLOOD_SECONDS - GATHER_SECONDS]


class TestTheEnd:
    async def test_waits_for_what_is_being_written(
        self, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.noting.GATHER_SECONDS", 0.001)
        began, written = asyncio.Event(), list[Step]()

        class Slow:
            async def append(self, steps: Sequence[Step], *, now: datetime) -> None:
                began.set()
                for _ in range(10):
                    await asyncio.sleep(0)
                written.extend(steps)

        noting = Noting(trail=Slow(), clock=clock)  # type: ignore[arg-type]  # it takes and never tells
        async with noting.opened():
            noting.note("77", What.LEFT)
            await began.wait()
        assert [step.what for step in written] == [What.LEFT]


class TestAStoreThatIsSilent:
    async def test_is_in_nobodys_way(self, house: House, clock: FakeClock) -> None:
        class Silent:
            def __getattr__(self, name: str) -> Any:
                raise StorageUnavailable

        noting = Noting(trail=Silent(), clock=clock)
        async with noting.opened():
            noting.note("77", What.LEFT)
