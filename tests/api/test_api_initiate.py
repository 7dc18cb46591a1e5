"""A way in for a user's browser: asked for by who has proven who they are, used once and soon."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.running import HERE, OTHER_USER, USER, Bridge, Browser, Cloud, alone, beside
from builders import MINUTE, SECOND
from fakes import FakeClock
from withings_bridge.callers import ApiKey, Scope

INITIATE = "/api/withings/auth/initiate"
KEY, ENTRY = ApiKey.made("app", Scope.SYNC)
AS_APP = {"X-API-Key": KEY}


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Bridge]:
    async with alone(tmp_path, api_keys=str(ENTRY)) as bridge:
        yield bridge


async def way_in(bridge: Bridge, user: str = USER) -> httpx.URL:
    reply = await bridge.http.get(INITIATE, params={"userId": user}, headers=AS_APP)
    assert reply.status_code == 200, reply.text
    return httpx.URL(reply.json()["authUrl"])


class TestInitiate:
    async def test_answers_an_address_of_the_bridge_that_tells_nothing(self, guarded: Bridge) -> None:
        reply = await guarded.http.get(INITIATE, params={"userId": USER}, headers=AS_APP)
        assert set(reply.json()) == {"authUrl", "message"}
        url = httpx.URL(reply.json()["authUrl"])
        assert str(url).startswith(f"{HERE}/login?ticket=")
        assert len(url.params["ticket"]) >= 32
        assert USER not in str(url)
        assert reply.headers["cache-control"] == "no-store"

    async def test_gives_another_each_time(self, guarded: Bridge) -> None:
        assert len({str(await way_in(guarded)) for _ in range(3)}) == 3

    async def test_lies_on_the_redirect_uris_origin_whatever_name_was_used(self, tmp_path: Path) -> None:
        callback = "https://bridge.example.org/a/callback"
        async with alone(tmp_path, withings_redirect_uri=callback, api_keys=str(ENTRY)) as bridge:
            headers = AS_APP | {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org"}
            reply = await bridge.http.get(INITIATE, params={"userId": USER}, headers=headers)
        assert reply.json()["authUrl"].startswith("https://bridge.example.org/login?ticket=")

    async def test_wants_to_know_whose_it_is(self, guarded: Bridge) -> None:
        reply = await guarded.http.get(INITIATE, headers=AS_APP)
        assert (reply.status_code, reply.json()["code"]) == (400, "user_unknown")

    @pytest.mark.parametrize("user", ["a#b", "\x00", " "])
    async def test_refuses_what_cannot_be_an_id(self, guarded: Bridge, user: str) -> None:
        reply = await guarded.http.get(INITIATE, params={"userId": user}, headers=AS_APP)
        assert (reply.status_code, reply.json()["code"]) == (400, "user_unknown")

    async def test_of_an_open_bridge_leads_without_an_id_to_the_page_that_asks_for_one(
        self, lone: Bridge
    ) -> None:
        assert (await lone.http.get(INITIATE)).json()["authUrl"] == f"{HERE}/login"
        assert "User id" in (await lone.http.get(f"{HERE}/login")).text

    async def test_of_an_open_bridge_gives_a_ticket_for_an_id(self, lone: Bridge) -> None:
        reply = await lone.http.get(INITIATE, params={"userId": USER})
        assert (await lone.http.get(reply.json()["authUrl"])).status_code == 302


class TestWayIn:
    async def test_leads_to_withings_and_back_as_the_user_it_is_for(
        self, cloud: Cloud, tmp_path: Path
    ) -> None:
        async with (
            beside(cloud, tmp_path, api_keys=str(ENTRY)) as bridge,
            httpx.AsyncClient(trust_env=False, timeout=30) as http,
        ):
            browser = Browser(bridge, http)
            reply = await http.get(await way_in(bridge))
            assert reply.status_code == 302
            page = await http.get(await browser.consent(httpx.URL(reply.headers["location"])))
            assert page.status_code == 200
            reply = await bridge.http.get("/api/status", params={"userId": USER}, headers=AS_APP)
            assert reply.json()["authenticated"] is True

    async def test_works_once(self, guarded: Bridge) -> None:
        url = await way_in(guarded)
        assert (await guarded.http.get(url)).status_code == 302
        again = await guarded.http.get(url)
        assert again.status_code == 400
        assert "no longer open" in again.text
        assert "set-cookie" not in again.headers

    async def test_of_two_browsers_lets_one_in(self, guarded: Bridge) -> None:
        url = await way_in(guarded)
        replies = await asyncio.gather(*(guarded.http.get(url) for _ in range(8)))
        assert sorted(reply.status_code for reply in replies) == [302] + [400] * 7

    async def test_closes_after_two_minutes(self, tmp_path: Path) -> None:
        clock = FakeClock()
        async with alone(tmp_path, clock=clock, api_keys=str(ENTRY)) as bridge:
            in_time, late = await way_in(bridge), await way_in(bridge)
            clock.advance(2 * MINUTE - SECOND)
            assert (await bridge.http.get(in_time)).status_code == 302
            clock.advance(SECOND)
            assert (await bridge.http.get(late)).status_code == 400

    async def test_is_not_spent_by_who_only_looks(self, guarded: Bridge) -> None:
        url = await way_in(guarded)
        assert (await guarded.http.head(url)).status_code == 405
        assert (await guarded.http.get(url)).status_code == 302

    async def test_is_not_spent_before_the_browser_is_under_the_right_name(self, guarded: Bridge) -> None:
        url = await way_in(guarded)
        moved = await guarded.http.get(url.copy_with(host="127.0.0.1"))
        assert moved.headers["location"] == str(url)
        reply = await guarded.http.get(moved.headers["location"])
        assert reply.headers["location"].startswith("http://127.0.0.1:9/")

    @pytest.mark.parametrize("query", ["ticket=", "ticket=x", "ticket=x&state=u", f"state={USER}", ""])
    async def test_is_nothing_that_can_be_made_up(self, guarded: Bridge, query: str) -> None:
        reply = await guarded.http.get(f"{HERE}/login?{query}")
        assert reply.status_code in {400, 401}
        assert "location" not in reply.headers
        assert "set-cookie" not in reply.headers

    async def test_is_for_its_user_whatever_the_address_says_beside(
        self, cloud: Cloud, tmp_path: Path
    ) -> None:
        async with (
            beside(cloud, tmp_path, api_keys=str(ENTRY)) as bridge,
            httpx.AsyncClient(trust_env=False, timeout=30) as http,
        ):
            url = (await way_in(bridge)).copy_merge_params({"state": OTHER_USER, "userId": OTHER_USER})
            authorize = httpx.URL((await http.get(url)).headers["location"])
            await http.get(await Browser(bridge, http).consent(authorize))
            for user, linked in ((USER, True), (OTHER_USER, False)):
                reply = await bridge.http.get("/api/status", params={"userId": user}, headers=AS_APP)
                assert reply.json()["authenticated"] is linked
