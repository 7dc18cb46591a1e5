"""An operator's browser: a key traded for a cookie, at the dashboard's door."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.running import USER, Bridge, alone, given_links
from builders import an_account
from withings_bridge.callers import ApiKey, Scope

KEY, ENTRY = ApiKey.made("operator", Scope.ADMIN)
LESSER_KEY, LESSER = ApiKey.made("service", Scope.SYNC)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Bridge]:
    await given_links(tmp_path, an_account("1234", USER))
    async with alone(tmp_path, api_keys=f"{ENTRY},{LESSER}") as bridge:
        yield bridge


async def sign_in(bridge: Bridge, key: str = KEY) -> httpx.Response:
    return await bridge.http.post("/dashboard/login", data={"key": key})


class TestSigningIn:
    async def test_with_an_admin_key_shows_who_is_linked(self, guarded: Bridge) -> None:
        assert USER not in (await guarded.http.get("/")).text
        reply = await sign_in(guarded)
        assert (reply.status_code, reply.headers["location"]) == (303, "/dashboard")
        assert USER in (await guarded.http.get("/")).text
        assert USER in (await guarded.http.get("/home/links")).text

    async def test_gives_a_cookie_that_no_script_reads_and_no_other_site_sends(self, guarded: Bridge) -> None:
        cookie = (await sign_in(guarded)).headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "max-age=43200" in cookie
        assert KEY.lower() not in cookie

    async def test_on_https_binds_the_cookie_to_this_host(self, tmp_path: Path) -> None:
        callback = "https://bridge.example.org/callback"
        async with alone(tmp_path, withings_redirect_uri=callback, api_keys=str(ENTRY)) as bridge:
            cookie = (await sign_in(bridge)).headers["set-cookie"]
        assert cookie.startswith("__Host-operator=")
        assert "secure" in cookie.lower()

    @pytest.mark.parametrize("key", ["", "wb_another", LESSER_KEY], ids=["none", "another", "lesser"])
    async def test_with_anything_else_shows_nothing(self, guarded: Bridge, key: str) -> None:
        reply = await sign_in(guarded, key)
        assert reply.status_code == 401
        assert "set-cookie" not in reply.headers
        assert "That is no admin key" in reply.text
        assert USER not in (await guarded.http.get("/")).text

    async def test_asks_nobody_who_is_in_already(self, guarded: Bridge) -> None:
        assert "Admin key" in (await guarded.http.get("/dashboard/login")).text
        await sign_in(guarded)
        assert (await guarded.http.get("/dashboard/login")).status_code == 303

    async def test_never_shows_the_key_again(self, guarded: Bridge) -> None:
        reply = await sign_in(guarded, "wb_a-mistyped-key")
        assert "wb_a-mistyped-key" not in reply.text


class TestSigningOut:
    async def test_shows_nothing_from_then_on(self, guarded: Bridge) -> None:
        await sign_in(guarded)
        cookie = dict(guarded.http.cookies)
        assert (await guarded.http.post("/dashboard/logout")).status_code == 303
        assert USER not in (await guarded.http.get("/")).text
        # Nor to who kept the cookie.
        guarded.http.cookies.update(cookie)
        assert USER not in (await guarded.http.get("/")).text

    async def test_is_nothing_to_who_never_was_in(self, guarded: Bridge) -> None:
        assert (await guarded.http.post("/dashboard/logout")).status_code == 303


class TestTheApi:
    async def test_takes_an_operators_session(self, guarded: Bridge) -> None:
        assert (await guarded.http.get("/api/withings/inbox")).status_code == 401
        await sign_in(guarded)
        assert (await guarded.http.get("/api/withings/inbox")).status_code == 200
        reply = await guarded.http.post("/api/withings/disconnect", json={"userId": USER})
        assert reply.status_code == 200

    async def test_takes_what_is_brought_beside_the_session_for_what_it_is(self, guarded: Bridge) -> None:
        await sign_in(guarded)
        reply = await guarded.http.get("/api/withings/inbox", headers={"X-API-Key": LESSER_KEY})
        assert reply.status_code == 403
        reply = await guarded.http.get("/api/withings/inbox", headers={"X-API-Key": "wb_another"})
        assert reply.status_code == 401

    async def test_takes_no_session_that_has_ended(self, guarded: Bridge) -> None:
        await sign_in(guarded)
        await guarded.http.post("/dashboard/logout")
        assert (await guarded.http.get("/api/withings/inbox")).status_code == 401

    async def test_takes_no_form_that_rides_on_a_session(self, guarded: Bridge) -> None:
        await sign_in(guarded)
        reply = await guarded.http.post("/api/withings/disconnect", data={"userId": USER})
        assert reply.status_code == 415
