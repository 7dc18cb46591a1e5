"""When a record that Withings no longer returns counts as deleted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from withings_bridge.domain.deletions import believed, digest
from withings_bridge.domain.records import Kind, RecordKey


def missing(count: int) -> list[RecordKey]:
    return [RecordKey(Kind.MEASURES, str(number)) for number in range(count)]


class TestBelieved:
    @pytest.mark.parametrize("count", [1, 5])
    def test_of_up_to_five_in_an_announced_window_at_once(self, count: int) -> None:
        assert believed(missing(count), announced=True, earlier=None)

    def test_of_more_than_five_only_when_a_second_answer_agrees(self) -> None:
        assert not believed(missing(6), announced=True, earlier=None)
        assert not believed(missing(6), announced=True, earlier=digest(missing(7)))
        assert believed(missing(6), announced=True, earlier=digest(missing(6)))

    def test_of_one_that_nobody_announced_only_when_a_second_answer_agrees(self) -> None:
        assert not believed(missing(1), announced=False, earlier=None)
        assert not believed(missing(1), announced=False, earlier=digest(missing(2)))
        assert believed(missing(1), announced=False, earlier=digest(missing(1)))


class TestDigest:
    @given(st.permutations(missing(6)))
    def test_does_not_depend_on_order(self, names: list[RecordKey]) -> None:
        assert digest(names) == digest(missing(6))

    def test_tells_sets_and_kinds_apart(self) -> None:
        as_heights = [RecordKey(Kind.HEIGHT, name.key) for name in missing(6)]
        assert len({digest(missing(5)), digest(missing(6)), digest(as_heights)}) == 3
