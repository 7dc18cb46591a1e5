"""What is stuck: found in every account, replayed and let go of, also while a turn works on it."""

import asyncio

import pytest

from builders import HOUR, SECOND, a_pair, an_account
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Entry, Part, State
from withings_bridge.domain.errors import NoSuchAccount
from withings_bridge.domain.inbox import ASKED, Work
from withings_bridge.domain.troubles import Trouble
from withings_bridge.services.inbox.tending import Choice, Pending

ALL = Choice()


async def bury(house: House, userid: str) -> None:
    """A weighing whose fetch Withings refuses for good."""
    group = await house.weigh(userid, 70)
    house.weather.refuses("getmeas", 277)
    await house.notified(userid, group)
    states = {entry.name: entry.state for entry in await stuck(house, userid)}
    assert states["measures"] is State.BURIED


async def stuck(house: House, named: str) -> list[Entry]:
    return (await house.tending.show(named)).stuck


async def listed(house: House, *, everything: bool = False) -> list[Pending]:
    return [one async for one in house.tending.all(everything=everything)]


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


class TestAll:
    async def accounts(self, house: House, clock: FakeClock, number: int) -> None:
        """Accounts of which every third is stuck, and the others wait."""
        buried = Trouble(15, "Transient", clock(), None, announced=1)
        for n in range(number):
            work = Work(news=ASKED, announced=1, trouble=None if n % 3 else buried)
            account = an_account(f"{5000 + n}", f"user-{n}", work={Category.SLEEP: work})

            def stored(_: Account | None, account: Account = account) -> Account:
                return account

            await house.storage.links.join(f"user-{n}", account.userid, a_pair(), stored)

    @pytest.mark.slow
    async def test_are_found_on_every_page(self, house: House, clock: FakeClock) -> None:
        await self.accounts(house, clock, 205)
        found = await listed(house)
        assert len(found) == 69
        assert all(one.stuck for one in found)
        assert len(await listed(house, everything=True)) == 205

    async def test_come_page_by_page_though_nobody_on_one_is_stuck(
        self, house: House, clock: FakeClock
    ) -> None:
        await self.accounts(house, clock, 5)
        after, sizes, names = None, list[int](), list[str]()
        while True:
            page = await house.tending.page(everything=False, after=after, limit=1)
            if page.after is None:
                break
            sizes.append(len(page.found))
            names += [one.account.userid for one in page.found]
            after = page.after
        assert (sizes, names) == ([1, 0, 0, 1, 0], ["5000", "5003"])

    async def test_are_those_too_that_wait_for_a_consent(self, house: House, userid: str) -> None:
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        (one,) = await listed(house)
        assert one.account.consent_needed_at
        assert [(entry.state, entry.next_at) for entry in one.entries] == [(State.WAITING, None)]

    async def test_are_nobody_where_all_is_well(self, house: House, userid: str) -> None:
        assert await listed(house) == []


class TestShow:
    async def test_finds_an_account_by_its_id_and_by_its_user(self, house: House, userid: str) -> None:
        await bury(house, userid)
        by_id, by_user = await house.tending.show(userid), await house.tending.show("user-1")
        assert by_id == by_user
        assert [entry.name for entry in by_id.stuck] == ["measures"]

    async def test_of_a_stranger_is_an_error_that_says_so(self, house: House, userid: str) -> None:
        with pytest.raises(NoSuchAccount, match="linked"):
            await house.tending.show("nobody")


class TestReplay:
    async def test_of_what_was_buried_brings_what_was_announced(self, house: House, userid: str) -> None:
        await bury(house, userid)
        tended = await house.tending.replay("user-1", ALL)
        assert [entry.state for entry in tended.chosen] == [State.BURIED]
        assert tended.pending.stuck == []
        assert len(await house.working._claim_due([])) == 1, "the loop of any bridge finds it"
        house.clock.advance(16 * SECOND)
        await house.drain(userid)
        assert await house.values("weight") == ["154.32"]
        assert await stuck(house, userid) == []

    async def test_does_not_touch_what_merely_waits(self, house: House, userid: str) -> None:
        await house.receive(userid, await house.weigh(userid, 70))
        before = await house.account(userid)
        assert (await house.tending.replay(userid, ALL)).chosen == []
        assert await house.account(userid) == before

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("choice", "names"),
        [
            (ALL, ["measures", "activity", "import of activity"]),
            (Choice({Category.ACTIVITY}), ["activity", "import of activity"]),
            (Choice({Category.ACTIVITY}, Part.IMPORT), ["import of activity"]),
            (Choice((), Part.LIVE), ["measures", "activity"]),
            (Choice({Category.SLEEP}), []),
        ],
    )
    async def test_is_of_what_was_chosen(self, house: House, choice: Choice, names: list[str]) -> None:
        userid = await house.linked()
        await self.bury_activity(house)
        await bury(house, userid)
        tended = await house.tending.replay(userid, choice)
        assert [entry.name for entry in tended.chosen] == names
        left = {entry.name for entry in tended.pending.stuck}
        assert left == {"measures", "activity", "import of activity"} - set(names)

    async def test_in_the_middle_of_a_turn_outlives_its_failure(self, house: House, userid: str) -> None:
        await self.retried(house, userid)
        async with house.weather.holding("getmeas") as arrived:
            working = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            assert (await house.tending.replay(userid, ALL)).chosen
            house.weather.refuses("getmeas", 277)
        await working
        assert await house.values("weight") == ["154.32"]
        assert await stuck(house, userid) == []

    async def test_in_the_middle_of_a_turn_that_ends_well_costs_a_second_look(
        self, house: House, userid: str
    ) -> None:
        await self.retried(house, userid)
        await house.forget_calls()
        async with house.weather.holding("getmeas") as arrived:
            working = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            await house.tending.replay(userid, ALL)
        await working
        assert await house.asked() == [("getmeas", "lastupdate"), ("getmeas", "dates")]
        assert await house.values("weight") == ["154.32"]
        assert await stuck(house, userid) == []

    async def test_of_many_passes_over_who_has_left(self, house: House, userid: str) -> None:
        await bury(house, userid)
        found = await listed(house)
        await house.storage.links.leave("user-1", userid)
        assert await house.tending.replay_each(found, ALL) == []
        with pytest.raises(NoSuchAccount):
            await house.tending.replay(userid, ALL)

    async def retried(self, house: House, userid: str) -> None:
        """A weighing whose fetch failed once, and is due to be tried again."""
        house.weather.breaks("getmeas")
        await house.notified(userid, await house.weigh(userid, 70))
        house.clock.advance(3 * SECOND)

    async def bury_activity(self, house: House) -> None:
        """Both what is live of it and its import."""
        house.weather.refuses("getactivity", 277, times=2)
        await house.requesting.sync("user-1", full=True)


class TestDrop:
    async def test_leaves_nothing_stuck_and_tries_nothing(self, house: House, userid: str) -> None:
        await bury(house, userid)
        tended = await house.tending.drop(userid, Choice({Category.MEASURES}))
        assert [entry.name for entry in tended.chosen] == ["measures"]
        assert tended.pending.entries == []
        await house.forget_calls()
        house.clock.advance(24 * HOUR)
        await house.drain(userid)
        assert await house.calls() == []

    async def test_is_made_up_for_by_the_next_notification(self, house: House, userid: str) -> None:
        await bury(house, userid)
        await house.tending.drop(userid, Choice({Category.MEASURES}))
        house.clock.advance(HOUR)
        await house.notified(userid, await house.weigh(userid, 71))
        assert await house.values("weight") == ["154.32", "156.53"]

    async def test_in_the_middle_of_a_turn_outlives_its_failure(self, house: House, userid: str) -> None:
        house.weather.breaks("getmeas")
        await house.notified(userid, await house.weigh(userid, 70))
        house.clock.advance(3 * SECOND)
        async with house.weather.holding("getmeas") as arrived:
            working = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            assert (await house.tending.drop(userid, Choice({Category.MEASURES}))).chosen
            house.weather.breaks("getmeas")
        await working
        assert (await house.tending.show(userid)).entries == []


class TestNews:
    async def test_brings_back_what_was_buried(self, house: House, userid: str) -> None:
        await bury(house, userid)
        house.clock.advance(HOUR)
        await house.notified(userid, await house.weigh(userid, 71))
        assert await house.values("weight") == ["154.32", "156.53"]
        assert await stuck(house, userid) == []
