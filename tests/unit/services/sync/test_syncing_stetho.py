"""Stethoscope recordings: like ECGs, and of few people."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE
from fakes import FakeClock
from unit.services.house import House, a_house
from withings_bridge.domain.records import Kind

EVERY = 6 * HOUR


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    async with a_house(tmp_path, clock, sweep_every=EVERY) as house:
        yield house


def a_sound(house: House, *, days_ago: int = 0, signalid: int = 1) -> dict[str, Any]:
    at = int((house.clock() - days_ago * DAY).timestamp())
    return {"signalid": signalid, "vhd": 0, "timestamp": at, "timezone": "UTC", "hash_deviceid": "b"}


async def owns(house: House, userid: str, *models: int) -> None:
    """The devices of the person are these, and the bridge knows."""
    await house.load(userid, devices=[{"deviceid": f"d{model}", "model_id": model} for model in models])
    house.clock.advance(EVERY)
    await house.drain(userid)


async def sounds_swept(house: House, userid: str) -> int:
    """How many calls the next sweep makes for recordings, beside the one for ECGs."""
    house.clock.advance(EVERY)
    await house.forget_calls()
    await house.drain(userid)
    return [call.action for call in await house.calls()].count("list") - 1


class TestAStethoscopeRecording:
    @pytest.mark.slow
    async def test_is_imported(self, house: House) -> None:
        person = str((await house.cloud.control("GET", "/people"))[0]["userid"])
        await house.load(person, series=[a_sound(house, days_ago=300)])
        userid = await house.linked()
        assert [sound.key for sound in await house.records(userid, Kind.STETHO)] == ["1"]

    async def test_that_is_announced_costs_one_call_beside_its_measures(self, house: House) -> None:
        userid = await house.linked()
        sound = a_sound(house)
        await house.load(userid, series=[sound])
        window = {"startdate": str(sound["timestamp"] - 1), "enddate": str(sound["timestamp"])}
        assert await house.receiving.receive({"userid": userid, "appli": "61"} | window) == userid
        await house.drain(userid)
        assert sorted(await house.asked()) == [("getmeas", "lastupdate"), ("list", "dates")]
        assert [each.body for each in await house.records(userid, Kind.STETHO)] == [sound]

    @pytest.mark.slow
    async def test_whose_announcement_was_lost_is_found_by_the_sweep_of_who_could_take_one(
        self, house: House
    ) -> None:
        userid = await house.linked()
        await owns(house, userid, 71)
        await house.load(userid, series=[a_sound(house)])
        assert await sounds_swept(house, userid) == 1
        assert len(await house.records(userid, Kind.STETHO)) == 1

    @pytest.mark.slow
    async def test_is_not_looked_for_where_nobody_could_take_one(self, house: House) -> None:
        userid = await house.linked()
        await owns(house, userid, 5, 93)
        assert await sounds_swept(house, userid) == 0

    @pytest.mark.slow
    async def test_is_looked_for_where_one_is_stored_though_the_device_is_gone(self, house: House) -> None:
        person = str((await house.cloud.control("GET", "/people"))[0]["userid"])
        await house.load(person, series=[a_sound(house, days_ago=1)])
        userid = await house.linked()
        await owns(house, userid, 5)
        assert await sounds_swept(house, userid) == 1

    @pytest.mark.slow
    async def test_that_is_deleted_goes_when_a_second_look_agrees(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await house.load(userid, series=[a_sound(house)])
        await sounds_swept(house, userid)
        await house.cloud.control("DELETE", f"/people/{userid}/records/stetho/1")
        await sounds_swept(house, userid)
        assert len(await house.records(userid, Kind.STETHO)) == 1
        clock.advance(2 * MINUTE)
        await house.drain(userid)
        assert await house.records(userid, Kind.STETHO) == []
