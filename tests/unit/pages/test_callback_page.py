import json
import re
from dataclasses import replace

import pytest

from unit.pages.visiting import OPEN, Visit, policy_of
from withings_bridge.domain.errors import (
    AccountUnknown,
    ApplicationRefused,
    BadGrant,
    BadParameters,
    BridgeError,
    ConsentRefused,
    Malformed,
    OtherBrowser,
    RateLimited,
    StateRefused,
    StorageUnavailable,
    Transient,
)
from withings_bridge.services.links.leaving import Former

BROWSER = {"connect": "mine"}


class TestSuccess:
    async def test_completes_with_what_the_browser_brought(self) -> None:
        visit = Visit(cookies=BROWSER)
        reply = await visit.get("/callback?code=c&state=s")
        assert reply.status_code == 200
        assert visit.linking.completed == [{"state": "s", "code": "c", "error": None, "browser": "mine"}]

    async def test_starts_the_first_sync_once_the_page_is_out(self) -> None:
        visit = Visit(cookies=BROWSER)
        await visit.get("/callback?code=c&state=s")
        assert visit.working.drained == ["30000001"]
        assert visit.leaving.gone == []

    async def test_lets_go_of_the_account_before_once_the_page_is_out(self) -> None:
        visit = Visit(cookies=BROWSER)
        visit.linking.left = Former("20000001", None, known=True)
        await visit.get("/callback?code=c&state=s")
        assert visit.leaving.gone == ["20000001"]
        assert visit.working.drained == ["30000001"]

    async def test_holds_the_message_for_the_app(self) -> None:
        text = (await Visit(cookies=BROWSER).get("/callback?code=c&state=s")).text
        found = re.search(r'<script id="message" type="application/json">(.*?)</script>', text)
        assert found
        assert json.loads(found[1]) == {
            "type": "WITHINGS_AUTH_COMPLETE",
            "success": True,
            "timestamp": "2026-11-23T12:00:00.250Z",
        }

    @pytest.mark.parametrize(
        ("frontend", "origin"),
        [
            ("http://localhost:5173/vitals", "http://localhost:5173"),
            ("https://App.Example:443/a?b#c", "https://app.example"),
            ("http://[::1]:5173/", "http://[::1]:5173"),
        ],
    )
    async def test_addresses_the_message_to_the_app_s_origin_alone(self, frontend: str, origin: str) -> None:
        visit = Visit(replace(OPEN, frontend_url=frontend), cookies=BROWSER)
        text = (await visit.get("/callback?code=c&state=s")).text
        assert f'data-opener="{origin}"' in text
        assert f'data-to="{frontend}"' in text

    async def test_says_that_the_account_before_is_gone(self) -> None:
        visit = Visit(cookies=BROWSER)
        words = "The Withings account that you had connected before is no longer connected."
        assert words not in (await visit.get("/callback?code=c&state=s")).text
        visit.linking.left = Former("20000001", None, known=True)
        assert words in (await visit.get("/callback?code=c&state=s")).text

    async def test_leads_to_the_dashboard_on_an_open_server_only(self) -> None:
        visit = Visit(cookies=BROWSER)
        way = 'href="/dashboard/accounts/30000001"'
        assert way in (await visit.get("/callback?code=c&state=s")).text
        visit.site = replace(OPEN, open=False)
        assert way not in (await visit.get("/callback?code=c&state=s")).text

    async def test_leads_back_to_the_app_with_a_script_without_one_and_by_hand(self) -> None:
        text = (await Visit(cookies=BROWSER).get("/callback?code=c&state=s")).text
        assert f'<noscript><meta http-equiv="refresh" content="3;url={OPEN.frontend_url}"></noscript>' in text
        assert f'href="{OPEN.frontend_url}"' in text
        script = re.search(r'src="(/static/returning\.js\?[^"]+)"', text)
        assert script
        assert "const AFTER = 3000;" in (await Visit().get(script[1])).text

    async def test_knows_the_browser_by_its_https_cookie(self) -> None:
        site = replace(OPEN, redirect_uri="https://bridge.example/callback")
        visit = Visit(site, cookies={"__Host-connect": "mine", "connect": "planted"})
        await visit.get("/callback?code=c&state=s", at="https://bridge.example")
        assert visit.linking.completed[0]["browser"] == "mine"


class TestFailure:
    @pytest.mark.parametrize(
        ("error", "query", "cookies", "status", "words"),
        [
            (StateRefused, "code=c", BROWSER, 400, "This address is incomplete"),
            (StateRefused, "", {}, 400, "This address is incomplete"),
            (OtherBrowser, "code=c&state=s", {}, 400, "This is not the browser you began in"),
            (OtherBrowser, "code=c&state=s", BROWSER, 400, "This is not the browser you began in"),
            (StateRefused, "code=c&state=s", BROWSER, 400, "It was used already"),
            (StateRefused, "state=s", BROWSER, 400, "Withings sent no code"),
            (ConsentRefused, "state=s&error=access_denied", BROWSER, 400, "was not granted"),
            (BadGrant, "code=c&state=s", BROWSER, 400, "30 seconds only"),
            (RateLimited, "code=c&state=s", BROWSER, 503, "Withings asks us to wait"),
            (Transient, "code=c&state=s", BROWSER, 503, "Withings does not answer"),
            (Malformed, "code=c&state=s", BROWSER, 503, "Withings does not answer"),
            (ApplicationRefused, "code=c&state=s", BROWSER, 503, "Withings refuses this server"),
            (StorageUnavailable, "code=c&state=s", BROWSER, 503, "Our store does not answer"),
            (AccountUnknown, "code=c&state=s", BROWSER, 503, "Our store does not answer"),
        ],
    )
    async def test_is_explained(
        self, error: type[BridgeError], query: str, cookies: dict[str, str], status: int, words: str
    ) -> None:
        visit = Visit(cookies=cookies)
        visit.linking.error = error()
        reply = await visit.get(f"/callback?{query}")
        assert reply.status_code == status
        assert words in reply.text
        assert f'<meta http-equiv="refresh" content="3;url={OPEN.frontend_url}">' in reply.text
        assert "WITHINGS_AUTH_COMPLETE" not in reply.text
        assert visit.working.drained == []

    async def test_repeats_nothing_of_the_address_or_the_error(self) -> None:
        visit = Visit(cookies=BROWSER)
        visit.linking.error = ConsentRefused("marked-text")
        query = "state=marked-state&error=marked-error&error_description=%3Cscript%3Emarked-words"
        reply = await visit.get(f"/callback?{query}")
        assert "marked" not in reply.text

    async def test_offers_to_connect_again_on_an_open_server_only(self) -> None:
        visit = Visit()
        visit.linking.error = StateRefused()
        assert 'href="/login"' in (await visit.get("/callback")).text
        visit.site = replace(OPEN, open=False)
        assert 'href="/login"' not in (await visit.get("/callback")).text

    async def test_offers_nothing_that_cannot_help(self) -> None:
        visit = Visit(cookies=BROWSER)
        visit.linking.error = BadParameters()
        assert 'href="/login"' not in (await visit.get("/callback?code=c&state=s")).text

    async def test_of_ours_is_logged_and_a_person_s_is_not(self, caplog: pytest.LogCaptureFixture) -> None:
        visit = Visit(cookies=BROWSER)
        visit.linking.error = ConsentRefused()
        await visit.get("/callback?state=s&error=no")
        assert caplog.messages == []
        visit.linking.error = BadParameters("The client id is not known.")
        await visit.get("/callback?state=s&code=c")
        assert caplog.messages == ["A connect flow could not be completed: The client id is not known."]


@pytest.mark.parametrize("error", [None, StateRefused, Transient])
class TestEveryEnding:
    async def test_is_private_and_keeps_its_opener(self, error: type[BridgeError] | None) -> None:
        visit = Visit(cookies=BROWSER)
        visit.linking.error = error() if error else None
        reply = await visit.get("/callback?code=c&state=s")
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "cross-origin-opener-policy" not in reply.headers
        policy = policy_of(reply)
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
        assert policy["script-src"] == ["'self'"]
        assert policy["connect-src"] == ["'self'"]

    async def test_may_look_whether_the_app_runs_beside_the_sandbox_alone(
        self, error: type[BridgeError] | None
    ) -> None:
        visit = Visit(replace(OPEN, sandbox_url="http://localhost:5002"), cookies=BROWSER)
        visit.linking.error = error() if error else None
        reply = await visit.get("/callback?code=c&state=s")
        assert policy_of(reply)["connect-src"] == ["http://localhost:5173"]
        assert " data-look>" in reply.text
        visit.site = OPEN
        assert "data-look" not in (await visit.get("/callback?code=c&state=s")).text
