"""How a store is told to whoever mends it, on every backend."""

from pathlib import Path

import pytest

from contract.storage.backends import Backend, DynamoBackend, SqliteBackend
from withings_bridge.domain.checkups import Result
from withings_bridge.storage.base import Storage


@pytest.fixture(params=["sqlite", pytest.param("dynamodb", marks=pytest.mark.engine)])
def nowhere(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A store of which nothing is there yet."""
    if request.param == "sqlite":
        return SqliteBackend(tmp_path / "none" / "bridge.db").storage()
    dynamo: DynamoBackend = request.getfixturevalue("dynamo")
    return DynamoBackend(dynamo.endpoint, "never").storage()


class TestAStore:
    async def test_that_a_bridge_has_used_can_be_looked_into_while_it_is_open_and_after(
        self, backend: Backend
    ) -> None:
        async with backend.storage() as storage:
            assert (await storage.inspect()).usable
        inspection = await backend.storage().inspect()
        assert inspection.usable
        assert {part.result for part in inspection.parts} == {Result.OK}

    async def test_that_is_not_there_is_told_as_such_and_not_created_by_the_look(
        self, nowhere: Storage
    ) -> None:
        for _ in range(2):
            inspection = await nowhere.inspect()
            assert not inspection.usable
            part = inspection.parts[0]
            assert part.result is Result.UNKNOWN
            assert "not there yet" in part.seen
            assert part.mend
