"""What no table knows yet is told with its code."""

from typing import Any

import pytest

from withings_bridge.domain.records import Kind, record_from
from withings_bridge.domain.unknowns import unknowns

KNOWN = {"attrib": 0, "modelid": 5, "measures": [{"type": 1, "value": 70, "unit": 0, "position": 7}]}


class TestUnknowns:
    @pytest.mark.parametrize(
        ("kind", "body", "expected"),
        [
            (Kind.MEASURES, KNOWN, []),
            (Kind.MEASURES, KNOWN | {"attrib": 10009}, [("attrib", "10009")]),
            (Kind.MEASURES, KNOWN | {"modelid": 777}, [("device model", "777")]),
            (
                Kind.MEASURES,
                KNOWN | {"measures": [{"type": 987, "value": 1, "unit": 0, "position": 44}] * 2},
                [("measure type", "987"), ("position", "44")],
            ),
            (Kind.WORKOUT, {"category": 1, "data": {"steps": 5}}, []),
            (Kind.WORKOUT, {"category": 999, "data": {}}, [("workout category", "999")]),
            (Kind.SLEEP, {"model": 32, "data": {"hr_min": 50}}, []),
            (Kind.SLEEP, {"model": 32, "data": {"dreams": 2}}, [("field", "sleep.dreams")]),
            (Kind.SEGMENT, {"startdate": 5, "state": 2}, []),
            (Kind.SEGMENT, {"startdate": 5, "state": 8}, [("sleep state", "8")]),
            (Kind.ACTIVITY, {"date": "2026-03-02", "steps": 5, "hops": 7}, [("field", "activity.hops")]),
        ],
    )
    def test_are_told_once_each(
        self, kind: Kind, body: dict[str, Any], expected: list[tuple[str, str]]
    ) -> None:
        assert list(unknowns(record_from(kind, body))) == expected

    def test_are_told_with_a_code_of_bounded_length(self) -> None:
        ((_, code),) = unknowns(record_from(Kind.SLEEP, {"data": {"x" * 500: 1}}))
        assert len(code) == 40
