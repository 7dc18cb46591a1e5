"""Cursors, imports, and what a crash between two steps leaves behind."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import Work

HEIGHT = {"type": 4, "value": 180, "unit": -2}
WEIGHT = {"type": 1, "value": 70_000, "unit": -3}


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


async def measures_of(house: House, userid: str) -> Work:
    return (await house.account(userid)).of(Category.MEASURES)


class TestCursor:
    async def test_starts_where_the_import_began(self, house: House, clock: FakeClock) -> None:
        began = clock()
        userid = await house.linked()
        assert (await measures_of(house, userid)).cursor == began

    async def test_moves_to_the_latest_change_that_came(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)
        changed_at = clock()
        clock.advance(HOUR)
        await house.notified(userid, group)
        assert (await measures_of(house, userid)).cursor == changed_at

    async def test_is_asked_for_with_an_overlap(self, house: House, userid: str) -> None:
        cursor = (await measures_of(house, userid)).cursor
        assert cursor is not None
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        (call,) = await house.calls()
        earlier = (cursor - 5 * MINUTE).timestamp() - int(call.parameters["lastupdate"])
        assert 0 <= earlier < 60

    @pytest.mark.slow
    async def test_is_asked_for_in_other_words_by_a_replica_that_asks_soon_after(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        replicas = [house, *(House(house.storage, house.cloud, clock) for _ in range(3))]
        for replica in replicas:
            await house.receiving.receive({"userid": userid, "appli": "1"})
            await replica.drain(userid)
            clock.advance(SECOND / 2)
        calls = await house.calls()
        assert [(call.action, call.status) for call in calls] == [("getmeas", 0)] * len(replicas)

    async def test_stays_when_nothing_came(self, house: House, userid: str, clock: FakeClock) -> None:
        before = (await measures_of(house, userid)).cursor
        clock.advance(DAY)
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        assert (await measures_of(house, userid)).cursor == before

    async def test_stays_when_a_window_is_compared(self, house: House, userid: str, clock: FakeClock) -> None:
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        before = (await measures_of(house, userid)).cursor
        clock.advance(HOUR)
        await house.notified(userid, await house.edit(userid, group, measures=[WEIGHT | {"value": 71_000}]))
        assert await house.values("weight") == ["156.53"]
        assert (await measures_of(house, userid)).cursor == before

    async def test_never_passes_the_time_of_the_call(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        ahead = int((clock() + DAY).timestamp())
        group = {"grpid": 9001, "attrib": 0, "category": 1, "date": ahead - 86_400, "modified": ahead}
        await house.load(userid, measuregrps=[group | {"measures": [WEIGHT]}])
        await house.notified(userid, group)
        assert (await measures_of(house, userid)).cursor == clock()


class TestImport:
    @pytest.fixture
    async def paged(self, tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
        """A house that reads one page a turn, beside a cloud whose pages hold two rows."""
        cloud = {"page_sizes": {"getmeas": 2}}
        async with a_house(tmp_path, clock, max_pages=1, cloud=cloud) as house:
            yield house

    async def load_weighings(self, house: House, *days_ago: int) -> str:
        person = (await house.cloud.control("GET", "/people"))[0]["userid"]
        groups = [
            {
                "grpid": 7000 + days,
                "attrib": 0,
                "category": 1,
                "date": int((house.clock() - days * DAY).timestamp()),
                "modified": int((house.clock() - days * DAY).timestamp()),
                "measures": [WEIGHT],
            }
            for days in days_ago
        ]
        await house.load(str(person), measuregrps=groups, replace=True)
        return str(person)

    @pytest.mark.slow
    async def test_goes_newest_first_in_chunks_that_grow(self, house: House) -> None:
        await self.load_weighings(house, 1, 100, 200, 300, 364)
        userid = await house.link()
        await house.forget_calls()
        await house.drain(userid)
        assert len(await house.values("weight")) == 5
        ends = [
            int(c.parameters["enddate"])
            for c in await house.calls()
            if c.action == "getmeas" and c.how == "dates"
        ]
        assert len(ends) == 3
        assert ends == sorted(ends, reverse=True)

    @pytest.mark.slow
    async def test_does_one_chunk_of_each_category_a_turn(self, house: House) -> None:
        await self.load_weighings(house, 1, 100)
        turns = await house.drain(await house.link())
        rounds = [[r.task.category for r in turn.results if r.task.backfill] for turn in turns]
        assert [sorted(chunks) for chunks in rounds if chunks] == [
            ["activity", "heart", "measures", "sleep", "stetho", "workouts"],
            ["heart", "measures", "stetho"],
            ["heart", "measures", "stetho"],
        ]

    @pytest.mark.slow
    async def test_asks_for_one_category_while_another_is_asked_for(self, house: House) -> None:
        userid = await house.link()
        async with house.weather.holding("getactivity") as activity:
            importing = asyncio.create_task(house.drain(userid))
            async with house.weather.holding("getsummary") as sleep:
                await asyncio.wait_for(asyncio.gather(activity.wait(), sleep.wait()), 5)
        await importing
        assert not (await house.account(userid)).importing

    @pytest.mark.slow
    async def test_stores_one_category_at_a_time(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        await self.load_weighings(house, 1, 2, 3)
        save, saving, most = house.storage.records.save, 0, 0

        async def slowly(*given: Any, **more: Any) -> None:
            nonlocal saving, most
            saving += 1
            most = max(most, saving)
            await asyncio.sleep(0.01)
            await save(*given, **more)
            saving -= 1

        monkeypatch.setattr(house.storage.records, "save", slowly)
        userid = await house.link()
        await house.cloud.control("POST", f"/people/{userid}/activity-days", {"steps": 7321})
        await house.cloud.control("POST", f"/people/{userid}/nights", {"hours": 7.5})
        await house.drain(userid)
        assert await house.values("steps")
        assert await house.values("sleep-hours")
        assert most == 1

    @pytest.mark.slow
    async def test_goes_on_from_the_offset_where_a_turn_had_to_stop(self, paged: House) -> None:
        await self.load_weighings(paged, 1, 2, 3, 4, 5)
        userid = await paged.link()
        turns = await paged.drain(userid)
        chunks = [r for turn in turns for r in turn.results if r.task.backfill]
        offsets = [
            r.task.backfill.offset for r in chunks if r.task.category is Category.MEASURES and r.task.backfill
        ]
        assert offsets[:3] == [None, 2, 4]
        assert len(await paged.values("weight")) == 5

    @pytest.mark.slow
    async def test_goes_on_in_a_process_that_comes_after(
        self, paged: House, tmp_path: Path, clock: FakeClock
    ) -> None:
        await self.load_weighings(paged, 1, 2, 3, 4, 5)
        userid = await paged.link()
        account = await paged.storage.accounts.claim_one(userid, "dies", now=clock(), lease=15 * SECOND)
        assert account is not None
        await paged.turning.turn(account, "dies")
        assert (await paged.account(userid)).importing
        after = House(paged.storage, paged.cloud, clock, max_pages=1)
        await after.drain(userid)
        assert len(await after.values("weight")) == 5
        assert not (await after.account(userid)).importing

    @pytest.mark.slow
    async def test_loses_nothing_of_what_is_new_though_it_is_on_many_pages(
        self, paged: House, clock: FakeClock
    ) -> None:
        userid = await paged.linked()
        for _ in range(4):
            clock.advance(MINUTE)
            await paged.weigh(userid, 70)
        await paged.notified(userid, await paged.weigh(userid, 70))
        assert len(await paged.values("weight")) == 5

    async def test_of_what_is_new_is_one_run_of_pages_a_turn_and_the_cursor_moves_after_the_last(
        self, paged: House, clock: FakeClock
    ) -> None:
        userid = await paged.linked()
        before = (await measures_of(paged, userid)).cursor
        for _ in range(4):
            clock.advance(MINUTE)
            await paged.weigh(userid, 70)
        last = await paged.weigh(userid, 70)
        changed_at = clock()
        clock.advance(MINUTE)
        await paged.forget_calls()
        await paged.receive(userid, last)
        cursors = []
        while turn := await paged.working.turn(userid):
            cursors.append((await measures_of(paged, userid)).cursor)
            if not turn.results:
                break
        pages = [call.parameters for call in await paged.calls() if call.action == "getmeas"]
        assert [page.get("offset", "0") for page in pages] == ["0", "2", "4"]
        assert len({page["lastupdate"] for page in pages}) == 1
        assert cursors[:3] == [before, before, changed_at]
        assert len(await paged.values("weight")) == 5

    async def test_of_what_is_new_goes_on_in_a_process_that_comes_after(
        self, paged: House, clock: FakeClock
    ) -> None:
        userid = await paged.linked()
        for _ in range(4):
            clock.advance(MINUTE)
            await paged.weigh(userid, 70)
        last = await paged.weigh(userid, 70)
        clock.advance(MINUTE)
        await paged.receive(userid, last)
        await paged.working.turn(userid)
        assert len(await paged.values("weight")) == 2
        after = House(paged.storage, paged.cloud, clock, max_pages=1)
        await after.drain(userid)
        assert len(await after.values("weight")) == 5

    @pytest.mark.slow
    async def test_of_what_is_new_is_waited_for_by_who_asks_for_a_sync(
        self, paged: House, clock: FakeClock
    ) -> None:
        userid = await paged.linked()
        for _ in range(5):
            clock.advance(MINUTE)
            await paged.weigh(userid, 70)
        clock.advance(MINUTE)
        await paged.requesting.sync("user-1")
        assert len(await paged.values("weight")) == 5

    @pytest.mark.slow
    async def test_of_what_is_new_begins_anew_when_the_list_changed_between_two_turns(
        self, paged: House, clock: FakeClock
    ) -> None:
        userid = await paged.linked()
        groups = []
        for _ in range(5):
            clock.advance(MINUTE)
            groups.append(await paged.weigh(userid, 70))
        clock.advance(MINUTE)
        await paged.receive(userid, groups[-1])
        await paged.working.turn(userid)
        clock.advance(SECOND)
        await paged.edit(userid, groups[0], measures=[WEIGHT | {"value": 80_000}])
        for _ in range(4):
            await paged.drain(userid)
            clock.advance(11 * SECOND)
        assert sorted(await paged.values("weight")) == ["154.32"] * 4 + ["176.37"]

    @pytest.mark.slow
    async def test_of_a_window_on_many_pages_takes_none_of_it_for_deleted(
        self, paged: House, clock: FakeClock
    ) -> None:
        await self.load_weighings(paged, *range(1, 8))
        userid = await paged.linked()
        start, end = clock() - 9 * DAY, clock()
        window = {"startdate": stamp(start), "enddate": stamp(end)}
        for _ in range(2):
            await paged.receiving.receive({"userid": userid, "appli": "1"} | window)
            await paged.drain(userid)
            clock.advance(5 * MINUTE)
        assert len(await paged.values("weight")) == 7


class TestCrashBetweenRecordsAndRows:
    async def repeat(self, house: House, userid: str) -> None:
        """The worker that died is gone when its lease is."""
        house.clock.advance(16 * SECOND)
        await house.drain(userid)

    async def test_of_a_weighing_is_healed_by_the_next_turn(self, house: House, userid: str) -> None:
        house.vitals.failures = 1
        await house.notified(userid, await house.weigh(userid, 70))
        assert len(await house.records(userid)) == 2
        assert await house.values("weight") == []
        await self.repeat(house, userid)
        assert await house.values("weight") == ["154.32"]

    async def test_of_a_weighing_that_came_along_unannounced_is_healed(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.weigh(userid, 72)
        clock.advance(HOUR)
        announced = await house.weigh(userid, 70)
        house.vitals.failures = 1
        await house.notified(userid, announced)
        await self.repeat(house, userid)
        assert sorted(await house.values("weight")) == ["154.32", "158.73"]

    async def test_of_an_edit_that_took_a_measure_away_is_healed(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 75, fat_percent=20)
        await house.notified(userid, group)
        clock.advance(HOUR)
        edited = await house.edit(userid, group, measures=[WEIGHT])
        house.vitals.failures = 1
        await house.notified(userid, edited)
        assert await house.values("body-fat-percentage") == ["20"]
        await self.repeat(house, userid)
        assert await house.values("weight") == ["154.32"]
        assert await house.values("body-fat-percentage") == []

    async def test_of_a_deletion_is_healed(self, house: House, userid: str, clock: FakeClock) -> None:
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        clock.advance(HOUR)
        await house.delete(userid, group)
        house.vitals.failures = 1
        await house.notified(userid, group)
        assert await house.values("weight") == ["154.32"]
        await self.repeat(house, userid)
        assert await house.values("weight") == []

    @pytest.mark.slow
    async def test_does_not_hide_a_deletion_beside_another_record_of_the_same_second(
        self, house: House, userid: str
    ) -> None:
        kept, gone = await house.weigh(userid, 72), await house.weigh(userid, 70)
        house.vitals.failures = 1
        await house.notified(userid, gone)
        await house.delete(userid, gone)
        await house.receive(userid, gone)
        await self.repeat(house, userid)
        assert [record.key for record in await house.records(userid)][1:] == [str(kept["grpid"])]
        assert await house.values("weight") == ["158.73"]

    async def test_does_not_hide_a_deletion_that_shows_late(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70)
        house.vitals.failures = 1
        await house.notified(userid, group)
        await house.cloud.faults(deletions_show_after_seconds=120)
        await house.delete(userid, group)
        await house.receive(userid, group)
        await self.repeat(house, userid)
        assert await house.values("weight") == ["154.32"]
        clock.advance(5 * MINUTE)
        await house.drain(userid)
        assert await house.values("weight") == []

    async def test_of_a_late_height_is_healed(self, house: House, userid: str, clock: FakeClock) -> None:
        await house.notified(userid, await house.weigh(userid, 70))
        at = int((clock() - HOUR).timestamp())
        late = {"grpid": 9002, "attrib": 2, "category": 1, "date": at, "measures": [HEIGHT]}
        await house.load(userid, measuregrps=[late], stamp=True)
        house.vitals.failures = 1
        await house.notified(userid, late)
        assert await house.values("bmi") != ["21.6"]
        await self.repeat(house, userid)
        assert await house.values("bmi") == ["21.6"]

    @pytest.mark.slow
    async def test_of_a_chunk_of_the_import_is_healed(self, house: House, clock: FakeClock) -> None:
        person = (await house.cloud.control("GET", "/people"))[0]["userid"]
        await house.weigh(str(person), 70, at=(clock() - DAY).isoformat())
        house.vitals.failures = 1
        userid = await house.linked()
        assert await house.values("weight") == []
        await self.repeat(house, userid)
        assert await house.values("weight") == ["154.32"]


def stamp(at: datetime) -> str:
    return str(int(at.timestamp()))


class TestAListThatChangesWhileItIsRead:
    """Withings lists by the time of the last change: what is edited moves to the end, the others up."""

    @pytest.fixture
    async def paged(self, tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
        cloud = {"page_sizes": {"getmeas": 2}}
        async with a_house(tmp_path, clock, cloud=cloud) as house:
            yield house

    async def weigh_three_times(self, house: House, person: str) -> list[dict[str, Any]]:
        groups = []
        for kg in (70, 71, 72):
            house.clock.advance(MINUTE)
            groups.append(await house.weigh(person, kg))
        house.clock.advance(MINUTE)
        return groups

    @pytest.mark.slow
    async def test_is_asked_for_again_before_the_cursor_moves(self, paged: House, clock: FakeClock) -> None:
        userid = await paged.linked()
        first, _, last = await self.weigh_three_times(paged, userid)
        paged.weather.meanwhile(
            "getmeas", lambda: paged.edit(userid, first, measures=[WEIGHT | {"value": 80_000}])
        )
        await paged.notified(userid, last)
        assert len(await paged.values("weight")) == 2
        clock.advance(11 * SECOND)
        await paged.drain(userid)
        assert len(await paged.values("weight")) == 3

    async def test_is_imported_again(self, paged: House, clock: FakeClock) -> None:
        person = str((await paged.cloud.control("GET", "/people"))[0]["userid"])
        first, *_ = await self.weigh_three_times(paged, person)
        userid = await paged.link()
        await paged.working.drain(userid, imports=False)
        paged.weather.meanwhile(
            "getmeas", lambda: paged.edit(userid, first, measures=[WEIGHT | {"value": 80_000}])
        )
        for _ in range(4):
            await paged.drain(userid)
            clock.advance(20 * SECOND)
        assert len(await paged.values("weight")) == 3
        assert not (await paged.account(userid)).importing
