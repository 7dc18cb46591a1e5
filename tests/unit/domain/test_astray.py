"""Which rows are judged, and what explains them."""

from dataclasses import replace
from typing import Any

import pytest

from builders import DAY, HOUR, NOON, a_record, a_row, an_account
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.astray import EDGE, explained, judged, kind_of
from withings_bridge.domain.categories import Category
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import Work
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.records import Kind
from withings_bridge.domain.vitals7 import Heights, VitalRow

SINCE = NOON - 365 * DAY
IMPORTED = Work(imported_since=SINCE, cursor=NOON)
JUDGED = {Kind.MEASURES: Window(SINCE + EDGE, NOON)}


def an_imported_account(**fields: Any) -> Account:
    return an_account(work={Category.MEASURES: IMPORTED}, **fields)


def stored(row: VitalRow, **attributes: Any) -> dict[str, Any]:
    """The row as the table has it."""
    return {**row.attributes, "user_id": "user-1", **attributes}


class TestJudged:
    def test_is_from_the_edge_of_the_import_to_the_cursor(self) -> None:
        assert judged(an_imported_account()) == JUDGED

    def test_is_nothing_while_anything_is_imported(self) -> None:
        running = Work(backfill=Backfill(since=SINCE, until=NOON, began_at=NOON))
        account = an_imported_account()
        assert judged(replace(account, work={**account.work, Category.SLEEP: running})) == {}

    @pytest.mark.parametrize(
        "work",
        [
            Work(cursor=NOON),
            Work(imported_since=SINCE),
            Work(imported_since=NOON - DAY, cursor=NOON),
        ],
        ids=["no import was completed", "no cursor", "shorter than the edge"],
    )
    def test_is_nothing_where_not_all_is_known(self, work: Work) -> None:
        assert judged(an_account(work={Category.MEASURES: work})) == {}

    def test_is_nothing_that_the_consent_does_not_cover(self) -> None:
        assert judged(an_imported_account(scopes=frozenset({"user.activity"}))) == {}

    def test_is_nothing_of_kinds_that_yield_no_rows(self) -> None:
        work = dict.fromkeys((Category.HEART, Category.WORKOUTS, Category.HEIGHTS), IMPORTED)
        assert judged(an_account(work=work)) == {}


class TestKindOf:
    def test_is_that_of_the_record_that_has_to_explain_the_row(self) -> None:
        assert kind_of(stored(a_row(recorded_at=NOON - HOUR)), JUDGED) is Kind.MEASURES

    @pytest.mark.parametrize(
        "attributes",
        [
            {"recordedBy": "Fitbit"},
            {"recordedBy": None},
            {"sourceId": "fitbit_weight_1001"},
            {"sourceId": "withings_stetho_1001_1"},
            {"sourceId": None},
            {"vitalType": "muscle-mass"},
            {"recordedAt": int((SINCE + DAY).timestamp())},
            {"recordedAt": int((NOON + HOUR).timestamp())},
            {"recordedAt": 10**18},
            {"recordedAt": None},
        ],
        ids=str,
    )
    def test_is_none_of_a_row_that_is_not_judged(self, attributes: dict[str, Any]) -> None:
        assert kind_of(stored(a_row(recorded_at=NOON - HOUR), **attributes), JUDGED) is None

    def test_is_none_of_a_kind_that_is_not_judged(self) -> None:
        night = VitalRow("sleep-hours", "7", "hours", int(NOON.timestamp()) - 3600, "withings_sleep_7_sleep")
        assert kind_of(stored(night), JUDGED) is None


class TestExplained:
    def test_are_the_rows_that_a_record_yields(self) -> None:
        keys = explained(Kind.MEASURES, [a_record("1001")], Heights([]))
        assert keys == {a_row(1001).item_key}

    def test_are_those_of_a_day_from_all_its_sources(self) -> None:
        def a_day(source: str, steps: int) -> Any:
            body = {"date": "2026-03-02", "steps": steps, "deviceid": source}
            return a_record(f"2026-03-02/{source}/-", kind=Kind.ACTIVITY, body=body)

        keys = explained(Kind.ACTIVITY, [a_day("a", 0), a_day("b", 4000)], Heights([]))
        assert keys == {"VIT#steps#SRC#withings_activity_2026-03-02_steps#steps"}

    def test_are_a_nights(self) -> None:
        body = {"id": 7, "startdate": 1, "enddate": 2, "data": {"total_sleep_time": 3600, "rr_average": 14}}
        keys = explained(Kind.SLEEP, [a_record("7", kind=Kind.SLEEP, body=body)], Heights([]))
        assert keys == {
            "VIT#sleep-hours#SRC#withings_sleep_7_sleep#sleep-hours",
            "VIT#respiratory-rate#SRC#withings_sleep_7_rr#respiratory-rate",
        }

    def test_are_none_of_a_group_that_is_held_back(self) -> None:
        record = a_record("1001")
        held_back = replace(record, body={**record.body, "attrib": 1})
        assert explained(Kind.MEASURES, [held_back], Heights([])) == set()
