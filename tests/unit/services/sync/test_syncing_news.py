"""What an announcement leads to: how many calls, which, and what becomes of the rows."""

from datetime import timedelta
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import EVERYTHING, MOST_WINDOWS
from withings_bridge.domain.records import Kind


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


def a_weighing(grpid: int, at: int, grams: int = 70_000) -> dict[str, Any]:
    return {
        "grpid": grpid,
        "attrib": 0,
        "category": 1,
        "date": at,
        "created": at,
        "modified": at,
        "measures": [{"type": 1, "value": grams, "unit": -3}],
    }


class TestNews:
    async def test_costs_one_call_and_gives_rows_and_a_word_to_the_gateway(
        self, house: House, userid: str
    ) -> None:
        await house.notified(userid, await house.weigh(userid, 70.5, fat_percent=20))
        assert await house.asked() == [("getmeas", "lastupdate")]
        assert await house.values("weight") == ["155.43"]
        assert await house.values("body-fat-percentage") == ["20"]
        assert house.gateway.published == ["user-1"]

    async def test_of_several_weighings_still_costs_one_call(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        for _ in range(3):
            clock.advance(MINUTE)
            await house.receive(userid, await house.weigh(userid, 70))
        await house.drain(userid)
        assert await house.asked() == [("getmeas", "lastupdate")]
        assert len(await house.values("weight")) == 3

    async def test_that_is_announced_again_while_it_is_fetched_costs_one_call_more(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)

        async def announced_again() -> None:
            for _ in range(3):
                await house.receive(userid, group)

        house.weather.meanwhile("getmeas", announced_again)
        await house.notified(userid, group)
        assert await house.values("weight") == ["154.32"]
        for _ in range(10):
            clock.advance(MINUTE)
            await house.drain(userid)
        assert await house.asked() == [("getmeas", "lastupdate"), ("getmeas", "dates")]

    async def test_that_a_device_uploads_late_is_not_dropped(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.notified(userid, await house.weigh(userid, 80))
        clock.advance(HOUR)
        at = (clock() - 10 * DAY).isoformat()
        await house.notified(userid, await house.weigh(userid, 70, at=at))
        assert await house.asked() == [("getmeas", "lastupdate")] * 2
        assert await house.values("weight") == ["154.32", "176.37"]

    async def test_that_is_not_there_yet_is_looked_for_by_dates_five_minutes_later(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = a_weighing(9001, int(clock.epoch()))
        await house.notified(userid, group)
        assert await house.asked() == [("getmeas", "lastupdate")]
        await house.load(userid, measuregrps=[group])
        clock.advance(5 * MINUTE)
        await house.drain(userid)
        assert await house.asked() == [("getmeas", "dates")]
        assert await house.values("weight") == ["154.32"]

    async def test_without_a_window_means_see_what_is_new(self, house: House, userid: str) -> None:
        await house.weigh(userid, 70)
        assert await house.receiving.receive({"userid": userid, "appli": "1"}) == userid
        await house.drain(userid)
        assert await house.asked() == [("getmeas", "lastupdate")]
        assert await house.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_twice_within_ten_seconds_is_never_the_identical_call(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        for _ in range(3):
            clock.advance(SECOND)
            await house.receiving.receive({"userid": userid, "appli": "1"})
            await house.drain(userid)
        assert [call.status for call in await house.calls()] == [0, 0, 0]


class TestActivityDay:
    async def test_costs_two_calls_and_is_not_looked_at_again(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        reply = await house.cloud.control("POST", f"/people/{userid}/activity-days", {"steps": 4321})
        fields = {"userid": userid, "appli": "16", "date": reply["row"]["date"]}
        assert await house.receiving.receive(fields) == userid
        await house.drain(userid)
        assert await house.asked() == [("getactivity", "lastupdate"), ("getworkouts", "lastupdate")]
        assert await house.values("steps") == ["4321"]
        clock.advance(HOUR)
        await house.drain(userid)
        assert await house.asked() == []

    async def test_that_goes_on_is_compared_and_its_row_follows(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        for steps in (1000, 2000, 0):
            clock.advance(HOUR)
            reply = await house.cloud.control("POST", f"/people/{userid}/activity-days", {"steps": steps})
            await house.receiving.receive({"userid": userid, "appli": "16", "date": reply["row"]["date"]})
            await house.drain(userid)
            assert await house.values("steps") == ([str(steps)] if steps else [])
        assert ("getactivity", "dates") in await house.asked()

    async def test_counted_by_two_devices_is_one_row(self, house: House, userid: str) -> None:
        for steps, phone in ((9000, True), (8000, False)):
            path = f"/people/{userid}/activity-days"
            reply = await house.cloud.control("POST", path, {"steps": steps, "phone": phone})
            await house.receiving.receive({"userid": userid, "appli": "16", "date": reply["row"]["date"]})
            await house.drain(userid)
        assert len(await house.records(userid, Kind.ACTIVITY)) == 2
        assert await house.values("steps") == ["8000"]


class TestNight:
    async def test_is_followed_while_withings_revises_it(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        path = f"/people/{userid}/nights"
        row = (await house.cloud.control("POST", path, {"hours": 8}))["row"]
        await self.notify(house, userid, row)
        (before,) = [r for r in (await house.rows()).values() if r["vitalType"] == "sleep-hours"]
        clock.advance(HOUR)
        start = clock() - 10 * HOUR
        edit = {"start": start.isoformat(), "hours": 9}
        row = (await house.cloud.control("PATCH", f"{path}/{row['id']}", edit))["row"]
        await self.notify(house, userid, row)
        (after,) = [r for r in (await house.rows()).values() if r["vitalType"] == "sleep-hours"]
        assert (after["item_key"], after["id"]) == (before["item_key"], before["id"])
        assert after["recordedAt"] == int(start.timestamp())
        assert len(await house.records(userid, Kind.SLEEP)) == 1

    async def notify(self, house: House, userid: str, row: dict[str, Any]) -> None:
        window = {name: str(row[name]) for name in ("startdate", "enddate")}
        assert await house.receiving.receive({"userid": userid, "appli": "44"} | window) == userid
        await house.drain(userid)


class TestEcho:
    async def test_costs_one_call_by_dates_and_one_more_five_minutes_later(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        await house.forget_calls()
        house.gateway.published.clear()
        await house.notified(userid, group)
        assert await house.asked() == [("getmeas", "dates")]
        clock.advance(5 * MINUTE - SECOND)
        await house.drain(userid)
        assert await house.asked() == []
        clock.advance(SECOND)
        await house.drain(userid)
        assert await house.asked() == [("getmeas", "dates")]
        clock.advance(DAY)
        await house.drain(userid)
        assert await house.asked() == []
        assert house.gateway.published == []


class TestEverything:
    @pytest.mark.slow
    async def test_is_compared_when_more_was_announced_than_is_kept_apart(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        lost = await house.weigh(userid, 99)
        await house.notified(userid, lost)
        await house.delete(userid, lost)
        for number in range(MOST_WINDOWS + 1):
            at = clock() - timedelta(hours=number)
            await house.receive(userid, await house.weigh(userid, 60 + number, at=at.isoformat()))
        clock.advance(MINUTE)
        await house.forget_calls()
        await house.drain(userid)
        calls = await house.asked()
        assert calls == [("getmeas", "lastupdate")] + [("getmeas", "dates")] * 3
        assert len(await house.values("weight")) == MOST_WINDOWS + 2
        # What only a sweeping look missed goes when a second answer agrees.
        clock.advance(MINUTE)
        await house.drain(userid)
        assert len(await house.values("weight")) == MOST_WINDOWS + 1
        assert (await house.account(userid)).of(Category.MEASURES).backfill is None

    @pytest.mark.slow
    async def test_goes_back_as_far_as_what_was_uploaded_late(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        old = await house.weigh(userid, 99, at=(clock() - 400 * DAY).isoformat())
        await house.notified(userid, old)
        clock.advance(HOUR)
        await house.delete(userid, old)
        await house.receive(userid, old)
        for number in range(MOST_WINDOWS):
            at = clock() - timedelta(hours=number)
            await house.receive(userid, await house.weigh(userid, 60, at=at.isoformat()))
        await house.drain(userid)
        assert len(await house.values("weight")) == MOST_WINDOWS + 1
        clock.advance(MINUTE)
        await house.drain(userid)
        assert len(await house.values("weight")) == MOST_WINDOWS

    async def test_goes_back_as_far_as_an_import_that_it_takes_the_place_of(
        self, house: House, clock: FakeClock
    ) -> None:
        person = str((await house.cloud.control("GET", "/people"))[0]["userid"])
        old = clock() - 364 * DAY
        await house.weigh(person, 70, at=old.isoformat())
        userid = await house.link()
        clock.advance(10 * DAY)
        await house.storage.accounts.announce(userid, {Category.MEASURES: EVERYTHING}, now=clock())
        await house.drain(userid)
        assert await house.values("weight") == ["154.32"]
