import pytest

from unit.sandbox.sandbox_driver import NOON, Linked, opened
from withings_bridge.sandbox import SandboxOptions


class TestTheConsole:
    async def test_shows_people_and_what_happened(self, linked: Linked) -> None:
        page = (await linked.driver.http.get("/sandbox")).text
        assert "Pretend Withings" in page
        assert "Step on the scale" in page
        assert "requesttoken: a token" in page

    @pytest.mark.parametrize(
        ("form", "fields", "service"),
        [
            ("weigh", {"kg": "70.1", "fat_percent": "", "pulse": ""}, "measures"),
            ("weigh", {"kg": "70.1", "fat_percent": "20", "pulse": "61"}, "measures"),
            ("take-pressure", {"systolic": "120", "diastolic": "80", "pulse": ""}, "measures"),
            ("walk", {"steps": "1200"}, "activity"),
            ("sleep", {"hours": "7.5"}, "nights"),
        ],
    )
    async def test_forms_do_the_deed_and_come_back(
        self, linked: Linked, form: str, fields: dict[str, str], service: str
    ) -> None:
        cloud, userid = linked.driver, linked.userid
        response = await cloud.http.post(f"/sandbox/console/{userid}/{form}", data=fields)
        assert (response.status_code, response.headers["location"]) == (
            303,
            f"/sandbox?person={userid}&said={form}",
        )
        shown = await cloud.control("GET", f"/people/{userid}/records/{service}")
        assert shown["rows"][-1]["modified"] == int(NOON)

    async def test_removes_the_app(self, linked: Linked) -> None:
        await linked.driver.http.post(f"/sandbox/console/{linked.userid}/unlink")
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 401


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
