"""The courier by the clock: its schedule of tries, and what ends a subscription."""

import asyncio
from datetime import datetime
from random import Random
from typing import Any

import httpx
import pytest
import respx

from unit.sandbox.sandbox_driver import WEBHOOK, Linked, until
from unit.sandbox.sandbox_webhook import SICK, WITNESS, Webhook
from withings_bridge.sandbox.delivering import seconds_before_try

DAY = 86_400


def _temperature() -> dict[str, Any]:
    measure = {"value": 366, "type": 71, "unit": -1}
    return {"grpid": 1, "attrib": 0, "date": 1_795_000_000, "category": 1, "measures": [measure]}


class TestSchedule:
    async def _now(self, linked: Linked) -> datetime:
        return datetime.fromisoformat((await linked.driver.control("GET", "/clock"))["now"])

    async def _tried(self, linked: Linked, tries: int, *, url: str = WEBHOOK) -> dict[str, Any]:
        """The first delivery to a URL, once it was tried so often."""
        async with asyncio.timeout(5):
            while True:
                delivery = next(row for row in await linked.driver.deliveries() if row["url"] == url)
                if delivery["tries"] == tries:
                    return delivery
                await asyncio.sleep(0.002)

    async def _stayed_away(self, linked: Linked, webhook: Webhook, tries: int) -> None:
        """The courier has looked what is due, which the witness proves, and came no further."""
        seen = webhook.witness.call_count
        await linked.do("bed-events", event="inflated")
        await until(lambda: webhook.witness.call_count > seen)
        assert len(webhook.took) == tries

    @pytest.mark.parametrize(
        ("number", "least", "most"),
        [
            (1, 0, 0), (2, 0, 0), (3, 10, 10), (4, 0, 0), (5, 120, 660), (6, 0, 0),
            (7, 3720, 4800), (8, 0, 0), (9, 14_580, 16_200), (10, 0, 0),
        ],
    )  # fmt: skip
    def test_is_the_published_one(self, number: int, least: int, most: int) -> None:
        for seed in range(50):
            jitter = Random(seed)  # noqa: S311 a schedule is no secret
            assert least <= seconds_before_try(number, jitter) <= most

    async def test_makes_two_tries_at_once_and_two_after_ten_seconds(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        webhook.answer = 500
        await subscribed.do("weighings", kg=70)
        await webhook.taken(2)
        assert (await subscribed.driver.deliveries())[0]["state"] == "waiting"
        await subscribed.subscribe(52, WITNESS)
        await subscribed.driver.move_clock(9)
        await self._stayed_away(subscribed, webhook, 2)
        await subscribed.driver.move_clock(1)
        await webhook.taken(4)

    async def test_ends_after_ten_tries(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 400
        await subscribed.subscribe(52, WITNESS)
        await subscribed.do("weighings", kg=70)
        for tries in (2, 4, 6, 8, 10):
            await webhook.taken(tries)
            await subscribed.driver.move_clock(5 * 3600)
        await self._stayed_away(subscribed, webhook, 10)
        delivery = (await subscribed.driver.deliveries())[0]
        assert (delivery["state"], delivery["tries"], delivery["last_status"]) == ("failed", 10, 400)

    async def test_is_kept_to_the_second_by_the_clock(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 500
        await subscribed.subscribe(52, WITNESS)
        await subscribed.do("weighings", kg=70)
        for tries, least, most in ((2, 10, 10), (4, 120, 660), (6, 3720, 4800), (8, 14_580, 16_200)):
            await webhook.taken(tries)
            ends_at = await self._now(subscribed)
            delivery = await self._tried(subscribed, tries)
            pause = (datetime.fromisoformat(delivery["due_at"]) - ends_at).total_seconds()
            assert least <= pause <= most
            await subscribed.driver.move_clock(pause - 0.001)
            await self._stayed_away(subscribed, webhook, tries)
            await subscribed.driver.move_clock(0.002)
        await webhook.taken(10)
        assert (await self._tried(subscribed, 10))["state"] == "failed"

    async def test_counts_a_try_that_nobody_answered(self, subscribed: Linked) -> None:
        await subscribed.subscribe(2, SICK)
        await subscribed.do("records", measuregrps=[_temperature()])
        delivery = await self._tried(subscribed, 2, url=SICK)
        assert (delivery["state"], delivery["last_status"]) == ("waiting", None)

    @pytest.mark.parametrize("answer", [204, 302, 399])
    async def test_takes_anything_below_400_for_success(
        self, subscribed: Linked, webhook: Webhook, answer: int
    ) -> None:
        webhook.answer = answer
        await subscribed.do("weighings", kg=70)
        await webhook.taken(1)
        assert (await subscribed.driver.deliveries())[0]["state"] == "delivered"

    async def test_succeeds_late(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 503
        await subscribed.do("weighings", kg=70)
        await webhook.taken(2)
        webhook.answer = 200
        await subscribed.driver.move_clock(10)
        await webhook.taken(3)
        assert (await subscribed.driver.deliveries())[0]["state"] == "delivered"


class TestRounds:
    async def test_to_a_url_that_hangs_hold_up_no_other(self, newly_linked: Linked) -> None:
        """Not even what is announced while the slow one is still waited for."""
        called, answered = asyncio.Event(), asyncio.Event()

        async def hang(_request: httpx.Request) -> httpx.Response:
            called.set()
            await answered.wait()
            return httpx.Response(200)

        with respx.mock(assert_all_called=False) as router:
            router.head().respond(200)
            router.post(SICK).mock(side_effect=hang)
            webhook = Webhook(router)
            await newly_linked.subscribe(1, SICK)
            await newly_linked.do("weighings", kg=70)
            await asyncio.wait_for(called.wait(), 5)
            await newly_linked.subscribe(1)
            for _ in range(2):
                await newly_linked.do("weighings", kg=70)
            await webhook.taken(2)
            answered.set()


class TestASubscription:
    async def _fail_once(self, linked: Linked, webhook: Webhook) -> None:
        before = len(webhook.took)
        await linked.do("weighings", kg=70)
        await until(lambda: len(webhook.took) >= before + 2)

    async def test_is_dropped_after_20_days_of_failing(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 500
        await self._fail_once(subscribed, webhook)
        await subscribed.driver.move_clock(20 * DAY)
        await until(lambda: len(webhook.took) >= 4)
        again = await subscribed.driver.link()
        applis = [profile["appli"] for profile in (await again.body("/notify", "list"))["profiles"]]
        assert 1 not in applis
        assert 4 in applis

    async def test_is_kept_to_the_last_second_of_them(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 500
        await self._fail_once(subscribed, webhook)
        await subscribed.driver.move_clock(20 * DAY - 1)
        await until(lambda: len(webhook.took) >= 4)
        again = await subscribed.driver.link()
        applis = [profile["appli"] for profile in (await again.body("/notify", "list"))["profiles"]]
        assert 1 in applis

    async def test_once_dropped_announces_nothing_more(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 500
        await self._fail_once(subscribed, webhook)
        await subscribed.driver.move_clock(20 * DAY)
        await until(lambda: len(webhook.took) >= 4)
        before = len(await subscribed.driver.deliveries())
        await subscribed.do("weighings", kg=71)
        assert len(await subscribed.driver.deliveries()) == before

    async def test_survives_when_one_delivery_in_between_succeeds(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        webhook.answer = 500
        await self._fail_once(subscribed, webhook)
        webhook.answer = 200
        await subscribed.driver.move_clock(10 * DAY)
        await until(lambda: len(webhook.took) >= 3)
        webhook.answer = 500
        await subscribed.driver.move_clock(10 * DAY)
        await self._fail_once(subscribed, webhook)
        again = await subscribed.driver.link()
        applis = [profile["appli"] for profile in (await again.body("/notify", "list"))["profiles"]]
        assert 1 in applis
