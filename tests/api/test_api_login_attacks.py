"""What others might try with a sign-in, walked by two browsers against a real pretend Withings."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.running import HERE, NOWHERE, OTHER_USER, USER, Bridge, Browser, Cloud, beside
from withings_bridge.callers import ApiKey, Scope

INITIATE = "/api/withings/auth/initiate"
STATUS = "/api/status"
KEY, ENTRY = ApiKey.made("app", Scope.SYNC)
AS_APP = {"X-API-Key": KEY}


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

    async def test_of_two_people_at_one_browser_links_each_as_whom_they_began(
        self, bridge: Bridge, cloud: Cloud, two: Two
    ) -> None:
        """The last to begin must not be taken for all."""
        second = int((await cloud.tell("POST", "/people", {}))["userid"])
        persons = {USER: await cloud.person(), OTHER_USER: second}
        began = {user: await two.victim.begin(user) for user in persons}
        for user, person in persons.items():
            callback = await two.victim.consent(began[user], person=person)
            assert (await two.victim.http.get(callback)).status_code == 200
        for user, person in persons.items():
            reply = await bridge.http.get("/api/status", params={"userId": user})
            assert reply.json()["userid"] == str(person)


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


class TestATicketOfAnother:
    @pytest.fixture
    async def guarded(self, cloud: Cloud, tmp_path: Path) -> AsyncIterator[Bridge]:
        async with beside(cloud, tmp_path, api_keys=str(ENTRY)) as bridge:
            yield bridge

    @pytest.fixture
    def bridge(self, guarded: Bridge) -> Bridge:
        """The one that ``two`` walk to."""
        return guarded

    async def ticket(self, bridge: Bridge, user: str) -> httpx.URL:
        reply = await bridge.http.get(INITIATE, params={"userId": user}, headers=AS_APP)
        return httpx.URL(reply.json()["authUrl"])

    async def linked_users(self, bridge: Bridge) -> set[str]:
        return {
            user
            for user in (USER, OTHER_USER)
            if (await bridge.http.get(STATUS, params={"userId": user}, headers=AS_APP)).json()[
                "authenticated"
            ]
        }

    async def test_that_was_used_opens_nothing_when_it_is_found(self, bridge: Bridge, two: Two) -> None:
        """In a history, a log or over a shoulder."""
        url = await self.ticket(bridge, USER)
        authorize = httpx.URL((await two.victim.http.get(url)).headers["location"])
        for _ in range(2):
            assert (await two.attacker.http.get(url)).status_code == 400
            await two.victim.http.get(await two.victim.consent(authorize))
        assert not two.attacker.http.cookies
        assert await self.linked_users(bridge) == {USER}

    async def test_leads_to_a_callback_that_only_the_same_browser_finishes(
        self, bridge: Bridge, two: Two
    ) -> None:
        begun = await two.attacker.http.get(await self.ticket(bridge, OTHER_USER))
        callback = await two.attacker.consent(httpx.URL(begun.headers["location"]))
        assert (await two.victim.http.get(callback)).status_code == 400
        assert await self.linked_users(bridge) == set()

    async def test_is_no_state_and_a_state_no_ticket(self, bridge: Bridge, two: Two) -> None:
        base = bridge.http.base_url
        ticket = (await self.ticket(bridge, USER)).params["ticket"]
        begun = await two.attacker.http.get(await self.ticket(bridge, OTHER_USER))
        state = httpx.URL(begun.headers["location"]).params["state"]
        assert (await two.attacker.http.get(f"{base}/login?ticket={state}")).status_code == 400
        stolen = f"{base}/callback?state={ticket}&code=c"
        assert (await two.attacker.http.get(stolen)).status_code == 400
        assert await self.linked_users(bridge) == set()

    async def test_of_an_open_bridge_is_spent_too(self, lone: Bridge) -> None:
        """The id beside it, which would do there, must not let a spent ticket pass for a new way in."""
        url = (await lone.http.get(INITIATE, params={"userId": USER})).json()["authUrl"]
        assert (await lone.http.get(url)).status_code == 302
        assert (await lone.http.get(f"{url}&state={OTHER_USER}")).status_code == 400


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

    @pytest.mark.parametrize(
        "path",
        [
            "//evil.example.org/login",
            "//evil.example.org/login/",
            "/login//evil.example.org",
            "/login/..//evil.example.org",
            "/login/%2f%2fevil.example.org",
            "/%5c%5cevil.example.org/login",
            "/login@evil.example.org",
            "/login%0d%0aLocation:%20https://evil.example.org",
        ],
    )
    @pytest.mark.parametrize("host", ["localhost:5001", "evil.example.org"])
    async def test_by_a_path_leads_nowhere(self, lone: Bridge, path: str, host: str) -> None:
        reply = await lone.http.get(f"{HERE}{path}?state={USER}", headers={"Host": host})
        assert reply.status_code in {404, 421}
        assert "location" not in reply.headers

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Forwarded-Proto": "javascript"},
            {"X-Forwarded-Host": "localhost:5001@evil.example.org"},
            {"X-Forwarded-Host": "evil.example.org, localhost:5001"},
            {"Forwarded": "host=evil.example.org"},
            {"X-Original-URL": "//evil.example.org"},
            {"X-Forwarded-Prefix": "//evil.example.org"},
            {"Referer": "https://evil.example.org/"},
            {"Origin": "https://evil.example.org"},
        ],
        ids=lambda headers: next(iter(headers)),
    )
    async def test_by_a_header_leads_to_us_or_to_withings(
        self, lone: Bridge, headers: dict[str, str]
    ) -> None:
        reply = await lone.http.get(f"{HERE}/login?state={USER}", headers=headers)
        assert reply.headers["location"].startswith((f"{HERE}/login?", f"{NOWHERE}/oauth2_user/"))
        assert "evil" not in str(reply.headers)


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
