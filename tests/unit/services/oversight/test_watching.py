"""What happens, as it happens, for those who look on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from builders import NOON
from fakes import FakeClock
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.trail import Step, What
from withings_bridge.services.oversight import watching as watching_module
from withings_bridge.services.oversight.watching import LATE, Watching
from withings_bridge.storage.base import Trail
from withings_bridge.storage.sqlite import SqliteStorage

SOON = 5


@pytest.fixture
async def trail(tmp_path: Path) -> AsyncIterator[Trail]:
    async with SqliteStorage(tmp_path / "bridge.db") as storage:
        yield storage.trail


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def a_step(name: str) -> Step:
    return Step(at=NOON, account="1234", what=What.LINKED, id=name)


class SilentAtFirst:
    """A trail that does not answer the first times."""

    def __init__(self, trail: Trail, error: Exception | None = None) -> None:
        self._trail = trail
        self._error = error or StorageUnavailable()
        self.silences = 3

    async def since(self, at: datetime, *, limit: int, now: datetime) -> list[Step]:
        if self.silences:
            self.silences -= 1
            raise self._error
        return await self._trail.since(at, limit=limit, now=now)


async def told(watching: Watching, count: int) -> list[str]:
    """So many steps, as they are told."""
    found: list[str] = []
    async with (
        asyncio.timeout(SOON),
        aclosing(watching.steps(until=asyncio.Event(), idle_seconds=SOON)) as batches,
    ):
        async for batch in batches:
            found += [step.id for step in batch]
            if len(found) >= count:
                break
    return found


class TestWatching:
    async def test_tells_each_step_once(self, trail: Trail, clock: FakeClock) -> None:
        watching = Watching(trail=trail, clock=clock, every_seconds=0.005)
        found: list[str] = []
        async with (
            asyncio.timeout(SOON),
            aclosing(watching.steps(until=asyncio.Event(), idle_seconds=0.03)) as batches,
        ):
            async for batch in batches:
                found += [step.id for step in batch]
                if batch:
                    continue  # several looks go by before the next empty one
                if len(found) == 2:
                    break
                await trail.append([a_step(f"{len(found)}")], now=clock())
        assert found == ["0", "1"]

    async def test_tells_a_step_that_shows_late(self, trail: Trail, clock: FakeClock) -> None:
        watching = Watching(trail=trail, clock=clock, every_seconds=0.01)
        telling = asyncio.create_task(told(watching, 2))
        await asyncio.sleep(0)
        clock.advance(LATE)
        await trail.append([Step(at=clock(), account="1234", what=What.LINKED, id="later")], now=clock())
        await trail.append([a_step("late")], now=clock())
        assert sorted(await telling) == ["late", "later"]

    async def test_tells_all_who_look(self, trail: Trail, clock: FakeClock) -> None:
        watching = Watching(trail=trail, clock=clock, every_seconds=0.01)
        telling = [asyncio.create_task(told(watching, 1)) for _ in range(3)]
        await asyncio.sleep(0)
        await trail.append([a_step("one")], now=clock())
        assert await asyncio.gather(*telling) == [["one"]] * 3

    async def test_goes_on_when_the_store_answers_again(self, trail: Trail, clock: FakeClock) -> None:
        silent = SilentAtFirst(trail)
        watching = Watching(trail=cast("Trail", silent), clock=clock, every_seconds=0.01)
        await trail.append([a_step("one")], now=clock())
        assert await told(watching, 1) == ["one"]
        assert silent.silences == 0

    async def test_outlives_what_nobody_foresaw(self, trail: Trail, clock: FakeClock) -> None:
        broken = SilentAtFirst(trail, ValueError("a step of a newer bridge"))
        watching = Watching(trail=cast("Trail", broken), clock=clock, every_seconds=0.01)
        await trail.append([a_step("one")], now=clock())
        assert await told(watching, 1) == ["one"]

    async def test_tells_all_of_a_moment_in_which_much_happened(
        self, trail: Trail, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watching_module, "MOST_AT_ONCE", 3)
        watching = Watching(trail=trail, clock=clock, every_seconds=0.01)
        telling = asyncio.create_task(told(watching, 8))
        await asyncio.sleep(0)
        steps = [replace(a_step(f"{n}"), at=NOON + timedelta(milliseconds=n)) for n in range(8)]
        clock.advance(timedelta(seconds=1))
        await trail.append(steps, now=clock())
        assert sorted(await telling) == [f"{n}" for n in range(8)]

    async def test_ends_when_told_to(self, trail: Trail, clock: FakeClock) -> None:
        watching, end = Watching(trail=trail, clock=clock), asyncio.Event()
        asyncio.get_running_loop().call_soon(end.set)
        async with asyncio.timeout(SOON):
            assert [batch async for batch in watching.steps(until=end, idle_seconds=60)] == []

    async def test_asks_nobody_while_nobody_looks(self, trail: Trail, clock: FakeClock) -> None:
        watching = Watching(trail=trail, clock=clock, every_seconds=0.01)
        await trail.append([a_step("one")], now=clock())
        await told(watching, 1)
        assert "watching" not in {task.get_name() for task in asyncio.all_tasks() if not task.cancelling()}
