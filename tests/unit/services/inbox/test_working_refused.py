"""When Withings refuses us: the end of a link that was announced, or a consent that is needed."""

import asyncio

import pytest

from builders import HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import LEASE
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import ConsentNeeded


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


class TestEndOfTheLink:
    async def told(self, house: House, userid: str) -> None:
        """Somebody says that the person removed the app."""
        await house.receiving.receive({"userid": userid, "appli": "46", "action": "unlink"})
        await house.drain(userid)

    async def test_is_not_believed_while_withings_honours_it(self, house: House, userid: str) -> None:
        await self.told(house, userid)
        assert (await house.link_of()).account == userid
        account = await house.account(userid)
        assert account.consent_needed_at is None
        assert not account.of(Category.LINK).news
        assert [call.action for call in await house.calls()] == ["getdevice"]

    @pytest.mark.slow
    async def test_is_carried_out_for_every_user_once_withings_refuses(
        self, house: House, userid: str
    ) -> None:
        await house.notified(userid, await house.weigh(userid, 70))
        await house.link("user-2")
        await house.drain(userid)
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await self.told(house, userid)
        assert await house.storage.accounts.get(userid) is None
        for user in ("user-1", "user-2"):
            assert await house.storage.links.get(user) is None
            assert await house.values("weight", user) == ["154.32"]

    async def test_takes_tokens_and_account_and_nothing_else(self, house: House, userid: str) -> None:
        await house.notified(userid, await house.weigh(userid, 70))
        rows, records = await house.rows(), await house.records(userid)
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await self.told(house, userid)
        assert await house.storage.links.get("user-1") is None
        assert await house.rows() == rows
        assert await house.records(userid) == records
        assert house.gateway.consents_needed == []

    async def test_is_carried_out_also_when_the_refusal_came_before_the_word(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        assert (await house.account(userid)).consent_needed_at is not None
        clock.advance(MINUTE)
        await self.told(house, userid)
        assert await house.storage.accounts.get(userid) is None
        assert await house.storage.links.get("user-1") is None

    async def test_is_repeated_when_it_could_not_be_stored(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        house.links.failures = 1
        await self.told(house, userid)
        assert (await house.account(userid)).users == {"user-1"}
        clock.advance(LEASE)
        await house.drain(userid)
        assert await house.storage.accounts.get(userid) is None

    async def test_does_not_end_what_somebody_linked_anew_meanwhile(self, house: House, userid: str) -> None:
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "46", "action": "unlink"})
        async with house.weather.holding("getdevice") as arrived:
            turning = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            await house.link()
        await turning
        assert (await house.link_of()).account == userid
        assert (await house.account(userid)).consent_needed_at is None

    async def test_posted_by_anybody_costs_one_call_a_minute(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        for _ in range(5):
            await house.receiving.receive({"userid": userid, "appli": "46", "action": "unlink"})
        await house.drain(userid)
        for _ in range(5):
            clock.advance(10 * SECOND)
            await self.told(house, userid)
        assert [call.action for call in await house.calls()] == ["getdevice"]
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        clock.advance(10 * SECOND)
        await house.drain(userid)
        assert await house.storage.accounts.get(userid) is None

    @pytest.mark.parametrize("status", [401, 283, 328, 250])
    async def test_is_not_believed_of_a_token_that_is_refused_though_it_was_just_granted(
        self, house: House, userid: str, status: int
    ) -> None:
        house.weather.refuses("getdevice", status, times=3)
        await self.told(house, userid)
        assert (await house.link_of()).account == userid
        assert (await house.account(userid)).consent_needed_at is not None

    @pytest.mark.parametrize("status", [277, 403, 522, 601])
    async def test_is_not_believed_for_any_other_answer(self, house: House, userid: str, status: int) -> None:
        house.weather.refuses("getdevice", status)
        await self.told(house, userid)
        assert (await house.link_of()).account == userid
        assert (await house.account(userid)).consent_needed_at is None

    async def test_does_not_come_later_of_a_lie_that_a_scope_once_hid(
        self, house: House, userid: str
    ) -> None:
        house.weather.refuses("getdevice", 403)
        await self.told(house, userid)
        assert not (await house.account(userid)).of(Category.LINK).news


class TestConsentNeeded:
    async def told_of_news(self, house: House, userid: str) -> None:
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)

    async def test_stops_all_work_until_somebody_links_again(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await self.told_of_news(house, userid)
        account = await house.account(userid)
        assert (account.consent_needed_at, account.lease) == (clock(), None)
        await house.forget_calls()
        clock.advance(24 * HOUR)
        await self.told_of_news(house, userid)
        assert await house.calls() == []
        assert await house.working._claim_due([]) == []

    @pytest.mark.slow
    async def test_is_told_once_to_every_user(self, house: House, userid: str, clock: FakeClock) -> None:
        await house.link("user-2")
        await house.drain(userid)
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await self.told_of_news(house, userid)
        assert house.gateway.consents_needed == ["user-1", "user-2"]
        clock.advance(24 * HOUR)
        await self.told_of_news(house, userid)
        assert house.gateway.consents_needed == ["user-1", "user-2"]

    async def test_does_not_hit_a_consent_that_was_given_meanwhile(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        before = await house.storage.accounts.claim_one(userid, "slow", now=clock(), lease=LEASE)
        assert before is not None
        clock.advance(SECOND)
        await house.link()
        refusal = ConsentNeeded()
        account = await house.turning._without_consent(before, "slow", refusal)
        assert account is not None
        assert (account.consent_needed_at, account.lease) == (None, None)
        assert house.gateway.consents_needed == []
