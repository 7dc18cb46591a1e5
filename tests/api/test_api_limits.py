"""How often a caller may call."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.running import USER, Bridge, alone
from builders import NOON
from withings_bridge.callers import ApiKey, Scope

KEY, ENTRY = ApiKey.made("reports", Scope.READ)
OTHER_KEY, OTHER_ENTRY = ApiKey.made("app", Scope.SYNC)
STATUS = f"/api/status?userId={USER}"


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def limited(tmp_path: Path, clock: Clock) -> AsyncIterator[Bridge]:
    """A bridge that takes three calls a minute of each of its two callers."""
    keys = f"{ENTRY},{OTHER_ENTRY}"
    async with alone(tmp_path, clock=clock, api_keys=keys, api_rate_limit_per_minute=3) as bridge:
        yield bridge


async def ask(bridge: Bridge, key: str | None = KEY, *, path: str = STATUS) -> httpx.Response:
    return await bridge.http.get(path, headers={"X-API-Key": key} if key else {})


class TestCallLimit:
    async def test_one_call_too_many_is_told_when_to_come_again(self, limited: Bridge, clock: Clock) -> None:
        assert [(await ask(limited)).status_code for _ in range(3)] == [200, 200, 200]
        refused = await ask(limited)
        assert refused.status_code == 429
        assert refused.json()["code"] == "too_many_calls"
        assert refused.headers["retry-after"] == "20"
        clock.now += timedelta(seconds=20)
        assert (await ask(limited)).status_code == 200

    async def test_an_app_elsewhere_may_read_when(self, tmp_path: Path) -> None:
        origin = "https://app.example.org"
        async with alone(
            tmp_path, api_keys=str(ENTRY), api_rate_limit_per_minute=1, allowed_origins=origin
        ) as bridge:
            await ask(bridge)
            refused = await bridge.http.get(STATUS, headers={"X-API-Key": KEY, "Origin": origin})
        assert refused.status_code == 429
        assert refused.headers["access-control-allow-origin"] == origin
        assert "Retry-After" in refused.headers["access-control-expose-headers"]

    async def test_calls_beyond_the_caller_s_scope_count_too(self, limited: Bridge) -> None:
        answers = [(await ask(limited, path="/api/withings/inbox")).status_code for _ in range(4)]
        assert answers == [403, 403, 403, 429]

    async def test_one_caller_leaves_another_its_own(self, limited: Bridge) -> None:
        assert [(await ask(limited)).status_code for _ in range(4)][-1] == 429
        assert (await ask(limited, OTHER_KEY)).status_code == 200

    async def test_who_proves_nothing_takes_nothing_from_anybody(self, limited: Bridge) -> None:
        for key in [None, "wb_guessed"] * 10:
            assert (await ask(limited, key)).status_code == 401
        assert (await ask(limited)).status_code == 200

    async def test_withings_is_never_told_to_wait(self, limited: Bridge) -> None:
        for _ in range(20):
            reply = await limited.http.post("/webhook/withings", data={"userid": "1", "appli": "1"})
            assert reply.status_code == 200

    async def test_an_open_bridge_counts_nobody(self, tmp_path: Path) -> None:
        async with alone(tmp_path, api_rate_limit_per_minute=1) as bridge:
            for _ in range(5):
                assert (await ask(bridge, None)).status_code == 200
