"""Who is calling and how, behind proxies that are trusted and others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from api.running import NOWHERE, USER, Bridge, alone

REDIRECT = "https://bridge.example.org/callback"


@asynccontextmanager
async def behind(folder: Path, proxies: str, *, peer: str = "10.1.2.3") -> AsyncIterator[Bridge]:
    """A bridge that trusts these proxies, reached from this one."""
    async with alone(folder, trusted_proxies=proxies, withings_redirect_uri=REDIRECT) as bridge:
        transport = httpx.ASGITransport(bridge.app, client=(peer, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5001") as http:
            yield Bridge(bridge.app, http, bridge.store)


async def is_told_to_stay_on_https(bridge: Bridge, **headers: str) -> bool:
    named = {f"X-Forwarded-{name}": value for name, value in headers.items()}
    reply = await bridge.http.get("/health", headers=named)
    assert reply.status_code == 200
    return "strict-transport-security" in reply.headers


class TestTheScheme:
    @pytest.mark.parametrize(
        ("proxies", "believed"),
        [
            ("10.0.0.0/8", True),
            ("10.1.2.3", True),
            ("2001:db8::/32, 10.1.0.0/16", True),
            ("*", True),
            ("", False),
            ("10.1.2.4", False),
            ("192.168.0.0/16", False),
        ],
    )
    async def test_is_believed_of_those_alone_who_are_trusted(
        self, tmp_path: Path, proxies: str, *, believed: bool
    ) -> None:
        async with behind(tmp_path, proxies) as bridge:
            assert await is_told_to_stay_on_https(bridge, Proto="https") is believed

    async def test_of_nobody_else_on_this_machine_either(self, tmp_path: Path) -> None:
        async with behind(tmp_path, "", peer="127.0.0.1") as bridge:
            assert not await is_told_to_stay_on_https(bridge, Proto="https")

    async def test_that_the_proxy_does_not_tell_is_its_own(self, tmp_path: Path) -> None:
        async with behind(tmp_path, "10.0.0.0/8") as bridge:
            assert not await is_told_to_stay_on_https(bridge, For="192.0.2.7")
            assert not await is_told_to_stay_on_https(bridge, Proto="gopher")

    async def test_over_a_port_nobody_is_believed_unasked(self, bridge: Bridge) -> None:
        assert not await is_told_to_stay_on_https(bridge, Proto="https")


class HidingProxy(httpx.AsyncBaseTransport):
    """Passes requests on under a name of its own, and tells of the outside what it is told to."""

    def __init__(self, app: httpx.ASGITransport, **told: str) -> None:
        self._app = app
        self._told = told

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Host"] = "10.0.0.7:5001"
        for name, value in self._told.items():
            request.headers[f"X-Forwarded-{name}"] = value
        return await self._app.handle_async_request(request)


class TestLoginBehindAProxy:
    @pytest.mark.parametrize("proxies", ["", "10.0.0.0/8", "*"])
    @pytest.mark.parametrize(
        "told",
        [
            {},
            {"Proto": "http"},
            {"Proto": "https"},
            {"Proto": "https", "Host": "bridge.example.org"},
            {"Proto": "https,http", "Host": "bridge.example.org, 10.0.0.1"},
            {"Proto": "http", "Host": "inside.example.org"},
        ],
        ids=str,
    )
    async def test_always_gets_to_withings(self, tmp_path: Path, proxies: str, told: dict[str, str]) -> None:
        """Whatever the proxy hides, no redirect goes on for ever."""
        async with behind(tmp_path, proxies) as bridge:
            transport = HidingProxy(httpx.ASGITransport(bridge.app, client=("10.1.2.3", 40000)), **told)
            async with httpx.AsyncClient(transport=transport) as browser:
                here = f"https://bridge.example.org/login?state={USER}"
                reply = await browser.get(here)
                if reply.headers["location"] == here:
                    reply = await browser.get(here)
        assert reply.status_code == 302
        assert reply.headers["location"].startswith(NOWHERE)
        assert "__Host-connect=" in reply.headers["set-cookie"]

    async def test_a_browser_that_is_elsewhere_is_moved_each_time(self, tmp_path: Path) -> None:
        async with behind(tmp_path, "") as bridge:
            for _ in range(3):
                reply = await bridge.http.get("/login", params={"state": USER})
                assert reply.headers["location"] == f"https://bridge.example.org/login?state={USER}"
