"""Whether a bridge is well, and if not, why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from builders import MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, eventually
from withings_bridge.domain.errors import ApplicationRefused
from withings_bridge.services.inbox.working import STILL_AFTER
from withings_bridge.services.oversight.diagnosing import Ailment, Health


@asynccontextmanager
async def at_work(house: House) -> AsyncIterator[None]:
    """The worker's loop runs."""
    stop = asyncio.Event()
    working = asyncio.create_task(house.working.run(stop, grace=5))

    async def looked() -> bool:
        return not house.working.stands_still

    await eventually(looked)
    try:
        yield
    finally:
        stop.set()
        await working


class TestHealth:
    async def test_is_good_while_the_store_answers_and_the_worker_looks_for_work(self, house: House) -> None:
        async with at_work(house):
            assert await house.diagnosing.health() == Health((), None)

    async def test_is_bad_while_the_store_is_silent(self, house: House) -> None:
        async with at_work(house):
            await house.storage.__aexit__()
            assert (await house.diagnosing.health()).ailments == (Ailment.STORE,)
            await house.storage.__aenter__()

    async def test_is_bad_when_the_worker_never_began(self, house: House) -> None:
        assert (await house.diagnosing.health()).ailments == (Ailment.WORKER,)

    async def test_is_bad_when_the_worker_has_not_looked_for_a_while(
        self, house: House, clock: FakeClock
    ) -> None:
        async with at_work(house):
            pass
        clock.advance(STILL_AFTER)
        assert (await house.diagnosing.health()).ailments == ()
        clock.advance(SECOND)
        assert (await house.diagnosing.health()).ailments == (Ailment.WORKER,)

    async def test_is_bad_when_withings_refuses_the_application(self, house: House) -> None:
        begun = await house.linking.begin("user-1", browser=None)
        back = await house.consent(begun.authorize_url)
        house.weather.refuses("requesttoken", 503, text="Invalid Params: invalid client_secret")
        with pytest.raises(ApplicationRefused):
            await house.linking.complete(
                state=back["state"], code=back["code"], error=None, browser=begun.browser
            )
        async with at_work(house):
            assert (await house.diagnosing.health()).ailments == (Ailment.CREDENTIALS,)
            await house.link()
            assert (await house.diagnosing.health()).ailments == ()

    async def test_is_good_while_withings_asks_to_wait_and_says_until_when(
        self, house: House, clock: FakeClock
    ) -> None:
        await house.pacing.slow_down(MINUTE)
        async with at_work(house):
            assert await house.diagnosing.health() == Health((), clock() + MINUTE)
            clock.advance(MINUTE)
            assert (await house.diagnosing.health()).paused_until is None
