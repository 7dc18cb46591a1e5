"""The webhook that takes notifications from Withings' addresses alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dns.asyncresolver
import httpx
import pytest
from structlog.testing import capture_logs

from api.running import Bridge, alone, given_links
from builders import NOON
from nameserver import NameServer, name_server
from processes import PATIENCE_SECONDS
from withings_bridge.domain.categories import Category

PATH = "/webhook/withings"
WEIGHING = {"userid": "1234", "appli": "1", "startdate": "1772452799", "enddate": "1772452800"}
WITHINGS, STRANGER, PROXY = "192.0.2.7", "203.0.113.9", "10.0.0.2"


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NameServer]:
    """The name server of this machine."""
    async with name_server() as server:
        server.records = {"notify.example.org": [("192.0.2.0/28",)], "front.example.org": []}
        monkeypatch.setattr(dns.asyncresolver, "default_resolver", server.resolver())
        yield server


@asynccontextmanager
async def guarded(folder: Path, mode: str = "fail-closed", **changes: str) -> AsyncIterator[Bridge]:
    await given_links(folder)
    async with alone(
        folder,
        clock=lambda: NOON,
        withings_webhook_allow_list=mode,
        withings_webhook_allow_records="notify.example.org, front.example.org",
        **changes,
    ) as bridge:
        yield bridge


async def call(
    bridge: Bridge, *, peer: str, forwarded: str | None = None, method: str = "POST", query: str = ""
) -> httpx.Response:
    """A notification, or a probe, from that address."""
    transport = httpx.ASGITransport(bridge.app, client=(peer, 40000))
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    data = WEIGHING if method == "POST" else None
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge.example.org") as http:
        return await http.request(method, f"{PATH}{query}", data=data, headers=headers)


async def until_read(bridge: Bridge) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await call(bridge, peer=WITHINGS, method="HEAD")).status_code != 200:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def announced(bridge: Bridge) -> int:
    return (await bridge.account("1234")).of(Category.MEASURES).announced


class TestAllowList:
    async def test_withings_is_heard_and_nobody_else(self, tmp_path: Path, names: NameServer) -> None:
        async with guarded(tmp_path) as bridge:
            await until_read(bridge)
            assert (await call(bridge, peer=WITHINGS)).text == "OK"
            assert await announced(bridge) == 1
            with capture_logs() as lines:
                refused = await call(bridge, peer=STRANGER)
            assert refused.status_code == 403
            assert refused.json() == {
                "error": "Notifications are taken from Withings' addresses alone.",
                "code": "address_refused",
                "request_id": refused.headers["x-request-id"],
            }
            assert await announced(bridge) == 1
        assert STRANGER in str(lines)

    @pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
    async def test_a_stranger_is_refused_whatever_it_asks(
        self, tmp_path: Path, names: NameServer, method: str
    ) -> None:
        async with guarded(tmp_path, withings_webhook_secret="new") as bridge:
            reply = await call(bridge, peer=STRANGER, method=method, query="?secret=new")
        assert reply.status_code == 403

    async def test_the_address_does_not_stand_for_the_secret(self, tmp_path: Path, names: NameServer) -> None:
        async with guarded(tmp_path, "fail-open", withings_webhook_secret="new") as bridge:
            reply = await call(bridge, peer=WITHINGS)
        assert reply.json()["code"] == "secret_refused"

    async def test_elsewhere_strangers_are_served(self, tmp_path: Path, names: NameServer) -> None:
        async with guarded(tmp_path) as bridge:
            assert (await bridge.http.get("/health")).status_code == 200

    @pytest.mark.parametrize(("mode", "status"), [("fail-open", 200), ("fail-closed", 403)])
    async def test_while_dns_is_silent_it_is_as_told(
        self, tmp_path: Path, names: NameServer, mode: str, status: int
    ) -> None:
        names.silent = True
        async with guarded(tmp_path, mode) as bridge:
            assert (await call(bridge, peer=STRANGER)).status_code == status

    async def test_off_nobody_is_asked_about(self, tmp_path: Path, names: NameServer) -> None:
        async with guarded(tmp_path, "off") as bridge:
            assert (await call(bridge, peer=STRANGER)).status_code == 200
        assert names.asked == []


class TestBehindAProxy:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "status"),
        [
            (PROXY, WITHINGS, 200),
            (PROXY, f"{STRANGER}, {WITHINGS}", 200),
            (PROXY, f"{WITHINGS}:4711", 200),
            (PROXY, STRANGER, 403),
            (PROXY, f"{WITHINGS}, {STRANGER}", 403),
            (PROXY, "unknown", 403),
            (PROXY, None, 403),
            (STRANGER, WITHINGS, 403),
        ],
    )
    async def test_the_last_address_that_is_no_proxy_s_counts(
        self, tmp_path: Path, names: NameServer, peer: str, forwarded: str | None, status: int
    ) -> None:
        async with guarded(tmp_path, trusted_proxies="10.0.0.0/8") as bridge:
            await until_read(bridge)
            assert (await call(bridge, peer=peer, forwarded=forwarded)).status_code == status
