"""Samples of days and stages of nights: switched on by a setting, and asked for where a summary changed."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import DETAIL, House, a_house
from withings_bridge.domain.accounts import tasks, with_whole_history
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import EVERYTHING, Lane, News
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.records import Kind, Record
from withings_bridge.services.sync.detailing import RUN
from withings_bridge.withings import Between

EVERY = 6 * HOUR
DETAIL_ACTIONS = ("get", "getintradayactivity")


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    async with a_house(tmp_path, clock, sweep_every=EVERY, detail=DETAIL) as house:
        yield house


async def first_person(house: House) -> str:
    return str((await house.cloud.control("GET", "/people"))[0]["userid"])


async def sleeps(house: House, userid: str, *, days_ago: float = 0, hours: float = 8) -> dict[str, Any]:
    start = house.clock() - timedelta(days=days_ago, hours=hours)
    reply = await house.cloud.control(
        "POST", f"/people/{userid}/nights", {"start": start.isoformat(), "hours": hours}
    )
    night: dict[str, Any] = reply["row"]
    return night


async def walks(house: House, userid: str, steps: int, *, date: str | None = None) -> dict[str, Any]:
    body = {"steps": steps} | ({"date": date} if date else {})
    day: dict[str, Any] = (await house.cloud.control("POST", f"/people/{userid}/activity-days", body))["row"]
    return day


async def told_of_night(house: House, userid: str, night: dict[str, Any]) -> None:
    fields = {"userid": userid, "appli": "44"}
    fields |= {name: str(night[name]) for name in ("startdate", "enddate")}
    assert await house.receiving.receive(fields) == userid
    await house.drain(userid)


async def told_of_day(house: House, userid: str, day: dict[str, Any]) -> None:
    assert await house.receiving.receive({"userid": userid, "appli": "16", "date": day["date"]}) == userid
    await house.drain(userid)


async def detail_calls(house: House) -> Counter[str]:
    """The calls for detail since the last time; forgotten afterwards."""
    counted = Counter(call.action for call in await house.calls() if call.action in DETAIL_ACTIONS)
    await house.forget_calls()
    return counted


def samples(hours: Iterable[Record]) -> dict[str, Any]:
    return {at: sample for hour in hours for at, sample in hour.body["series"].items()}


async def served_by_day(house: House, first: datetime) -> dict[str, Any]:
    """What Withings has of the 24 hours from then on."""
    token = (await house.link_of()).pair.access_token
    house.clock.advance(11 * SECOND)
    answer = await house.client.intraday(token, Between(first, first + DAY - SECOND))
    return {
        str(row["timestamp"]): {name: value for name, value in row.items() if name != "timestamp"}
        for row in answer.rows
    }


class TestANight:
    @pytest.mark.slow
    async def test_that_is_announced_brings_its_stages_for_one_call_more(self, house: House) -> None:
        userid = await house.linked()
        night = await sleeps(house, userid)
        await told_of_night(house, userid, night)
        assert Counter(await house.asked()) == {("getsummary", "lastupdate"): 1, ("get", "dates"): 1}
        stages = await house.records(userid, Kind.SEGMENT)
        assert stages[0].body["startdate"] == night["startdate"]
        assert stages[-1].body["enddate"] == night["enddate"]
        assert any("hr" in stage.body for stage in stages)

    @pytest.mark.slow
    async def test_that_is_announced_again_costs_no_call_for_its_stages(self, house: House) -> None:
        userid = await house.linked()
        night = await sleeps(house, userid)
        await told_of_night(house, userid, night)
        await detail_calls(house)
        house.clock.advance(MINUTE)
        await told_of_night(house, userid, night)
        assert await detail_calls(house) == {}

    @pytest.mark.slow
    async def test_that_was_revised_has_the_stages_of_the_night_as_it_is(self, house: House) -> None:
        userid = await house.linked()
        night = await sleeps(house, userid)
        await told_of_night(house, userid, night)
        house.clock.advance(HOUR)
        start = datetime.fromtimestamp(night["startdate"] + 7200, house.clock().tzinfo).isoformat()
        await house.cloud.control("PATCH", f"/people/{userid}/nights/{night['id']}", {"start": start})
        await told_of_night(house, userid, night)
        house.clock.advance(2 * MINUTE)
        await house.drain(userid)
        stages = await house.records(userid, Kind.SEGMENT)
        assert stages[0].body["startdate"] == night["startdate"] + 7200
        assert all(a.body["enddate"] == b.body["startdate"] for a, b in itertools.pairwise(stages))

    @pytest.mark.slow
    async def test_that_was_deleted_takes_its_stages_along(self, house: House) -> None:
        userid = await house.linked()
        night = await sleeps(house, userid)
        await told_of_night(house, userid, night)
        house.clock.advance(HOUR)
        await house.cloud.control("DELETE", f"/people/{userid}/records/nights/{night['id']}")
        await told_of_night(house, userid, night)
        house.clock.advance(2 * MINUTE)
        await house.drain(userid)
        assert await house.records(userid, Kind.SEGMENT) == []

    @pytest.mark.slow
    async def test_that_no_notification_told_of_is_found_by_a_sweep_with_its_stages(
        self, house: House
    ) -> None:
        userid = await house.linked()
        await sleeps(house, userid)
        house.clock.advance(EVERY)
        await house.drain(userid)
        assert await house.records(userid, Kind.SEGMENT)
        await detail_calls(house)
        house.clock.advance(EVERY)
        await house.drain(userid)
        assert await detail_calls(house) == {}

    async def test_has_its_stages_though_a_turn_was_cut_off_once_it_was_stored(self, house: House) -> None:
        userid = await house.linked()
        night = await sleeps(house, userid)
        house.vitals.failures = 1
        await told_of_night(house, userid, night)
        assert await house.records(userid, Kind.SLEEP)
        house.clock.advance(MINUTE)
        await house.drain(userid)
        assert await house.records(userid, Kind.SEGMENT)

    async def test_waits_behind_a_reading_that_somebody_waits_for(self, house: House) -> None:
        userid = await house.linked()
        await told_of_night(house, userid, await sleeps(house, userid))
        work = (await house.account(userid)).of(Category.SLEEP_DETAIL)
        assert work.settled
        window = frozenset({Window(house.clock() - HOUR, house.clock())})
        news = {Category.SLEEP_DETAIL: News(window)}
        await house.storage.accounts.announce(userid, news, now=house.clock())
        (task,) = tasks(await house.account(userid), house.clock())
        assert task.lane is Lane.ERRAND


class TestADay:
    async def test_that_is_announced_brings_its_samples_for_one_call_more(self, house: House) -> None:
        userid = await house.linked()
        day = await walks(house, userid, 5000)
        await told_of_day(house, userid, day)
        assert Counter(await house.asked()) == {
            ("getactivity", "lastupdate"): 1,
            ("getworkouts", "lastupdate"): 1,
            ("getintradayactivity", "dates"): 1,
        }
        midnight = house.clock().replace(hour=23, minute=0) - DAY
        expected = await served_by_day(house, midnight)
        assert samples(await house.records(userid, Kind.INTRADAY)) == expected
        assert sum(sample.get("steps", 0) for sample in expected.values()) == 5000

    @pytest.mark.slow
    async def test_that_goes_on_has_the_samples_of_whole_hours_anew(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        for steps in (3000, 6000, 9000):
            clock.advance(40 * MINUTE)
            await told_of_day(house, userid, await walks(house, userid, steps))
        midnight = clock().replace(hour=23, minute=0) - DAY
        expected = await served_by_day(house, midnight)
        assert samples(await house.records(userid, Kind.INTRADAY)) == expected
        assert (await detail_calls(house))["getintradayactivity"] == 3 + 1

    @pytest.mark.slow
    async def test_that_changed_twice_within_ten_seconds_is_asked_for_in_other_words(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        for steps in range(3000, 3006):
            await told_of_day(house, userid, await walks(house, userid, steps))
            clock.advance(timedelta(milliseconds=1100))
        calls = [call for call in await house.calls() if call.action == "getintradayactivity"]
        assert {call.status for call in calls} == {0}
        starts = {int(call.parameters["startdate"]) % 3600 for call in calls}
        ends = {int(call.parameters["enddate"]) % 3600 for call in calls}
        assert (starts, ends) == ({0}, {3599})
        found = samples(await house.records(userid, Kind.INTRADAY))
        assert sum(sample.get("steps", 0) for sample in found.values()) == 3005

    @pytest.mark.slow
    async def test_where_clocks_differ_by_half_an_hour_is_asked_for_in_whole_hours(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with a_house(tmp_path, clock, detail=DETAIL) as house:
            person = await house.cloud.control("POST", "/people", {"timezone": "Asia/Kolkata"})
            userid = await house.linked(person=person["userid"])
            await told_of_day(house, userid, await walks(house, userid, 5000))
            (call,) = [call for call in await house.calls() if call.action == "getintradayactivity"]
            assert int(call.parameters["startdate"]) % 3600 == 0
            found = samples(await house.records(userid, Kind.INTRADAY))
            assert sum(sample.get("steps", 0) for sample in found.values()) == 5000


class TestImport:
    @pytest.mark.slow
    async def test_brings_the_detail_of_what_was_imported_and_asks_for_nothing_else(
        self, house: House
    ) -> None:
        person = await first_person(house)
        nights = [await sleeps(house, person, days_ago=days) for days in (1, 5, 60)]
        await walks(house, person, 4000, date=f"{house.clock() - 30 * DAY:%Y-%m-%d}")
        userid = await house.link()
        await house.drain(userid)
        assert await detail_calls(house) == {"get": 3, "getintradayactivity": 1}
        starts = {stage.body["startdate"] for stage in await house.records(userid, Kind.SEGMENT)}
        assert starts >= {night["startdate"] for night in nights}
        assert samples(await house.records(userid, Kind.INTRADAY))
        assert not (await house.account(userid)).importing

    @pytest.mark.slow
    async def test_goes_on_where_it_was_after_a_run(self, house: House) -> None:
        person = await first_person(house)
        for days in range(RUN + 2):
            await sleeps(house, person, days_ago=days)
        userid = await house.link()
        offsets: list[int | None] = []
        while (account := await house.account(userid)).importing:
            backfill = account.of(Category.SLEEP_DETAIL).backfill
            offsets.append(backfill.offset if backfill else None)
            await house.working.turn(userid)
        assert set(offsets) == {None, (RUN - 1) * 86_400 + 8 * 3600}
        assert (await detail_calls(house))["get"] == RUN + 2

    async def test_waits_for_that_of_its_summaries(self, house: House) -> None:
        person = await first_person(house)
        await sleeps(house, person, days_ago=3)
        house.weather.refuses("getsummary", 522)
        userid = await house.link()
        await house.drain(userid)
        assert (await house.account(userid)).of(Category.SLEEP_DETAIL).backfill is not None
        assert await detail_calls(house) == {}
        house.clock.advance(MINUTE)
        await house.drain(userid)
        assert await house.records(userid, Kind.SEGMENT)

    @pytest.mark.slow
    async def test_that_is_over_leaves_what_another_import_of_its_summaries_finds_to_an_announcement(
        self, house: House
    ) -> None:
        userid = await house.linked()
        await house.storage.accounts.change(
            userid, lambda account: with_whole_history(account, house.clock()), now=house.clock()
        )
        for days in (1, 400):
            await sleeps(house, userid, days_ago=days)
        await house.drain(userid)
        assert len(await house.records(userid, Kind.SLEEP)) == 2
        ages = {(house.clock() - stage.at).days for stage in await house.records(userid, Kind.SEGMENT)}
        assert ages == {1}

    @pytest.mark.slow
    async def test_of_too_many_nights_to_tell_apart_is_one_of_all(self, house: House) -> None:
        userid = await house.linked()
        for days in range(25):
            await sleeps(house, userid, days_ago=days)
        house.clock.advance(EVERY)
        await house.drain(userid)
        assert (await detail_calls(house))["get"] == 25
        starts = {stage.at.date() for stage in await house.records(userid, Kind.SEGMENT)}
        assert len(starts) >= 25

    @pytest.mark.slow
    async def test_asks_for_each_day_once_where_clocks_differ_by_half_an_hour(self, house: House) -> None:
        """An hour of UTC is about two local days there, and a watch is worn day and night."""
        person = (await house.cloud.control("POST", "/people", {"timezone": "Asia/Kolkata"}))["userid"]
        for number in range(1, 22):
            await walks(house, person, 20000, date=f"{house.clock() - number * DAY:%Y-%m-%d}")
        intraday = house.client.intraday

        async def worn(access_token: str, window: Between | None = None) -> Any:
            answer = await intraday(access_token, window=window)
            assert window
            every = range(int(window.start.timestamp()), int(window.end.timestamp()), 600)
            return replace(answer, rows=tuple({"timestamp": at, "heart_rate": 60} for at in every))

        house.client.intraday = worn  # type: ignore[method-assign]  # a watch that never sleeps
        userid = await house.link(person=person)
        await house.forget_calls()
        await house.drain(userid)
        first = (await detail_calls(house))["getintradayactivity"]
        house.clock.advance(MINUTE)
        await house.storage.accounts.announce(userid, {Category.INTRADAY: EVERYTHING}, now=house.clock())
        await house.forget_calls()
        await house.drain(userid)
        again = (await detail_calls(house))["getintradayactivity"]
        # Whole hours of UTC: a local day there lies in 25 of them, and takes two calls.
        assert (first, again) == (42, 42)

    @pytest.mark.slow
    @pytest.mark.parametrize("deleted", [False, True])
    async def test_takes_away_what_so_many_changed_nights_had_before(
        self, house: House, *, deleted: bool
    ) -> None:
        userid = await house.linked()
        nights = [await sleeps(house, userid, days_ago=days) for days in range(25)]
        house.clock.advance(EVERY)
        await house.drain(userid)
        for night in nights[:-1]:
            if deleted:
                path = f"/people/{userid}/records/nights/{night['id']}"
                await house.cloud.control("DELETE", path)
            else:
                start = datetime.fromtimestamp(night["startdate"] + 7200, house.clock().tzinfo)
                path = f"/people/{userid}/nights/{night['id']}"
                await house.cloud.control("PATCH", path, {"start": start.isoformat()})
        for _ in range(4):
            house.clock.advance(EVERY)
            await house.drain(userid)
        kept = {night.body["startdate"] for night in await house.records(userid, Kind.SLEEP)}
        later = set() if deleted else {night["startdate"] + 7200 for night in nights[:-1]}
        assert kept == later | {nights[-1]["startdate"]}
        stages = {stage.body["startdate"] for stage in await house.records(userid, Kind.SEGMENT)}
        assert stages >= kept
        assert not [at for at in stages if not any(start <= at < start + 8 * 3600 for start in kept)]

    @pytest.mark.slow
    async def test_is_made_up_for_at_the_next_sweep_where_it_is_switched_on_later(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with a_house(tmp_path, clock, sweep_every=EVERY) as before:
            person = await first_person(before)
            await sleeps(before, person, days_ago=3)
            userid = await before.linked()
            await told_of_night(before, userid, await sleeps(before, userid))
            assert await before.records(userid, Kind.SEGMENT) == []
            assert await detail_calls(before) == {}
            after = House(before.storage, before.cloud, clock, sweep_every=EVERY, detail=DETAIL)
            clock.advance(EVERY)
            await after.drain(userid)
            assert len({stage.at.date() for stage in await after.records(userid, Kind.SEGMENT)}) >= 2


class TestSwitchedOff:
    @pytest.mark.slow
    async def test_it_fetches_nothing_and_keeps_what_is_stored(self, house: House) -> None:
        userid = await house.linked()
        night = await sleeps(house, userid)
        await told_of_night(house, userid, night)
        stored = await house.records(userid, Kind.SEGMENT)
        window = frozenset({Window(house.clock() - HOUR, house.clock())})
        news = {Category.SLEEP_DETAIL: News(window), Category.INTRADAY: EVERYTHING}
        await house.storage.accounts.announce(userid, news, now=house.clock())
        off = House(house.storage, house.cloud, house.clock, sweep_every=EVERY)
        await off.forget_calls()
        off.clock.advance(EVERY)
        await sleeps(off, userid)
        await off.drain(userid)
        assert await detail_calls(off) == {}
        assert await off.records(userid, Kind.SEGMENT) == stored
        account = await off.account(userid)
        assert not {Category.SLEEP_DETAIL, Category.INTRADAY} & account.work.keys()

    async def test_and_on_again_it_makes_up_for_what_came_meanwhile(self, house: House) -> None:
        userid = await house.linked()
        off = House(house.storage, house.cloud, house.clock, sweep_every=EVERY)
        off.clock.advance(EVERY)
        await sleeps(off, userid)
        await off.drain(userid)
        assert await off.records(userid, Kind.SEGMENT) == []
        house.clock.advance(EVERY)
        await house.drain(userid)
        assert await house.records(userid, Kind.SEGMENT)
