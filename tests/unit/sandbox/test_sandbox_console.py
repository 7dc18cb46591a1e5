import html
import re
from typing import Any

import httpx
import pytest

from unit.sandbox.sandbox_driver import NOON, Driver, Linked, opened
from withings_bridge.sandbox import SandboxOptions


async def post(linked: Linked, form: str, **fields: str) -> httpx.Response:
    """A form of the console, as a browser sends it."""
    return await linked.driver.http.post(f"/sandbox/console/{linked.userid}/{form}", data=fields)


async def followed(cloud: Driver, reply: httpx.Response) -> str:
    """The page that a form leads to."""
    assert reply.status_code == 303
    return html.unescape((await cloud.http.get(reply.headers["location"])).text)


async def newest(linked: Linked, service: str) -> dict[str, Any]:
    """The latest record of a service, as the console shows it."""
    found: list[dict[str, Any]] = await linked.driver.control(
        "GET", f"/people/{linked.userid}/latest?service={service}&most=1"
    )
    return found[0]


class TestTheConsole:
    async def test_shows_a_person_and_what_passed(self, linked: Linked) -> None:
        page = await linked.driver.http.get("/sandbox")
        assert "Person 1" in page.text
        assert "Step on the scale" in page.text
        assert "Asks for tokens, Person 1" in page.text
        assert "/v2/oauth2 requesttoken" in page.text

    async def test_lets_nothing_run_and_nothing_be_drawn_that_is_not_its_own(self, linked: Linked) -> None:
        page = await linked.driver.http.get("/sandbox")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert " style=" not in page.text
        needed = re.findall(r'(?:src|href)="(/sandbox/(?:static|browser)/[^"]+)"', page.text)
        assert len(needed) == 2
        for address in needed:
            assert (await linked.driver.http.get(address)).status_code == 200

    async def test_shows_whom_the_address_names(self, linked: Linked) -> None:
        other = await linked.driver.control("POST", "/people", {"name": "Somebody else"})
        page = await linked.driver.http.get(f"/sandbox?person={other['userid']}")
        assert "<title>Somebody else" in page.text
        assert "Not linked" in page.text

    async def test_shows_who_is_linked_where_nobody_is_named(self, cloud: Driver) -> None:
        other = await cloud.control("POST", "/people", {"name": "Somebody else"})
        await cloud.link(person=other["userid"])
        assert "<title>Somebody else" in (await cloud.http.get("/sandbox")).text

    async def test_stands_when_nobody_lives_here(self, cloud: Driver) -> None:
        await cloud.control("DELETE", f"/people/{await cloud.userid()}")
        page = await cloud.http.get("/sandbox")
        assert (page.status_code, "Nobody lives here yet" in page.text) == (200, True)
        added = await cloud.http.post("/sandbox/console/people")
        assert "has an account now" in await followed(cloud, added)

    async def test_shows_records_that_make_no_sense(self, linked: Linked) -> None:
        odd = {"grpid": 1, "date": 10**15, "measures": [{"type": 77_777, "value": 1, "unit": 400}]}
        night = {"id": 2, "startdate": 1_795_000_000}
        await linked.do("records", measuregrps=[odd], series=[night], notify=False)
        assert (await linked.driver.http.get("/sandbox")).status_code == 200


DEEDS = [
    ("weigh", {"kg": "70.1", "fat_percent": "", "pulse": ""}, "measures", "70.1 kg recorded."),
    ("weigh", {"kg": "70.1", "fat_percent": "20", "pulse": "61"}, "measures", "70.1 kg recorded."),
    ("take-pressure", {"systolic": "120", "diastolic": "80", "pulse": ""}, "measures", "120 over 80 mmHg"),
    ("walk", {"steps": "1200"}, "activity", "1,200 steps recorded of 2026-11-23."),
    ("sleep", {"hours": "7.5"}, "nights", "A night of 7.5 hours recorded."),
]


class TestForms:
    @pytest.mark.parametrize(("form", "fields", "service", "said"), DEEDS)
    async def test_do_the_deed_and_say_so(
        self, linked: Linked, form: str, fields: dict[str, str], service: str, said: str
    ) -> None:
        page = await followed(linked.driver, await post(linked, form, **fields))
        assert said in page
        assert "Nobody asked to be told of it." in page
        shown = await linked.driver.control("GET", f"/people/{linked.userid}/records/{service}")
        assert shown["rows"][-1]["modified"] == int(NOON)

    async def test_say_how_many_notifications_a_deed_caused(self, subscribed: Linked) -> None:
        page = await followed(subscribed.driver, await post(subscribed, "weigh", kg="70"))
        assert "70 kg recorded. One notification is on its way." in page
        await subscribed.driver.faults(duplicate_notifications=True, hold_notifications=True)
        page = await followed(subscribed.driver, await post(subscribed, "weigh", kg="71"))
        assert "2 notifications are held back." in page

    @pytest.mark.parametrize(("form", "fields"), [each[:2] for each in DEEDS])
    async def test_are_for_people_without_devices_too(
        self, cloud: Driver, form: str, fields: dict[str, str]
    ) -> None:
        plain = await cloud.control("POST", "/people", {"devices": False, "timezone": "Pacific/Apia"})
        reply = await cloud.http.post(f"/sandbox/console/{plain['userid']}/{form}", data=fields)
        assert "recorded" in await followed(cloud, reply)

    async def test_take_the_shortest_night(self, linked: Linked) -> None:
        assert "0.1 hours" in await followed(linked.driver, await post(linked, "sleep", hours="0.1"))

    async def test_upload_late(self, linked: Linked) -> None:
        page = await followed(linked.driver, await post(linked, "weigh", kg="70", at="2026-11-20T07:10"))
        assert "70 kg recorded, of 20 Nov 2026, 07:10." in page
        shown = await linked.driver.control("GET", f"/people/{linked.userid}/records/measures")
        # At home in Paris, where the person types the time.
        assert shown["rows"][-1]["date"] == 1_795_155_000

    @pytest.mark.parametrize(
        ("form", "fields", "problem"),
        [
            ("weigh", {"kg": "0"}, "Weight must be more than 0."),
            ("weigh", {"kg": "heavy"}, "Weight is no number."),
            ("weigh", {"kg": "nan"}, "Weight must be less than 1000."),
            ("weigh", {}, "Weight is missing."),
            ("weigh", {"kg": "70", "at": "yesterday"}, "When is no time that a calendar has."),
            ("take-pressure", {"systolic": "120", "diastolic": "400"}, "Diastolic must be less than 400."),
            ("walk", {"steps": "1.5"}, "Steps is no whole number."),
            ("sleep", {"hours": "25"}, "Hours must be 24 or less."),
            ("sleep", {"hours": "0.01"}, "Hours must be 0.1 or more."),
            (
                "sleep",
                {"hours": "8", "start": "9999-12-31T23:59"},
                "The time must lie between 1971 and 2099.",
            ),
            ("weigh", {"kg": "70", "at": "0001-01-01T00:00"}, "The time must lie between 1971 and 2099."),
        ],
    )
    async def test_tell_what_is_wrong_beside_what_was_typed(
        self, linked: Linked, form: str, fields: dict[str, str], problem: str
    ) -> None:
        before = await linked.driver.control("GET", f"/people/{linked.userid}")
        reply = await post(linked, form, **fields)
        assert reply.status_code == 422
        where = reply.text.split(f'action="/sandbox/console/{linked.userid}/{form}"')[1].split("</form>")[0]
        assert problem in where
        for typed in fields.values():
            assert f'value="{typed}"' in where
        assert await linked.driver.control("GET", f"/people/{linked.userid}") == before

    @pytest.mark.parametrize(
        ("deed", "fields", "service", "field", "value"),
        [
            ("weigh", {"kg": "70.1"}, "measures", "kg", "71.5"),
            ("sleep", {"hours": "7"}, "nights", "hours", "6.5"),
            ("walk", {"steps": "100"}, "activity", "steps", "200"),
        ],
    )
    async def test_change_a_record_and_delete_it(
        self, linked: Linked, deed: str, fields: dict[str, str], service: str, field: str, value: str
    ) -> None:
        await post(linked, deed, **fields)
        kept = await newest(linked, service)
        named = {"service": service, "key": kept["key"]}
        page = await followed(linked.driver, await post(linked, "edit", **named, **{field: value}))
        assert "became" in page
        changed = await newest(linked, service)
        assert (changed["key"], changed["value"]) == (kept["key"], float(value))
        page = await followed(linked.driver, await post(linked, "delete", **named))
        assert "Deleted: " in page
        assert (await newest(linked, service))["key"] != kept["key"]

    async def test_tell_beside_a_record_what_is_wrong_with_its_change(self, linked: Linked) -> None:
        await post(linked, "weigh", kg="70")
        kept = await newest(linked, "measures")
        reply = await post(linked, "edit", service="measures", key=kept["key"], kg="-1")
        assert reply.status_code == 422
        assert "Weight must be more than 0." in reply.text.split('id="kept"')[1]
        assert (await newest(linked, "measures"))["value"] == 70

    async def test_tell_that_a_record_is_gone(self, linked: Linked) -> None:
        reply = await post(linked, "delete", service="measures", key="1")
        assert (reply.status_code, "has no record 1 of measures" in reply.text) == (422, True)

    async def test_remove_the_app_and_show_the_way_back(self, subscribed: Linked) -> None:
        page = await followed(subscribed.driver, await post(subscribed, "unlink"))
        assert "has removed the app" in page
        assert "One notification is on its way." in page
        assert "Not linked" in page
        assert (await subscribed.call("/v2/user", "getdevice"))["status"] == 401

    async def test_drop_the_subscriptions_without_a_word(self, subscribed: Linked) -> None:
        page = await followed(subscribed.driver, await post(subscribed, "forget-subscriptions"))
        assert "dropped 8 subscriptions" in page
        assert await subscribed.driver.deliveries() == []

    async def test_move_the_clock_on(self, linked: Linked) -> None:
        moved = await linked.driver.http.post("/sandbox/console/clock", data={"hours": "24"})
        assert "It is 24 Nov, 12:00 UTC in the sandbox now." in await followed(linked.driver, moved)

    async def test_let_no_link_put_words_into_the_page(self, linked: Linked) -> None:
        page = await linked.driver.http.get("/sandbox?said=All+is+lost")
        assert "All is lost" not in page.text


class TestGuards:
    @pytest.mark.parametrize("path", ["/sandbox", "/sandbox/people", "/sandbox/requests"])
    @pytest.mark.parametrize(
        "host", ["rebound.test", "rebound.test:7070", "192.0.2.1", "localhost.rebound.test", "["]
    )
    async def test_serve_controls_on_loopback_names_only(self, linked: Linked, path: str, host: str) -> None:
        response = await linked.driver.http.get(path, headers={"Host": host})
        assert response.status_code == 403

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1:7070", "[::1]:7070", "sandbox.localhost"])
    async def test_know_loopback_by_all_its_names(self, linked: Linked, host: str) -> None:
        response = await linked.driver.http.get("/sandbox/people", headers={"Host": host})
        assert response.status_code == 200

    async def test_let_options_add_a_name(self) -> None:
        async with opened(SandboxOptions(days=0, control_hosts=("sandbox.test",))) as driver:
            response = await driver.http.get("/sandbox/people", headers={"Host": "sandbox.test"})
        assert response.status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://other.test"},
            {"Origin": "null"},
            {"Origin": "http://localhost:9999"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
    )
    @pytest.mark.parametrize("path", ["console/{}/weigh", "people/{}/unlink"])
    async def test_refuse_changes_that_another_site_sends(
        self, linked: Linked, path: str, headers: dict[str, str]
    ) -> None:
        response = await linked.driver.http.post(
            f"/sandbox/{path.format(linked.userid)}", data={"kg": "70"}, headers=headers
        )
        assert response.status_code == 403
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 0

    async def test_accept_the_pages_own_forms(self, linked: Linked) -> None:
        response = await linked.driver.http.post(
            f"/sandbox/console/{linked.userid}/weigh",
            data={"kg": "70"},
            headers={"Origin": "http://localhost:7070", "Sec-Fetch-Site": "same-origin"},
        )
        assert response.status_code == 303

    async def test_leave_withings_own_paths_alone(self, linked: Linked) -> None:
        response = await linked.driver.http.post(
            "/v2/user", data={"action": "getdevice"}, headers={"Host": "wbsapi.withings.net"}
        )
        assert response.json()["status"] == 401
