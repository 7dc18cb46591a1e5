"""Begin and complete a link: whose browser, which code, and what is stored."""

from datetime import timedelta

import httpx
import pytest

from builders import HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import (
    BadGrant,
    ConsentRefused,
    OtherBrowser,
    StateRefused,
    Transient,
)
from withings_bridge.services.links.linking import Begun, Joined


async def begin(house: House, user: str = "user-1") -> tuple[Begun, dict[str, str]]:
    """A sign-in as far as the callback, and what that brings."""
    begun = await house.linking.begin(user, browser=None)
    return begun, await house.consent(begun.authorize_url)


async def complete(house: House, back: dict[str, str], browser: str | None) -> Joined:
    return await house.linking.complete(
        state=back.get("state"), code=back.get("code"), error=back.get("error"), browser=browser
    )


class TestBegin:
    async def test_sends_the_browser_to_withings_with_a_random_state(self, house: House) -> None:
        one, other = [await house.linking.begin("user-1", browser=None) for _ in range(2)]
        asked = httpx.URL(one.authorize_url).params
        assert asked["state"] != httpx.URL(other.authorize_url).params["state"]
        assert asked["scope"] == "user.info,user.metrics,user.activity,user.sleepevents"
        assert "user-1" not in one.authorize_url

    async def test_lets_two_pop_ups_of_one_browser_be_completed(self, house: House) -> None:
        first = await house.linking.begin("user-1", browser=None)
        second = await house.linking.begin("user-2", browser=first.browser)
        assert second.browser == first.browser
        for begun in (first, second):
            await complete(house, await house.consent(begun.authorize_url), first.browser)


class TestComplete:
    async def test_joins_user_and_account(self, house: House, clock: FakeClock) -> None:
        begun, back = await begin(house)
        joined = await complete(house, back, begun.browser)
        link = await house.link_of("user-1")
        assert joined == Joined("user-1", link.account)
        assert (link.pair.saved_at, link.pair.expires_at) == (clock(), clock() + 3 * HOUR)
        assert (await house.account(link.account)).importing

    async def test_asks_withings_for_nothing_but_the_pair(self, house: House) -> None:
        begun, back = await begin(house)
        await complete(house, back, begun.browser)
        assert [call.action for call in await house.calls()] == ["requesttoken"]

    async def test_spends_the_state(self, house: House) -> None:
        begun, back = await begin(house)
        await complete(house, back, begun.browser)
        with pytest.raises(StateRefused):
            await complete(house, back, begun.browser)

    async def test_refuses_a_state_of_ten_minutes_ago(self, house: House, clock: FakeClock) -> None:
        begun, back = await begin(house)
        clock.advance(10 * MINUTE)
        with pytest.raises(StateRefused):
            await complete(house, back, begun.browser)

    async def test_takes_a_state_until_then(self, house: House, clock: FakeClock) -> None:
        begun = await house.linking.begin("user-1", browser=None)
        clock.advance(10 * MINUTE - SECOND)
        await complete(house, await house.consent(begun.authorize_url), begun.browser)

    @pytest.mark.parametrize("browser", [None, "", "another"])
    async def test_refuses_another_browser_and_leaves_the_state_to_its_own(
        self, house: House, browser: str | None
    ) -> None:
        begun, back = await begin(house)
        with pytest.raises(OtherBrowser):
            await complete(house, back, browser)
        assert (await complete(house, back, begun.browser)).user == "user-1"

    @pytest.mark.parametrize("state", [None, "", "made-up"])
    async def test_refuses_a_state_that_was_never_given(self, house: House, state: str | None) -> None:
        begun, back = await begin(house)
        with pytest.raises(StateRefused):
            await house.linking.complete(state=state, code=back["code"], error=None, browser=begun.browser)

    async def test_says_so_when_the_person_refused(self, house: House) -> None:
        begun, back = await begin(house)
        with pytest.raises(ConsentRefused):
            await complete(house, {"state": back["state"], "error": "access_denied"}, begun.browser)
        assert await house.storage.links.get("user-1") is None

    async def test_refuses_a_callback_without_a_code(self, house: House) -> None:
        begun, back = await begin(house)
        with pytest.raises(StateRefused, match="no code"):
            await complete(house, {"state": back["state"]}, begun.browser)

    async def test_says_so_when_the_code_is_too_old(self, house: House, clock: FakeClock) -> None:
        begun, back = await begin(house)
        clock.advance(timedelta(seconds=31))
        with pytest.raises(BadGrant):
            await complete(house, back, begun.browser)
        assert await house.storage.links.get("user-1") is None

    async def test_says_so_when_withings_is_silent(self, house: House) -> None:
        begun, back = await begin(house)
        house.weather.breaks("requesttoken")
        with pytest.raises(Transient):
            await complete(house, back, begun.browser)
        assert await house.storage.links.get("user-1") is None

    async def test_saves_the_pair_though_the_store_is_silent_for_a_moment(self, house: House) -> None:
        begun, back = await begin(house)
        house.links.failures = 2
        joined = await complete(house, back, begun.browser)
        assert (await house.link_of()).account == joined.account

    async def test_reads_the_link_before_though_the_store_is_silent_for_a_moment(self, house: House) -> None:
        begun, back = await begin(house)
        house.links.unread = 1
        joined = await complete(house, back, begun.browser)
        assert (await house.link_of()).account == joined.account


class TestSecondUser:
    async def test_joins_the_account_and_both_have_the_newest_pair(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked("user-1")
        before = (await house.link_of("user-1")).pair
        assert await house.link("user-2") == userid
        assert (await house.account(userid)).users == {"user-1", "user-2"}
        assert (await house.link_of("user-1")).pair == (await house.link_of("user-2")).pair != before

    async def test_gets_all_rows_by_projection(self, house: House) -> None:
        userid = await house.linked("user-1")
        await house.notified(userid, await house.weigh(userid, 70))
        await house.link("user-2")
        await house.drain(userid)
        theirs = {key: row["value"] for key, row in (await house.rows("user-2")).items()}
        assert theirs == {key: row["value"] for key, row in (await house.rows("user-1")).items()}
        assert theirs
        by_dates = [call for call in await house.calls() if call.how == "dates" and call.action == "getmeas"]
        assert by_dates == []

    @pytest.mark.slow
    async def test_leaves_the_first_one_working(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked("user-1")
        await house.link("user-2")
        await house.drain(userid)
        clock.advance(12 * HOUR)
        await house.notified(userid, await house.weigh(userid, 70))
        assert await house.values("weight", "user-1") == await house.values("weight", "user-2") == ["154.32"]


class TestAnotherAccount:
    async def people(self, house: House) -> list[int]:
        return [entry["userid"] for entry in await house.cloud.control("GET", "/people")]

    @pytest.mark.slow
    async def test_takes_the_place_of_the_old_one_and_the_rows_stay(
        self, house: House, clock: FakeClock
    ) -> None:
        mine, other = await self.people(house)
        old = await house.linked(person=mine)
        await house.notified(old, await house.weigh(old, 70))
        clock.advance(MINUTE)
        new = await house.link(person=other)
        assert (await house.link_of()).account == new != old
        assert await house.storage.accounts.get(old) is None
        assert await house.values("weight") == ["154.32"]

    async def test_leaves_the_old_one_to_those_who_stay(self, house: House, clock: FakeClock) -> None:
        mine, other = await self.people(house)
        old = await house.linked("user-1", person=mine)
        await house.link("user-2", person=mine)
        clock.advance(MINUTE)
        await house.link("user-1", person=other)
        assert (await house.account(old)).users == {"user-2"}
        await house.notified(old, await house.weigh(old, 70))
        assert await house.values("weight", "user-2") == ["154.32"]
        assert await house.values("weight", "user-1") == []


class TestAgain:
    async def test_heals_a_link_that_withings_no_longer_honours(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        assert (await house.account(userid)).consent_needed_at == clock()
        clock.advance(HOUR)
        await house.weigh(userid, 70)
        await house.link()
        await house.drain(userid)
        account = await house.account(userid)
        assert account.consent_needed_at is None
        assert not any(account.of(category).trouble for category in Category)
        assert await house.values("weight") == ["154.32"]


class TestScopes:
    async def test_that_were_not_granted_are_neither_imported_nor_asked_for(self, house: House) -> None:
        userid = await house.link(scope="user.metrics")
        await house.drain(userid)
        assert {call.action for call in await house.calls()} <= {"requesttoken", "getmeas", "list"}
        account: Account = await house.account(userid)
        assert account.scopes == {"user.metrics"}
        assert not any(account.of(category).trouble for category in Category)
