"""What Withings is to announce: list, compare, subscribe what is missing, one call a step."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house
from unit.services.listener import Listener, listening
from withings_bridge.domain.accounts import due
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED, UNHEARD, Lane


@pytest.fixture
async def webhook() -> AsyncIterator[Listener]:
    async with listening() as webhook:
        yield webhook


class Subscribed:
    """A house with a webhook, and what its cloud knows of it."""

    def __init__(self, tmp_path: Path, clock: FakeClock, webhook: Listener) -> None:
        self.tmp_path, self.clock = tmp_path, clock
        self.url = f"{webhook.url}/webhook?secret=s"
        self.elsewhere = f"{webhook.url}/another"

    @asynccontextmanager
    async def house(self, applis: Sequence[int] = (1, 4, 44), **changes: Any) -> AsyncIterator[House]:
        given = {"callback_url": self.url, "applis": applis} | changes
        async with a_house(self.tmp_path, self.clock, **given) as house:
            yield house

    async def work_off(self, house: House, userid: str, *, seconds: int = 60) -> None:
        """Let time pass in steps until the subscriptions had their turns."""
        for _ in range(seconds // 5):
            await house.drain(userid)
            self.clock.advance(5 * SECOND)

    async def listed(self, house: House, userid: str) -> list[tuple[int, str]]:
        token = (await house.link_of()).pair.access_token
        profiles = (await house.client.subscriptions(token)).models
        return sorted((profile.appli, profile.callbackurl) for profile in profiles)


@pytest.fixture
def given(tmp_path: Path, clock: FakeClock, webhook: Listener) -> Subscribed:
    return Subscribed(tmp_path, clock, webhook)


async def subscribes(house: House) -> list[str]:
    return [call.parameters["appli"] for call in await house.calls() if call.action == "subscribe"]


class TestSubscribing:
    async def test_begins_with_the_link_and_subscribes_all_that_is_configured(
        self, given: Subscribed
    ) -> None:
        async with given.house() as house:
            userid = await house.link()
            await given.work_off(house, userid)
            assert await given.listed(house, userid) == [(appli, given.url) for appli in (1, 4, 44)]
            account = await house.account(userid)
            assert account.subscriptions.confirmed == {1, 4, 44}
            assert not account.of(Category.SUBSCRIPTIONS).news

    @pytest.mark.slow
    async def test_makes_one_call_a_step_five_seconds_apart(
        self, given: Subscribed, clock: FakeClock
    ) -> None:
        async with given.house() as house:
            userid = await house.link()
            await house.drain(userid)
            assert await subscribes(house) == ["1"]
            clock.advance(5 * SECOND - SECOND)
            await house.drain(userid)
            assert await subscribes(house) == ["1"]
            clock.advance(SECOND)
            await house.drain(userid)
            assert await subscribes(house) == ["1", "4"]

    @pytest.mark.slow
    async def test_does_not_subscribe_twice_what_is_there(self, given: Subscribed, clock: FakeClock) -> None:
        async with given.house() as house:
            userid = await house.link()
            await given.work_off(house, userid)
            await house.forget_calls()
            clock.advance(DAY)
            await house.storage.accounts.announce(userid, {Category.SUBSCRIPTIONS: ASKED}, now=clock())
            await given.work_off(house, userid)
            assert await subscribes(house) == []

    @pytest.mark.slow
    async def test_replaces_what_withings_dropped(self, given: Subscribed, clock: FakeClock) -> None:
        async with given.house() as house:
            userid = await house.link()
            await given.work_off(house, userid)
            await house.cloud.control("DELETE", f"/subscriptions?userid={userid}")
            clock.advance(DAY)
            await house.storage.accounts.announce(userid, {Category.SUBSCRIPTIONS: ASKED}, now=clock())
            await given.work_off(house, userid)
            assert len(await given.listed(house, userid)) == 3

    @pytest.mark.slow
    async def test_leaves_the_callbacks_of_others_alone(self, given: Subscribed) -> None:
        async with given.house(applis=(1,)) as house:
            userid = await house.link()
            token = (await house.link_of()).pair.access_token
            await house.client.subscribe(token, given.elsewhere, 1)
            await given.work_off(house, userid)
            assert await given.listed(house, userid) == [(1, given.elsewhere), (1, given.url)]

    @pytest.mark.slow
    async def test_skips_what_the_consent_does_not_cover(self, given: Subscribed) -> None:
        async with given.house(applis=(1, 16, 44, 50)) as house:
            userid = await house.link(scope="user.metrics")
            await given.work_off(house, userid)
            assert await subscribes(house) == ["1"]

    @pytest.mark.slow
    async def test_remembers_what_withings_refuses_and_goes_on(self, given: Subscribed) -> None:
        async with given.house(applis=(1, 777, 44)) as house:
            userid = await house.link()
            await given.work_off(house, userid)
            subscriptions = (await house.account(userid)).subscriptions
            assert subscriptions.confirmed == {1, 44}
            assert subscriptions.refused == {777}
            assert await subscribes(house) == ["1", "777", "44"]

    @pytest.mark.slow
    async def test_goes_on_after_a_fault(self, given: Subscribed) -> None:
        async with given.house() as house:
            userid = await house.link()
            house.weather.breaks("subscribe")
            await given.work_off(house, userid)
            assert len(await given.listed(house, userid)) == 3

    @pytest.mark.slow
    async def test_trusts_a_list_for_ten_minutes(self, given: Subscribed, clock: FakeClock) -> None:
        async with given.house() as house:
            userid = await house.link()
            await given.work_off(house, userid)
            lists = [call for call in await house.calls() if call.action == "list" and not call.parameters]
            assert len(lists) == 1


class TestCallbackRefused:
    async def test_is_tried_three_times_and_then_buried(self, given: Subscribed, webhook: Listener) -> None:
        webhook.status = 405
        async with given.house() as house:
            userid = await house.link()
            await given.work_off(house, userid, seconds=120)
            assert await subscribes(house) == ["1"] * 3
            trouble = (await house.account(userid)).of(Category.SUBSCRIPTIONS).trouble
            assert trouble is not None
            assert trouble.retry_at is None
            assert "HEAD" in trouble.reason

    @pytest.mark.slow
    async def test_is_tried_again_when_somebody_asks(
        self, given: Subscribed, webhook: Listener, clock: FakeClock
    ) -> None:
        webhook.status = 405
        async with given.house() as house:
            userid = await house.link()
            await given.work_off(house, userid)
            webhook.status = 200
            clock.advance(15 * MINUTE)
            await house.storage.accounts.announce(userid, {Category.SUBSCRIPTIONS: ASKED}, now=clock())
            await given.work_off(house, userid)
            assert len(await given.listed(house, userid)) == 3


class TestWithoutAWebhook:
    async def test_asks_for_nothing(self, house: House) -> None:
        userid = await house.link()
        await house.drain(userid)
        assert await subscribes(house) == []
        account = await house.account(userid)
        assert account.of(Category.SUBSCRIPTIONS).trouble is None
        assert not account.of(Category.SUBSCRIPTIONS).news


class TestWhatCameBefore:
    async def test_the_subscriptions_is_fetched_when_they_stand(
        self, given: Subscribed, clock: FakeClock
    ) -> None:
        async with given.house(applis=(1, 44)) as house:
            userid = await house.link()
            await house.drain(userid)
            # Nobody announces it: the import is done, and the weight is subscribed next.
            await house.cloud.control("PUT", "/faults", {"lose_notifications": True})
            await house.weigh(userid, 70)
            await house.cloud.control("PUT", "/faults", {})
            await given.work_off(house, userid)
            assert await house.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_is_asked_for_once_and_in_the_lane_of_what_nobody_waits_for(
        self, given: Subscribed, clock: FakeClock
    ) -> None:
        async with given.house(applis=(1, 2, 4, 46)) as house:
            userid = await house.link()
            await house.drain(userid)
            await house.forget_calls()
            while len(await subscribes(house)) < 3:
                clock.advance(5 * SECOND)
                account = await house.storage.accounts.claim_one(userid, "w", now=clock(), lease=15 * SECOND)
                assert account is not None
                await house.turning.turn(account, "w")
            account = await house.account(userid)
            assert account.of(Category.MEASURES).news == UNHEARD
            assert set(due(account, clock())) == {Lane.ERRAND, Lane.RECONCILE}
            await given.work_off(house, userid)
            assert [call.action for call in await house.calls()].count("getmeas") == 1
