"""Subscriptions that somebody asks for and waits for."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builders import MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house, eventually
from unit.services.listener import Listener, listening
from withings_bridge.domain.errors import ConsentNeeded, NotLinked, NoWebhook
from withings_bridge.services.inbox.registering import Registered

APPLIS = (1, 44, 50)


@pytest.fixture
async def webhook() -> AsyncIterator[Listener]:
    async with listening() as webhook:
        yield webhook


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock, webhook: Listener) -> AsyncIterator[House]:
    """A bridge that Withings can call, which subscribes one category right after the other."""
    url = f"{webhook.url}/webhook?secret=s"
    async with a_house(
        tmp_path, clock, callback_url=url, applis=APPLIS, subscribe_spacing=0 * SECOND
    ) as house:
        yield house


async def asked(house: House) -> list[str]:
    """The calls about subscriptions since the last time; forgotten afterwards."""
    calls = [call.action for call in await house.calls() if call.action in {"list", "subscribe"}]
    await house.forget_calls()
    return calls


def stands(registered: Registered) -> dict[int, tuple[bool, int | None]]:
    """Of each category whether it is announced, and Withings' status."""
    return {one.appli: (one.confirmed, one.status) for one in registered.registrations}


class TestRegister:
    async def test_subscribes_what_is_missing_and_tells_of_all(self, house: House) -> None:
        await house.link()
        registered = await house.registering.register("user-1")
        assert stands(registered) == dict.fromkeys(APPLIS, (True, 0))
        assert not registered.skipped
        assert registered.webhook_url == house.callback_url.removesuffix("?secret=s")

    @pytest.mark.slow
    async def test_asks_withings_once_where_nothing_is_missing(self, house: House) -> None:
        await house.linked()
        registered = await house.registering.register("user-1")
        assert registered.skipped
        assert await asked(house) == ["list"]

    @pytest.mark.slow
    async def test_believes_no_list_of_a_moment_ago(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("DELETE", f"/subscriptions?userid={userid}")
        registered = await house.registering.register("user-1")
        assert not registered.skipped
        assert await asked(house) == ["list", "subscribe", "subscribe", "subscribe"]

    @pytest.mark.slow
    async def test_skips_what_the_person_has_not_consented_to(self, house: House) -> None:
        await house.drain(await house.link(scope="user.metrics"))
        registered = await house.registering.register("user-1")
        assert stands(registered) == {1: (True, 0), 44: (False, None), 50: (False, None)}
        assert registered.skipped
        assert {one.reason for one in registered.registrations if not one.confirmed} == {
            "The person has not consented to user.activity.",
            "The person has not consented to user.sleepevents.",
        }

    @pytest.mark.slow
    async def test_tries_again_what_withings_refused_before(self, house: House) -> None:
        house.weather.refuses("subscribe", 277, times=3)
        await house.linked()
        assert stands(await house.registering.register("user-1")) == dict.fromkeys(APPLIS, (True, 0))

    @pytest.mark.slow
    async def test_has_skipped_nothing_where_withings_refuses_it(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("DELETE", f"/subscriptions?userid={userid}")
        house.weather.refuses("subscribe", 277, times=3)
        registered = await house.registering.register("user-1")
        assert stands(registered) == dict.fromkeys(APPLIS, (False, 277))
        assert not registered.skipped

    @pytest.mark.slow
    async def test_waits_in_peace_while_withings_asks_for_patience(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        house.weather.refuses("list", 601, text="Same arguments in less than 10 seconds")
        registering = asyncio.create_task(house.registering.register("user-1"))

        async def was_told_to_wait() -> bool:
            # Settled too: a turn that reads the clock after it moved waits from there.
            return not house.weather.ahead("list") and (await house.account(userid)).lease is None

        await eventually(was_told_to_wait)
        clock.advance(12 * SECOND)
        assert stands(await registering) == dict.fromkeys(APPLIS, (True, 0))

    @pytest.mark.slow
    async def test_claims_nothing_that_withings_could_not_be_asked_about(self, house: House) -> None:
        await house.linked()
        house.weather.breaks("list")
        registered = await house.registering.register("user-1")
        assert stands(registered) == dict.fromkeys(APPLIS, (False, None))
        assert not registered.skipped
        assert {one.reason for one in registered.registrations} == {
            "Transient: Withings' front end answered HTTP 502."
        }


class TestAWebhookThatDidNotAnswer:
    async def test_is_why_none_is_announced(self, house: House, webhook: Listener) -> None:
        webhook.status = 405
        await house.link()
        registered = await house.registering.register("user-1")
        assert not registered.skipped
        assert {one.confirmed for one in registered.registrations} == {False}
        for one in registered.registrations:
            assert one.reason is not None
            assert "HEAD" in one.reason

    @pytest.mark.slow
    async def test_is_asked_again_and_not_judged_by_the_time_before(
        self, house: House, webhook: Listener, clock: FakeClock
    ) -> None:
        webhook.status = 405
        await house.linked()
        webhook.status = 200
        clock.advance(15 * MINUTE)
        registered = await house.registering.register("user-1")
        assert stands(registered) == dict.fromkeys(APPLIS, (True, 0))


class TestWhoCannotBeRegistered:
    async def test_is_a_stranger(self, house: House) -> None:
        with pytest.raises(NotLinked):
            await house.registering.register("user-1")

    async def test_is_anybody_without_a_webhook(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path / "elsewhere", clock) as house:
            await house.link()
            with pytest.raises(NoWebhook):
                await house.registering.register("user-1")

    @pytest.mark.slow
    async def test_is_who_has_withdrawn_their_consent(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        with pytest.raises(ConsentNeeded):
            await house.registering.register("user-1")

    @pytest.mark.slow
    async def test_is_who_unlinks_meanwhile(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "46", "action": "unlink"})
        with pytest.raises(NotLinked):
            await house.registering.register("user-1")
