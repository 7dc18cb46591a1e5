"""What others might try with a sign-in, walked by two browsers against a real pretend Withings."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from api.running import HERE, OTHER_USER, USER, Bridge, Browser, Cloud


@dataclass
class Two:
    """The one who attacks, and the one who is to be harmed: a browser each, and a Withings account each."""

    attacker: Browser
    victim: Browser


@pytest.fixture
async def two(bridge: Bridge) -> AsyncIterator[Two]:
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as one,
        httpx.AsyncClient(trust_env=False, timeout=30) as other,
    ):
        yield Two(Browser(bridge, one), Browser(bridge, other))


async def linked(bridge: Bridge, user: str) -> bool:
    reply = await bridge.http.get("/api/status", params={"userId": user})
    return bool(reply.json()["authenticated"])


class TestACallbackOfTheAttackers:
    """Login CSRF: the victim is to upload their readings into the attacker's account, or the reverse."""

    async def test_opened_in_the_victims_browser_links_nobody(self, bridge: Bridge, two: Two) -> None:
        callback = await two.attacker.consent(await two.attacker.begin(OTHER_USER))
        page = await two.victim.http.get(callback)
        assert page.status_code == 400
        assert not await linked(bridge, OTHER_USER)
        assert not await linked(bridge, USER)

    async def test_does_not_get_through_on_a_sign_in_that_the_victim_has_begun(
        self, bridge: Bridge, two: Two
    ) -> None:
        await two.victim.begin(USER)
        callback = await two.attacker.consent(await two.attacker.begin(OTHER_USER))
        assert (await two.victim.http.get(callback)).status_code == 400
        assert not await linked(bridge, USER)

    async def test_does_not_spend_the_attackers_own_state(self, two: Two) -> None:
        """Who sees a state must not be able to use it up."""
        callback = await two.attacker.consent(await two.attacker.begin(OTHER_USER))
        await two.victim.http.get(callback)
        assert (await two.attacker.http.get(callback)).status_code == 200


class TestMixUp:
    async def test_of_a_code_with_the_state_of_another_is_refused(self, bridge: Bridge, two: Two) -> None:
        own = await two.victim.begin(USER)
        stolen = await two.attacker.consent(await two.attacker.begin(OTHER_USER))
        forged = stolen.copy_merge_params({"state": own.params["state"]})
        assert (await two.attacker.http.get(forged)).status_code == 400
        assert not await linked(bridge, USER)

    async def test_of_cookie_and_state_of_different_browsers_is_refused(
        self, bridge: Bridge, two: Two
    ) -> None:
        await two.attacker.begin(OTHER_USER)
        callback = await two.victim.consent(await two.victim.begin(USER))
        assert (await two.attacker.http.get(callback)).status_code == 400
        assert not await linked(bridge, USER)


class TestReplay:
    async def test_of_a_callback_that_was_used_is_refused_and_changes_nothing(
        self, bridge: Bridge, two: Two
    ) -> None:
        callback = await two.victim.consent(await two.victim.begin(USER))
        assert (await two.victim.http.get(callback)).status_code == 200
        assert (await two.victim.http.get(callback)).status_code == 400
        assert await linked(bridge, USER)

    async def test_of_a_code_under_a_new_state_is_refused_by_withings(self, bridge: Bridge, two: Two) -> None:
        used = await two.victim.consent(await two.victim.begin(USER))
        await two.victim.http.get(used)
        fresh = await two.victim.begin(OTHER_USER)
        forged = used.copy_merge_params({"state": fresh.params["state"]})
        # Withings says so: that it was used, or that it was asked for just now.
        assert (await two.victim.http.get(forged)).status_code in {400, 503}
        assert not await linked(bridge, OTHER_USER)


class TestOpenRedirect:
    @pytest.mark.parametrize(
        "query",
        [
            "redirect_uri=https://evil.example.org",
            "next=//evil.example.org",
            "state=//evil.example.org",
            "state=https://evil.example.org",
            "ticket=https://evil.example.org",
            "state=%0d%0aLocation:%20https://evil.example.org",
        ],
    )
    @pytest.mark.parametrize("path", ["/login", "/callback", "/connect"])
    async def test_leads_nowhere_but_to_withings(self, lone: Bridge, path: str, query: str) -> None:
        reply = await lone.http.get(f"{HERE}{path}?{query}")
        location = httpx.URL(reply.headers.get("location", "http://127.0.0.1:9/"))
        assert (location.host, location.port) == ("127.0.0.1", 9)

    @pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
    async def test_by_another_host_name_leads_to_our_own(self, lone: Bridge, header: str) -> None:
        reply = await lone.http.get(f"{HERE}/login?state={USER}", headers={header: "evil.example.org"})
        assert reply.headers["location"].startswith(f"{HERE}/login")


class TestWhatTheQueryHolds:
    @pytest.mark.parametrize(
        "query",
        [
            {"error": "<script>alert(1)</script>", "error_description": "<img src=x onerror=alert(1)>"},
            {"state": "<script>alert(1)</script>", "code": '"><script>alert(1)</script>'},
            {"ticket": "<script>alert(1)</script>"},
        ],
    )
    @pytest.mark.parametrize("path", ["/login", "/callback"])
    async def test_is_never_on_the_page(self, lone: Bridge, path: str, query: dict[str, str]) -> None:
        reply = await lone.http.get(f"{HERE}{path}", params=query)
        assert "alert(1)" not in reply.text
        assert "alert(1)" not in str(reply.headers)

    async def test_of_a_refusal_in_another_browser_spends_nothing(self, cloud: Cloud, two: Two) -> None:
        begun = await two.victim.begin(USER)
        refused = f"{two.victim.bridge.http.base_url}/callback?error=access_denied"
        await two.attacker.http.get(refused, params={"state": begun.params["state"]})
        page = await two.victim.http.get(await two.victim.consent(begun))
        assert page.status_code == 200
