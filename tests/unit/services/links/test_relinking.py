"""Link again, or another account, or as one more user: what is fetched then, and what is not."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builders import DAY, HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house
from unit.services.listener import listening
from withings_bridge.domain.categories import Category
from withings_bridge.services.links.leaving import Former

IMPORTED = {"getmeas", "getactivity", "getsummary", "getworkouts"}


async def weighed(house: House, *kilograms: float, user: str = "user-1") -> str:
    """A linked user with weighings whose rows are there."""
    userid = await house.linked(user)
    for kg in kilograms:
        await house.notified(userid, await house.weigh(userid, kg))
        house.clock.advance(MINUTE)
    house.gateway.published.clear()
    await house.forget_calls()
    return userid


async def counted(house: House) -> Counter[tuple[str, str]]:
    return Counter(await house.asked())


class TestAfterConsentWasLost:
    @pytest.fixture
    async def userid(self, house: House, clock: FakeClock) -> str:
        """An account whose consent was lost a day ago; a weighing waits at Withings."""
        userid = await weighed(house, 70)
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        assert (await house.account(userid)).consent_needed_at == clock()
        clock.advance(DAY)
        await house.weigh(userid, 71)
        await house.forget_calls()
        return userid

    @pytest.mark.slow
    async def test_goes_on_where_it_stopped(self, house: House, userid: str) -> None:
        before = (await house.account(userid)).of(Category.MEASURES).cursor
        assert await house.link() == userid
        assert (await house.account(userid)).of(Category.MEASURES).cursor == before
        await house.drain(userid)
        assert await house.values("weight") == ["154.32", "156.53"]
        asked = await counted(house)
        # What changed, and the heights of all time; nothing is imported again.
        assert asked["getmeas", "lastupdate"] == 2
        assert not [action for action, how in asked if how == "dates" and action in IMPORTED]

    async def test_changes_no_row_that_was_right(self, house: House, userid: str) -> None:
        before = await house.rows()
        await house.link()
        await house.drain(userid)
        after = await house.rows()
        assert {key: after[key] for key in before} == before
        assert {row["vitalType"] for key, row in after.items() if key not in before} == {"weight", "bmi"}
        assert house.gateway.published == ["user-1"]

    @pytest.mark.slow
    async def test_of_one_user_serves_both_again(self, house: House, userid: str) -> None:
        await house.link("user-2")
        await house.drain(userid)
        assert await house.values("weight", "user-1") == ["154.32", "156.53"]
        assert await house.values("weight", "user-2") == ["154.32", "156.53"]


class TestAfterADisconnect:
    async def test_imports_anew_without_a_duplicate(self, house: House, clock: FakeClock) -> None:
        userid = await weighed(house, 70, 71)
        rows, records = await house.rows(), await house.records(userid)
        await house.leaving.disconnect("user-1")
        clock.advance(DAY)
        await house.weigh(userid, 72)
        assert await house.link() == userid
        await house.drain(userid)
        assert await house.values("weight") == ["154.32", "156.53", "158.73"]
        after = await house.rows()
        assert {key: after[key] for key in rows} == rows
        assert len(await house.records(userid)) == len(records) + 1
        assert house.gateway.published == ["user-1"]

    @pytest.mark.slow
    async def test_notices_what_was_deleted_meanwhile(self, house: House, clock: FakeClock) -> None:
        userid = await weighed(house, 70)
        gone = await house.weigh(userid, 71)
        await house.notified(userid, gone)
        await house.leaving.disconnect("user-1")
        clock.advance(DAY)
        await house.delete(userid, gone)
        await house.link()
        await house.drain(userid)
        clock.advance(2 * MINUTE)
        await house.drain(userid)
        assert await house.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_with_purge_brings_everything_once_more(self, house: House, clock: FakeClock) -> None:
        userid = await weighed(house, 70, 71)
        await house.leaving.disconnect("user-1", purge=True)
        assert await house.rows() == {}
        clock.advance(DAY)
        assert await house.link() == userid
        await house.drain(userid)
        assert await house.values("weight") == ["154.32", "156.53"]
        assert house.gateway.published == ["user-1"] * len(house.gateway.published)
        clock.advance(MINUTE)
        await house.notified(userid, await house.weigh(userid, 72))
        assert await house.values("weight") == ["154.32", "156.53", "158.73"]


class TestTwoUsers:
    async def test_cost_one_refresh_and_one_fetch_and_both_have_rows(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await weighed(house, 70)
        await house.link("user-2")
        await house.drain(userid)
        clock.advance(12 * HOUR)
        await house.forget_calls()
        await house.notified(userid, await house.weigh(userid, 71))
        assert [call.action for call in await house.calls()] == ["requesttoken", "getmeas"]
        for user in ("user-1", "user-2"):
            assert await house.values("weight", user) == ["154.32", "156.53"]

    @pytest.mark.slow
    async def test_of_whom_the_first_leaves_and_comes_back(self, house: House, clock: FakeClock) -> None:
        userid = await weighed(house, 70)
        await house.link("user-2")
        await house.drain(userid)
        await house.leaving.disconnect("user-1", purge=True)
        clock.advance(MINUTE)
        await house.notified(userid, await house.weigh(userid, 71))
        assert await house.rows("user-1") == {}
        clock.advance(MINUTE)
        await house.forget_calls()
        assert await house.link("user-1") == userid
        await house.drain(userid)
        asked = await counted(house)
        assert not [action for action, how in asked if how == "dates" and action in IMPORTED]
        for user in ("user-1", "user-2"):
            assert await house.values("weight", user) == ["154.32", "156.53"]

    @pytest.mark.slow
    async def test_of_whom_one_comes_back_to_what_was_deleted_meanwhile(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await weighed(house, 70)
        await house.link("user-2")
        await house.drain(userid)
        kept = await house.weigh(userid, 71)
        await house.notified(userid, kept)
        await house.leaving.disconnect("user-2")
        clock.advance(HOUR)
        await house.delete(userid, kept)
        await house.notified(userid, kept)
        assert await house.values("weight", "user-2") == ["154.32", "156.53"]
        clock.advance(MINUTE)
        await house.link("user-2")
        await house.drain(userid)
        assert await house.values("weight", "user-2") == ["154.32"]

    @pytest.mark.slow
    async def test_of_whom_one_comes_back_keep_the_rows_that_a_second_source_stands_for(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await house.link("user-2")
        day = {"date": f"{clock():%Y-%m-%d}", "timezone": "UTC", "steps": 900, "is_tracker": True}
        watch, other = day | {"deviceid": "w", "modelid": 93}, day | {"deviceid": "o", "modelid": 59}
        notice = {"userid": userid, "appli": "16", "date": str(day["date"])}
        await house.load(userid, activities=[watch, other], stamp=True)
        await house.receiving.receive(notice)
        await house.drain(userid)
        before = await house.rows("user-2")
        await house.leaving.disconnect("user-2")
        clock.advance(HOUR)
        await house.cloud.control("DELETE", f"/people/{userid}/records/activity/{day['date']}/o/59")
        await house.receiving.receive(notice)
        await house.drain(userid)
        clock.advance(MINUTE)
        await house.link("user-2")
        await house.drain(userid)
        assert await house.rows("user-2") == before


class TestAnotherAccount:
    @pytest.fixture
    async def house(self, tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
        async with (
            listening() as webhook,
            a_house(tmp_path, clock, callback_url=f"{webhook.url}/hook") as house,
        ):
            yield house

    @pytest.fixture
    async def persons(self, house: House) -> list[int]:
        return [entry["userid"] for entry in await house.cloud.control("GET", "/people")]

    async def moved(self, house: House, persons: list[int]) -> Former | None:
        """The user links the last person's account; what they have left."""
        new = persons[-1]
        begun = await house.linking.begin("user-1", browser=None)
        back = await house.consent(begun.authorize_url, person=new)
        joined = await house.linking.complete(
            state=back["state"], code=back["code"], error=None, browser=begun.browser
        )
        assert joined.account == str(new)
        return joined.left

    async def subscribed(self, house: House, person: int) -> str:
        userid = await house.linked("user-1", person=person)
        for _ in range(8):
            house.clock.advance(5 * SECOND)
            await house.drain(userid)
        assert (await house.person(userid))["subscriptions"] == 5
        await house.forget_calls()
        return userid

    @pytest.mark.slow
    async def test_ends_the_one_before_at_withings_too(self, house: House, persons: list[int]) -> None:
        old = await self.subscribed(house, persons[0])
        left = await self.moved(house, persons)
        assert left is not None
        assert left.account == old
        await house.leaving.let_go(left)
        person = await house.person(old)
        assert (person["linked"], person["subscriptions"]) == (False, 0)
        new = str(persons[1])
        await house.drain(new)
        await house.notified(new, await house.weigh(new, 70))
        assert await house.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_ends_nothing_that_somebody_else_uses(self, house: House, persons: list[int]) -> None:
        old = await self.subscribed(house, persons[0])
        await house.link("user-2", person=persons[0])
        await house.drain(old)
        left = await self.moved(house, persons)
        assert left is not None
        await house.forget_calls()
        await house.leaving.let_go(left)
        assert await house.calls() == []
        assert (await house.person(old))["linked"]

    @pytest.mark.slow
    async def test_ends_nothing_that_was_linked_again_since(self, house: House, persons: list[int]) -> None:
        old = await self.subscribed(house, persons[0])
        left = await self.moved(house, persons)
        assert left is not None
        house.clock.advance(MINUTE)
        await house.link(person=persons[0])
        await house.forget_calls()
        await house.leaving.let_go(left)
        assert await house.calls() == []
        assert (await house.person(old))["linked"]

    @pytest.mark.slow
    async def test_refreshes_an_expired_pair_to_take_leave(
        self, house: House, persons: list[int], clock: FakeClock
    ) -> None:
        old = await self.subscribed(house, persons[0])
        clock.advance(12 * HOUR)
        left = await self.moved(house, persons)
        assert left is not None
        await house.forget_calls()
        await house.leaving.let_go(left)
        actions = [call.action for call in await house.calls()]
        assert actions == ["requesttoken", "list", *["revoke"] * 5, "getnonce", "revoke"]
        assert not (await house.person(old))["linked"]

    @pytest.mark.slow
    async def test_is_linked_whatever_withings_says_of_the_one_before(
        self, house: House, persons: list[int]
    ) -> None:
        await self.subscribed(house, persons[0])
        left = await self.moved(house, persons)
        assert left is not None
        for action in ("list", "getnonce"):
            house.weather.breaks(action)
        await house.leaving.let_go(left)
        assert (await house.link_of()).account == str(persons[1])

    @pytest.mark.slow
    async def test_is_none_when_it_is_the_same_one(self, house: House, persons: list[int]) -> None:
        await self.subscribed(house, persons[0])
        assert await self.moved(house, persons[:1]) is None

    async def test_of_whom_the_predecessor_alone_knew_is_left_as_it_is(
        self, house: House, persons: list[int]
    ) -> None:
        """Others may share the account: nobody has looked yet."""
        old = await self.subscribed(house, persons[0])
        pair = (await house.link_of()).pair
        await house.storage.links.end(old, lambda _: True)
        await house.leaving.let_go(Former(old, pair, known=False))
        assert await house.calls() == []
        assert (await house.person(old))["linked"]
