from collections.abc import AsyncIterator

import httpx
import pytest

from unit.sandbox.sandbox_driver import ALL_SCOPES, REDIRECT_URI, Driver, opened
from withings_bridge.sandbox import SandboxOptions


@pytest.fixture
async def asking() -> AsyncIterator[Driver]:
    async with opened(SandboxOptions(days=0, people=2)) as driver:
        yield driver


async def _press(driver: Driver, **form: object) -> httpx.Response:
    query = {
        "response_type": "code",
        "client_id": "sandbox",
        "state": "my state&more",
        "scope": ALL_SCOPES,
        "redirect_uri": f"{REDIRECT_URI}?kept=1",
    }
    return await driver.http.post("/oauth2_user/authorize2", params=query, data=form)


class TestTheConsentPage:
    async def test_offers_every_person_and_scope(self, asking: Driver) -> None:
        page = (await asking.authorize()).text
        assert page.count('type="radio"') == 2
        assert page.count('type="checkbox"') == 4

    async def test_needs_no_scripts_and_may_not_be_framed(self, asking: Driver) -> None:
        response = await asking.authorize()
        assert "<script" not in response.text
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]

    async def test_offers_the_demo_user_alone_in_demo_mode(self, asking: Driver) -> None:
        assert (await asking.authorize(mode="demo")).text.count('type="radio"') == 1

    async def test_sends_the_code_and_the_same_state_back(self, asking: Driver) -> None:
        userid = await asking.userid()
        response = await _press(asking, decision="allow", person=userid, scope=["user.info", "user.metrics"])
        back = httpx.URL(response.headers["location"])
        assert response.status_code == 302
        assert back.params["state"] == "my state&more"
        assert back.params["kept"] == "1"
        assert len(back.params["code"]) == 40

    async def test_grants_only_what_was_ticked(self, asking: Driver) -> None:
        userid = await asking.userid()
        response = await _press(asking, decision="allow", person=userid, scope=["user.metrics", "user.info"])
        code = httpx.URL(response.headers["location"]).params["code"]
        reply = await asking.request_token(
            grant_type="authorization_code", code=code, redirect_uri=f"{REDIRECT_URI}?kept=1"
        )
        assert reply["body"]["scope"] == "user.info,user.metrics"

    async def test_reports_a_refusal_to_the_app(self, asking: Driver) -> None:
        response = await _press(asking, decision="refuse")
        back = httpx.URL(response.headers["location"]).params
        assert (back["error"], back["state"]) == ("access_denied", "my state&more")
        assert "code" not in back

    @pytest.mark.parametrize("form", [{"scope": ["user.info"]}, {"person": 1, "scope": ["user.info"]}])
    async def test_asks_again_when_no_known_person_was_picked(
        self, asking: Driver, form: dict[str, object]
    ) -> None:
        response = await _press(asking, decision="allow", **form)
        assert response.status_code == 422
        assert 'role="alert"' in response.text

    async def test_refuses_a_form_that_another_site_posts(self, asking: Driver) -> None:
        response = await asking.http.post(
            "/oauth2_user/authorize2", data={"decision": "allow"}, headers={"Origin": "https://other.test"}
        )
        assert response.status_code == 403


class TestAFaultyAuthorizeUrl:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"client_id": "other"}, "invalid_client"),
            ({"response_type": "token"}, "invalid_request"),
            ({"state": None}, "invalid_request"),
            ({"scope": "user.everything"}, "invalid_scope"),
            ({"scope": ""}, "invalid_scope"),
            ({"redirect_uri": "app:callback"}, "redirect_uri_mismatch"),
            ({"redirect_uri": "http://["}, "redirect_uri_mismatch"),
            ({"redirect_uri": None}, "redirect_uri_mismatch"),
            ({"sandbox_person": "1"}, "invalid_request"),
        ],
    )
    async def test_is_answered_with_json_and_no_redirect(
        self, cloud: Driver, change: dict[str, str | None], message: str
    ) -> None:
        response = await cloud.authorize(**change)
        assert response.status_code == 400
        assert response.json()["errors"][0]["message"].startswith(message)

    async def test_is_one_with_an_unregistered_redirect_uri(self) -> None:
        options = SandboxOptions(auto_approve=True, days=0, redirect_uris=("https://app.test/back",))
        async with opened(options) as driver:
            refused = await driver.authorize()
            accepted = await driver.authorize(redirect_uri="https://app.test/back")
        assert (refused.status_code, accepted.status_code) == (400, 302)


class TestAutoApprove:
    async def test_picks_the_person_a_test_names(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=0, people=2)) as driver:
            people = await driver.control("GET", "/people")
            linked = await driver.link(person=people[1]["userid"])
        assert linked.userid == people[1]["userid"]
