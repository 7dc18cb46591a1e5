"""Mishaps as a client meets them that has a connection to lose."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from contract.sandbox.sandbox_server import Served, served_sandbox
from withings_bridge.sandbox import SandboxOptions


@pytest.fixture
async def cloud() -> AsyncIterator[Served]:
    async with served_sandbox(SandboxOptions(auto_approve=True, days=0)) as running:
        yield running


async def _refresh(cloud: Served, *, patience: float = 5) -> dict[str, Any]:
    asked = {
        "action": "requesttoken",
        "grant_type": "refresh_token",
        "client_id": "sandbox",
        "client_secret": "sandbox-secret",
        "refresh_token": cloud.tokens["refresh_token"],
    }
    async with httpx.AsyncClient(base_url=cloud.url, trust_env=False, timeout=patience) as http:
        envelope: dict[str, Any] = (await http.post("/v2/oauth2", data=asked)).json()
    return envelope


class TestACutConnection:
    async def test_breaks_the_reply_before_any_work(self, cloud: Served) -> None:
        await cloud.control("POST", "/mishaps", {"kind": "cut"})
        with pytest.raises(httpx.RemoteProtocolError):
            await _refresh(cloud)
        assert (await _refresh(cloud))["status"] == 0

    async def test_leaves_the_client_able_to_call_again(self, cloud: Served) -> None:
        await cloud.control("POST", "/mishaps", {"kind": "cut", "action": "getdevice", "times": 3})
        headers = {"Authorization": f"Bearer {cloud.tokens['access_token']}"}
        async with httpx.AsyncClient(base_url=cloud.url, headers=headers, trust_env=False) as http:
            for _ in range(3):
                with pytest.raises(httpx.RemoteProtocolError):
                    await http.post("/v2/user", data={"action": "getdevice"})
            reply = await http.post("/v2/user", data={"action": "getdevice"})
        assert reply.json()["status"] == 0


class TestALostReply:
    async def test_of_a_refresh_leaves_the_old_token_a_second_try(self, cloud: Served) -> None:
        await cloud.control("POST", "/mishaps", {"kind": "lost", "action": "requesttoken"})
        with pytest.raises(httpx.RemoteProtocolError):
            await _refresh(cloud)
        assert (await _refresh(cloud))["error"] == "Same arguments in less than 10 seconds"
        await cloud.control("POST", "/clock", {"advance_seconds": 10})
        assert (await _refresh(cloud))["status"] == 0

    async def test_can_be_a_time_out_of_the_client(self, cloud: Served) -> None:
        mishap = {"kind": "lost", "action": "requesttoken", "seconds": 600}
        await cloud.control("POST", "/mishaps", mishap)
        with pytest.raises(httpx.ReadTimeout):
            await _refresh(cloud, patience=0.3)
        (entry,) = await cloud.control("GET", "/requests?action=requesttoken&after=2")
        assert (entry["status"], entry["mishap"]) == (0, "lost")

    async def test_can_be_silence_and_then_a_cut(self, cloud: Served) -> None:
        await cloud.control("POST", "/mishaps", {"kind": "lost", "seconds": 0.05})
        begun = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError):
            await _refresh(cloud)
        assert time.monotonic() - begun >= 0.05


class TestASlowReply:
    async def test_ends_when_the_caller_gives_up(self) -> None:
        async with served_sandbox(SandboxOptions(auto_approve=True, days=0)) as cloud:
            await cloud.control("POST", "/mishaps", {"kind": "slow", "seconds": 600})
            with pytest.raises(httpx.ReadTimeout):
                await _refresh(cloud, patience=0.3)
            ended = time.monotonic()
        # A server that still waited would use up its two seconds of grace.
        assert time.monotonic() - ended < 1.5
