from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import respx

from unit.sandbox.sandbox_driver import Driver, Linked, opened
from unit.sandbox.sandbox_webhook import SICK, Webhook
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


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with respx.mock(assert_all_called=False) as router:
        router.head(SICK).respond(200)
        router.post(SICK).mock(side_effect=httpx.ConnectError("gone"))
        yield Webhook(router)


@pytest.fixture
async def subscribed(newly_linked: Linked, webhook: Webhook) -> Linked:
    """Linked and subscribed to every category the tests fire."""
    for appli in (1, 2, 4, 16, 44, 46, 50, 54):
        assert (await newly_linked.subscribe(appli))["status"] == 0
    return newly_linked
