from collections.abc import AsyncIterator

import httpx
import pytest

from unit.withings.loopback import ScriptedWithings
from withings_bridge.withings import WithingsClient


@pytest.fixture
async def cloud() -> AsyncIterator[ScriptedWithings]:
    async with ScriptedWithings().listening() as listening:
        yield listening


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
def client(cloud: ScriptedWithings, http: httpx.AsyncClient) -> WithingsClient:
    return WithingsClient(http, cloud.url)
