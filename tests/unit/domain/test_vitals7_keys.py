"""The keys that a record may ever have yielded hold every key it does yield."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import NOON
from withings_bridge.domain.extended import NAMES
from withings_bridge.domain.mapping import RowMapping, Sources
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import Kind, record_from
from withings_bridge.domain.row_keys import Standing, possible_keys, source_of, source_of_gone
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night

MEASURES = st.fixed_dictionaries(
    {
        "type": st.sampled_from((1, 4, 5, 6, 8, 9, 10, 11, 12, 54, 71, 76, 88, 91, 175)),
        "value": st.integers(-10, 200_000),
        "unit": st.integers(-4, 2),
    }
)
GROUPS = st.fixed_dictionaries(
    {
        "date": st.just(int(NOON.timestamp())),
        "attrib": st.sampled_from((0, 1, 2, 8)),
        "category": st.sampled_from((1, 2)),
        "measures": st.lists(MEASURES, max_size=6),
    },
    optional={"grpid": st.integers(0, 10**12) | st.text("a#b", max_size=200)},
)
NIGHTS = st.fixed_dictionaries(
    {
        "startdate": st.integers(0, 2 * 10**9),
        "enddate": st.integers(0, 2 * 10**9),
        "data": st.dictionaries(
            st.sampled_from(("total_sleep_time", "rr_average", "spo2_average", "snoring", "hr_min")),
            st.integers(-1, 99),
        ),
    },
    optional={"id": st.integers(0, 10**12) | st.none(), "hash_deviceid": st.text("ab", max_size=3)},
)
DAYS = st.fixed_dictionaries(
    {"date": st.dates().map(str), "steps": st.integers(-1, 99_999)},
    optional={
        "deviceid": st.none() | st.text("ab", max_size=3),
        "is_tracker": st.booleans(),
        "distance": st.floats(-1, 1e6),
    },
)

MAPPINGS = st.builds(RowMapping, st.frozensets(st.sampled_from(NAMES)), st.sampled_from(Sources))


def assert_held(rows: list[VitalRow], keys: frozenset[str]) -> None:
    assert {row.item_key for row in rows} <= keys
    assert all(len(row.source_id) <= 180 and "#" not in row.source_id for row in rows)


class TestPossibleKeys:
    @given(body=GROUPS, known_height=st.booleans(), by=MAPPINGS)
    def test_hold_every_row_of_a_group(
        self, *, body: dict[str, Any], known_height: bool, by: RowMapping
    ) -> None:
        group = record_from(Kind.MEASURES, body)
        tall = record_from(Kind.MEASURES, {"date": 1, "measures": [{"type": 4, "value": 18, "unit": -1}]})
        heights = Heights(
            height for g in (group, *([tall] if known_height else [])) if (height := height_of(g))
        )
        assert_held(rows_of_group(group, heights, by), possible_keys(group, by))

    @given(GROUPS, GROUPS)
    def test_depend_on_the_name_of_a_group_alone(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        before = record_from(Kind.MEASURES, one | {"grpid": 5})
        after = record_from(Kind.MEASURES, other | {"grpid": 5})
        assert possible_keys(before) == possible_keys(after)

    @given(NIGHTS, MAPPINGS)
    def test_hold_every_row_of_a_night(self, body: dict[str, Any], by: RowMapping) -> None:
        night = record_from(Kind.SLEEP, body)
        assert_held(rows_of_night(night, by), possible_keys(night, by))

    @given(DAYS, MAPPINGS)
    def test_hold_the_rows_of_a_day(self, body: dict[str, Any], by: RowMapping) -> None:
        day = record_from(Kind.ACTIVITY, body)
        assert_held(rows_of_day([day], by), possible_keys(day, by))

    @given(st.sampled_from((Kind.MEASURES, Kind.SLEEP, Kind.ACTIVITY)), st.integers(1, 10**12), st.data())
    def test_are_known_by_the_name_alone(self, kind: Kind, number: int, data: st.DataObject) -> None:
        named: dict[Kind, dict[str, Any]] = {
            Kind.MEASURES: {"grpid": number},
            Kind.SLEEP: data.draw(
                st.sampled_from(({"id": number}, {"hash_deviceid": "a", "startdate": number}))
            ),
            Kind.ACTIVITY: {
                "date": str(data.draw(st.dates())),
                "deviceid": data.draw(st.none() | st.just("a")),
            },
        }
        record = record_from(kind, named[kind])
        assert source_of_gone(record.name) == str(source_of(record))
        assert possible_keys(record)

    def test_hold_of_extended_names_only_those_that_are_switched_on(self) -> None:
        """Each key costs a read on DynamoDB with every change of the record."""
        group = record_from(Kind.MEASURES, {"grpid": 5})
        more = possible_keys(group, RowMapping(frozenset({"fat-mass", "distance"}))) - possible_keys(group)
        assert more == {"VIT#fat-mass#SRC#withings_measure_5_8#fat-mass"}

    @given(st.sampled_from((Kind.WORKOUT, Kind.HEART, Kind.DEVICE, Kind.HEIGHT)))
    def test_are_none_for_what_vitals7_does_not_show(self, kind: Kind) -> None:
        assert possible_keys(record_from(kind, {"id": 1, "timestamp": 1, "deviceid": "d"})) == frozenset()


class TestStanding:
    """Which rows have no right to be there."""

    @given(GROUPS.filter(lambda body: "#" not in str(body.get("grpid"))), MAPPINGS, MAPPINGS)
    def test_disowns_what_another_mapping_left_and_nothing_that_this_one_yields(
        self, body: dict[str, Any], before: RowMapping, now: RowMapping
    ) -> None:
        group = record_from(Kind.MEASURES, {**body, "grpid": 5})
        left = {row.item_key for row in rows_of_group(group, Heights([]), before)}
        yielded = {row.item_key for row in rows_of_group(group, Heights([]), now)}
        standing = Standing()
        standing.yields(yielded)
        standing.speaks_for(Kind.MEASURES, source_of(group))
        assert {key for key in left | yielded if standing.disowns(key)} == left - yielded

    def test_disowns_nothing_of_a_record_that_was_never_stored(self) -> None:
        standing = Standing()
        standing.speaks_for(Kind.MEASURES, 5)
        standing.speaks_for(Kind.SLEEP, 6)
        standing.speaks_for(Kind.ACTIVITY, "2026-03-02")
        ours = [
            *("weight_5_1", "measure_5_76", "hr_5_11", "sleep_6_sleep", "sleep_6_hr_average"),
            *("activity_2026-03-02_steps", "activity_2026-03-02_hr_max", "measure_5_999"),
        ]
        others = [
            *("weight_6_1", "measure_55_76", "sleep_5_sleep", "activity_2026-03-03_steps", "weight_5"),
            *("activity_5_steps", "sleep_2026-03-02_rr", "note_5_1", "5"),
        ]
        assert all(standing.disowns(f"VIT#x#SRC#withings_{source}#x") for source in ours)
        assert not any(standing.disowns(f"VIT#x#SRC#withings_{source}#x") for source in others)
        assert not standing.disowns("VIT#weight#SRC#fitbit_weight_5_1#weight")
        assert not standing.disowns("")
