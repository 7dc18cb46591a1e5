import pytest

from unit.sandbox.sandbox_driver import NOON, WEBHOOK, Driver, Linked
from unit.sandbox.sandbox_webhook import SICK, Webhook

DAY = 86_400


class TestAWeighing:
    async def test_with_pulse_fires_weight_and_pressure_with_the_window_of_a_second(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        await subscribed.do("weighings", kg=71.5, fat_percent=20, pulse=61, at=1_795_000_000)
        await webhook.taken(2)
        window = {"userid": str(subscribed.userid), "startdate": "1794999999", "enddate": "1795000000"}
        assert webhook.took == [window | {"appli": "1"}, window | {"appli": "4"}]

    async def test_reaches_only_subscriptions_to_its_category(
        self, newly_linked: Linked, webhook: Webhook
    ) -> None:
        await newly_linked.subscribe(4)
        await newly_linked.do("weighings", kg=71.5)
        assert await newly_linked.driver.deliveries() == []

    async def test_reaches_every_url_and_a_dead_one_delays_no_other(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        await subscribed.subscribe(1, SICK)
        await subscribed.do("weighings", kg=71.5)
        await webhook.taken(1)
        states = {row["url"]: row["state"] for row in await subscribed.driver.deliveries()}
        assert states[WEBHOOK] == "delivered"


class TestTheFields:
    async def test_of_a_night_are_its_bounds(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.do("nights", start=1_795_000_000, hours=8)
        await webhook.taken(1)
        assert webhook.took[0] == {
            "userid": str(subscribed.userid),
            "startdate": "1795000000",
            "enddate": "1795028800",
            "appli": "44",
        }

    async def test_of_a_day_are_its_local_date(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.do("activity-days", steps=5000)
        await webhook.taken(1)
        assert webhook.took[0] == {"userid": str(subscribed.userid), "date": "2026-11-23", "appli": "16"}

    async def test_of_a_bed_event_are_the_mat_and_the_moment(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        await subscribed.do("bed-events", event="in")
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
        await subscribed.do("unlink")
        await webhook.taken(1)
        assert webhook.took == [{"userid": str(subscribed.userid), "action": "unlink", "appli": "46"}]


class TestChanges:
    async def test_an_edit_that_moves_a_group_announces_both_windows(
        self, subscribed: Linked, webhook: Webhook
    ) -> None:
        group = (await subscribed.do("weighings", kg=70, at=1_795_000_000))["measuregrps"][0]
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
        group = (await subscribed.do("weighings", kg=70))["measuregrps"][0]
        await webhook.taken(1)
        await subscribed.driver.control(
            "DELETE", f"/people/{subscribed.userid}/measure-groups/{group['grpid']}"
        )
        await webhook.taken(2)
        assert webhook.took[0] == webhook.took[1]


class TestMishaps:
    async def test_duplicates_come_twice(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.driver.faults(duplicate_notifications=True)
        await subscribed.do("weighings", kg=70)
        await webhook.taken(2)
        assert webhook.took[0] == webhook.took[1]

    async def test_lost_ones_never_come(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.driver.faults(lose_notifications=True)
        await subscribed.do("weighings", kg=70)
        await subscribed.driver.move_clock(DAY)
        assert [row["state"] for row in await subscribed.driver.deliveries()] == ["lost"]
        assert webhook.took == []

    @pytest.mark.parametrize(("order", "first"), [("oldest", "70"), ("newest", "72")])
    async def test_held_ones_come_in_the_order_asked_for(
        self, subscribed: Linked, webhook: Webhook, order: str, first: str
    ) -> None:
        await subscribed.driver.faults(hold_notifications=True)
        for second in (70, 71, 72):
            await subscribed.do("weighings", kg=70, at=1_795_000_000 + second)
        assert webhook.took == []
        reply = await subscribed.driver.control("POST", "/deliveries/release", {"order": order})
        assert reply == {"released": 3}
        await webhook.taken(3)
        assert webhook.took[0]["enddate"].endswith(first)

    async def test_held_ones_come_when_holding_ends(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.driver.faults(hold_notifications=True)
        await subscribed.do("weighings", kg=70)
        held = await subscribed.driver.deliveries(state="held")
        assert len(held) == 1
        await subscribed.driver.faults()
        await webhook.taken(1)

    async def test_any_delivery_can_be_repeated(self, subscribed: Linked, webhook: Webhook) -> None:
        await subscribed.do("weighings", kg=70)
        await webhook.taken(1)
        delivery = (await subscribed.driver.deliveries())[0]
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
        await subscribed.do("records", measuregrps=groups)
        await webhook.taken(2)
        assert sorted(note["enddate"] for note in webhook.took) == ["1000", "2000"]

    async def test_can_be_silent(self, subscribed: Linked, webhook: Webhook) -> None:
        row = {"date": "2026-01-01", "steps": 1}
        await subscribed.do("records", activities=[row], notify=False)
        assert await subscribed.driver.deliveries() == []
        await subscribed.do("records", activities=[row])
        await webhook.taken(1)
        assert webhook.took[0]["date"] == "2026-01-01"
