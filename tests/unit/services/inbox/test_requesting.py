"""A sync that somebody waits for."""

import asyncio

import pytest

from builders import DAY, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import WINDOWS, House, eventually
from withings_bridge.api.reading import _LIVE_FROM
from withings_bridge.api.routers.feed import list_changes
from withings_bridge.domain.accounts import with_whole_history
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import ConsentNeeded, NotLinked, SyncFailed
from withings_bridge.domain.records import Kind
from withings_bridge.services.inbox import requesting as waiting
from withings_bridge.services.inbox.requesting import Requesting
from withings_bridge.services.inbox.tending import Choice
from withings_bridge.services.inbox.turning import Turn
from withings_bridge.services.inbox.working import Working


class CountingWorking(Working):
    """Counts how often it was sent to an account."""

    def __init__(self, inner: Working) -> None:
        self._inner = inner
        self.turns = 0

    async def turn(self, userid: str, *, imports: bool = True) -> Turn | None:
        self.turns += 1
        return await self._inner.turn(userid, imports=imports)


def a_requesting(house: House, working: Working) -> Requesting:
    """The one of the house, sending its turns through a stand-in."""
    return Requesting(
        accounts=house.storage.accounts,
        links=house.links,
        working=working,
        windows=WINDOWS,
        clock=house.clock,
    )


class TestSync:
    @pytest.mark.parametrize(
        ("category", "action"),
        [(Category.DEVICES, "getdevice"), (Category.GOALS, "getgoals"), (Category.STETHO, "list")],
    )
    async def test_of_one_category_asks_for_that_alone(
        self, house: House, category: Category, action: str
    ) -> None:
        userid = await house.linked()
        await house.requesting.sync("user-1", only=[category])
        assert [call.action for call in await house.calls()] == [action]
        assert not (await house.account(userid)).of(category).news

    @pytest.mark.slow
    async def test_of_all_that_is_followed_may_be_repeated_soon(self, house: House, clock: FakeClock) -> None:
        """Withings refuses the identical call within ten seconds."""
        await house.linked()
        for _ in range(3):
            await house.requesting.sync("user-1", only=_LIVE_FROM[list_changes])
            clock.advance(2 * SECOND)
        assert {call.status for call in await house.calls()} == {0}

    async def test_of_heights_may_be_repeated_soon(self, house: House, clock: FakeClock) -> None:
        await house.linked()
        for _ in range(2):
            await house.requesting.sync("user-1", only=[Category.HEIGHTS])
            clock.advance(2 * SECOND)
        assert {call.status for call in await house.calls()} == {0}

    async def test_of_detail_that_is_switched_off_asks_for_nothing(self, house: House) -> None:
        await house.linked()
        await house.requesting.sync("user-1", only=[Category.INTRADAY])
        assert await house.calls() == []

    @pytest.mark.slow
    async def test_brings_the_store_up_to_date_and_says_what_was_fetched(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        group = await house.weigh(userid, 70)
        synced = await house.requesting.sync("user-1")
        assert synced.account == await house.account(userid)
        assert synced.account.synced_at == clock()
        fetched = {record.key for record in synced.fetched if record.kind is Kind.MEASURES}
        assert str(group["grpid"]) in fetched
        assert await house.values("weight") == ["154.32"]

    async def test_waits_for_the_first_import(self, house: House, clock: FakeClock) -> None:
        person = (await house.cloud.control("GET", "/people"))[0]["userid"]
        for days in (1, 100, 300):
            await house.weigh(str(person), 70, at=(clock() - days * DAY).isoformat())
        await house.link()
        synced = await house.requesting.sync("user-1")
        assert not synced.account.importing
        assert len(await house.values("weight")) == 3

    @pytest.mark.slow
    async def test_in_full_asks_for_what_seldom_changes_too(self, house: House) -> None:
        userid = await house.linked()
        await house.requesting.sync("user-1")
        assert "getgoals" not in {call.action for call in await house.calls()}
        await house.requesting.sync("user-1", full=True)
        assert "getgoals" in {call.action for call in await house.calls()}
        assert not (await house.account(userid)).importing

    async def test_asks_only_for_what_the_consent_covers(self, house: House, clock: FakeClock) -> None:
        await house.link(scope="user.metrics")
        await house.requesting.sync("user-1")
        assert {call.action for call in await house.calls()} <= {"requesttoken", "getmeas", "list"}

    @pytest.mark.slow
    async def test_shares_the_turn_after_one_that_is_running(self, house: House) -> None:
        userid = await house.linked()
        await house.storage.accounts.announce(userid, {}, now=house.clock())
        async with house.weather.holding("getmeas") as arrived:
            first = asyncio.create_task(house.requesting.sync("user-1"))
            await arrived.wait()
            others = [asyncio.create_task(house.requesting.sync("user-1")) for _ in range(5)]
            work = Category.MEASURES

            async def all_have_asked() -> bool:
                return (await house.account(userid)).of(work).announced == 6

            await eventually(all_have_asked)
        await asyncio.gather(first, *others)
        calls = [call for call in await house.calls() if call.action == "getmeas"]
        assert len(calls) == 2
        assert {call.status for call in await house.calls()} == {0}

    @pytest.mark.slow
    async def test_twice_in_a_row_is_no_fault(self, house: House) -> None:
        await house.linked()
        for _ in range(3):
            await house.requesting.sync("user-1")
        assert {call.status for call in await house.calls()} == {0}

    @pytest.mark.slow
    async def test_of_a_whole_history_waits_for_all_of_it(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        await house.weigh(userid, 70, at=(clock() - 3000 * DAY).isoformat())
        synced = await house.requesting.sync("user-1", full=True)
        assert not synced.account.importing
        assert await house.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_waits_for_no_more_of_a_whole_history_than_a_first_import_brings(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.link()
        await house.storage.accounts.change(
            userid, lambda account: with_whole_history(account, clock()), now=clock()
        )
        synced = await house.requesting.sync("user-1")
        left = synced.account.of(Category.MEASURES).backfill
        assert left is not None
        assert clock() - 369 * DAY < left.until <= clock() - 365 * DAY

    @pytest.mark.slow
    async def test_tries_an_import_again_that_was_given_up(self, house: House) -> None:
        userid = await house.link()
        house.weather.refuses("getactivity", 503)
        house.weather.refuses("getsummary", 503)
        await house.drain(userid)
        stuck = (await house.tending.show(userid)).stuck
        assert [entry.name for entry in stuck] == ["import of activity", "import of sleep"]
        synced = await house.requesting.sync("user-1")
        assert not synced.account.importing

    async def test_does_not_wait_for_what_somebody_lets_go_of_meanwhile(self, house: House) -> None:
        userid = await house.linked()
        house.weather.refuses("getmeas", 601, text="Same arguments in less than 10 seconds")
        syncing = asyncio.create_task(house.requesting.sync("user-1", patience=None))

        async def is_stuck() -> bool:
            return any(entry.stuck for entry in (await house.tending.show(userid)).entries)

        await eventually(is_stuck)
        await house.tending.drop(userid, Choice({Category.MEASURES}))
        await asyncio.wait_for(syncing, 5)

    async def test_is_not_for_a_stranger(self, house: House) -> None:
        with pytest.raises(NotLinked):
            await house.requesting.sync("nobody")

    async def test_says_so_when_withings_no_longer_honours_the_link(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        with pytest.raises(ConsentNeeded):
            await house.requesting.sync("user-1")

    async def test_says_so_when_the_link_ended_meanwhile(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "46", "action": "unlink"})
        with pytest.raises(NotLinked):
            await house.requesting.sync("user-1")

    async def test_says_so_when_withings_does_not_play_along(self, house: House) -> None:
        await house.linked()
        house.weather.breaks("getactivity")
        with pytest.raises(SyncFailed, match="502"):
            await house.requesting.sync("user-1")

    async def test_does_not_fail_of_what_only_another_consent_would_mend(self, house: House) -> None:
        await house.linked()
        house.weather.refuses("getactivity", 277)
        synced = await house.requesting.sync("user-1")
        trouble = synced.account.of(Category.ACTIVITY).trouble
        assert trouble is not None
        assert trouble.retry_at is None

    @pytest.mark.slow
    async def test_waits_in_peace_while_withings_asks_for_patience(
        self, house: House, clock: FakeClock
    ) -> None:
        await house.weigh(await house.linked(), 70)
        house.weather.refuses("getmeas", 601, text="Same arguments in less than 10 seconds")
        working = CountingWorking(house.working)
        requesting = a_requesting(house, working)
        began = asyncio.get_running_loop().time()
        syncing = asyncio.create_task(requesting.sync("user-1"))

        async def has_looked_four_times() -> bool:
            return working.turns >= 4

        await eventually(has_looked_four_times)
        assert asyncio.get_running_loop().time() - began >= 2 * waiting.POLL_SECONDS
        clock.advance(12 * SECOND)
        await syncing
        assert await house.values("weight") == ["154.32"]

    async def test_gives_up_waiting_and_not_working_after_a_minute(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await house.receive(userid, await house.weigh(userid, 70))
        async with house.weather.holding("getmeas") as arrived:
            working = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            counting = CountingWorking(house.working)
            syncing = asyncio.create_task(a_requesting(house, counting).sync("user-1"))

            async def has_looked() -> bool:
                return counting.turns >= 2

            await eventually(has_looked)
            clock.advance(MINUTE)
            synced = await asyncio.wait_for(syncing, 5)
            assert synced.fetched == []
        await working
        assert await house.values("weight") == ["154.32"]
