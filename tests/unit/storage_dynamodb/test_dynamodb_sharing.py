"""In a flood writes share requests, and each is answered as if it had gone alone."""

import asyncio
from collections.abc import Sequence

import pytest

from withings_bridge.domain.errors import StorageError, StorageUnavailable
from withings_bridge.storage.dynamodb.engine import Engine, Refused
from withings_bridge.storage.dynamodb.sharing import ALONE, MOST_TOGETHER, Sharing
from withings_bridge.storage.dynamodb.writes import Write


class Gated(Engine):
    """An engine whose requests take until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[list[str]] = []
        self.refused: set[str] = set()
        self.error: StorageError | None = None
        self._free = asyncio.Semaphore(0)

    def let_go(self, requests: int = 1000) -> None:
        for _ in range(requests):
            self._free.release()

    async def write(self, write: Write, **_: object) -> dict[str, object]:
        await self._send([write])
        return {}

    async def transact(self, writes: Sequence[Write]) -> None:
        await self._send(writes)

    async def _send(self, writes: Sequence[Write]) -> None:
        names = [write.arguments["name"] for write in writes]
        self.sent.append(names)
        await asyncio.sleep(0)
        await self._free.acquire()
        if self.error and len(names) > 1:
            raise self.error
        if self.refused & set(names):
            raise Refused({"name": names[0]} if len(names) == 1 else None)


def writes(count: int) -> list[Write]:
    return [Write("Update", {"name": f"{n:03}"}) for n in range(count)]


def started(sharing: Sharing, count: int) -> "list[asyncio.Task[None]]":
    return [asyncio.create_task(sharing.write(write)) for write in writes(count)]


async def a_step() -> None:
    """Until tasks that were just made wait for something."""
    await asyncio.sleep(0)


class TestSharing:
    async def test_few_go_alone(self) -> None:
        engine = Gated()
        engine.let_go()
        await asyncio.gather(*started(Sharing(engine), ALONE))
        assert [len(names) for names in engine.sent] == [1] * ALONE

    async def test_those_that_come_while_many_are_under_way_go_together(self) -> None:
        engine = Gated()
        sharing = Sharing(engine)
        tasks = started(sharing, ALONE + 10)
        await a_step()
        assert len(engine.sent) == ALONE
        engine.let_go()
        await asyncio.gather(*tasks)
        assert [len(names) for names in engine.sent] == [1] * ALONE + [10]

    async def test_no_request_takes_more_than_a_bound(self) -> None:
        engine = Gated()
        engine.let_go()
        await asyncio.gather(*started(Sharing(engine), 200))
        assert max(len(names) for names in engine.sent) == MOST_TOGETHER
        assert sorted(name for names in engine.sent for name in names) == [f"{n:03}" for n in range(200)]

    async def test_one_that_is_refused_is_told_with_what_is_stored_and_alone(self) -> None:
        engine = Gated()
        engine.refused = {"007"}
        engine.let_go()
        outcomes = await asyncio.gather(*started(Sharing(engine), 12), return_exceptions=True)
        (refused,) = [outcome for outcome in outcomes if outcome is not None]
        assert isinstance(refused, Refused)
        assert refused.item == {"name": "007"}

    @pytest.mark.parametrize(
        ("error", "told"), [(StorageUnavailable("throttled"), 8), (StorageError("not accepted"), 0)]
    )
    async def test_a_silent_store_is_told_to_all_and_is_not_asked_again(
        self, error: StorageError, told: int
    ) -> None:
        engine = Gated()
        engine.error = error
        engine.let_go()
        outcomes = await asyncio.gather(*started(Sharing(engine), ALONE + 8), return_exceptions=True)
        assert [outcome for outcome in outcomes if outcome is not None] == [error] * told

    async def test_those_who_go_away_while_they_wait_are_left_out(self) -> None:
        engine = Gated()
        sharing = Sharing(engine)
        tasks = started(sharing, ALONE + 3)
        await a_step()
        tasks[-1].cancel()
        await a_step()
        engine.let_go()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert [len(names) for names in engine.sent] == [1] * ALONE + [2]

    async def test_finishing_waits_for_what_nobody_else_waits_for(self) -> None:
        engine = Gated()
        sharing = Sharing(engine)
        tasks = started(sharing, ALONE + 2)
        await a_step()
        engine.let_go(1)
        await tasks[0]
        await a_step()
        for task in tasks:
            task.cancel()
        finishing = asyncio.create_task(sharing.finish())
        await a_step()
        assert not finishing.done()
        engine.let_go()
        await finishing
        assert len(engine.sent[-1]) == 2
