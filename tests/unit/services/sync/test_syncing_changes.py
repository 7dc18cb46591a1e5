"""Edits and deletions: the store equals Withings, and nothing goes on a mistaken answer."""

from datetime import timedelta

import pytest

from builders import DAY, HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.records import Kind

WEIGHT = {"type": 1, "value": 70_000, "unit": -3}
HEIGHT = {"type": 4, "value": 180, "unit": -2}


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


class TestEdit:
    async def test_changes_the_value_of_the_row_that_is_there(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 75)
        await house.notified(userid, group)
        (before,) = [row for row in (await house.rows()).values() if row["vitalType"] == "weight"]
        clock.advance(HOUR)
        await house.notified(userid, await house.edit(userid, group, measures=[WEIGHT]))
        (after,) = [row for row in (await house.rows()).values() if row["vitalType"] == "weight"]
        assert after == before | {"value": "154.32"}

    async def test_moves_the_row_in_time(self, house: House, userid: str, clock: FakeClock) -> None:
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        clock.advance(HOUR)
        moved_to = clock() - 3 * DAY
        moved = await house.edit(userid, group, date=moved_to.isoformat())
        await house.receive(userid, group)
        await house.receive(userid, moved)
        await house.drain(userid)
        (row,) = [row for row in (await house.rows()).values() if row["vitalType"] == "weight"]
        assert row["recordedAt"] == int(moved_to.timestamp())

    @pytest.mark.slow
    async def test_that_moves_it_is_found_though_only_the_new_time_is_announced(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        clock.advance(HOUR)
        moved = await house.edit(userid, group, date=(clock() - 3 * DAY).isoformat())
        await house.notified(userid, moved)
        assert [r.at for r in await house.records(userid) if r.key == str(group["grpid"])] == [
            clock() - 3 * DAY
        ]

    async def test_that_takes_a_measure_away_takes_its_row_away(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 75, fat_percent=20)
        await house.notified(userid, group)
        assert await house.values("body-fat-percentage") == ["20"]
        clock.advance(HOUR)
        await house.notified(userid, await house.edit(userid, group, measures=[WEIGHT]))
        assert await house.values("weight") == ["154.32"]
        assert await house.values("body-fat-percentage") == []

    async def test_that_doubts_whose_it_is_hides_the_rows_until_it_is_settled(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)
        for attrib, shown in ((0, True), (1, False), (7, True)):
            clock.advance(HOUR)
            await house.notified(userid, await house.edit(userid, group, attrib=attrib))
            assert (await house.values("weight") == ["154.32"]) is shown


class TestDeletion:
    async def test_of_a_lone_weighing_is_believed_at_once(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        await house.forget_calls()
        clock.advance(HOUR)
        await house.delete(userid, group)
        await house.notified(userid, group)
        assert await house.asked() == [("getmeas", "dates")]
        assert await house.values("weight") == []
        assert str(group["grpid"]) not in [record.key for record in await house.records(userid)]
        assert house.gateway.published == ["user-1", "user-1"]

    async def test_that_shows_late_is_found_five_minutes_later(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        await house.cloud.faults(deletions_show_after_seconds=120)
        await house.delete(userid, group)
        await house.notified(userid, group)
        assert await house.values("weight") == ["154.32"]
        clock.advance(5 * MINUTE)
        await house.drain(userid)
        assert await house.values("weight") == []

    @pytest.mark.slow
    async def test_that_shows_late_is_found_though_the_day_after_changed(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        gone, other = ((clock() - days * DAY).date().isoformat() for days in (60, 59))
        path = f"/people/{userid}/activity-days"
        for day in (gone, other):
            await house.cloud.control("POST", path, {"steps": 1000, "date": day})
            await house.receiving.receive({"userid": userid, "appli": "16", "date": day})
            await house.drain(userid)
        clock.advance(HOUR)
        await house.cloud.faults(deletions_show_after_seconds=120)
        await house.cloud.control("POST", path, {"steps": 2000, "date": other})
        await house.cloud.control("DELETE", f"{path}/{gone}")
        await house.receiving.receive({"userid": userid, "appli": "16", "date": gone})
        await house.drain(userid)
        assert await house.values("steps") == ["1000", "2000"]
        clock.advance(5 * MINUTE)
        await house.drain(userid)
        assert await house.values("steps") == ["2000"]

    async def test_of_more_than_five_needs_a_second_answer_a_minute_later(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        groups = [await self.weighed(house, userid, seconds) for seconds in range(6)]
        for group in groups:
            await house.receive(userid, group)
        await house.drain(userid)
        for group in groups:
            await house.delete(userid, group)
        first, last = groups[0]["date"], groups[-1]["date"]
        window = {"startdate": str(min(first, last)), "enddate": str(max(first, last))}
        await house.receiving.receive({"userid": userid, "appli": "1"} | window)
        await house.forget_calls()
        await house.drain(userid)
        assert len(await house.values("weight")) == 6
        clock.advance(59 * SECOND)
        await house.drain(userid)
        assert len(await house.values("weight")) == 6
        clock.advance(SECOND)
        await house.drain(userid)
        assert await house.asked() == [("getmeas", "dates")] * 2
        assert await house.values("weight") == []

    async def test_is_not_believed_when_the_second_answer_has_them_again(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        groups = [await self.weighed(house, userid, seconds) for seconds in range(6)]
        await house.receive(userid, groups[0])
        await house.drain(userid)
        for group in groups:
            await house.delete(userid, group)
        window = {"startdate": str(groups[-1]["date"]), "enddate": str(groups[0]["date"])}
        await house.receiving.receive({"userid": userid, "appli": "1"} | window)
        await house.drain(userid)
        await house.load(userid, measuregrps=groups)
        clock.advance(MINUTE)
        await house.drain(userid)
        clock.advance(DAY)
        await house.drain(userid)
        assert len(await house.values("weight")) == 6

    async def test_of_one_source_of_a_day_leaves_the_other_to_tell_the_steps(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        day = {"date": f"{clock():%Y-%m-%d}", "timezone": "UTC", "modified": int(clock.epoch())}
        phone = day | {"deviceid": None, "modelid": 1054, "is_tracker": False, "steps": 9000}
        watch = day | {"deviceid": "w", "modelid": 93, "is_tracker": True, "steps": 8000}
        await house.load(userid, activities=[phone, watch])
        notice = {"userid": userid, "appli": "16", "date": day["date"]}
        await house.receiving.receive({key: str(value) for key, value in notice.items()})
        await house.drain(userid)
        assert await house.values("steps") == ["8000"]
        clock.advance(HOUR)
        await house.load(userid, activities=[phone], replace=True)
        await house.receiving.receive({key: str(value) for key, value in notice.items()})
        await house.drain(userid)
        assert await house.values("steps") == ["9000"]
        assert len(await house.records(userid, Kind.ACTIVITY)) == 1

    async def weighed(self, house: House, userid: str, seconds: int) -> dict[str, int]:
        at = house.clock() - timedelta(seconds=seconds)
        return await house.weigh(userid, 70 + seconds, at=at.isoformat())


class TestHeight:
    async def test_that_arrives_late_gives_the_weighings_after_it_a_bmi(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.notified(userid, await house.weigh(userid, 70))
        (before,) = await house.values("bmi")
        clock.advance(HOUR)
        at = int((clock() - 2 * HOUR).timestamp())
        late = {"grpid": 9002, "attrib": 2, "category": 1, "date": at, "measures": [HEIGHT]}
        await house.load(userid, measuregrps=[late], stamp=True)
        await house.notified(userid, late)
        assert await house.values("bmi") == ["21.6"] != [before]
        assert "70.87" in await house.values("height")

    async def test_that_is_deleted_takes_the_bmi_back_to_the_one_before(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.notified(userid, await house.weigh(userid, 70))
        before = await house.values("bmi")
        at = int((clock() - HOUR).timestamp())
        height = {"grpid": 9002, "attrib": 2, "category": 1, "date": at, "measures": [HEIGHT]}
        await house.load(userid, measuregrps=[height], stamp=True)
        await house.notified(userid, height)
        assert await house.values("bmi") == ["21.6"]
        clock.advance(HOUR)
        await house.delete(userid, height)
        await house.notified(userid, height)
        assert await house.values("bmi") == before
        assert "70.87" not in await house.values("height")

    @pytest.mark.slow
    async def test_of_long_before_the_import_counts_and_its_deletion_is_noticed(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = str((await house.cloud.control("GET", "/people"))[0]["userid"])
        at = int((clock() - 3 * 365 * DAY).timestamp())
        old = {"grpid": 9003, "attrib": 2, "category": 1, "date": at, "modified": at, "measures": [HEIGHT]}
        await house.load(userid, measuregrps=[old], replace=True)
        await house.linked()
        await house.notified(userid, await house.weigh(userid, 70))
        assert await house.values("bmi") == ["21.6"]
        assert [record.key for record in await house.records(userid, Kind.HEIGHT)] == ["9003"]
        clock.advance(HOUR)
        await house.delete(userid, old)
        await house.notified(userid, old)
        clock.advance(5 * MINUTE)
        await house.drain(userid)
        assert await house.values("bmi") == []
        assert await house.values("weight") == ["154.32"]
