from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import respx

from unit.sandbox.sandbox_driver import NOON, WEBHOOK, Driver, Linked, until
from withings_bridge.sandbox.delivering import seconds_before_try

DAY = 86_400
SICK = "http://sick.test/in"


class Webhook:
    """Takes notifications and answers as told."""

    def __init__(self, router: respx.MockRouter) -> None:
        self.answer = 200
        self.took: list[dict[str, str]] = []
        router.head(WEBHOOK).respond(200)
        router.post(WEBHOOK).mock(side_effect=self._take)

    def _take(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        self.took.append(dict(parse_qsl(request.content.decode(), keep_blank_values=True)))
        return httpx.Response(self.answer)

    async def taken(self, times: int) -> None:
        """Waits until so many notifications came in all."""
        await until(lambda: len(self.took) >= times)
        assert len(self.took) == times


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with respx.mock(assert_all_called=False) as router:
        router.head(SICK).respond(200)
        router.post(SICK).mock(side_effect=httpx.ConnectError("gone"))
        yield Webhook(router)


@pytest.fixture
async def subscribed(newly_linked: Linked, webhook: Webhook) -> Linked:
    """Linked and subscribed to every category the tests fire."""
    for appli in (1, 2, 4, 16, 44, 46, 50, 54):
        assert (await newly_linked.subscribe(appli))["status"] == 0
    return newly_linked


async def _do(linked: Linked, what: str, **how: Any) -> Any:
    return await linked.driver.control("POST", f"/people/{linked.userid}/{what}", how)


async def _deliveries(cloud: Driver, **query: str) -> list[dict[str, Any]]:
    response = await cloud.http.get("/sandbox/deliveries", params=query)
    rows: list[dict[str, Any]] = response.json()
    return rows


async def _advance(cloud: Driver, seconds: float) -> None:
    await cloud.control("POST", "/clock", {"advance_seconds": seconds})


class TestAWeighing:
    async def test_with_pulse_fires_weight_and_pressure_with_the_window_of_a_second(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        await _do(subscribed, "weighings", kg=71.5, fat_percent=20, pulse=61, at=1_795_000_000)
        await webhook.taken(2)
        window = {"userid": str(subscribed.userid), "startdate": "1794999999", "enddate": "1795000000"}
        assert webhook.took == [window | {"appli": "1"}, window | {"appli": "4"}]

    async def test_reaches_only_subscriptions_to_its_category(
        self, newly_linked: Linked, webhook: Webhook
    ) -> None:
        await newly_linked.subscribe(4)
        await _do(newly_linked, "weighings", kg=71.5)
        assert await _deliveries(newly_linked.driver) == []

    async def test_reaches_every_url_and_a_dead_one_delays_no_other(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        await subscribed.subscribe(1, SICK)
        await _do(subscribed, "weighings", kg=71.5)
        await webhook.taken(1)
        states = {row["url"]: row["state"] for row in await _deliveries(subscribed.driver)}
        assert states[WEBHOOK] == "delivered"


class TestTheFields:
    async def test_of_a_night_are_its_bounds(self, subscribed: Linked, webhook: Webhook) -> None:
        await _do(subscribed, "nights", start=1_795_000_000, hours=8)
        await webhook.taken(1)
        assert webhook.took[0] == {
            "userid": str(subscribed.userid),
            "startdate": "1795000000",
            "enddate": "1795028800",
            "appli": "44",
        }

    async def test_of_a_day_are_its_local_date(self, subscribed: Linked, webhook: Webhook) -> None:
        await _do(subscribed, "activity-days", steps=5000)
        await webhook.taken(1)
        assert webhook.took[0] == {"userid": str(subscribed.userid), "date": "2026-11-23", "appli": "16"}

    async def test_of_a_bed_event_are_the_mat_and_the_moment(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        await _do(subscribed, "bed-events", event="in")
        await webhook.taken(1)
        devices = (await subscribed.body("/v2/user", "getdevice"))["devices"]
        mat = next(device for device in devices if device["type"] == "Sleep Monitor")
        assert webhook.took[0] == {
            "userid": str(subscribed.userid),
            "deviceid": mat["deviceid"],
            "date": str(int(NOON)),
            "appli": "50",
        }

    async def test_of_an_unlinking_name_the_action(self, subscribed: Linked, webhook: Webhook) -> None:
        await _do(subscribed, "unlink")
        await webhook.taken(1)
        assert webhook.took == [{"userid": str(subscribed.userid), "action": "unlink", "appli": "46"}]


class TestChanges:
    async def test_an_edit_that_moves_a_group_announces_both_windows(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        group = (await _do(subscribed, "weighings", kg=70, at=1_795_000_000))["measuregrps"][0]
        await webhook.taken(1)
        await subscribed.driver.control(
            "PATCH",
            f"/people/{subscribed.userid}/measure-groups/{group['grpid']}",
            {"date": 1_795_009_000},
        )
        await webhook.taken(3)
        assert [note["enddate"] for note in webhook.took[1:]] == ["1795000000", "1795009000"]

    async def test_a_deletion_announces_the_window_of_what_went(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        group = (await _do(subscribed, "weighings", kg=70))["measuregrps"][0]
        await webhook.taken(1)
        await subscribed.driver.control(
            "DELETE", f"/people/{subscribed.userid}/measure-groups/{group['grpid']}"
        )
        await webhook.taken(2)
        assert webhook.took[0] == webhook.took[1]


class TestSchedule:
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
        await _do(subscribed, "weighings", kg=70)
        await webhook.taken(2)
        assert (await _deliveries(subscribed.driver))[0]["state"] == "waiting"
        await _advance(subscribed.driver, 9)
        assert len(webhook.took) == 2
        await _advance(subscribed.driver, 1)
        await webhook.taken(4)

    async def test_ends_after_ten_tries(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 400
        await _do(subscribed, "weighings", kg=70)
        for tries in (2, 4, 6, 8, 10):
            await webhook.taken(tries)
            await _advance(subscribed.driver, 5 * 3600)
        delivery = (await _deliveries(subscribed.driver))[0]
        assert (delivery["state"], delivery["tries"], delivery["last_status"]) == ("failed", 10, 400)
        assert len(webhook.took) == 10

    @pytest.mark.parametrize("answer", [204, 302, 399])
    async def test_takes_anything_below_400_for_success(
        self, subscribed: Linked, webhook: Webhook, answer: int
    ) -> None:
        webhook.answer = answer
        await _do(subscribed, "weighings", kg=70)
        await webhook.taken(1)
        assert (await _deliveries(subscribed.driver))[0]["state"] == "delivered"

    async def test_succeeds_late(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 503
        await _do(subscribed, "weighings", kg=70)
        await webhook.taken(2)
        webhook.answer = 200
        await _advance(subscribed.driver, 10)
        await webhook.taken(3)
        assert (await _deliveries(subscribed.driver))[0]["state"] == "delivered"


class TestASubscription:
    async def _fail_once(self, linked: Linked, webhook: Webhook) -> None:
        before = len(webhook.took)
        await _do(linked, "weighings", kg=70)
        await until(lambda: len(webhook.took) >= before + 2)

    async def test_is_dropped_after_20_days_of_failing(self, subscribed: Linked, webhook: Webhook) -> None:
        webhook.answer = 500
        await self._fail_once(subscribed, webhook)
        await _advance(subscribed.driver, 20 * DAY)
        await until(lambda: len(webhook.took) >= 4)
        again = await subscribed.driver.link()
        applis = [profile["appli"] for profile in (await again.body("/notify", "list"))["profiles"]]
        assert 1 not in applis
        assert 4 in applis

    async def test_survives_when_one_delivery_in_between_succeeds(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        webhook.answer = 500
        await self._fail_once(subscribed, webhook)
        webhook.answer = 200
        await _advance(subscribed.driver, 10 * DAY)
        await until(lambda: len(webhook.took) >= 3)
        webhook.answer = 500
        await _advance(subscribed.driver, 10 * DAY)
        await self._fail_once(subscribed, webhook)
        again = await subscribed.driver.link()
        applis = [profile["appli"] for profile in (await again.body("/notify", "list"))["profiles"]]
        assert 1 in applis


class TestMishaps:
    async def test_duplicates_come_twice(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.driver.faults(duplicate_notifications=True)
        await _do(subscribed, "weighings", kg=70)
        await webhook.taken(2)
        assert webhook.took[0] == webhook.took[1]

    async def test_lost_ones_never_come(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.driver.faults(lose_notifications=True)
        await _do(subscribed, "weighings", kg=70)
        await _advance(subscribed.driver, DAY)
        assert [row["state"] for row in await _deliveries(subscribed.driver)] == ["lost"]
        assert webhook.took == []

    @pytest.mark.parametrize(("order", "first"), [("oldest", "70"), ("newest", "72")])
    async def test_held_ones_come_in_the_order_asked_for(
        self, subscribed: Linked, webhook: Webhook, order: str, first: str
    ) -> None:
        await subscribed.driver.faults(hold_notifications=True)
        for second in (70, 71, 72):
            await _do(subscribed, "weighings", kg=70, at=1_795_000_000 + second)
        assert webhook.took == []
        reply = await subscribed.driver.control("POST", "/deliveries/release", {"order": order})
        assert reply == {"released": 3}
        await webhook.taken(3)
        assert webhook.took[0]["enddate"].endswith(first)

    async def test_held_ones_come_when_holding_ends(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.driver.faults(hold_notifications=True)
        await _do(subscribed, "weighings", kg=70)
        held = await _deliveries(subscribed.driver, state="held")
        assert len(held) == 1
        await subscribed.driver.faults()
        await webhook.taken(1)

    async def test_any_delivery_can_be_repeated(self, subscribed: Linked, webhook: Webhook) -> None:
        await _do(subscribed, "weighings", kg=70)
        await webhook.taken(1)
        delivery = (await _deliveries(subscribed.driver))[0]
        await subscribed.driver.control("POST", f"/deliveries/{delivery['id']}/repeat")
        await webhook.taken(2)

    async def test_a_stranger_delivery_cannot(self, cloud: Driver) -> None:
        assert (await cloud.http.post("/sandbox/deliveries/99/repeat")).status_code == 404


class TestLoading:
    async def test_announces_each_window_of_a_category_once(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        measure = {"value": 70, "type": 1, "unit": 0}
        groups = [
            {"grpid": n, "date": at, "modified": at, "measures": [measure]}
            for n, at in enumerate((1000, 1000, 2000))
        ]
        await _do(subscribed, "records", measuregrps=groups)
        await webhook.taken(2)
        assert sorted(note["enddate"] for note in webhook.took) == ["1000", "2000"]

    async def test_can_be_silent(self, subscribed: Linked, webhook: Webhook) -> None:
        row = {"date": "2026-01-01", "steps": 1}
        await _do(subscribed, "records", activities=[row], notify=False)
        assert await _deliveries(subscribed.driver) == []
        await _do(subscribed, "records", activities=[row])
        await webhook.taken(1)
        assert webhook.took[0]["date"] == "2026-01-01"
