"""An import by dates: its chunks, its progress, and what is left of it."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, NOON
from withings_bridge.domain.imports import BEGINNING, Backfill


def an_import(*, days: int = 365, **fields: object) -> Backfill:
    backfill = Backfill(since=NOON - days * DAY, until=NOON, began_at=NOON)
    return replace(backfill, **fields)  # type: ignore[arg-type]  # named as the fields are


WHOLE = Backfill(since=BEGINNING, until=NOON, began_at=NOON)


def chunks(backfill: Backfill) -> list[Backfill]:
    """The import before each of its chunks."""
    found: list[Backfill] = []
    left: Backfill | None = backfill
    while left:
        found.append(left)
        left = left.after(left, None if left.start == left.since else replace(left, until=left.start))
    return found


class TestChunks:
    def test_begin_with_a_quarter_and_then_reach_as_far_again_as_has_been_imported(self) -> None:
        lengths = [chunk.until - chunk.start for chunk in chunks(WHOLE)]
        assert [length.days for length in lengths[:6]] == [92, 92, 184, 368, 736, 1472]
        assert len(lengths) == 9

    @pytest.mark.parametrize(("days", "count"), [(0, 1), (90, 1), (92, 1), (93, 2), (184, 2), (365, 3)])
    def test_are_few(self, days: int, count: int) -> None:
        assert len(chunks(an_import(days=days))) == count

    @given(st.integers(0, 30_000))
    def test_leave_no_gap_and_go_no_further_than_asked(self, days: int) -> None:
        parts = chunks(an_import(days=days))
        assert parts[0].until == NOON
        assert [part.start for part in parts[:-1]] == [part.until for part in parts[1:]]
        assert parts[-1].start == NOON - days * DAY


class TestProgress:
    def test_grows_from_nothing_to_all(self) -> None:
        for backfill in (WHOLE, an_import(), an_import(days=90)):
            shares = [chunk.progress for chunk in chunks(backfill)]
            assert shares[0] == 0
            assert shares == sorted(set(shares))
            assert shares[-1] < 1
            assert replace(backfill, until=backfill.since).progress == 1

    def test_of_a_whole_history_goes_by_chunks_and_not_by_years(self) -> None:
        shares = [chunk.progress for chunk in chunks(WHOLE)]
        steps = [after - before for before, after in itertools.pairwise(shares)]
        assert max(steps) - min(steps) < 0.001
        assert shares[4] > 0.4

    def test_of_no_length_is_done(self) -> None:
        assert an_import(days=0).progress == 1


class TestReachingFurther:
    def test_goes_on_where_it_is(self) -> None:
        running = an_import(until=NOON - 92 * DAY)
        assert running.reaching(BEGINNING) == replace(running, since=BEGINNING)

    def test_is_never_less_far(self) -> None:
        assert WHOLE.reaching(NOON - DAY) == WHOLE

    def test_keeps_its_place_in_the_pages_of_a_chunk_that_stays_the_same(self) -> None:
        inside = an_import(offset=300)
        assert inside.reaching(BEGINNING).offset == 300

    def test_counts_the_pages_anew_of_a_chunk_that_now_begins_earlier(self) -> None:
        inside = an_import(days=90, offset=300)
        further = inside.reaching(BEGINNING)
        assert (further.offset, further.start) == (None, NOON - 92 * DAY)


class TestAfterAChunk:
    def test_goes_on_behind_it(self) -> None:
        begun = an_import()
        left = replace(begun, until=begun.start)
        assert begun.after(begun, left) == left

    def test_goes_on_inside_it_when_there_are_more_pages(self) -> None:
        begun = an_import()
        assert begun.after(begun, replace(begun, offset=300)) == replace(begun, offset=300)

    def test_ends_with_the_last(self) -> None:
        begun = an_import(days=90)
        assert begun.after(begun, None) is None

    def test_that_was_the_last_when_it_began_goes_on_as_far_as_was_asked_meanwhile(self) -> None:
        begun = an_import(days=90)
        further = begun.reaching(BEGINNING)
        assert further.after(begun, None) == replace(further, until=NOON - 90 * DAY)

    def test_begins_a_chunk_again_whose_pages_are_others_now(self) -> None:
        begun = an_import(days=90)
        further = begun.reaching(BEGINNING)
        assert further.after(begun, replace(begun, offset=300)) == further

    def test_leaves_an_import_alone_that_began_anew_meanwhile(self) -> None:
        begun = an_import()
        anew = an_import(began_at=NOON + HOUR, until=NOON + HOUR)
        assert anew.after(begun, None) == anew
        assert anew.after(begun, replace(begun, offset=300)) == anew
