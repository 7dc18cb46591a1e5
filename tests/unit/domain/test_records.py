"""Natural keys and times of Withings' records, and rows that are not what they should be."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON
from withings_bridge.domain.records import (
    EPOCH,
    Kind,
    RecordKey,
    day_of,
    instant,
    record_from,
    records_from,
)

NOON_EPOCH = int(NOON.timestamp())

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("grpid", "id", "date", "deviceid", "hash_deviceid", "modelid", "timestamp", "startdate", "modified")
ODD_ROWS = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), JSON_VALUES, max_size=6)


class TestNaturalKey:
    @pytest.mark.parametrize(
        ("kind", "body", "key"),
        [
            (Kind.MEASURES, {"grpid": 4000000005}, "4000000005"),
            (Kind.HEIGHT, {"grpid": 7}, "7"),
            (Kind.ACTIVITY, {"date": "2026-03-02", "deviceid": "abc", "modelid": 93}, "2026-03-02/abc/93"),
            (Kind.ACTIVITY, {"date": "2026-03-02", "deviceid": None, "modelid": None}, "2026-03-02/-/-"),
            (Kind.ACTIVITY, {"date": "2026-03-02", "deviceid": None, "modelid": -1}, "2026-03-02/-/-1"),
            (Kind.WORKOUT, {"id": 12}, "12"),
            (Kind.SLEEP, {"id": 31, "hash_deviceid": "d", "startdate": 5}, "31"),
            (Kind.SLEEP, {"hash_deviceid": "d", "startdate": 5}, "d/5"),
            (Kind.HEART, {"timestamp": 9, "deviceid": "d"}, "9/d"),
            (Kind.HEART, {"timestamp": 9, "deviceid": None}, "9"),
            (Kind.STETHO, {"signalid": 44, "timestamp": 9}, "44"),
            (Kind.GOALS, {"steps": 10000}, "goals"),
            (Kind.INTRADAY, {"hour": 3600, "series": {}}, "3600"),
            (Kind.SEGMENT, {"hash_deviceid": "h", "startdate": 5, "state": 1}, "h/5"),
            (Kind.SEGMENT, {"hash_deviceid": None, "startdate": 5}, "-/5"),
            (Kind.EVENT, {"appli": 50, "deviceid": "d", "date": 9}, "50/d/9"),
            (Kind.DEVICE, {"deviceid": "d", "hash_deviceid": "h"}, "d"),
            (Kind.DEVICE, {"deviceid": None, "hash_deviceid": "h"}, "h"),
        ],
    )
    def test_is_what_withings_tells_its_records_apart_by(
        self, kind: Kind, body: dict[str, Any], key: str
    ) -> None:
        assert record_from(kind, body).key == key

    def test_stays_when_an_edit_moves_the_time(self) -> None:
        before = record_from(Kind.SLEEP, {"id": 31, "startdate": NOON_EPOCH})
        after = record_from(Kind.SLEEP, {"id": 31, "startdate": NOON_EPOCH - 600})
        assert before.name == after.name == RecordKey(Kind.SLEEP, "31")
        assert before.at != after.at

    def test_keeps_the_sources_of_one_day_apart(self) -> None:
        rows = [
            {"date": "2026-03-02", "deviceid": device, "modelid": model}
            for device, model in (("abc", 93), (None, None), (None, 1055))
        ]
        assert len(records_from(Kind.ACTIVITY, rows)) == 3

    def test_of_a_row_without_an_id_is_made_of_its_content(self) -> None:
        one, same, other = (
            record_from(Kind.MEASURES, {"measures": [value]}).key for value in ({"a": 1}, {"a": 1}, {"a": 2})
        )
        assert one == same != other
        assert one.startswith("~")

    def test_is_no_id_that_withings_could_give_when_the_day_cannot_be_read(self) -> None:
        assert record_from(Kind.ACTIVITY, {"date": "yesterday"}).key.startswith("~")


class TestTime:
    @pytest.mark.parametrize(
        ("kind", "body", "at"),
        [
            (Kind.MEASURES, {"date": NOON_EPOCH, "created": 5}, NOON),
            (Kind.MEASURES, {"created": NOON_EPOCH}, NOON),
            (Kind.MEASURES, {"date": str(NOON_EPOCH)}, NOON),
            (Kind.ACTIVITY, {"date": "2026-03-02"}, datetime(2026, 3, 2, tzinfo=UTC)),
            (Kind.SLEEP, {"startdate": NOON_EPOCH, "enddate": NOON_EPOCH + 9}, NOON),
            (Kind.WORKOUT, {"startdate": NOON_EPOCH}, NOON),
            (Kind.HEART, {"timestamp": NOON_EPOCH}, NOON),
            (Kind.DEVICE, {"last_session_date": NOON_EPOCH}, EPOCH),
            (Kind.MEASURES, {}, EPOCH),
            (Kind.MEASURES, {"date": 10**18}, EPOCH),
        ],
    )
    def test_is_when_it_was_taken_or_began(self, kind: Kind, body: dict[str, Any], at: datetime) -> None:
        assert record_from(kind, body).at == at

    def test_of_change_is_withings_modified(self) -> None:
        assert record_from(Kind.WORKOUT, {"id": 1, "modified": NOON_EPOCH}).modified == NOON
        assert record_from(Kind.WORKOUT, {"id": 1}).modified is None


class TestOddRows:
    @given(kind=st.sampled_from(Kind), body=ODD_ROWS)
    def test_never_fail(self, kind: Kind, body: dict[str, Any]) -> None:
        record = record_from(kind, body)
        assert record.key
        assert record.at.tzinfo is UTC
        assert record.body == body


class TestDuplicates:
    def test_of_a_reply_count_once_as_the_last_of_them(self) -> None:
        rows = [{"grpid": 1, "attrib": 0}, {"grpid": 2}, {"grpid": 1, "attrib": 7}]
        assert [dict(record.body) for record in records_from(Kind.MEASURES, rows)] == [rows[2], rows[1]]


class TestSameAs:
    def test_compares_all_that_withings_said(self) -> None:
        one = record_from(Kind.MEASURES, {"grpid": 1, "comment": None})
        assert one.same_as(record_from(Kind.MEASURES, {"comment": None, "grpid": 1}))
        assert not one.same_as(record_from(Kind.MEASURES, {"grpid": 1}))
        assert not one.same_as(None)


class TestInstant:
    @pytest.mark.parametrize("value", [None, "", "soon", True, [], {}, 10**30, "9" * 5000, float("inf")])
    def test_is_none_for_what_is_no_epoch(self, value: Any) -> None:
        assert instant(value) is None


class TestDay:
    def test_is_a_calendar_day(self) -> None:
        assert day_of("2026-03-02") == date(2026, 3, 2)

    @pytest.mark.parametrize(
        "value", [None, 20260302, "", "20260302", "2026-W10-1", "2026-13-01", "1795435200", "1801011200"]
    )
    def test_is_written_in_one_way_only_so_that_no_epoch_passes_for_one(self, value: Any) -> None:
        assert day_of(value) is None
