"""The calls about a link, key by key as the contract has them."""

from pathlib import Path

import httpx
import pytest

from api.running import OTHER_USER, USER, Bridge, Browser, Cloud, alone, beside, given_links
from builders import an_account
from withings_bridge.callers import ApiKey, Scope

CONFIGURE = "/api/vitals7/configure"
REGISTER = "/api/withings/register-webhooks"
STATUS = "/api/withings/status"
DATA = "/api/withings/data"

READ_KEY, READ = ApiKey.made("reports", Scope.READ)
ADMIN_KEY, ADMIN = ApiKey.made("operator", Scope.ADMIN)


@pytest.fixture
async def linked(bridge: Bridge, browser: Browser) -> Bridge:
    """A bridge with one linked user whose first import is done."""
    assert (await browser.link()).status_code == 200
    await bridge.sync()
    return bridge


class TestConfigure:
    @pytest.mark.parametrize("name", ["cognitoUserId", "userId"])
    async def test_is_heard(self, lone: Bridge, name: str) -> None:
        reply = await lone.http.post(CONFIGURE, json={name: USER})
        assert reply.status_code == 200
        assert set(reply.json()) == {"success", "message"}
        assert reply.json()["success"] is True

    @pytest.mark.parametrize("body", [{}, {"cognitoUserId": ""}, {"cognitoUserId": None}])
    async def test_without_an_id_is_refused(self, lone: Bridge, body: dict[str, str]) -> None:
        reply = await lone.http.post(CONFIGURE, json=body)
        assert (reply.status_code, reply.json()["code"]) == (400, "user_unknown")

    async def test_changes_nothing(self, linked: Bridge) -> None:
        await linked.http.post(CONFIGURE, json={"cognitoUserId": OTHER_USER})
        reply = await linked.http.get("/api/status")
        assert reply.json()["authenticated"] is True


class TestStatusInShort:
    @pytest.mark.parametrize("name", ["userId", "userid"])
    async def test_of_a_linked_user(self, linked: Bridge, cloud: Cloud, name: str) -> None:
        reply = await linked.http.get(STATUS, params={name: USER})
        assert reply.status_code == 200
        assert set(reply.json()) == {"connected", "hasData", "userid", "message"}
        assert reply.json()["connected"] is True
        assert reply.json()["hasData"] is True
        assert reply.json()["userid"] == str(await cloud.person())

    async def test_of_the_only_linked_user_needs_no_name(self, linked: Bridge) -> None:
        assert (await linked.http.get(STATUS)).json()["connected"] is True

    async def test_of_somebody_else_says_what_to_do(self, linked: Bridge) -> None:
        reply = await linked.http.get(STATUS, params={"userId": OTHER_USER})
        assert reply.status_code == 200
        assert reply.json()["connected"] is False
        assert reply.json()["hasData"] is False
        assert reply.json()["userid"] is None
        assert "/api/withings/auth/initiate" in reply.json()["message"]

    async def test_without_a_name_among_several_asks_for_one(self, tmp_path: Path) -> None:
        await given_links(tmp_path, an_account("1234", USER, OTHER_USER))
        async with alone(tmp_path) as bridge:
            reply = await bridge.http.get(STATUS)
        assert reply.status_code == 200
        assert reply.json()["connected"] is False
        assert "several" in reply.json()["message"]


class TestData:
    async def test_holds_all_of_the_import_windows_brought_up_to_date(
        self, linked: Bridge, cloud: Cloud
    ) -> None:
        person = await cloud.person()
        await cloud.tell("POST", f"/people/{person}/weighings", {"kg": 81.3})
        first = await linked.http.get(DATA, params={"userId": USER})
        assert first.status_code == 200
        summary = first.json()
        assert set(summary) == {
            *("connected", "lastSynced", "userid", "devices"),
            *("weight", "bodyComposition", "activity", "sleep", "metrics"),
        }
        assert summary["weight"]["value"] == 81.3
        # What an earlier sync fetched is there too, unlike in a sync.
        await cloud.tell("POST", f"/people/{person}/weighings", {"kg": 80.9})
        again = (await linked.http.get(DATA)).json()
        assert len(again["metrics"]) == len(summary["metrics"]) + 1
        assert again["weight"]["value"] == 80.9

    async def test_of_nobody_is_refused(self, lone: Bridge) -> None:
        reply = await lone.http.get(DATA, params={"userId": USER})
        assert (reply.status_code, reply.json()["code"]) == (401, "not_linked")
        assert "error" in reply.json()


class TestRegisterWebhooks:
    async def test_answers_one_result_for_each_category(self, linked: Bridge) -> None:
        reply = await linked.http.post(REGISTER, json={"cognitoUserId": USER})
        assert reply.status_code == 200
        body = reply.json()
        assert set(body) == {"success", "webhookUrl", "skipped", "results"}
        assert [result["appli"] for result in body["results"]] == [1, 2, 4, 16, 44, 46, 50, 51, 54]
        assert {(result["ok"], result["status"]) for result in body["results"]} == {(True, 0)}
        assert body["success"] is True
        assert body["webhookUrl"] == f"{str(linked.http.base_url).rstrip('/')}/webhook/withings"

    async def test_skips_what_is_there_and_says_so(self, linked: Bridge, cloud: Cloud) -> None:
        await linked.http.post(REGISTER, json={"userId": USER})
        await cloud.tell("DELETE", "/requests")
        body = (await linked.http.post(REGISTER, params={"userId": USER})).json()
        assert body["skipped"] is True
        assert {result["status"] for result in body["results"]} == {0}
        asked = [call["action"] for call in await cloud.tell("GET", "/requests")]
        assert asked == ["list"]

    async def test_says_why_one_is_missing(self, linked: Bridge, cloud: Cloud) -> None:
        await linked.http.post(REGISTER, json={"userId": USER})
        await cloud.tell("DELETE", f"/subscriptions?userid={await cloud.person()}")
        await cloud.tell(
            "POST", "/mishaps", {"kind": "status", "action": "subscribe", "status": 214, "times": 1}
        )
        body = (await linked.http.post(REGISTER, json={"userId": USER})).json()
        assert body["success"] is False
        assert body["skipped"] is False
        (refused,) = [result for result in body["results"] if not result["ok"]]
        assert refused["status"] == 214
        assert refused["error"]

    async def test_never_shows_the_secret(self, cloud: Cloud, tmp_path: Path) -> None:
        async with (
            beside(cloud, tmp_path, withings_webhook_secret="hush-hush") as bridge,
            httpx.AsyncClient(trust_env=False, timeout=30) as http,
        ):
            await Browser(bridge, http).link()
            reply = await bridge.http.post(REGISTER, json={"userId": USER})
        assert reply.json()["success"] is True
        assert "hush-hush" not in reply.text

    async def test_without_a_webhook_is_refused(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path) as bridge:
            reply = await bridge.http.post(REGISTER, json={"userId": USER})
        assert (reply.status_code, reply.json()["code"]) == (400, "no_webhook")
        assert "WITHINGS_WEBHOOK_URL" in reply.json()["error"]

    async def test_of_nobody_is_refused(self, bridge: Bridge) -> None:
        reply = await bridge.http.post(REGISTER, json={"userId": USER})
        assert (reply.status_code, reply.json()["code"]) == (401, "not_linked")


class TestTokenPreview:
    async def test_is_shown_to_an_operator_and_to_no_service(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path, api_keys=f"{READ},{ADMIN}") as bridge:
            shown = {}
            for key in (READ_KEY, ADMIN_KEY):
                reply = await bridge.http.get(
                    "/api/status", params={"userId": USER}, headers={"X-API-Key": key}
                )
                shown[key] = reply.json()["access_token_preview"]
        assert shown[READ_KEY] == "..."
        assert shown[ADMIN_KEY] == "access-01234..."
