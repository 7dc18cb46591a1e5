"""One grant, and two who would make or end it at the same time."""

import asyncio

import pytest

from builders import MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import REDIRECT_URI, House, eventually
from withings_bridge.domain.errors import BadGrant, LeaseLost, StorageUnavailable
from withings_bridge.services.links.granting import Granting


async def tokens_asked(house: House) -> int:
    return len([call for call in await house.calls() if call.action == "requesttoken"])


@pytest.fixture
def impatient(house: House, clock: FakeClock) -> Granting:
    return Granting(ephemera=house.storage.ephemera, oauth=house.oauth, clock=clock, patience=SECOND / 20)


class TestAlone:
    async def test_is_one_at_a_time_for_an_account(self, house: House) -> None:
        inside: list[str] = []

        async def enter(userid: str) -> None:
            async with house.granting.alone(userid):
                assert userid not in inside
                inside.append(userid)
                await asyncio.sleep(0)
                inside.remove(userid)

        await asyncio.gather(*(enter(userid) for userid in ("1", "2") for _ in range(3)))

    async def test_is_not_for_who_waited_too_long(self, house: House, impatient: Granting) -> None:
        async with house.granting.alone("1"):
            with pytest.raises(LeaseLost, match="linked or unlinked"):
                async with impatient.alone("1"):
                    pass
        async with impatient.alone("1"):
            pass

    async def test_ends_by_itself_of_one_who_died(
        self, house: House, impatient: Granting, clock: FakeClock
    ) -> None:
        now = clock()
        await house.storage.ephemera.acquire("grant#1", "died", until=now + 15 * SECOND, now=now)
        clock.advance(15 * SECOND)
        async with impatient.alone("1"):
            pass

    async def test_says_so_when_the_store_is_silent(self, house: House, impatient: Granting) -> None:
        await house.storage.__aexit__()
        with pytest.raises(StorageUnavailable):
            async with impatient.alone("1"):
                pass


class TestASecondUserWhileTheFirstLeaves:
    async def begun(self, house: House) -> tuple[dict[str, str], str]:
        """A second user, back from Withings' consent to the same account."""
        begun = await house.linking.begin("user-2", browser=None)
        return await house.consent(begun.authorize_url), begun.browser

    async def complete(self, house: House, back: dict[str, str], browser: str) -> str:
        joined = await house.linking.complete(
            state=back["state"], code=back["code"], error=None, browser=browser
        )
        return joined.account

    @pytest.mark.slow
    @pytest.mark.parametrize("action", ["getnonce", "revoke"])
    async def test_never_gets_a_link_that_is_dead_already(self, house: House, action: str) -> None:
        userid = await house.linked("user-1")
        back, browser = await self.begun(house)
        async with house.weather.holding(action) as arrived:
            leaving = asyncio.create_task(house.leaving.disconnect("user-1", purge=True))
            await arrived.wait()
            joining = asyncio.create_task(self.complete(house, back, browser))

            async def exchanged() -> bool:
                return await tokens_asked(house) == 1

            await eventually(exchanged)
        await leaving
        with pytest.raises(BadGrant):
            await joining
        assert await house.storage.links.get("user-2") is None
        assert await house.link("user-2") == userid
        await house.drain(userid)
        await house.notified(userid, await house.weigh(userid, 70))
        assert await house.values("weight", "user-2") == ["154.32"]

    async def test_keeps_the_account_when_he_was_first(self, house: House) -> None:
        userid = await house.linked("user-1")
        back, browser = await self.begun(house)
        joined, left = await asyncio.gather(
            self.complete(house, back, browser), self.leave_after_the_join(house, userid)
        )
        assert joined == userid
        assert left
        await house.drain(userid)
        assert (await house.account(userid)).consent_needed_at is None
        await house.notified(userid, await house.weigh(userid, 70))
        assert await house.values("weight", "user-2") == ["154.32"]

    async def leave_after_the_join(self, house: House, userid: str) -> bool:
        async def joined() -> bool:
            return len((await house.account(userid)).users) == 2

        await eventually(joined)
        return (await house.leaving.disconnect("user-1", purge=True)).shared


class TestLinkingAgainRightAfterLeaving:
    @pytest.mark.slow
    async def test_proves_the_new_pair_and_works(self, house: House) -> None:
        userid = await house.linked()
        await house.leaving.disconnect("user-1")
        await house.forget_calls()
        assert await house.link() == userid
        assert await tokens_asked(house) == 2
        await house.drain(userid)
        await house.notified(userid, await house.weigh(userid, 70))
        assert await house.values("weight") == ["154.32"]
        assert (await house.account(userid)).scopes == {
            "user.info",
            "user.metrics",
            "user.activity",
            "user.sleepevents",
        }

    async def test_a_minute_later_needs_no_proof(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        await house.leaving.disconnect("user-1")
        await house.forget_calls()
        clock.advance(MINUTE)
        assert await house.link() == userid
        assert await tokens_asked(house) == 1

    async def test_takes_the_pair_as_it_is_when_withings_gives_no_proof(self, house: House) -> None:
        userid = await house.linked()
        await house.leaving.disconnect("user-1")
        begun = await house.linking.begin("user-1", browser=None)
        back = await house.consent(begun.authorize_url)
        granted = await house.oauth.exchange(back["code"], REDIRECT_URI)
        house.weather.breaks("requesttoken")
        assert await house.granting.proven(userid, granted) == granted
