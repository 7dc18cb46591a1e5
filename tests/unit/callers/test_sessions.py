import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builders import HOUR, SECOND
from fakes import FakeClock
from withings_bridge.callers import ApiKey, ApiKeys, Scope, Sessions
from withings_bridge.storage.sqlite import SqliteStorage

ADMIN_KEY, ADMIN = ApiKey.made("operator", Scope.ADMIN)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    async with SqliteStorage(tmp_path / "bridge.db") as storage:
        yield storage


@pytest.fixture
def sessions(storage: SqliteStorage, clock: FakeClock) -> Sessions:
    return Sessions(keys=ApiKeys([ADMIN]), ephemera=storage.ephemera, clock=clock)


async def begun(sessions: Sessions) -> str:
    session = await sessions.begin(ADMIN_KEY)
    assert session is not None
    return session


class TestASession:
    async def test_is_the_key_holders(self, sessions: Sessions) -> None:
        assert await sessions.caller(await begun(sessions)) == ADMIN.holder

    @pytest.mark.parametrize("session", ["", "another"])
    async def test_that_nobody_began_opens_nothing(self, sessions: Sessions, session: str) -> None:
        await begun(sessions)
        assert await sessions.caller(session) is None

    async def test_is_not_the_key(self, sessions: Sessions) -> None:
        session = await begun(sessions)
        assert session != ADMIN_KEY
        assert await sessions.caller(ADMIN_KEY) is None
        assert await sessions.begin(session) is None

    async def test_ends_after_half_a_day(self, sessions: Sessions, clock: FakeClock) -> None:
        session = await begun(sessions)
        clock.advance(12 * HOUR - SECOND)
        assert await sessions.caller(session) is not None
        clock.advance(SECOND)
        assert await sessions.caller(session) is None

    async def test_ends_when_it_is_ended_and_no_other_does(self, sessions: Sessions) -> None:
        first, second = await begun(sessions), await begun(sessions)
        await sessions.end(first)
        assert await sessions.caller(first) is None
        assert await sessions.caller(second) is not None

    async def test_ends_when_its_key_is_withdrawn(
        self, sessions: Sessions, storage: SqliteStorage, clock: FakeClock
    ) -> None:
        session = await begun(sessions)
        _, successor = ApiKey.made("operator", Scope.ADMIN)
        after = Sessions(keys=ApiKeys([successor]), ephemera=storage.ephemera, clock=clock)
        assert await after.caller(session) is None

    async def test_shrinks_with_its_key(
        self, sessions: Sessions, storage: SqliteStorage, clock: FakeClock
    ) -> None:
        session = await begun(sessions)
        lesser = ApiKey("operator", Scope.SYNC, ADMIN.digest)
        after = Sessions(keys=ApiKeys([lesser]), ephemera=storage.ephemera, clock=clock)
        assert await after.caller(session) is None

    @pytest.mark.parametrize("scope", [Scope.READ, Scope.SYNC])
    async def test_is_for_operators_alone(
        self, storage: SqliteStorage, clock: FakeClock, scope: Scope
    ) -> None:
        key, entry = ApiKey.made("service", scope)
        sessions = Sessions(keys=ApiKeys([entry]), ephemera=storage.ephemera, clock=clock)
        assert await sessions.begin(key) is None

    async def test_leaves_nothing_in_the_store_that_would_open_one(
        self, sessions: Sessions, storage: SqliteStorage, clock: FakeClock
    ) -> None:
        session = await begun(sessions)
        name = f"session#{hashlib.sha256(session.encode()).hexdigest()}"
        assert await storage.ephemera.get(name, now=clock()) == {"digest": ADMIN.digest}
        assert await sessions.caller(name) is None
        assert await sessions.begin(ADMIN.digest) is None
