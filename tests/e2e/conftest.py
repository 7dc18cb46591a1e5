"""A bridge and a pretend Withings as processes of their own, on each storage engine."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from e2e.lengths import LONG
from e2e.stores import BACKENDS, DynamoTables, SqliteFile, Store
from e2e.trial import Lasting, Trial, begun
from e2e.world import World
from engines import dynamodb_endpoint
from processes import leaks

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On DynamoDB these run where it has an engine of its own (``make proof-dynamodb``), as moto is slow and
    keeps few of its limits. What its twin on the embedded store proves well enough is for the long proof.
    """
    if LONG:
        return
    own_engine = "DYNAMODB_TEST_ENDPOINT" in os.environ
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        here_on_dynamodb = _HERE in item.path.parents and item.get_closest_marker("engine")
        proven = own_engine and not item.get_closest_marker("twin_suffices")
        (left_out if here_on_dynamodb and not proven else kept).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


@pytest.fixture(autouse=True)
def no_log_tells_a_secret() -> Iterator[None]:
    """Whatever a test is about, it fails when a bridge of it logs a token, a code or a secret."""
    yield
    assert leaks() == []


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    with dynamodb_endpoint() as endpoint:
        yield endpoint


def a_store(backend: str, folder: Path, request: pytest.FixtureRequest) -> Store:
    """A new store of the kind."""
    if backend == "sqlite":
        return SqliteFile(folder / "data" / "bridge.db")
    return DynamoTables(request.getfixturevalue("dynamodb"), prefix=f"e2e-{uuid4().hex[:8]}")


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return a_store(request.param, tmp_path, request)


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Iterator[World]:
    world = World(store, tmp_path)
    try:
        world.start()
        yield world
    finally:
        world.end()


@pytest.fixture
def trial(store: Store, tmp_path: Path) -> Iterator[Trial]:
    with begun(Trial(store, tmp_path)) as trial:
        yield trial


@pytest.fixture(scope="module", params=BACKENDS)
def lasting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lasting]:
    def another() -> Trial:
        folder = tmp_path_factory.mktemp("trial")
        store = a_store(request.param, folder, request)
        return Trial(store, folder, days=6, env=getattr(request.module, "ENV", {}))

    lasting = Lasting(another)
    try:
        yield lasting
    finally:
        lasting.end()


@pytest.fixture
def lasting_trial(lasting: Lasting) -> Trial:
    """A trial that serves many tests; one that failed leaves a new one to the next."""
    return lasting.trial()
