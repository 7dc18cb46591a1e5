"""Every row that the predecessor wrote comes out of the bridge, through the whole path."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from e2e.stores import Row
from e2e.world import USER, World

pytestmark = pytest.mark.e2e

CONTRACT = Path(os.environ.get("VITALS7_CONTRACT_DIR", Path(__file__).parents[3] / "shared" / "vitals7"))
GIVEN_BY_THE_STORE = {"id", "created_at"}


@pytest.fixture
def golden() -> dict[str, Any]:
    path = CONTRACT / "golden_rows.json"
    if not path.exists():
        pytest.skip(f"the contract's golden rows are not at {CONTRACT}")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def without_ids(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in GIVEN_BY_THE_STORE}


class TestTheGoldenRows:
    def test_all_come_out_identical_and_a_second_sync_writes_none(
        self, world: World, golden: dict[str, Any]
    ) -> None:
        days = str((datetime.now(UTC) - datetime(2024, 12, 25, tzinfo=UTC)).days)
        windows = ("WITHINGS_MEASURE_DAYS", "WITHINGS_ACTIVITY_DAYS", "WITHINGS_SLEEP_DAYS")
        world.restart_with(dict.fromkeys(windows, days))
        given = golden["input"]
        person = world.add_person(
            measuregrps=given["metrics"]["measuregrps"],
            activities=given["activity"]["activities"],
            series=given["sleep"]["series"],
        )

        world.link(golden["cognito_user_id"], person)

        stored = {row["item_key"]: row for row in world.store.rows(USER)}
        written = {key: without_ids(row) for key, row in stored.items()}
        assert len(golden["rows"]) == 560
        assert [row for row in golden["rows"] if written.get(row["item_key"]) != row] == []
        assert all(row["id"] and row["created_at"] for row in stored.values())

        world.sync()

        assert {row["item_key"]: row for row in world.store.rows(USER)} == stored
