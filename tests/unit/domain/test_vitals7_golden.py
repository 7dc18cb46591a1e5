"""Every row that the connector before the bridge wrote comes out with identical attributes."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from withings_bridge.domain.extended import NAMES
from withings_bridge.domain.mapping import RowMapping
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import Kind, records_from
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night

REPOSITORY = Path(__file__).parents[3]
CONTRACT = Path(os.environ.get("VITALS7_CONTRACT_DIR", REPOSITORY.parent / "shared" / "vitals7"))
SET_BY_THE_STORE = {"user_id", "created_by"}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    path = CONTRACT / "golden_rows.json"
    if not path.exists():
        pytest.skip(f"the golden rows of the contract are not at {CONTRACT}")
    rows: dict[str, Any] = json.loads(path.read_text())
    return rows


@pytest.fixture(scope="module", params=[RowMapping(), RowMapping(frozenset(NAMES))], ids=["contract", "all"])
def mapping(request: pytest.FixtureRequest) -> RowMapping:
    found: RowMapping = request.param
    return found


@pytest.fixture(scope="module")
def projected(golden: dict[str, Any], mapping: RowMapping) -> dict[str, VitalRow]:
    given = golden["input"]
    groups = records_from(Kind.MEASURES, given["metrics"]["measuregrps"])
    heights = Heights(height for group in groups if (height := height_of(group)))
    rows = [row for group in groups for row in rows_of_group(group, heights, mapping)]
    for night in records_from(Kind.SLEEP, given["sleep"]["series"]):
        rows += rows_of_night(night, mapping)
    for day in records_from(Kind.ACTIVITY, given["activity"]["activities"]):
        rows += rows_of_day([day], mapping)
    return {row.item_key: row for row in rows}


class TestGoldenRows:
    def test_all_come_out_with_identical_attributes(
        self, golden: dict[str, Any], projected: dict[str, VitalRow]
    ) -> None:
        expected = {
            row["item_key"]: {name: value for name, value in row.items() if name not in SET_BY_THE_STORE}
            for row in golden["rows"]
        }
        assert len(expected) == 560
        ours = {key: projected[key].attributes for key in expected if key in projected}
        assert ours == expected

    def test_leave_nothing_more_but_what_the_contract_adds_and_what_is_switched_on(
        self, golden: dict[str, Any], projected: dict[str, VitalRow], mapping: RowMapping
    ) -> None:
        more = projected.keys() - {row["item_key"] for row in golden["rows"]}
        added = {projected[key].vital_type for key in more}
        assert added <= {"bmi", "heart-rate", "respiratory-rate", "oxygen-saturation", *mapping.extended}
        assert not mapping.extended or added & mapping.extended
