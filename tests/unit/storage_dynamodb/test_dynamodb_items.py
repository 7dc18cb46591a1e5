"""How values and instants are spelled in DynamoDB."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from withings_bridge.storage.dynamodb.items import (
    from_microseconds,
    from_wire,
    microseconds,
    to_wire,
)
from withings_bridge.storage.dynamodb.writes import update

BEFORE_1970 = datetime(1923, 4, 5, 6, 7, 8, 9, tzinfo=UTC)


class TestItems:
    @pytest.mark.parametrize(
        ("value", "wire"),
        [
            ("text", {"S": "text"}),
            ("", {"S": ""}),
            (7, {"N": "7"}),
            (Decimal("1.50"), {"N": "1.50"}),
            (True, {"BOOL": True}),
            (None, {"NULL": True}),
            (b"\x00", {"B": b"\x00"}),
            (frozenset({"b", "a"}), {"SS": ["a", "b"]}),
            (frozenset({2, 1}), {"NS": ["1", "2"]}),
            ({"inner": 1}, {"M": {"inner": {"N": "1"}}}),
            (["a", 1], {"L": [{"S": "a"}, {"N": "1"}]}),
        ],
    )
    def test_survive_the_way_there_and_back(self, value: Any, wire: dict[str, Any]) -> None:
        assert to_wire({"name": value}) == {"name": wire}
        assert from_wire({"name": wire}) == {"name": value}

    @pytest.mark.parametrize("text", ["1700000000000", "1.7E+12", "1700000000000.0"])
    def test_read_a_whole_number_as_an_int_however_it_is_written(self, text: str) -> None:
        number = from_wire({"at": {"N": text}})["at"]
        assert type(number) is int
        assert number == 1_700_000_000_000

    def test_never_hold_an_empty_set(self) -> None:
        with pytest.raises(ValueError, match="no empty sets"):
            to_wire({"news_measures": frozenset()})


class TestInstants:
    @given(st.datetimes(timezones=st.just(UTC)))
    def test_keep_every_microsecond(self, at: datetime) -> None:
        assert from_microseconds(microseconds(at)) == at

    def test_before_1970_come_in_order(self) -> None:
        assert microseconds(BEFORE_1970) < microseconds(BEFORE_1970 + timedelta(microseconds=1)) < 0


class TestExpressions:
    def test_name_every_attribute_so_that_no_reserved_word_is_met(self) -> None:
        write = update("table", {"key": "k"}, "SET #value = :new", condition="#key = :key", values={"new": 1})
        assert write.arguments["ExpressionAttributeNames"] == {"#value": "value", "#key": "key"}
        assert write.arguments["ExpressionAttributeValues"] == {":new": {"N": "1"}}
