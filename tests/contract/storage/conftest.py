"""Every test in this folder runs on every backend.

DynamoDB is moto in this process, or the engine at ``DYNAMODB_TEST_ENDPOINT`` when that is set. Its
tables live as long as the session, so tests use ids of their own and never count on an empty store.
"""

import logging
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from builders import a_pair, an_account
from contract.storage.backends import Backend, DynamoBackend, SqliteBackend
from contract.storage.steps import Linking, giving
from withings_bridge.domain.accounts import Account
from withings_bridge.storage.base import Storage


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
        if endpoint := os.environ.get("DYNAMODB_TEST_ENDPOINT"):
            yield DynamoBackend(endpoint, prefix)
        else:
            with _moto() as endpoint:
                yield DynamoBackend(endpoint, prefix)


@contextmanager
def _moto() -> Iterator[str]:
    """moto on a port of its own. One request at a time, as its conditional writes are not atomic."""
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, request_handler=MotoRequestHandler)
    thread = threading.Thread(target=server.serve_forever, name="moto")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
