from collections.abc import AsyncIterator

import pytest

from unit.sandbox.sandbox_driver import Driver, Linked, opened
from withings_bridge.sandbox import SandboxOptions


@pytest.fixture
async def cloud() -> AsyncIterator[Driver]:
    """A sandbox with one person and 20 days of history."""
    async with opened(SandboxOptions(auto_approve=True, days=20)) as driver:
        yield driver


@pytest.fixture
async def empty_cloud() -> AsyncIterator[Driver]:
    """A sandbox whose person has typed in a height and a goal, and nothing else."""
    async with opened(SandboxOptions(auto_approve=True, days=0)) as driver:
        yield driver


@pytest.fixture
async def linked(cloud: Driver) -> Linked:
    return await cloud.link()


@pytest.fixture
async def newly_linked(empty_cloud: Driver) -> Linked:
    return await empty_cloud.link()
