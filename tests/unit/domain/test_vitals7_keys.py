"""The keys that a record may ever have yielded hold every key it does yield."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from builders import NOON
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import Kind, record_from
from withings_bridge.domain.vitals7 import (
    Heights,
    VitalRow,
    keys_of_gone,
    possible_keys,
    rows_of_day,
    rows_of_group,
    rows_of_night,
)

MEASURES = st.fixed_dictionaries(
    {
        "type": st.sampled_from((1, 4, 6, 9, 10, 11, 12, 54, 71, 88)),
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
            st.sampled_from(("total_sleep_time", "rr_average", "spo2_average")), st.integers(-1, 99)
        ),
    },
    optional={"id": st.integers(0, 10**12) | st.none(), "hash_deviceid": st.text("ab", max_size=3)},
)
DAYS = st.fixed_dictionaries(
    {"date": st.dates().map(str), "steps": st.integers(-1, 99_999)},
    optional={"deviceid": st.none() | st.text("ab", max_size=3), "is_tracker": st.booleans()},
)


def assert_held(rows: list[VitalRow], keys: frozenset[str]) -> None:
    assert {row.item_key for row in rows} <= keys
    assert all(len(row.source_id) <= 180 and "#" not in row.source_id for row in rows)


class TestPossibleKeys:
    @given(body=GROUPS, known_height=st.booleans())
    def test_hold_every_row_of_a_group(self, *, body: dict[str, Any], known_height: bool) -> None:
        group = record_from(Kind.MEASURES, body)
        tall = record_from(Kind.MEASURES, {"date": 1, "measures": [{"type": 4, "value": 18, "unit": -1}]})
        heights = Heights(
            height for g in (group, *([tall] if known_height else [])) if (height := height_of(g))
        )
        assert_held(rows_of_group(group, heights), possible_keys(group))

    @given(GROUPS, GROUPS)
    def test_depend_on_the_name_of_a_group_alone(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        before = record_from(Kind.MEASURES, one | {"grpid": 5})
        after = record_from(Kind.MEASURES, other | {"grpid": 5})
        assert possible_keys(before) == possible_keys(after)

    @given(NIGHTS)
    def test_hold_every_row_of_a_night(self, body: dict[str, Any]) -> None:
        night = record_from(Kind.SLEEP, body)
        assert_held(rows_of_night(night), possible_keys(night))

    @given(DAYS)
    def test_hold_the_row_of_a_day(self, body: dict[str, Any]) -> None:
        day = record_from(Kind.ACTIVITY, body)
        assert_held(rows_of_day([day]), possible_keys(day))

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
        assert keys_of_gone(record.name) == possible_keys(record) != frozenset()

    @given(st.sampled_from((Kind.WORKOUT, Kind.HEART, Kind.DEVICE, Kind.HEIGHT)))
    def test_are_none_for_what_vitals7_does_not_show(self, kind: Kind) -> None:
        assert possible_keys(record_from(kind, {"id": 1, "timestamp": 1, "deviceid": "d"})) == frozenset()
