"""What a page hears while somebody looks: that something happened."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from unit.sandbox.sandbox_driver import Linked
from withings_bridge.sandbox.control import events
from withings_bridge.sandbox.control.events import news

NEWS = "event: news\ndata: {}\n\n"


@pytest.fixture
async def ending() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
async def heard(linked: Linked, ending: asyncio.Event, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """What is sent to one who looks, after the greeting."""
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.01)
    sent = news(linked.driver.running, ending)
    assert (await anext(sent)).startswith("retry: ")
    return sent


async def next_of(heard: AsyncIterator[str]) -> str:
    async with asyncio.timeout(5):
        return await anext(heard)


class TestEvents:
    async def test_tell_of_a_deed(self, linked: Linked, heard: AsyncIterator[str]) -> None:
        await linked.do("weighings", kg=70)
        assert await next_of(heard) == NEWS

    async def test_tell_of_a_call(self, linked: Linked, heard: AsyncIterator[str]) -> None:
        await linked.call("/v2/user", "getdevice")
        assert await next_of(heard) == NEWS

    @pytest.mark.parametrize("trouble", ["outage", "held-notifications"])
    async def test_tell_of_a_switch(self, linked: Linked, heard: AsyncIterator[str], trouble: str) -> None:
        await linked.driver.control("PUT", f"/troubles/{trouble}", {})
        assert await next_of(heard) == NEWS

    async def test_tell_of_a_clock_that_was_moved(self, linked: Linked, heard: AsyncIterator[str]) -> None:
        await linked.driver.move_clock(60)
        assert await next_of(heard) == NEWS

    async def test_say_nothing_but_that_they_are_there_where_nothing_happens(
        self, heard: AsyncIterator[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(events, "IDLE_LOOKS", 1)
        assert await next_of(heard) == ": here\n\n"

    async def test_end_with_the_sandbox(self, heard: AsyncIterator[str], ending: asyncio.Event) -> None:
        ending.set()
        async with asyncio.timeout(5):
            assert [each async for each in heard] == []
