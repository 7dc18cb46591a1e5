import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path

import httpx

from api.running import HERE, OTHER_USER, USER, Bridge, Browser, Cloud, alone, beside
from builders import NOON
from processes import PATIENCE_SECONDS

OPENER_POLICY = "cross-origin-opener-policy"


def message_of(page: httpx.Response) -> dict[str, object]:
    """What the page posts to the app that opened it."""
    found = re.search(r'<script id="message" type="application/json">(.*?)</script>', page.text, re.DOTALL)
    assert found, page.text
    message: dict[str, object] = json.loads(found[1])
    return message


class TestLogin:
    async def test_it_leads_to_withings_with_a_state_that_tells_nothing(self, lone: Bridge) -> None:
        reply = await lone.http.get("/login", params={"state": USER})
        assert reply.status_code == 302
        query = httpx.URL(reply.headers["location"]).params
        assert query["response_type"] == "code"
        assert query["client_id"] == "sandbox"
        assert query["redirect_uri"] == f"{HERE}/callback"
        assert query["scope"] == "user.info,user.metrics,user.activity,user.sleepevents"
        assert len(query["state"]) >= 32
        assert USER not in reply.headers["location"]
        assert OPENER_POLICY not in reply.headers

    async def test_the_cookie_binds_the_browser_for_ten_minutes(self, lone: Bridge) -> None:
        cookie = (await lone.http.get("/login", params={"state": USER})).headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "max-age=600" in cookie
        assert "secure" not in cookie

    async def test_on_https_the_cookie_is_secure(self, tmp_path: Path) -> None:
        async with alone(tmp_path, withings_redirect_uri="https://bridge.example.org/callback") as bridge:
            reply = await bridge.http.get(
                "/login",
                params={"state": USER},
                headers={"Host": "bridge.example.org", "X-Forwarded-Proto": "https"},
            )
        assert reply.status_code == 302
        assert "secure" in reply.headers["set-cookie"].lower()

    async def test_under_another_name_it_first_moves_to_that_of_the_redirect_uri(self, lone: Bridge) -> None:
        reply = await lone.http.get("http://127.0.0.1:5001/login", params={"state": USER})
        assert reply.status_code == 302
        assert reply.headers["location"] == f"{HERE}/login?state={USER}"

    async def test_every_state_is_another(self, lone: Bridge) -> None:
        replies = [await lone.http.get("/login", params={"state": USER}) for _ in range(3)]
        states = {httpx.URL(reply.headers["location"]).params["state"] for reply in replies}
        assert len(states) == 3


class TestCallback:
    async def test_consent_ends_on_a_page_that_tells_the_app(self, browser: Browser) -> None:
        page = await browser.link()
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert OPENER_POLICY not in page.headers
        message = message_of(page)
        assert message["type"] == "WITHINGS_AUTH_COMPLETE"
        assert message["success"] is True
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(message["timestamp"]))

    async def test_the_message_is_for_the_apps_origin_alone(self, cloud: Cloud, tmp_path: Path) -> None:
        async with (
            beside(cloud, tmp_path, frontend_url="https://app.example.org/vitals?tab=1") as bridge,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            page = await Browser(bridge, http).link()
        assert 'data-opener="https://app.example.org"' in page.text
        assert 'data-to="https://app.example.org/vitals?tab=1"' in page.text

    async def test_the_link_is_there_at_once_and_data_follows_by_itself(
        self, bridge: Bridge, browser: Browser, cloud: Cloud
    ) -> None:
        await browser.link()
        status = (await bridge.http.get("/api/status", params={"userId": USER})).json()
        assert status["authenticated"] is True
        assert status["userid"] == str(await cloud.person())
        await bridge.settled(str(await cloud.person()))

    async def test_every_configured_category_is_subscribed_at_our_webhook(
        self, bridge: Bridge, browser: Browser, cloud: Cloud
    ) -> None:
        await browser.link()
        await bridge.settled(str(await cloud.person()))
        asked = await cloud.tell("GET", "/requests?action=subscribe")
        assert sorted(int(entry["parameters"]["appli"]) for entry in asked) == [
            *(1, 2, 4, 16, 44, 46, 50, 51, 54)
        ]
        assert {entry["parameters"]["callbackurl"] for entry in asked} == {
            f"{bridge.http.base_url}/webhook/withings".replace("//webhook", "/webhook")
        }

    async def test_a_secret_travels_in_the_address_and_notifications_pass_with_it(
        self, cloud: Cloud, tmp_path: Path
    ) -> None:
        async with (
            beside(cloud, tmp_path, withings_webhook_secret="new & safe,old") as bridge,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            await Browser(bridge, http).link()
            await bridge.settled(str(await cloud.person()))
            await cloud.tell("POST", f"/people/{await cloud.person()}/weighings", {"kg": 81.3})
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not (sent := await cloud.tell("GET", "/deliveries?state=delivered")):  # noqa: ASYNC110 - the pretend cloud tells when asked
                    await asyncio.sleep(0.02)
        assert {delivery["last_status"] for delivery in sent} == {200}
        assert {httpx.URL(delivery["url"]).params["secret"] for delivery in sent} == {"new & safe"}

    async def test_a_second_user_may_share_the_account(
        self, bridge: Bridge, browser: Browser, cloud: Cloud
    ) -> None:
        await browser.link(USER)
        await browser.link(OTHER_USER)
        for user in (USER, OTHER_USER):
            assert (await bridge.sync(user))["userid"] == str(await cloud.person())

    async def test_a_state_is_spent_once(self, browser: Browser) -> None:
        callback = await browser.consent(await browser.begin())
        assert (await browser.http.get(callback)).status_code == 200
        assert (await browser.http.get(callback)).status_code == 400

    async def test_another_browser_cannot_finish_nor_spoil_it(self, browser: Browser) -> None:
        callback = await browser.consent(await browser.begin())
        async with httpx.AsyncClient(trust_env=False) as stranger:
            assert (await stranger.get(callback)).status_code == 400
        assert (await browser.http.get(callback)).status_code == 200

    async def test_a_browser_with_a_cookie_of_its_own_is_another_too(self, browser: Browser) -> None:
        callback = await browser.consent(await browser.begin())
        async with httpx.AsyncClient(trust_env=False) as stranger:
            await Browser(browser.bridge, stranger).begin(OTHER_USER)
            assert (await stranger.get(callback)).status_code == 400

    async def test_a_code_that_withings_refuses_links_nobody(self, bridge: Bridge, browser: Browser) -> None:
        callback = await browser.consent(await browser.begin())
        page = await browser.http.get(callback.copy_merge_params({"code": "0" * 40}))
        assert page.status_code == 400
        assert (await bridge.http.get("/api/status")).json()["authenticated"] is False

    async def test_a_refusal_is_no_mistake_and_links_nobody(self, bridge: Bridge, browser: Browser) -> None:
        state = (await browser.begin()).params["state"]
        page = await browser.http.get(
            f"{bridge.http.base_url}/callback",
            params={"state": state, "error": "access_denied", "error_description": "<script>alert(1)"},
        )
        assert page.status_code == 400
        assert "Nothing was connected" in page.text
        assert "alert(1)" not in page.text
        assert (await bridge.http.get("/api/status")).json()["authenticated"] is False

    async def test_a_silent_withings_is_told_from_a_mistake(self, lone: Bridge) -> None:
        location = (await lone.http.get("/login", params={"state": USER})).headers["location"]
        state = httpx.URL(location).params["state"]
        page = await lone.http.get("/callback", params={"state": state, "code": "abc"})
        assert page.status_code == 503

    async def test_a_sign_in_ends_after_ten_minutes(self, tmp_path: Path) -> None:
        now = [NOON]
        async with alone(tmp_path, clock=lambda: now[0]) as bridge:
            location = (await bridge.http.get("/login", params={"state": USER})).headers["location"]
            now[0] += timedelta(minutes=10)
            state = httpx.URL(location).params["state"]
            page = await bridge.http.get("/callback", params={"state": state, "code": "abc"})
        assert page.status_code == 400

    async def test_every_failure_leads_back_to_the_app(self, tmp_path: Path) -> None:
        async with alone(tmp_path, frontend_url="https://app.example.org/vitals") as bridge:
            for query in ({}, {"state": "unknown"}, {"state": "unknown", "code": "x"}, {"error": "denied"}):
                page = await bridge.http.get("/callback", params=query)
                assert page.status_code == 400
                assert page.headers["content-type"].startswith("text/html")
                assert "https://app.example.org/vitals" in page.text
                assert OPENER_POLICY not in page.headers
