"""ECGs: a service without ``lastupdate``, asked by dates alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE
from fakes import FakeClock
from unit.services.house import House, a_house
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED
from withings_bridge.domain.records import Kind


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


def an_ecg(house: House, *, days_ago: int, signalid: int = 1) -> dict[str, Any]:
    at = int((house.clock() - days_ago * DAY).timestamp())
    return {
        "deviceid": "w",
        "model": 93,
        "ecg": {"signalid": signalid, "afib": 0},
        "heart_rate": 60,
        "timestamp": at,
        "modified": at,
    }


async def notified(house: House, userid: str, ecg: dict[str, Any]) -> None:
    window = {"startdate": str(ecg["timestamp"] - 1), "enddate": str(ecg["timestamp"])}
    assert await house.receiving.receive({"userid": userid, "appli": "54"} | window) == userid
    await house.drain(userid)


class TestEcg:
    async def test_that_is_announced_costs_one_call_beside_its_measures(
        self, house: House, userid: str
    ) -> None:
        ecg = an_ecg(house, days_ago=0)
        await house.load(userid, series=[ecg])
        await notified(house, userid, ecg)
        assert await house.asked() == [("getmeas", "lastupdate"), ("list", "dates")]
        assert [record.body for record in await house.records(userid, Kind.HEART)] == [ecg]

    async def test_that_is_uploaded_late_is_found_at_once(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        clock.advance(10 * DAY)
        await house.storage.accounts.announce(userid, {Category.HEART: ASKED}, now=clock())
        await house.drain(userid)
        clock.advance(MINUTE)
        ecg = an_ecg(house, days_ago=5)
        await house.load(userid, series=[ecg])
        await notified(house, userid, ecg)
        assert len(await house.records(userid, Kind.HEART)) == 1
        assert (await house.account(userid)).of(Category.HEART).rechecks == ()

    @pytest.mark.slow
    async def test_is_never_asked_for_twice_in_the_same_words_within_ten_seconds(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        for _ in range(55):
            await house.storage.accounts.announce(userid, {Category.HEART: ASKED}, now=clock())
            await house.drain(userid)
            clock.advance(timedelta(milliseconds=170))
        asked = [(call.parameters["startdate"], call.parameters["enddate"]) for call in await house.calls()]
        assert len(asked) == len(set(asked)) == 55

    async def test_whose_announcement_was_lost_is_found_by_the_next_catch_up(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        first = an_ecg(house, days_ago=0)
        await house.load(userid, series=[first])
        await notified(house, userid, first)
        clock.advance(3 * DAY)
        await house.load(userid, series=[an_ecg(house, days_ago=0, signalid=2)])
        clock.advance(3 * DAY)
        await notified(house, userid, first)  # an echo, which looks at its own window alone
        await house.storage.accounts.announce(userid, {Category.HEART: ASKED}, now=clock())
        await house.drain(userid)
        assert len(await house.records(userid, Kind.HEART)) == 2

    @pytest.mark.slow
    async def test_on_any_page_is_found(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path, clock, max_pages=1, cloud={"page_sizes": {"list": 1}}) as house:
            userid = await house.linked()
            ecgs = []
            for number in range(3):
                clock.advance(HOUR)
                ecgs.append(an_ecg(house, days_ago=0, signalid=number))
            await house.load(userid, series=ecgs)
            clock.advance(MINUTE)
            await notified(house, userid, ecgs[0])
            assert len(await house.records(userid, Kind.HEART)) == 3
