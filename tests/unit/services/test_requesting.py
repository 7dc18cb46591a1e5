"""A sync that somebody waits for."""

import asyncio

import pytest

from builders import DAY, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, eventually
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import ConsentNeeded, NotLinked, SyncFailed
from withings_bridge.domain.records import Kind
from withings_bridge.services.requesting import POLL_SECONDS, Requesting
from withings_bridge.services.turning import Turn
from withings_bridge.services.working import Working


class CountingWorking(Working):
    """Counts how often it was sent to an account."""

    def __init__(self, inner: Working) -> None:
        self._inner = inner
        self.drains = 0

    async def drain(self, userid: str, *, imports: bool = True) -> list[Turn]:
        self.drains += 1
        return await self._inner.drain(userid, imports=imports)


class TestSync:
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

    async def test_asks_only_for_what_the_consent_covers(self, house: House, clock: FakeClock) -> None:
        await house.link(scope="user.metrics")
        await house.requesting.sync("user-1")
        assert {call.action for call in await house.calls()} <= {"requesttoken", "getmeas", "list"}

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

    async def test_twice_in_a_row_is_no_fault(self, house: House) -> None:
        await house.linked()
        for _ in range(3):
            await house.requesting.sync("user-1")
        assert {call.status for call in await house.calls()} == {0}

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

    async def test_waits_in_peace_while_withings_asks_for_patience(
        self, house: House, clock: FakeClock
    ) -> None:
        await house.weigh(await house.linked(), 70)
        house.weather.refuses("getmeas", 601, text="Same arguments in less than 10 seconds")
        working = CountingWorking(house.working)
        requesting = Requesting(
            accounts=house.storage.accounts, links=house.links, working=working, clock=clock
        )
        began = asyncio.get_running_loop().time()
        syncing = asyncio.create_task(requesting.sync("user-1"))

        async def has_looked_four_times() -> bool:
            return working.drains >= 4

        await eventually(has_looked_four_times)
        assert asyncio.get_running_loop().time() - began >= 2 * POLL_SECONDS
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
            syncing = asyncio.create_task(house.requesting.sync("user-1"))

            async def has_asked() -> bool:
                return (await house.account(userid)).of(Category.MEASURES).announced == 2

            await eventually(has_asked)
            clock.advance(MINUTE)
            synced = await asyncio.wait_for(syncing, 5)
            assert synced.fetched == []
        await working
        assert await house.values("weight") == ["154.32"]
