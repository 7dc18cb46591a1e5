"""Withings calls for a weigh-in: an ordinary one, one announced four times, one announced once more later.

A whole bridge beside a pretend Withings under one clock, which is moved on past the second look that some of
them need, so that every call counts. Notifications that repeat one of shortly before look just as those of a
deletion, which Withings shows minutes late: hence the second look.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from ratios import Ratio, Target

from fakes import FakeClock
from unit.services.house import House, a_house

TIMES = 4
"""How often Withings announces one weigh-in in a burst."""
MINUTE = timedelta(minutes=1)
PAST_ALL_LOOKS = 15
"""Minutes after which no look is left to be made."""


def measure() -> list[Ratio]:
    """Calls a weigh-in, each kind in a bridge of its own."""
    return asyncio.run(_measured())


async def _measured() -> list[Ratio]:
    async with _weighed() as (house, userid, group):
        await house.notified(userid, group)
        ordinary = await _calls(house, userid)
        await house.notified(userid, group)
        at_once = await _calls(house, userid, minutes=0)
        later = await _calls(house, userid)
    async with _weighed() as (house, userid, group):
        for _ in range(TIMES):
            await house.receive(userid, group)
        await house.drain(userid)
        burst = await _calls(house, userid)
    async with _weighed() as (house, userid, group):

        async def announced_again() -> None:
            for _ in range(TIMES - 1):
                await house.receive(userid, group)

        house.weather.meanwhile("getmeas", announced_again)
        await house.notified(userid, group)
        overtaken = await _calls(house, userid)
    return [
        Ratio("Withings calls of an ordinary weigh-in", ordinary, 1, "calls", Target(1)),
        Ratio(f"of one announced {TIMES} times before it is fetched", burst, 1, "calls", Target(2)),
        Ratio(
            f"of one announced {TIMES - 1} times more while it is fetched", overtaken, 1, "calls", Target(2)
        ),
        Ratio("of a notification repeated later, at once", at_once, 1, "calls", Target(1)),
        Ratio("and for the second look five minutes later", later, 1, "calls"),
    ]


@asynccontextmanager
async def _weighed() -> AsyncIterator[tuple[House, str, dict[str, Any]]]:
    """A bridge, and a weigh-in of its linked person that was not announced yet."""
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder:
        async with a_house(Path(folder), clock) as house:
            userid = await house.linked()
            group = await house.weigh(userid, 70)
            yield house, userid, group


async def _calls(house: House, userid: str, *, minutes: int = PAST_ALL_LOOKS) -> int:
    """The calls since this was asked last, those of the next minutes included."""
    for _ in range(minutes):
        house.clock.advance(MINUTE)
        await house.drain(userid)
    return len(await house.asked())
