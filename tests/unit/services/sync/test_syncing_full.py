"""A whole history: everything there ever was, in a few long chunks."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, MINUTE
from fakes import FakeClock
from unit.services.house import House, a_house
from withings_bridge.domain.accounts import with_whole_history
from withings_bridge.domain.categories import IMPORTED, Category
from withings_bridge.domain.imports import BEGINNING, CHUNK
from withings_bridge.domain.inbox import EVERYTHING
from withings_bridge.domain.records import Kind
from withings_bridge.services.sync.syncing import MOST_DOUBTS

WEIGHT = {"type": 1, "value": 70_000, "unit": -3}
YEAR = 365 * DAY


def weighings(clock: FakeClock, *ages: timedelta) -> list[dict[str, Any]]:
    """Measure groups of so long ago, each with an id of its own."""
    times = [int((clock() - age).timestamp()) for age in ages]
    return [
        {"grpid": at, "attrib": 0, "category": 1, "date": at, "modified": at, "measures": [WEIGHT]}
        for at in times
    ]


async def ask(house: House, userid: str) -> None:
    """Somebody asks for the whole history."""
    now = house.clock()
    await house.storage.accounts.change(userid, lambda account: with_whole_history(account, now), now=now)


async def the_person(house: House) -> str:
    return str((await house.cloud.control("GET", "/people"))[0]["userid"])


async def windows_asked(house: House, action: str = "getmeas") -> list[tuple[datetime, datetime]]:
    """The windows of the calls by dates."""
    return [
        (
            datetime.fromtimestamp(int(call.parameters["startdate"]), UTC),
            datetime.fromtimestamp(int(call.parameters["enddate"]), UTC),
        )
        for call in await house.calls()
        if call.action == action and call.how == "dates"
    ]


class TestAWholeHistory:
    @pytest.mark.slow
    async def test_is_imported_in_nine_chunks_down_to_the_beginning(
        self, house: House, clock: FakeClock
    ) -> None:
        await house.load(
            await the_person(house), measuregrps=weighings(clock, DAY, 2 * YEAR, 16 * YEAR, 40 * YEAR)
        )
        userid = await house.linked()
        assert len(await house.values("weight")) == 1
        await ask(house, userid)
        await house.drain(userid)
        assert len(await house.values("weight")) == 4
        asked = await windows_asked(house)
        assert len(asked) == 9
        assert asked == sorted(asked, reverse=True)
        assert (asked[0][1], asked[-1][0]) == (clock(), BEGINNING)
        assert not (await house.account(userid)).importing

    @pytest.mark.slow
    async def test_has_days_nights_workouts_and_hearts_too(self, house: House, clock: FakeClock) -> None:
        person = await the_person(house)
        old = clock() - 10 * YEAR
        at, date = int(old.timestamp()), f"{old:%Y-%m-%d}"
        day: dict[str, Any] = {
            "date": date,
            "timezone": "UTC",
            "modified": at,
            "steps": 7000,
            "is_tracker": True,
        }
        night = day | {"id": 1, "startdate": at, "enddate": at + 28_800, "model": 32}
        night["data"] = {"total_sleep_time": 27_000}
        await house.load(person, activities=[day], series=[night])
        userid = await house.linked()
        await ask(house, userid)
        await house.drain(userid)
        assert await house.values("steps") == ["7000"]
        assert await house.values("sleep-hours") == ["7.5"]
        calls = await house.calls()
        assert {call.status for call in calls} == {0}
        for action in ("getactivity", "getworkouts"):
            first_days = [call.parameters["startdateymd"] for call in calls if call.action == action]
            assert (len(first_days), first_days[-1]) == (9, "1970-01-31")
        assert sum(call.action == "list" for call in calls) == 2 * 9  # ECGs, and stethoscope recordings

    async def test_that_is_asked_for_during_an_import_repeats_nothing(
        self, house: House, clock: FakeClock
    ) -> None:
        await house.load(
            await the_person(house), measuregrps=weighings(clock, DAY, 100 * DAY, 300 * DAY, 3 * YEAR)
        )
        userid = await house.link()
        await house.forget_calls()
        async with house.weather.holding("getmeas") as arrived:
            working = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            await ask(house, userid)
        await working
        assert len(await house.values("weight")) == 4
        asked = await windows_asked(house)
        assert len(asked) == 9
        ends = [end for _, end in asked]
        assert [start for start, _ in asked[:-1]] == ends[1:]

    @pytest.mark.slow
    async def test_goes_on_to_the_beginning_though_everything_is_compared_anew(
        self, house: House, clock: FakeClock
    ) -> None:
        await house.load(await the_person(house), measuregrps=weighings(clock, 9 * YEAR))
        userid = await house.linked()
        await ask(house, userid)
        await house.storage.accounts.announce(userid, {Category.MEASURES: EVERYTHING}, now=clock())
        await house.drain(userid)
        assert len(await house.values("weight")) == 1

    @pytest.mark.slow
    async def test_is_read_page_by_page_and_a_turn_reads_no_more_than_it_may(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        cloud = {"page_sizes": {"getmeas": 5}}
        async with a_house(tmp_path, clock, max_pages=2, cloud=cloud) as house:
            ages = [10 * YEAR + number * DAY for number in range(33)]
            await house.load(await the_person(house), measuregrps=weighings(clock, *ages))
            userid = await house.linked()
            await ask(house, userid)
            turns = await house.drain(userid)
            assert len(await house.values("weight")) == 33
            chunks = [result.task.backfill for turn in turns for result in turn.results]
            assert [chunk.offset for chunk in chunks if chunk and chunk.offset] == [10, 20, 30]
            assert (await house.account(userid)).of(Category.MEASURES).rechecks == ()

    @pytest.mark.slow
    async def test_is_not_told_whole_to_who_waits(self, house: House, clock: FakeClock) -> None:
        await house.load(await the_person(house), measuregrps=weighings(clock, DAY, 300 * DAY, 2 * YEAR))
        await house.link()
        synced = await house.requesting.sync("user-1", full=True)
        ages = [clock() - record.at for record in synced.fetched if record.body.get("measures") == [WEIGHT]]
        assert sorted(age.days for age in ages) == [1, 300]
        assert len(await house.values("weight")) == 3


class TestWhatAWholeHistoryLacks:
    @pytest.fixture
    async def old(self, house: House, clock: FakeClock) -> list[dict[str, Any]]:
        """Weighings of long ago, imported whole."""
        groups = weighings(clock, *(10 * YEAR + number * 100 * DAY for number in range(8)))
        await house.load(await the_person(house), measuregrps=groups, replace=True)
        userid = await house.linked()
        await ask(house, userid)
        await house.drain(userid)
        assert len(await house.values("weight")) == 8
        clock.advance(DAY)
        await house.forget_calls()
        return groups

    @pytest.mark.slow
    async def test_goes_when_a_second_answer_for_that_quarter_agrees(
        self, house: House, clock: FakeClock, old: list[dict[str, Any]]
    ) -> None:
        userid = await the_person(house)
        await house.load(userid, measuregrps=old[1:], replace=True)
        await ask(house, userid)
        await house.drain(userid)
        assert len(await house.values("weight")) == 8
        await house.forget_calls()
        clock.advance(MINUTE)
        await house.drain(userid)
        assert len(await house.values("weight")) == 7
        ((start, end),) = await windows_asked(house)
        assert CHUNK <= end - start < CHUNK + MINUTE
        assert start.timestamp() <= old[0]["date"] <= end.timestamp()

    async def test_goes_too_when_it_is_a_height_of_before_the_import(
        self, house: House, clock: FakeClock
    ) -> None:
        person = await the_person(house)
        height = weighings(clock, 20 * YEAR)[0] | {"measures": [{"type": 4, "value": 180, "unit": -2}]}
        await house.load(person, measuregrps=[height], replace=True)
        userid = await house.linked()
        assert len(await house.records(userid, Kind.HEIGHT)) == 1
        await house.load(person, measuregrps=[], replace=True)
        await ask(house, userid)
        await house.drain(userid)
        clock.advance(MINUTE)
        await house.drain(userid)
        assert await house.records(userid, Kind.HEIGHT) == []

    @pytest.mark.slow
    async def test_stays_when_the_second_answer_has_it_again(
        self, house: House, clock: FakeClock, old: list[dict[str, Any]]
    ) -> None:
        userid = await the_person(house)
        await house.load(userid, measuregrps=[], replace=True)
        await ask(house, userid)
        await house.drain(userid)
        await house.load(userid, measuregrps=old, replace=True)
        clock.advance(MINUTE)
        await house.drain(userid)
        assert len(await house.values("weight")) == 8

    @pytest.mark.slow
    async def test_is_looked_at_once_more_in_a_few_quarters_only(
        self, house: House, clock: FakeClock, old: list[dict[str, Any]]
    ) -> None:
        userid = await the_person(house)
        await house.load(userid, measuregrps=[], replace=True)
        await ask(house, userid)
        await house.drain(userid)
        rechecks = (await house.account(userid)).of(Category.MEASURES).rechecks
        assert len(rechecks) == MOST_DOUBTS
        assert all(recheck.window.end - recheck.window.start == CHUNK for recheck in rechecks)
        clock.advance(MINUTE)
        await house.drain(userid)
        assert len(await house.values("weight")) == 8 - MOST_DOUBTS


class TestEveryImport:
    async def test_is_of_the_categories_that_have_windows(self, house: House) -> None:
        assert set(IMPORTED) == set(house.syncing._windows)
