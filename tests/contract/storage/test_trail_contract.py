"""What happened lately, on every backend."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from builders import DAY, HOUR, MINUTE, NOON, SECOND
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.trail import KEPT_FOR, Step, What
from withings_bridge.storage.base import Storage


@pytest.fixture
def noon() -> datetime:
    """A noon of a day on which no other test has noted anything."""
    return NOON + (uuid4().int % 100_000) * DAY


def a_step(account: str, at: datetime, **fields: Any) -> Step:
    return Step(**{"at": at, "account": account, "what": What.NOTIFIED, "appli": 1, **fields})


class TestAnAccount:
    async def test_shows_its_newest_steps_first(self, storage: Storage, userid: str, noon: datetime) -> None:
        steps = [a_step(userid, noon + n * MINUTE) for n in range(5)]
        await storage.trail.append(steps, now=noon + HOUR)
        assert await storage.trail.of(userid, limit=3, now=noon + HOUR) == [steps[4], steps[3], steps[2]]

    async def test_goes_on_before_an_instant(self, storage: Storage, userid: str, noon: datetime) -> None:
        steps = [a_step(userid, noon + n * MINUTE) for n in range(3)]
        await storage.trail.append(steps, now=noon + HOUR)
        found = await storage.trail.of(userid, limit=3, before=noon + 2 * MINUTE, now=noon + HOUR)
        assert found == [steps[1], steps[0]]

    async def test_does_not_show_those_of_others(self, storage: Storage, userid: str, noon: datetime) -> None:
        await storage.trail.append([a_step("another", noon), mine := a_step(userid, noon)], now=noon)
        assert await storage.trail.of(userid, limit=10, now=noon) == [mine]

    async def test_keeps_all_that_a_step_says(self, storage: Storage, userid: str, noon: datetime) -> None:
        step = Step(
            at=noon + timedelta(microseconds=7),
            account=userid,
            what=What.FAILED,
            user="user-1",
            category=Category.SLEEP,
            appli=44,
            window=Window(noon, noon + HOUR),
            lane=Lane.ERRAND,
            number=3,
            removed=2,
            reason="RateLimited: wait",
            retry_at=noon + MINUTE,
        )
        await storage.trail.append([step], now=noon + HOUR)
        assert await storage.trail.of(userid, limit=1, now=noon + HOUR) == [step]

    async def test_shows_two_steps_of_the_same_instant(
        self, storage: Storage, userid: str, noon: datetime
    ) -> None:
        await storage.trail.append([a_step(userid, noon), a_step(userid, noon)], now=noon)
        assert len(await storage.trail.of(userid, limit=10, now=noon)) == 2

    async def test_has_a_step_once_that_was_added_twice(
        self, storage: Storage, userid: str, noon: datetime
    ) -> None:
        step = a_step(userid, noon)
        await storage.trail.append([step, step], now=noon)
        await storage.trail.append([step], now=noon)
        assert await storage.trail.of(userid, limit=10, now=noon) == [step]

    async def test_has_each_of_many_that_were_added_together(
        self, storage: Storage, userid: str, noon: datetime
    ) -> None:
        steps = [a_step(userid, noon + n * SECOND) for n in range(300)]
        await storage.trail.append(steps, now=noon + HOUR)
        assert await storage.trail.of(userid, limit=400, now=noon + HOUR) == steps[::-1]

    async def test_forgets_a_step_after_a_month(self, storage: Storage, userid: str, noon: datetime) -> None:
        await storage.trail.append([a_step(userid, noon), later := a_step(userid, noon + SECOND)], now=noon)
        assert await storage.trail.of(userid, limit=10, now=noon + KEPT_FOR) == [later]

    async def test_is_forgotten_alone(self, storage: Storage, userid: str, noon: datetime) -> None:
        other = str(uuid4())
        await storage.trail.append([a_step(userid, noon), kept := a_step(other, noon)], now=noon)
        await storage.trail.forget(userid)
        assert await storage.trail.of(userid, limit=10, now=noon) == []
        assert await storage.trail.of(other, limit=10, now=noon) == [kept]


class TestEverybody:
    async def test_shows_the_newest_of_all_first(self, storage: Storage, userid: str, noon: datetime) -> None:
        with_days = [a_step(userid, noon - DAY), a_step("another", noon), a_step(userid, noon + SECOND)]
        await storage.trail.append(with_days, now=noon + MINUTE)
        assert (await storage.trail.newest(limit=3, now=noon + MINUTE))[:2] == [with_days[2], with_days[1]]
        assert len(await storage.trail.newest(limit=1, now=noon + MINUTE)) == 1

    async def test_shows_what_came_since_an_instant_the_oldest_first(
        self, storage: Storage, userid: str, noon: datetime
    ) -> None:
        steps = [a_step(userid, noon + n * SECOND) for n in range(4)]
        await storage.trail.append(steps, now=noon + MINUTE)
        found = await storage.trail.since(noon + SECOND, limit=2, now=noon + MINUTE)
        assert found == [steps[1], steps[2]]

    async def test_shows_it_over_midnight_too(self, storage: Storage, userid: str, noon: datetime) -> None:
        before, after = a_step(userid, noon + 11 * HOUR), a_step(userid, noon + 13 * HOUR)
        await storage.trail.append([before, after], now=noon + 13 * HOUR)
        assert await storage.trail.since(before.at, limit=10, now=noon + 13 * HOUR) == [before, after]
