from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.readers import Reader
from api.running import Bridge, Browser, Cloud, alone, beside, given_links, pretend_withings
from builders import NOON
from withings_bridge.settings import Settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests is a setting of the bridges here."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
async def cloud() -> AsyncIterator[Cloud]:
    async with pretend_withings() as cloud:
        yield cloud


@pytest.fixture
async def bridge(cloud: Cloud, tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge beside a pretend Withings."""
    async with beside(cloud, tmp_path) as bridge:
        yield bridge


@pytest.fixture
async def browser(bridge: Bridge) -> AsyncIterator[Browser]:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        yield Browser(bridge, http)


@pytest.fixture
async def lone(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge alone."""
    async with alone(tmp_path) as bridge:
        yield bridge


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    """A bridge alone at noon, with one user, and who reads their records."""
    await given_links(tmp_path)
    async with alone(tmp_path, clock=lambda: NOON) as bridge:
        yield Reader(bridge, tmp_path)
