from collections.abc import AsyncIterator

import httpx
import pytest

from fakes import FakeClock
from identity import PretendPool, user_pool


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def pool(clock: FakeClock) -> AsyncIterator[PretendPool]:
    async with user_pool(clock) as pool:
        yield pool


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield http
