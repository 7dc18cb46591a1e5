"""What a page hears of as it happens: server-sent events from a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.running import Bridge, Browser, Cloud, beside
from withings_bridge.callers import ApiKey, Scope
from withings_bridge.domain.trail import What
from withings_bridge.pages import events

SOON = 10


class Listener:
    """Reads the stream to some step."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def heard(self, until: What) -> list[dict[str, Any]]:
        """What is told, to a step of that kind."""
        steps: list[dict[str, Any]] = []
        async with asyncio.timeout(SOON):
            async for line in self._lines:
                if line.startswith("data: "):
                    steps += json.loads(line.removeprefix("data: "))
                if any(step["what"] == until for step in steps):
                    break
        return steps

    async def rest(self) -> list[str]:
        """What is told to the end of the stream."""
        async with asyncio.timeout(SOON):
            return [line async for line in self._lines if line.startswith("data: ")]


@asynccontextmanager
async def listening(bridge: Bridge, account: str | None = None) -> AsyncIterator[Listener]:
    query = {"account": account} if account else {}
    async with bridge.http.stream("GET", "/dashboard/events", params=query) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["cache-control"] == "no-store"
        lines = reply.aiter_lines()
        assert (await anext(lines)).startswith("retry: ")
        yield Listener(lines)


class TestWhoListens:
    async def test_hears_no_more_when_the_session_has_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: Cloud
    ) -> None:
        monkeypatch.setattr(events, "LOOK_AGAIN_SECONDS", 0)
        monkeypatch.setattr(events, "IDLE_SECONDS", 0.05)
        key, entry = ApiKey.made("operator", Scope.ADMIN)
        async with beside(cloud, tmp_path, api_keys=str(entry)) as bridge:
            await bridge.http.post("/dashboard/login", data={"key": key})
            async with listening(bridge) as listener:
                await bridge.http.post("/dashboard/logout")
                assert await listener.rest() == []
            assert (await bridge.http.get("/dashboard/events")).status_code == 401


class TestEvents:
    async def test_tell_of_a_weigh_in_from_the_notification_to_the_rows(
        self, bridge: Bridge, cloud: Cloud, browser: Browser
    ) -> None:
        await browser.link()
        person = await cloud.person()
        await bridge.sync()
        async with listening(bridge, str(person)) as listener:
            await cloud.tell("POST", f"/people/{person}/weighings", {"kg": 81.3})
            steps = await listener.heard(What.WROTE)
        kinds = [step["what"] for step in steps]
        assert kinds[kinds.index(What.NOTIFIED) :] == [What.NOTIFIED, What.ASKED, What.STORED, What.WROTE]
        assert {step["account"] for step in steps} == {str(person)}

    async def test_carry_no_value_and_no_user(self, bridge: Bridge, cloud: Cloud, browser: Browser) -> None:
        await browser.link()
        async with listening(bridge) as listener:
            await cloud.tell("POST", f"/people/{await cloud.person()}/weighings", {"kg": 81.3})
            steps = await listener.heard(What.WROTE)
        assert all(set(step) == {"account", "what"} for step in steps)

    async def test_of_one_account_tell_of_no_other(
        self, bridge: Bridge, cloud: Cloud, browser: Browser
    ) -> None:
        async with listening(bridge) as all_, listening(bridge, "another") as another:
            await browser.link()
            assert await all_.heard(What.LINKED)
            bridge.app.state.ending.set()
            assert await another.rest() == []

    async def test_end_when_the_server_does(self, bridge: Bridge) -> None:
        async with listening(bridge) as listener:
            bridge.app.state.ending.set()
            assert await listener.rest() == []

    async def test_leave_nobody_behind_when_a_browser_goes(self, bridge: Bridge) -> None:
        async with (
            httpx.AsyncClient(base_url=bridge.http.base_url, trust_env=False) as passing,
            passing.stream("GET", "/dashboard/events") as reply,
        ):
            await anext(reply.aiter_lines())
            (asking,) = [task for task in asyncio.all_tasks() if task.get_name() == "watching"]
        async with asyncio.timeout(SOON):
            await asyncio.wait([asking])
        assert asking.cancelled()
