"""What the bridge counts, as a Prometheus fetches it, and who may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.running import Bridge, alone, given_links
from processes import PATIENCE_SECONDS
from scrape import Scrape
from withings_bridge.callers import ApiKey, Scope

ADMIN, ADMIN_ENTRY = ApiKey.made("operator", Scope.ADMIN)
READER, READER_ENTRY = ApiKey.made("reader", Scope.READ)
KEYS = f"{ADMIN_ENTRY},{READER_ENTRY}"

WEIGHING = {"userid": "1234", "appli": "1", "startdate": "1772452799", "enddate": "1772452800"}


async def scraped(bridge: Bridge) -> Scrape:
    reply = await bridge.http.get("/metrics")
    assert reply.status_code == 200, reply.text
    return Scrape(reply.text)


class TestMetrics:
    async def test_are_text_of_prometheus(self, lone: Bridge) -> None:
        lone.services.telemetry.unknown("appli", "77")
        reply = await lone.http.get("/metrics")
        assert reply.headers["content-type"].startswith("text/plain; version=")
        assert Scrape(reply.text).of("unknown_total", what="appli", code="77") == 1

    async def test_tell_of_the_process_and_of_the_store(self, lone: Bridge) -> None:
        scrape = await scraped(lone)
        assert scrape.of("store_up") == 1
        assert scrape.of("worker_beat_timestamp_seconds") > 0
        assert "process_resident_memory_bytes" in scrape.samples
        assert "process_open_fds" in scrape.samples

    async def test_tell_how_late_the_event_loop_is(self, lone: Bridge) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (await scraped(lone)).of("event_loop_lag_seconds_count"):  # noqa: ASYNC110 - a timer tells nobody
                await asyncio.sleep(0.05)


class TestAcknowledgements:
    async def test_are_timed_by_their_status(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path, withings_webhook_secret="a-secret-of-some-length") as bridge:
            for secret in ("a-secret-of-some-length", "a-secret-of-some-length", "wrong"):
                await bridge.http.post("/webhook/withings", params={"secret": secret}, data=WEIGHING)
            await bridge.http.post("/webhook/withings/", params={"secret": "wrong"}, data=WEIGHING)
            await bridge.http.head("/webhook/withings", params={"secret": "a-secret-of-some-length"})
            await bridge.http.get("/health")
            scrape = await scraped(bridge)
        assert scrape.of("acknowledgement_seconds_count", status="200") == 2
        assert scrape.of("acknowledgement_seconds_count", status="403") == 2
        assert scrape.of("acknowledgement_seconds_count") == 4
        assert scrape.of("acknowledgement_seconds_sum", status="200") > 0
        assert scrape.of("notifications_total", appli="1", outcome="stored") == 2

    async def test_that_a_bug_prevents_are_counted_as_500(
        self, lone: Bridge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(lone.services.receiving, "receive", broken)
        assert (await lone.http.post("/webhook/withings", data=WEIGHING)).status_code == 500
        assert (await scraped(lone)).of("acknowledgement_seconds_count", status="500") == 1


BY_PROXY = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": "192.0.2.7"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-Host": "localhost"},
    {"Forwarded": "for=127.0.0.1"},
    {"Via": "1.1 proxy"},
    {"X-Real-IP": "127.0.0.1"},
    {"CF-Connecting-IP": "127.0.0.1"},
    {"Host": "bridge.example.org"},
    {"Host": "bridge.example.org:5001"},
    {"Host": ""},
]


@asynccontextmanager
async def closed(folder: Path, **changes: Any) -> AsyncIterator[Bridge]:
    """A bridge that asks for keys, and listens everywhere."""
    async with alone(folder, **({"api_keys": KEYS, "host": "0.0.0.0"} | changes)) as bridge:  # noqa: S104 - nothing listens
        yield bridge


async def answer(bridge: Bridge, address: str, path: str = "/metrics", **headers: str) -> int:
    """The status for a caller from there."""
    transport = httpx.ASGITransport(bridge.app, client=(address, 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5001") as http:
        return (await http.get(path, headers=headers)).status_code


class TestWhoMayFetchThem:
    async def test_is_an_operator_from_anywhere(self, tmp_path: Path) -> None:
        async with closed(tmp_path) as bridge:
            assert await answer(bridge, "192.0.2.7") == 401
            for key, status in ((ADMIN, 200), (READER, 403), ("wb_nobody-made-it", 401)):
                assert await answer(bridge, "192.0.2.7", **{"X-API-Key": key}) == status

    async def test_is_whoever_calls_from_the_same_machine(self, tmp_path: Path) -> None:
        async with closed(tmp_path) as bridge:
            for address in ("127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"):
                assert await answer(bridge, address) == 200, address
                assert await answer(bridge, address, "/api/withings/inbox") == 401

    async def test_is_nobody_elsewhere(self, tmp_path: Path) -> None:
        async with closed(tmp_path) as bridge:
            for address in ("192.0.2.7", "10.0.0.1", "::2", "128.0.0.1", "testclient", ""):
                assert await answer(bridge, address) == 401, address

    async def test_is_not_who_brings_a_proof_that_does_not_reach(self, tmp_path: Path) -> None:
        async with closed(tmp_path) as bridge:
            assert await answer(bridge, "127.0.0.1", **{"X-API-Key": READER}) == 403
            assert await answer(bridge, "127.0.0.1", Authorization="Bearer x") == 401

    @pytest.mark.parametrize("proxies", ["", "127.0.0.0/8", "*"])
    async def test_is_nobody_whom_a_proxy_brings(self, tmp_path: Path, proxies: str) -> None:
        async with closed(tmp_path, trusted_proxies=proxies) as bridge:
            for header in BY_PROXY:
                assert await answer(bridge, "127.0.0.1", **header) == 401, header
            assert await answer(bridge, "192.0.2.7", **{"X-Forwarded-For": "127.0.0.1"}) == 401

    @pytest.mark.parametrize(
        ("proxies", "status"),
        [("", 401), ("10.0.0.0/8", 401), ("127.0.0.1", 200), ("10.0.0.0/8,::1", 200), ("*", 200)],
    )
    async def test_on_a_bridge_that_listens_on_loopback_a_proxy_there_must_be_known(
        self, tmp_path: Path, proxies: str, status: int
    ) -> None:
        """Else it may be one that says of nobody where they come from."""
        async with closed(tmp_path, host="127.0.0.1", trusted_proxies=proxies) as bridge:
            assert await answer(bridge, "127.0.0.1") == status
