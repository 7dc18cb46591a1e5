"""Rows that follow a change of the mapping, from stored records alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, MINUTE, SECOND, a_row
from contract.storage.backends import SqliteBackend
from fakes import FailingVitals, FakeClock
from unit.services.house import House, a_house
from withings_bridge.domain.accounts import due, needing_consent
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import LeaseLost, NotLinked, StorageUnavailable
from withings_bridge.domain.extended import NAMES
from withings_bridge.domain.inbox import ASKED, Lane
from withings_bridge.domain.mapping import CONTRACT, RowMapping, Sources
from withings_bridge.domain.records import Kind, record_from
from withings_bridge.domain.vitals7 import VitalRow
from withings_bridge.services.holding import Holding
from withings_bridge.services.inbox.turning import MOST_PUT_OFF
from withings_bridge.services.sync import rebuilding
from withings_bridge.services.sync.reprojecting import REST_SECONDS, Reprojection
from withings_bridge.storage.base import Vitals

ALL = RowMapping(frozenset(NAMES))
FAT = RowMapping(frozenset({"fat-mass"}))
COMPOSITION = [{"type": 1, "value": 70, "unit": 0}, {"type": 8, "value": 15, "unit": 0}]


def under(house: House, mapping: RowMapping) -> House:
    """The same house with the bridge of another mapping in it."""
    return House(house.storage, house.cloud, house.clock, mapping=mapping)


async def weighed(house: House, userid: str, *, days: int = 0) -> dict[str, Any]:
    """Steps on a scale that measures fat."""
    at = int((house.clock() - days * DAY).timestamp())
    group = {
        "grpid": 9000 + days,
        "attrib": 0,
        "category": 1,
        "date": at,
        "created": at,
        "modified": int(house.clock().timestamp()),
        "measures": COMPOSITION,
    }
    await house.load(userid, measuregrps=[group])
    await house.notified(userid, group)
    return group


@pytest.fixture
async def userid(house: House) -> str:
    """A linked account with two weighings."""
    userid = await house.linked()
    for days in (1, 0):
        await weighed(house, userid, days=days)
    house.clock.advance(MINUTE)
    house.gateway.published.clear()
    await house.forget_calls()
    return userid


class Interrupted(FailingVitals):
    """Rows before whose first writing something happens."""

    def __init__(self, inner: Vitals, happens: Callable[[], Awaitable[None]]) -> None:
        super().__init__(inner)
        self._happens: Callable[[], Awaitable[None]] | None = happens

    async def write(
        self, user: str, rows: Sequence[VitalRow], *, gone: Collection[str] = (), now: datetime
    ) -> int:
        if happens := self._happens:
            self._happens = None
            await happens()
        return await super().write(user, rows, gone=gone, now=now)


async def reproject(house: House, user: str | None = None) -> Reprojection:
    """The outcome."""
    return [state async for state in house.reprojecting.reproject(user)][-1]


class TestTheSwitch:
    async def test_is_followed_by_the_next_turn_without_a_call(self, house: House, userid: str) -> None:
        before = await house.rows()
        assert await house.values("fat-mass") == []
        on = under(house, ALL)
        await on.drain(userid)
        assert await on.values("fat-mass") == ["33.07", "33.07"]
        assert {key: row for key, row in (await on.rows()).items() if key in before} == before
        assert (await on.account(userid)).projected == ALL.version
        assert on.gateway.published == ["user-1"]
        assert await on.calls() == []

    async def test_switched_off_takes_the_rows_away_and_nothing_else(self, house: House, userid: str) -> None:
        before = await house.rows()
        await under(house, ALL).drain(userid)
        theirs = replace(a_row(), vital_type="fat-mass", source_id="withings_measure_4711_8")
        await house.storage.vitals.write("user-1", [theirs], now=house.clock())
        await under(house, CONTRACT).drain(userid)
        assert (await house.rows()).keys() == before.keys() | {theirs.item_key}
        assert (await house.account(userid)).projected == CONTRACT.version

    async def test_is_followed_once(self, house: House, userid: str) -> None:
        on = under(house, ALL)
        await on.drain(userid)
        account = await on.account(userid)
        on.gateway.published.clear()
        await on.drain(userid)
        assert (await on.account(userid)).work == account.work
        assert on.gateway.published == []

    async def test_of_the_source_is_followed_too(self, house: House, userid: str) -> None:
        phone = {"date": "2026-03-01", "deviceid": None, "brand": 18, "is_tracker": False, "steps": 9000}
        await house.storage.records.save(userid, [record_from(Kind.ACTIVITY, phone)], now=house.clock())
        await under(house, FAT).drain(userid)
        assert await house.values("steps") == ["9000"]
        await under(house, RowMapping(sources=Sources.TRACKERS_ONLY)).drain(userid)
        assert await house.values("steps") == []
        assert await house.values("fat-mass") == []

    @pytest.mark.slow
    async def test_of_a_new_account_takes_one_step_before_its_import(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with a_house(tmp_path, clock, mapping=FAT) as house:
            userid = await house.link()
            turns = await house.drain(userid)
            done = [result.task.category for turn in turns for result in turn.results]
            assert done.count(Category.ROWS) == 1
            assert (await house.account(userid)).projected == FAT.version

    @pytest.mark.slow
    async def test_is_followed_by_rows_of_an_earlier_link(self, house: House, userid: str) -> None:
        await under(house, ALL).drain(userid)
        assert await house.values("fat-mass") == ["33.07", "33.07"]
        await house.leaving.disconnect("user-1")
        off = under(house, CONTRACT)
        await off.drain(await off.link())
        assert await house.values("fat-mass") == []
        assert await house.values("weight") == ["154.32", "154.32"]


class TestAnEdit:
    async def test_removes_an_extended_row_that_it_no_longer_yields(self, house: House, userid: str) -> None:
        on = under(house, FAT)
        await on.drain(userid)
        group = next(record for record in await on.records(userid) if record.key == "9000")
        edited = {**group.body, "measures": COMPOSITION[:1], "modified": int(house.clock().timestamp())}
        await on.load(userid, measuregrps=[edited])
        await on.notified(userid, dict(edited))
        assert await on.values("weight") == ["154.32", "154.32"]
        assert await on.values("fat-mass") == ["33.07"]

    async def test_and_a_deletion_take_extended_rows_along(self, house: House, userid: str) -> None:
        on = under(house, FAT)
        await on.drain(userid)
        group = {"grpid": 9000, "date": int((house.clock() - MINUTE).timestamp())}
        await on.delete(userid, group)
        await on.notified(userid, group)
        assert await on.values("fat-mass") == ["33.07"]


class TestRebuild:
    async def test_makes_room_for_a_weighing(self, house: House, userid: str) -> None:
        on = under(house, ALL)

        async def weighed_meanwhile() -> None:
            await on.receive(userid, await on.weigh(userid, 71))
            assert await on.drain(userid) == []

        on.projecting._vitals = Interrupted(on.vitals, weighed_meanwhile)
        first, second, *_ = await on.drain(userid)
        assert Category.ROWS not in [result.task.category for result in first.results]
        assert second.results[0].task.category is Category.MEASURES
        assert (await on.account(userid)).projected == ALL.version
        assert len(await on.values("fat-mass")) == 2
        assert len(await on.values("weight")) == 3

    async def test_is_done_at_last_though_news_never_stop(self, house: House, userid: str) -> None:
        on = under(house, ALL)

        class Restless(FailingVitals):
            async def write(
                self, user: str, rows: Sequence[VitalRow], *, gone: Collection[str] = (), now: datetime
            ) -> int:
                on.turning.hurry(userid)
                return await super().write(user, rows, gone=gone, now=now)

        on.projecting._vitals = Restless(on.vitals)
        turns = [await on.working.turn(userid) for _ in range(MOST_PUT_OFF + 1)]
        done = [[result.task.category for result in turn.results] for turn in turns if turn]
        assert [Category.ROWS in each for each in done] == [False] * MOST_PUT_OFF + [True]
        assert (await on.account(userid)).projected == ALL.version

    @pytest.mark.parametrize("errand", [None, Category.DEVICES])
    async def test_is_begun_at_last_though_each_turn_has_news(
        self, house: House, userid: str, errand: Category | None
    ) -> None:
        """And another errand that comes before it, too."""
        on = under(house, ALL)

        class Pressed(Holding):
            """Somebody hurries every turn from its first moment on."""

            @asynccontextmanager
            async def kept(self, userid: str, holder: str) -> AsyncIterator[None]:
                on.turning.hurry(userid)
                async with super().kept(userid, holder):
                    yield

        on.turning._holding = Pressed(accounts=on.storage.accounts, clock=on.clock)
        for _ in range(MOST_PUT_OFF + 1):
            on.clock.advance(20 * SECOND)
            if errand:
                await on.storage.accounts.announce(userid, {errand: ASKED}, now=on.clock())
            await on.working.turn(userid)
        assert (await on.account(userid)).projected == ALL.version

    @pytest.mark.slow
    async def test_that_was_cut_off_is_completed_by_the_next(self, house: House, userid: str) -> None:
        await under(house, ALL).drain(userid)
        complete = await house.rows()
        await under(house, CONTRACT).drain(userid)
        on = under(house, ALL)
        on.vitals.failures = 1
        await on.drain(userid)
        assert (await on.account(userid)).projected == CONTRACT.version
        on.clock.advance(MINUTE)
        await on.drain(userid)
        assert (await on.rows()).keys() == complete.keys()
        assert (await on.account(userid)).projected == ALL.version

    @pytest.mark.slow
    async def test_goes_through_more_records_than_a_page_holds(
        self, house: House, userid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        days = [f"2026-02-{day:02}" for day in range(1, 8)]
        sources = [
            {"date": day, "deviceid": device, "is_tracker": device == "b", "steps": steps}
            for day in days
            for device, steps in (("a", 9000), ("b", 8000), ("c", 8500))
        ]
        records = [record_from(Kind.ACTIVITY, body) for body in sources]
        await house.storage.records.save(userid, records, now=house.clock())
        for size in (1, 2, 4, 5):
            monkeypatch.setattr(rebuilding, "SLICE", size)
            await house.storage.vitals.forget("user-1")
            state = await reproject(house)
            assert await house.values("steps") == ["8000"] * len(days)
            assert await house.values("weight") == ["154.32", "154.32"]
            assert state.records == len(records) + len(await house.records(userid))

    async def test_removes_what_is_left_of_records_that_are_gone(self, house: House, userid: str) -> None:
        (gone,) = [record for record in await house.records(userid) if record.key == "9001"]
        await house.storage.records.save(userid, [], removed=[gone.name], now=house.clock())
        assert len(await house.values("weight")) == 2
        await reproject(house)
        assert len(await house.values("weight")) == 1

    async def test_leaves_rows_of_the_predecessor_and_of_others(
        self, house: House, userid: str, table: SqliteBackend
    ) -> None:
        of_none = a_row(4711)
        await house.storage.vitals.write("user-1", [of_none], now=house.clock())
        known = replace(a_row(), vital_type="heart-rate", source_id="withings_hr_9000_11")
        by_another = {**known.attributes, "user_id": "user-1", "id": "x", "recordedBy": "Another"}
        await table.put_vital_row(by_another | {"created_at": 1, "created_by": "user-1"})
        await reproject(house)
        assert {of_none.item_key, known.item_key} <= (await house.rows()).keys()


class TestTheWalk:
    async def test_announces_the_rows_of_accounts_that_follow_another_mapping(
        self, house: House, userid: str
    ) -> None:
        current = await house.link("user-2", person=int(userid) + 1)
        on = under(house, ALL)
        await house.storage.accounts.change(
            current, lambda account: replace(account, projected=ALL.version), now=house.clock()
        )
        before = await on.account(current)
        assert await on.reprojecting.announce() == 1
        assert Lane.ERRAND in due(await on.account(userid), on.clock())
        assert Lane.LIVE not in due(await on.account(userid), on.clock())
        assert await on.account(current) == before
        assert await on.reprojecting.announce() == 0

    async def test_rests_after_each_page_so_that_others_come_first(
        self, house: House, userid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rests: list[float] = []
        sleep = asyncio.sleep

        async def at_once(seconds: float) -> None:
            rests.append(seconds)
            await sleep(0)

        on = under(house, ALL)
        monkeypatch.setattr(asyncio, "sleep", at_once)
        assert await on.reprojecting.announce() == 1
        assert REST_SECONDS in rests

    async def test_goes_on_until_the_store_answers_and_then_ends(
        self, house: House, userid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        on = under(house, ALL)
        monkeypatch.setattr("withings_bridge.services.sync.reprojecting.POLL_SECONDS", 0.001)
        announce, failures = on.reprojecting.announce, 2

        async def failing() -> int:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise StorageUnavailable
            return await announce()

        monkeypatch.setattr(on.reprojecting, "announce", failing)
        async with asyncio.timeout(5):
            await on.reprojecting.run(asyncio.Event())
        assert (await on.account(userid)).of(Category.ROWS).news

    async def test_stops_when_told_to(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        stop, called = asyncio.Event(), asyncio.Event()

        async def never() -> int:
            called.set()
            await asyncio.Event().wait()
            return 0

        monkeypatch.setattr(house.reprojecting, "announce", never)
        running = asyncio.create_task(house.reprojecting.run(stop))
        await called.wait()
        stop.set()
        async with asyncio.timeout(5):
            await running

    async def test_serves_those_without_consent_too(self, house: House, userid: str) -> None:
        account = await house.account(userid)
        await house.storage.accounts.change(
            userid,
            lambda stored: needing_consent(stored, house.clock(), refused=account),
            now=house.clock(),
        )
        on = under(house, ALL)
        await on.reprojecting.announce()
        await on.drain(userid)
        assert await on.values("fat-mass") == ["33.07", "33.07"]
        assert await on.calls() == []


class TestTwoMappings:
    async def test_settle_on_the_one_that_is_left(self, house: House, userid: str) -> None:
        former, newer = under(house, CONTRACT), under(house, FAT)
        for bridge in (newer, former, newer, former):
            await bridge.drain(userid)
        await weighed(former, userid, days=2)
        assert await house.values("fat-mass") == []
        await newer.drain(userid)
        assert await house.values("fat-mass") == ["33.07"] * 3


class TestOnDemand:
    async def test_brings_back_what_was_lost_without_a_call(self, house: House, userid: str) -> None:
        before = await house.rows()
        await house.storage.vitals.forget("user-1")
        state = await reproject(house, "user-1")
        assert (await house.rows()).keys() == before.keys()
        assert (state.accounts, state.done, state.changed, state.left) == (1, 1, len(before), ())
        assert (await reproject(house)).changed == 0
        assert await house.calls() == []

    @pytest.mark.slow
    async def test_leaves_the_account_as_it_was_but_for_the_version(self, house: House, userid: str) -> None:
        before = await house.account(userid)
        on = under(house, ALL)
        await reproject(on)
        assert await house.account(userid) == replace(before, projected=ALL.version)

    async def test_of_who_is_not_linked_says_so(self, house: House) -> None:
        with pytest.raises(NotLinked):
            await reproject(house, "nobody")

    async def test_names_the_accounts_that_somebody_took_over(self, house: House, userid: str) -> None:
        await house.storage.vitals.forget("user-1")
        house.vitals.failures, house.vitals.error = 1, LeaseLost()
        state = await reproject(house)
        assert (state.done, state.left) == (1, (userid,))
        assert (await reproject(house)).left == ()
        assert len(await house.values("weight")) == 2

    async def test_tells_how_far_it_is(
        self, house: House, userid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.sync.reprojecting.TELL_SECONDS", 0)
        states = [state async for state in house.reprojecting.reproject(None)]
        assert states[0] == Reprojection(1)
        assert (states[-1].done, states[-1].records) == (1, len(await house.records(userid)))
