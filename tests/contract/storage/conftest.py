"""Every test in this folder runs on every backend.

DynamoDB is moto in this process, or the engine at ``DYNAMODB_TEST_ENDPOINT`` when that is set. Its
tables live as long as the session, so tests use ids of their own and never count on an empty store.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from builders import a_pair, an_account
from contract.storage.backends import Backend, DynamoBackend, SqliteBackend
from contract.storage.steps import Linking, giving
from engines import dynamodb_endpoint
from withings_bridge.domain.accounts import Account
from withings_bridge.storage.base import Storage


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second that an acknowledgement has is proven elsewhere; here the engine may be slower than that."""
    monkeypatch.setattr("withings_bridge.storage.dynamodb.accounts.ACKNOWLEDGE_SECONDS", 30.0)
    monkeypatch.setattr("withings_bridge.storage.sqlite.accounts.ANNOUNCE_DEADLINE", timedelta(seconds=30))


@pytest.fixture(params=["sqlite", pytest.param("dynamodb", marks=pytest.mark.engine)])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param == "sqlite":
        return SqliteBackend(tmp_path / "store" / "bridge.db")
    dynamo: DynamoBackend = request.getfixturevalue("dynamo")
    return dynamo


@pytest.fixture
async def storage(backend: Backend) -> AsyncIterator[Storage]:
    async with backend.storage() as storage:
        yield storage


@pytest.fixture
def user() -> str:
    """A Vitals7 user whom no other test knows."""
    return str(uuid4())


@pytest.fixture
def userid() -> str:
    """A Withings account that no other test knows."""
    return str(uuid4().int % 10**12)


@pytest.fixture
async def link(storage: Storage, userid: str, user: str) -> AsyncIterator[Linking]:
    async def link(**fields: Any) -> Account:
        account = an_account(userid, user, **fields)
        return await storage.links.join(user, userid, a_pair(), giving(account))

    yield link
    await storage.links.leave(user, userid)


@pytest.fixture(scope="session")
def dynamo() -> Iterator[DynamoBackend]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.delenv("AWS_PROFILE", raising=False)
        prefix = f"contract-{uuid4().hex[:8]}"
        with dynamodb_endpoint() as endpoint:
            yield DynamoBackend(endpoint, prefix)
