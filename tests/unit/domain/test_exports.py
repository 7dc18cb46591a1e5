"""The forms in which records and readings leave."""

import csv
import io
import json
from typing import Any

import pytest

from recorded import all_rows, needs_recorded
from withings_bridge.domain.exports import COLUMNS, HEADER, csv_row, json_line, record_fields
from withings_bridge.domain.readings import readings
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.domain.zones import local

WEIGH_IN = {
    "grpid": 5123456789,
    "attrib": 1,
    "date": 1768462241,
    "created": 1768462255,
    "modified": 1768462255,
    "category": 1,
    "deviceid": "9f3c1e7a55",
    "modelid": 5,
    "measures": [{"value": 813, "type": 1, "unit": 2, "position": 7}],
    "timezone": "Europe/Paris",
}


def rows_of(record: Record, zone: str | None = None) -> list[dict[str, str]]:
    text = HEADER + "".join(csv_row(reading, zone) for reading in readings(record))
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestARowOfCsv:
    def test_tells_all_of_a_reading(self) -> None:
        (row,) = rows_of(record_from(Kind.MEASURES, WEIGH_IN))
        assert row == {
            "metric": "weight",
            "value": "81300",
            "unit": "kg",
            "at": "2026-01-15T07:30:41Z",
            "local": "2026-01-15T08:30:41+01:00",
            "zone": "Europe/Paris",
            "until": "",
            "source": "device",
            "device": "9f3c1e7a55",
            "model": "5",
            "position": "7",
            "held_back": "true",
            "kind": "measures",
            "record": "5123456789",
            "code": "1",
            "attrib": "1",
            "modified": "2026-01-15T07:30:55Z",
        }

    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [(70120, -3, "70.120"), (7, 1, "70"), (1, -9, "0.000000001"), (-5, 0, "-5"), (0, 2, "0")],
    )
    def test_has_the_exact_value_without_an_exponent(self, value: int, unit: int, text: str) -> None:
        measures = [{"value": value, "type": 1, "unit": unit}]
        (row,) = rows_of(record_from(Kind.MEASURES, WEIGH_IN | {"measures": measures}))
        assert row["value"] == text

    def test_ends_and_is_quoted_as_rfc_4180_says(self) -> None:
        night = {"id": 'a "b", c', "startdate": 1768430400, "data": {"odd\nname,": 1}}
        (reading,) = readings(record_from(Kind.SLEEP, night))
        text = csv_row(reading, None)
        assert text.startswith('"field-odd\nname,",1,,')
        assert '"a ""b"", c"' in text
        assert text.endswith("\r\n")

    @pytest.mark.parametrize(
        ("own", "persons", "told"),
        [
            ("Asia/Tokyo", "Europe/Paris", "Asia/Tokyo"),
            (None, "Europe/Paris", "Europe/Paris"),
            ("Mars/Olympus", "Europe/Paris", "Europe/Paris"),
            (None, "Mars/Olympus", "UTC"),
            (None, None, "UTC"),
        ],
    )
    def test_is_told_in_the_zone_of_its_record_else_in_that_of_the_person(
        self, own: str | None, persons: str | None, told: str
    ) -> None:
        record = record_from(Kind.MEASURES, WEIGH_IN | {"timezone": own})
        (row,) = rows_of(record, persons)
        assert (row["zone"], row["local"]) == (told, local(record.at, told).isoformat())

    def test_has_as_many_fields_as_the_header(self) -> None:
        (row,) = csv.reader([HEADER])
        assert row == list(COLUMNS)
        assert len(set(row)) == 17


class TestALineOfNdjson:
    def test_tells_all_of_a_record(self) -> None:
        line = json_line(record_fields(record_from(Kind.MEASURES, WEIGH_IN)))
        assert line.endswith("}\n")
        assert json.loads(line) == {
            "kind": "measures",
            "key": "5123456789",
            "at": "2026-01-15T07:30:41Z",
            "modified": "2026-01-15T07:30:55Z",
            "body": WEIGH_IN,
        }

    @pytest.mark.parametrize("name", ["\ud83d", "two\nlines\u2028three", "kg/m²"])
    def test_is_one_line_of_ascii_whatever_a_name_holds(self, name: str) -> None:
        line = json_line(record_fields(record_from(Kind.DEVICE, {"deviceid": "d", "model": name})))
        assert line.isascii()
        assert line.count("\n") == 1
        assert json.loads(line)["body"]["model"] == name

    @needs_recorded
    def test_of_what_was_recorded_is_read_back_as_the_same_record(self) -> None:
        for kind, row in all_rows():
            assert_same_again(record_from(kind, row))

    @pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.SIGNAL])
    def test_of_any_kind_is_read_back_as_the_same_record(self, kind: Kind) -> None:
        body: dict[str, Any] = {"id": 7, "grpid": 7, "signalid": 7, "hour": 1768460400, "deviceid": "d"}
        body |= {"appli": 50, "date": 1768462241, "startdate": 1768462241, "timestamp": 1768462241}
        assert_same_again(record_from(kind, body))
        assert_same_again(record_from(kind, {"new": [1.5, None, {}]}))


def assert_same_again(record: Record) -> None:
    told = json.loads(json_line(record_fields(record)))
    again = record_from(Kind(told["kind"]), told["body"])
    assert again == record
    assert record_fields(again) == told
