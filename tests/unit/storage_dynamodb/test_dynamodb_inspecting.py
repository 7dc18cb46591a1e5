"""What may be the matter with the tables. ``tests/contract`` has the rest."""

from dataclasses import replace
from typing import Any

import pytest

from processes import free_port
from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.storage.dynamodb import DynamoStorage, TableNames
from withings_bridge.storage.dynamodb.tables import schemas

pytestmark = pytest.mark.engine


async def inspected(endpoint: str, tables: TableNames, *, creates: bool = False) -> dict[str, Checkup]:
    storage = DynamoStorage(region="us-east-1", endpoint=endpoint, tables=tables, create_tables=creates)
    inspection = await storage.inspect()
    wrong = any(part.result is Result.WRONG for part in inspection.parts)
    assert inspection.usable is not wrong
    return {part.check: part for part in inspection.parts}


class TestTheTables:
    async def test_that_are_managed_elsewhere_must_be_there(
        self, endpoint: str, dynamo: DynamoStorage, tables: TableNames
    ) -> None:
        found = await inspected(endpoint, replace(tables, trail="elsewhere"))
        assert found["table elsewhere"].result is Result.WRONG
        assert "AUTO_CREATE_DYNAMODB_TABLES" in found["table elsewhere"].mend
        assert [part.result for part in found.values()].count(Result.OK) == 5

    async def test_must_have_their_keys_and_indexes(
        self, endpoint: str, dynamo: DynamoStorage, tables: TableNames
    ) -> None:
        found = await inspected(endpoint, replace(tables, trail=tables.ephemera, accounts=tables.vitals))
        trail, accounts = found[f"table {tables.ephemera}"], found[f"table {tables.vitals}"]
        assert "no index by_day" in trail.seen
        assert trail.mend == "Its key must be account and place, its indexes by_day on day and place (ALL)."
        assert "no index by_live_due" in accounts.seen

    @pytest.mark.parametrize(("creates", "result"), [(True, Result.WARNING), (False, Result.WRONG)])
    async def test_must_let_end_what_ends(
        self, endpoint: str, dynamo: DynamoStorage, tables: TableNames, *, creates: bool, result: Result
    ) -> None:
        client = dynamo._engine._client
        schema: dict[str, Any] = next(
            each for each in schemas(replace(tables, trail="undying")) if each["TableName"] == "undying"
        )
        await client.create_table(**schema)
        found = await inspected(endpoint, replace(tables, trail="undying"), creates=creates)
        await client.delete_table(TableName="undying")
        assert found["table undying"].result is result
        assert "time to live" in found["table undying"].seen

    async def test_of_our_own_may_be_missing_where_a_bridge_creates_them_and_the_shared_are_there(
        self, endpoint: str, dynamo: DynamoStorage, tables: TableNames
    ) -> None:
        """So it is when a bridge is to follow the Node connector."""
        found = await inspected(endpoint, replace(tables, trail="elsewhere"), creates=True)
        assert found["table elsewhere"].result is Result.UNKNOWN

    async def test_that_nobody_answers_for_are_told_of_once(self, endpoint: str, tables: TableNames) -> None:
        found = await inspected(f"http://127.0.0.1:{free_port()}", tables)
        assert [(part.check, part.result) for part in found.values()] == [("tables", Result.WRONG)]
        assert "AWS_DYNAMODB_ENDPOINT" in found["tables"].mend
