"""What others recorded from Withings' cloud, and thousands of rows like it: nothing is lost on the way
from a reply to a record, into the store and back, and to readings.
"""

import json
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e2e.lengths import LONG
from recorded import REPLIES, all_rows, needs_recorded, rows, rows_of
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.readings import readings
from withings_bridge.domain.records import Kind, Record, record_from, records_from
from withings_bridge.domain.unknowns import unknowns
from withings_bridge.storage.documents import dump_body, load_body

pytestmark = needs_recorded

Row = dict[str, Any]

BESIDE = {Kind.ACTIVITY: {"brand", "modelid", "modified", "is_tracker"}}
"""Numbers of a row that tell about it, and measure nothing."""

ZERO_IS_NO_DATA = {Kind.ACTIVITY: {"hr_average", "hr_min", "hr_max"}}


def as_text(row: Any) -> str:
    """JSON to the letter: keys in their order, a decimal fraction told from a whole number."""
    return json.dumps(row)


def measured(row: Row) -> Counter[tuple[int, Fraction, int | None]]:
    """What a group says by Withings' own rule, ``value * 10**unit``, each measure once."""
    told = {(m["type"], m["value"], m["unit"], m.get("position")) for m in row["measures"]}
    exact: Counter[tuple[int, Fraction, int | None]] = Counter()
    for type_, value, unit, position in told:
        known = MEASURE_TYPES.get(type_)
        code = known is not None and known.classification
        exact[type_, Fraction(value) * (1 if code else Fraction(10) ** unit), position] += 1
    return exact


def numbers(values: Mapping[str, Any], kind: Kind) -> dict[str, Fraction]:
    """All numbers among the fields, as the digits that were sent say them."""
    return {
        name: Fraction(repr(value))
        for name, value in values.items()
        if isinstance(value, (int, float))
        and not isinstance(value, bool)
        and name not in BESIDE.get(kind, ())
        and not (value == 0 and name in ZERO_IS_NO_DATA.get(kind, ()))
    }


def assert_kept(kind: Kind, row: Row) -> Record:
    """The row's record holds all of it, also after a stay in the store; the record."""
    record = record_from(kind, row)
    assert as_text(record.body) == as_text(row)
    back = load_body(dump_body(record.body))
    assert as_text(back) == as_text(row)
    assert record_from(kind, back) == record
    return record


def assert_read(kind: Kind, row: Row) -> None:
    """Each number of the row is a reading with its exact value, also under a name that is new."""
    found = list(readings(record_from(kind, row)))
    new = Counter({pair: 1 for pair in numbers(row, kind).items() if pair[0].startswith("new_")})
    assert all(reading.metric in METRICS or reading.unit is None for reading in found)
    if kind is Kind.MEASURES:
        of_types = [reading for reading in found if isinstance(reading.code, int)]
        assert Counter((r.code, Fraction(r.value), r.position) for r in of_types) == measured(row)
        assert Counter((r.code, Fraction(r.value)) for r in found if r not in of_types) == new
    elif kind is Kind.ACTIVITY:
        assert {r.code: Fraction(r.value) for r in found} == numbers(row, kind)
    elif kind in (Kind.SLEEP, Kind.WORKOUT):
        data = Counter(numbers(row.get("data") or {}, kind).items())
        assert Counter((r.code, Fraction(r.value)) for r in found) == data + new
    elif kind is Kind.SEGMENT:
        assert [(r.code, r.value) for r in found if r.until] == [("state", row["state"])]
    elif kind is Kind.GOALS:
        assert {r.code for r in found} == row.keys()
    else:
        assert found == []


class TestWhatWasRecorded:
    @pytest.mark.parametrize("name", REPLIES)
    def test_is_kept_whole(self, name: str) -> None:
        kind, _ = REPLIES[name]
        assert rows(name)
        for row in rows(name):
            assert_kept(kind, row)

    @pytest.mark.parametrize("name", REPLIES)
    def test_is_read_whole(self, name: str) -> None:
        kind, _ = REPLIES[name]
        for row in rows(name):
            assert_read(kind, row)

    @pytest.mark.parametrize(
        ("name", "records", "found"),
        [
            ("measurement_list_2", 34, 405),
            ("measurement_positions", 2, 52),
            ("activity", 2, 25),
            ("sleep_no_datafields", 613, 613),
            ("sleep_summary", 300, 7500),
            ("sleep_summary_no_datafields", 300, 4500),
            ("workouts", 10, 136),
        ],
    )
    def test_is_so_many_records_and_readings(self, name: str, records: int, found: int) -> None:
        """Of the eleven workouts one came twice, to the letter."""
        kind, _ = REPLIES[name]
        kept = records_from(kind, rows(name))
        assert len(kept) == records
        assert sum(len(list(readings(record))) for record in kept) == found

    def test_has_a_name_for_each_of_its_numbers(self) -> None:
        found = {r.metric for kind, row in all_rows() for r in readings(record_from(kind, row))}
        assert len(found) > 50
        assert found <= METRICS.keys()

    def test_holds_nothing_that_no_table_knows(self) -> None:
        assert [each for kind, row in all_rows() for each in unknowns(record_from(kind, row))] == []


# --- thousands more like them -------------------------------------------------------------------------

NUMBERS = st.integers(-(10**9), 10**9) | st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
ANYTHING: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.just([]) | st.just({})
)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=3, max_size=12).map("new_{}".format)
NEW = st.dictionaries(NAMES, ANYTHING, max_size=3)
"""Fields that nobody has seen yet."""

MEASURES = st.fixed_dictionaries(
    {
        "value": st.integers(-(10**9), 10**9),
        "type": st.sampled_from(sorted(MEASURE_TYPES)) | st.integers(1, 999),
        "unit": st.integers(-9, 4),
    },
    optional={
        "algo": st.integers(0, 2**31),
        "fm": st.integers(0, 255),
        "position": st.none() | st.integers(0, 40),
    },
)


def recorded_row(kind: Kind) -> st.SearchStrategy[Row]:
    return st.deferred(lambda: st.sampled_from(rows_of(kind)))


def group(like: Row, more: list[Row], attrib: int | None, new: Row) -> Row:
    """Some measures of its own, and all of them once more at times, as real groups do."""
    return like | {"measures": like["measures"] + more + more[:1], "attrib": attrib} | new


def with_data(like: Row, data: Row | None, new: Row) -> Row:
    return like | {"data": None if data is None else like["data"] | data} | new


GROUPS = st.builds(
    group,
    recorded_row(Kind.MEASURES),
    st.lists(MEASURES, max_size=6),
    st.none() | st.integers(0, 30),
    NEW,
)
FIELDS = st.deferred(
    lambda: st.dictionaries(
        st.sampled_from(sorted({name for row in rows_of(Kind.SLEEP) for name in row["data"]})) | NAMES,
        ANYTHING,
        max_size=5,
    )
)
NIGHTS = st.builds(with_data, recorded_row(Kind.SLEEP), st.none() | FIELDS, NEW)
WORKOUTS = st.builds(with_data, recorded_row(Kind.WORKOUT), st.none() | FIELDS, NEW)
DAYS = st.builds(
    lambda like, known, new: like | known | new,
    recorded_row(Kind.ACTIVITY),
    st.dictionaries(st.sampled_from(["steps", "distance", "hr_average", "hr_min", "calories"]), ANYTHING),
    NEW,
)

many = settings(max_examples=1000 if LONG else 100, deadline=None)


@pytest.mark.proof
@pytest.mark.timeout(3600 if LONG else 120)
class TestRowsLikeThem:
    @many
    @given(GROUPS)
    def test_that_are_groups(self, row: Row) -> None:
        assert_kept(Kind.MEASURES, row)
        assert_read(Kind.MEASURES, row)

    @many
    @given(NIGHTS)
    def test_that_are_nights(self, row: Row) -> None:
        assert_kept(Kind.SLEEP, row)
        assert_read(Kind.SLEEP, row)

    @many
    @given(WORKOUTS)
    def test_that_are_workouts(self, row: Row) -> None:
        assert_kept(Kind.WORKOUT, row)
        assert_read(Kind.WORKOUT, row)

    @many
    @given(DAYS)
    def test_that_are_days(self, row: Row) -> None:
        assert_kept(Kind.ACTIVITY, row)
        assert_read(Kind.ACTIVITY, row)
