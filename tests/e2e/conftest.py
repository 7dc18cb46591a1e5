"""A bridge and a pretend Withings as processes of their own, on each storage engine."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from e2e.stores import DynamoTables, SqliteFile, Store
from e2e.world import World
from engines import dynamodb_endpoint


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[str]:
    with dynamodb_endpoint() as endpoint:
        yield endpoint


@pytest.fixture(params=["sqlite", pytest.param("dynamodb", marks=pytest.mark.engine)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "sqlite":
        return SqliteFile(tmp_path / "data" / "bridge.db")
    return DynamoTables(request.getfixturevalue("dynamodb"), prefix=f"e2e-{uuid4().hex[:8]}")


@pytest.fixture
def world(store: Store, tmp_path: Path) -> Iterator[World]:
    world = World(store, tmp_path)
    try:
        world.start()
        yield world
    finally:
        world.end()
