"""What goes wrong at the turn of a switch: the console's buttons, the same as calls."""

from typing import Any

import pytest

from unit.sandbox.sandbox_driver import Driver, Linked
from withings_bridge.sandbox.control.troubles import TROUBLES


async def stands(cloud: Driver) -> dict[str, Any]:
    """The switches by name."""
    return {each["name"]: each for each in await cloud.control("GET", "/troubles")}


async def in_force(cloud: Driver) -> set[str]:
    return {name for name, each in (await stands(cloud)).items() if each["on"]}


class TestTroubles:
    @pytest.mark.parametrize("name", TROUBLES)
    async def test_can_be_switched_on_and_off(self, cloud: Driver, name: str) -> None:
        assert (await cloud.control("PUT", f"/troubles/{name}", {}))["on"]
        assert await in_force(cloud) == {name}
        assert not (await cloud.control("PUT", f"/troubles/{name}", {"on": False}))["on"]
        assert await in_force(cloud) == set()

    async def test_end_by_themselves_when_they_have_hit_as_often_as_they_should(self, linked: Linked) -> None:
        await linked.driver.control("PUT", "/troubles/time-outs", {})
        for left in (2, 1):
            assert (await linked.call("/v2/user", "getdevice"))["status"] == 522
            assert (await stands(linked.driver))["time-outs"]["left"] == left
        await linked.call("/v2/user", "getdevice")
        assert await in_force(linked.driver) == set()
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 0

    async def test_begin_anew_when_they_are_switched_on_again(self, linked: Linked) -> None:
        for _ in range(2):
            await linked.driver.control("PUT", "/troubles/slow", {})
        assert (await stands(linked.driver))["slow"]["left"] == 5
        assert len(await linked.driver.control("GET", "/mishaps")) == 1

    async def test_a_rate_limit_says_how_long_to_wait(self, linked: Linked) -> None:
        await linked.driver.control("PUT", "/troubles/rate-limit", {})
        refused = await linked.call("/v2/user", "getdevice")
        assert (refused["status"], refused["body"]) == (601, {"wait_seconds": 10})

    async def test_an_outage_lasts_until_it_is_switched_off(self, linked: Linked) -> None:
        await linked.driver.control("PUT", "/troubles/outage", {})
        assert [(await linked.ask("/v2/user", "getdevice")).status_code for _ in range(3)] == [502] * 3
        assert (await stands(linked.driver))["outage"]["left"] is None
        await linked.driver.control("PUT", "/troubles/outage", {"on": False})
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 0

    async def test_ending_all_of_them_leaves_how_strict_the_cloud_is(self, cloud: Driver) -> None:
        await cloud.faults(quota=False, hold_notifications=True)
        await cloud.plan("empty", action="getmeas")
        await cloud.control("PUT", "/troubles/outage", {})
        await cloud.control("DELETE", "/troubles")
        assert await in_force(cloud) == set()
        assert await cloud.control("GET", "/mishaps") == []
        assert not (await cloud.control("GET", "/faults"))["quota"]

    async def test_one_that_nobody_knows_is_refused_with_those_there_are(self, cloud: Driver) -> None:
        reply = await cloud.http.put("/sandbox/troubles/rain", json={})
        assert reply.status_code == 404
        assert "there are rate-limit, outage" in reply.json()["detail"]


class TestTheirButtons:
    async def test_switch_and_come_back(self, linked: Linked) -> None:
        cloud, person = linked.driver, str(linked.userid)
        pressed = {"on": "true", "person": person}
        reply = await cloud.http.post("/sandbox/console/troubles/outage", data=pressed)
        assert reply.headers["location"].startswith(f"/sandbox?person={person}&said=")
        page = await cloud.http.get(reply.headers["location"])
        assert "Outage: Every call fails" in page.text
        assert 'id="trouble-outage" aria-pressed="true"' in page.text
        await cloud.http.post("/sandbox/console/troubles/outage", data=pressed | {"on": "false"})
        assert await in_force(cloud) == set()

    async def test_let_everything_go_well_again(self, cloud: Driver) -> None:
        await cloud.control("PUT", "/troubles/held-notifications", {})
        await cloud.http.post("/sandbox/console/calm")
        assert await in_force(cloud) == set()

    async def test_take_back_what_a_call_has_planned(self, cloud: Driver) -> None:
        number = await cloud.plan("empty", action="getmeas")
        assert "Also planned" in (await cloud.http.get("/sandbox")).text
        await cloud.http.post(f"/sandbox/console/mishaps/{number}")
        assert await cloud.control("GET", "/mishaps") == []
        assert "Also planned" not in (await cloud.http.get("/sandbox")).text
