"""Goals: one record a person, or none."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from builders import HOUR, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED
from withings_bridge.domain.records import THE_GOALS, Kind

EVERY = 6 * HOUR
GOALS = {"steps": 10000, "sleep": 28800, "weight": {"value": 70500, "unit": -3}}


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    async with a_house(tmp_path, clock, sweep_every=EVERY) as house:
        yield house


async def swept(house: House, userid: str, goals: dict[str, Any]) -> list[tuple[str, Any]]:
    """What is stored after the person has set goals, and a sweep."""
    await house.load(userid, goals=goals)
    house.clock.advance(EVERY)
    await house.drain(userid)
    return [(record.key, record.body) for record in await house.records(userid, Kind.GOALS)]


class TestGoals:
    @pytest.mark.slow
    async def test_are_stored_when_the_account_is_linked(self, house: House) -> None:
        person = str((await house.cloud.control("GET", "/people"))[0]["userid"])
        await house.load(person, goals=GOALS)
        userid = await house.linked()
        assert [record.body for record in await house.records(userid, Kind.GOALS)] == [GOALS]

    @pytest.mark.slow
    async def test_that_changed_are_found_by_a_sweep(self, house: House) -> None:
        userid = await house.linked()
        assert await swept(house, userid, GOALS) == [(THE_GOALS, GOALS)]
        assert await swept(house, userid, {"steps": 12000}) == [(THE_GOALS, {"steps": 12000})]

    @pytest.mark.slow
    async def test_that_nobody_has_any_more_go(self, house: House) -> None:
        userid = await house.linked()
        await swept(house, userid, GOALS)
        assert await swept(house, userid, {}) == []

    async def test_keep_what_nobody_has_documented(self, house: House) -> None:
        userid = await house.linked()
        odd = {"steps": 9000.5, "sleep": "eight hours", "weight": {"value": "70"}, "water": {"value": 2}}
        assert await swept(house, userid, odd) == [(THE_GOALS, odd)]

    async def test_are_not_asked_for_twice_within_ten_seconds(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        for _ in range(3):
            await house.storage.accounts.announce(userid, {Category.GOALS: ASKED}, now=clock())
            await house.drain(userid)
            clock.advance(SECOND)
        assert await house.asked() == [("getgoals", "dates")]
