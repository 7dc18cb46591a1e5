"""The page of all data says what the code does."""

import importlib.util
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from builders import NOON
from withings_bridge.domain.ecmascript import to_fixed, to_text
from withings_bridge.domain.extended import EXTENDED
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.records import Kind, record_from
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/data.md").read_text()
VALUE = 371234 * 10.0**-4
"""Of each measure or field in turn, as the rows compute it. It could be of any."""

Values = dict[int | str, float]


@pytest.fixture(scope="module")
def table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("data_table", ROOT / "scripts/data_table.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["data_table"] = module
    spec.loader.exec_module(module)
    return module


def rows_of(kind: Kind, values: Values) -> list[VitalRow]:
    """The rows of one record with just these measures or fields."""
    body: dict[str, Any] = {"grpid": 1, "id": 1, "attrib": 0, "category": 1}
    epoch = int(NOON.timestamp())
    match kind:
        case Kind.MEASURES:
            measures = [
                {"type": type_, "value": round(value * 10**4), "unit": -4} for type_, value in values.items()
            ]
            return rows_of_group(record_from(kind, body | {"date": epoch, "measures": measures}), Heights([]))
        case Kind.ACTIVITY:
            day = {str(name): value for name, value in values.items()}
            return rows_of_day([record_from(kind, {"date": "2026-03-02"} | day)])
        case _:
            return rows_of_night(record_from(kind, body | {"startdate": epoch, "data": values}))


class TestTheRowsOfTheContract:
    def test_are_all_that_the_code_makes_in_these_units(self, table: ModuleType) -> None:
        types: Values = dict.fromkeys(MEASURE_TYPES, VALUE)
        fields: Values = {row.source: VALUE for row in table.CONTRACT if isinstance(row.source, str)}
        named: Values = {metric.code: VALUE for metric in METRICS.values() if isinstance(metric.code, str)}
        records: list[tuple[Kind, Values]] = [
            (Kind.MEASURES, types),
            (Kind.MEASURES, {4: VALUE}),
            (Kind.ACTIVITY, named),
            (Kind.SLEEP, named | fields),
        ]
        made = {
            (kind, row.vital_type, row.units) for kind, values in records for row in rows_of(kind, values)
        }
        assert made == {(row.kind, row.vital_type, row.units) for row in table.CONTRACT}

    def test_are_converted_and_rounded_so(self, table: ModuleType) -> None:
        for row in table.CONTRACT:
            if row.vital_type == "bmi":
                continue
            weight: Values = {1: VALUE} if row.vital_type == "body-fat-percentage" else {}
            made = {one.vital_type: one for one in rows_of(row.kind, weight | {row.source: VALUE})}
            converted = row.conversion.of(VALUE)
            value = to_text(converted) if row.digits is None else to_fixed(converted, row.digits)
            assert (made[row.vital_type].value, made[row.vital_type].units) == (value, row.units), row

    def test_have_a_bmi_of_one_decimal(self, table: ModuleType) -> None:
        (bmi,) = (row for row in table.CONTRACT if row.vital_type == "bmi")
        (made,) = (row for row in rows_of(Kind.MEASURES, {1: 70.4, 4: 1.8}) if row.vital_type == "bmi")
        assert Decimal(made.value).as_tuple().exponent == -bmi.digits


class TestThePage:
    def test_names_every_metric_and_every_row_once_where_it_belongs(self, table: ModuleType) -> None:
        cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines()]
        metrics = [line[1].strip("`") for line in cells if len(line) == len(table.HEAD) and line[1]]
        assert sorted(metrics) == sorted([*METRICS, "metric", "---"] + ["metric", "---"] * 8)
        for entry in EXTENDED:
            assert f"`{entry.name}` " in PAGE, entry.name
        for row in table.CONTRACT:
            assert f"**`{row.vital_type}`** {row.units}" in PAGE, row

    def test_tells_of_every_kind_of_record(self, table: ModuleType) -> None:
        assert table.KINDS.keys() == set(Kind)
        assert table.TITLES.keys() == {metric.kind for metric in METRICS.values()}
