"""What is left of a category's work after a turn, whatever arrived while the turn ran."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MINUTE, NOON, SECOND
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import BadScope, Transient
from withings_bridge.domain.imports import BEGINNING, Backfill
from withings_bridge.domain.inbox import (
    ASKED,
    EVERYTHING,
    MOST_WINDOWS,
    Done,
    Failed,
    News,
    Recheck,
    Task,
    Work,
    settle,
)
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.troubles import Trouble

LATER = NOON + MINUTE


def window(number: int = 0) -> Window:
    start = NOON - number * HOUR
    return Window(start - SECOND, start)


def news(*numbers: int) -> News:
    return News(frozenset(map(window, numbers)))


def told(*numbers: int, work: Work | None = None) -> Work:
    """Work after an announcement of each of the windows."""
    work = work or Work()
    for number in numbers:
        work = work.announce(news(number))
    return work


def a_task(work: Work) -> Task:
    """The whole of the work, as a turn takes it on."""
    return Task(Category.MEASURES, work, news=work.news, rechecks=work.rechecks)


def an_import(**fields: object) -> Backfill:
    backfill = Backfill(since=NOON - 365 * DAY, until=NOON, began_at=NOON)
    return replace(backfill, **fields)  # type: ignore[arg-type]  # named as the fields are


def a_chunk(work: Work) -> Task:
    return Task(Category.MEASURES, work, backfill=work.backfill)


def done(work: Work, result: Done, *, stored: Work | None = None) -> Work:
    return settle(stored or work, result, now=LATER, jitter=0)


class TestNews:
    @given(numbers=st.frozensets(st.integers(0, 9)), asked=st.booleans(), everything=st.booleans())
    def test_survives_the_way_it_is_stored(
        self, *, numbers: frozenset[int], asked: bool, everything: bool
    ) -> None:
        said = News(frozenset(map(window, numbers)), asked=asked, everything=everything)
        assert News.of(said.tokens) == said
        assert bool(said) == bool(said.tokens) == (len(said) > 0)

    def test_adds_and_takes_away(self) -> None:
        assert news(1, 2) | ASKED | news(2, 3) == News(news(1, 2, 3).windows, asked=True)
        assert (news(1, 2) | ASKED) - news(2) == News(news(1).windows, asked=True)

    def test_of_more_windows_than_are_kept_apart_becomes_everything(self) -> None:
        work = told(*range(MOST_WINDOWS)).announce(ASKED)
        assert not work.news.everything
        work = told(MOST_WINDOWS, work=work)
        assert work.news == ASKED | EVERYTHING
        assert work.announced == MOST_WINDOWS + 2


class TestDone:
    def test_takes_away_what_the_turn_saw(self) -> None:
        work = told(1, 2)
        after = done(work, Done(a_task(work), cursor=NOON))
        assert (after.news, after.cursor, after.trouble) == (News(), NOON, None)
        assert (after.settled, after.settled_at) == (2, LATER)

    def test_keeps_what_arrived_meanwhile(self) -> None:
        work = told(1)
        after = done(work, Done(a_task(work)), stored=told(2, 3, work=work))
        assert after.news == news(2, 3)
        assert after.settled == 1

    def test_compares_once_more_at_once_when_a_window_of_the_turn_was_announced_again(self) -> None:
        work = told(1, 2)
        after = done(work, Done(a_task(work)), stored=told(2, 3, 2, work=work))
        assert after.news == news(3)
        assert set(after.rechecks) == {Recheck(window(1), LATER), Recheck(window(2), LATER)}

    def test_keeps_a_window_that_was_announced_again_and_is_to_be_looked_at_later_anyhow(self) -> None:
        work = told(1, 2)
        later = Recheck(window(1), LATER + 5 * MINUTE)
        after = done(work, Done(a_task(work), rechecks=(later,)), stored=told(1, work=work))
        assert after.news == news(1)
        assert set(after.rechecks) == {later, Recheck(window(2), LATER)}

    def test_keeps_a_window_that_was_announced_again_and_waits_for_a_second_look(self) -> None:
        work = told(1, work=Work(rechecks=(Recheck(window(1), LATER + 3 * MINUTE),)))
        task = replace(a_task(work), rechecks=())
        after = done(work, Done(task), stored=told(1, work=work))
        assert (after.news, after.rechecks) == (news(1), work.rechecks)

    def test_keeps_what_was_asked_for_without_a_window_when_anything_was_announced_again(self) -> None:
        work = told(1).announce(ASKED)
        assert done(work, Done(a_task(work)), stored=told(1, work=work)).news == ASKED

    def test_keeps_a_comparison_of_everything_that_became_necessary_meanwhile(self) -> None:
        work = told(*range(MOST_WINDOWS))
        after = done(work, Done(a_task(work)), stored=told(MOST_WINDOWS, work=work))
        assert after.news == EVERYTHING

    @given(st.lists(st.integers(0, 4), max_size=4), st.lists(st.integers(0, 4), max_size=6))
    def test_never_loses_a_window_that_was_announced_after_the_turn_began(
        self, before: list[int], meanwhile: list[int]
    ) -> None:
        work = told(*before)
        after = done(work, Done(a_task(work)), stored=told(*meanwhile, work=work))
        again = {recheck.window for recheck in after.rechecks if recheck.due_at == LATER}
        assert after.news.windows | again >= news(*meanwhile).windows

    def test_never_moves_the_cursor_back(self) -> None:
        work = told(1, work=Work(cursor=NOON))
        assert done(work, Done(a_task(work), cursor=NOON - DAY)).cursor == NOON
        assert done(work, Done(a_task(work))).cursor == NOON
        assert done(work, Done(a_task(work), cursor=LATER)).cursor == LATER

    def test_leaves_what_is_to_be_done_next(self) -> None:
        work = told(1)
        after = done(work, Done(a_task(work), news=ASKED, pause_until=LATER + 5 * SECOND))
        assert (after.news, after.live_at(LATER)) == (ASKED, LATER + 5 * SECOND)

    def test_ends_the_trouble(self) -> None:
        work = replace(told(1), trouble=Trouble(3, "Transient", NOON, NOON, announced=1))
        assert done(work, Done(a_task(work))).trouble is None


class TestRechecks:
    def test_that_were_made_are_gone_and_new_ones_wait(self) -> None:
        made, waiting = Recheck(window(1), NOON), Recheck(window(2), NOON + HOUR)
        work = Work(rechecks=(made, waiting))
        task = Task(Category.MEASURES, work, rechecks=(made,))
        again = Recheck(window(3), NOON + 2 * HOUR, missing="digest")
        assert done(work, Done(task, rechecks=(again,))).rechecks == (waiting, again)

    def test_of_one_window_are_one_and_the_earlier(self) -> None:
        confirming = Recheck(window(1), NOON + MINUTE, missing="digest")
        work = Work(rechecks=(confirming,))
        echo = Recheck(window(1), NOON + 5 * MINUTE)
        task = Task(Category.MEASURES, work)
        assert done(work, Done(task, rechecks=(echo,))).rechecks == (confirming,)

    def test_that_failed_keep_all_they_know_and_wait_for_the_retry(self) -> None:
        recheck = Recheck(window(1), NOON, missing="digest", announced=False)
        work = Work(rechecks=(recheck,))
        after = settle(work, Failed(a_task(work), Transient()), now=NOON, jitter=0)
        assert (after.rechecks, after.news) == ((recheck,), News())
        assert after.live_at(NOON) == NOON + 2 * SECOND

    def test_that_were_buried_wait_for_news(self) -> None:
        work = Work(rechecks=(Recheck(window(1), NOON),))
        after = settle(work, Failed(a_task(work), BadScope()), now=NOON, jitter=0)
        assert after.live_at(NOON + DAY) is None
        assert after.announce(ASKED).live_at(NOON + DAY) == NOON + DAY


class TestFailed:
    def test_keeps_the_news_for_the_retry(self) -> None:
        work = told(1, 2)
        after = settle(work, Failed(a_task(work), Transient()), now=NOON, jitter=0)
        assert after.news == news(1, 2)
        assert after.settled == 0
        assert after.live_at(NOON) == NOON + 2 * SECOND

    def test_is_tried_at_once_when_more_is_announced(self) -> None:
        work = told(1)
        after = settle(work, Failed(a_task(work), Transient()), now=NOON, jitter=0)
        assert told(2, work=after).live_at(NOON + SECOND) == NOON + SECOND

    def test_is_tried_at_once_when_more_was_announced_while_it_failed(self) -> None:
        work = told(1)
        after = settle(told(1, work=work), Failed(a_task(work), Transient()), now=NOON, jitter=0)
        assert after.live_at(NOON) == NOON

    @pytest.mark.parametrize("again", [news(1), news(2), ASKED])
    def test_for_good_is_a_dead_letter_until_news_brings_it_back(self, again: News) -> None:
        work = told(1)
        buried = settle(work, Failed(a_task(work), BadScope()), now=NOON, jitter=0)
        assert buried.live_at(NOON + 365 * DAY) is None
        revived = buried.announce(again)
        assert revived.live_at(LATER) == LATER
        assert revived.news == news(1) | again


class TestImport:
    def test_goes_on_where_the_chunk_ended(self) -> None:
        work = Work(backfill=an_import())
        rest = an_import(until=NOON - 92 * DAY)
        after = done(work, Done(a_chunk(work), backfill=rest))
        assert (after.backfill, after.backfill_at(LATER)) == (rest, LATER)
        assert done(work, Done(a_chunk(work))).backfill is None

    def test_leaves_news_cursor_and_counts_alone(self) -> None:
        work = told(1, work=Work(backfill=an_import(), cursor=NOON))
        after = done(work, Done(a_chunk(work)), stored=told(2, work=work))
        assert (after.news, after.announced, after.settled, after.cursor) == (news(1, 2), 2, 0, NOON)

    def test_that_failed_waits_by_itself(self) -> None:
        work = told(1, work=Work(backfill=an_import()))
        after = settle(work, Failed(a_chunk(work), Transient()), now=NOON, jitter=0)
        assert after.backfill_at(NOON) == NOON + 2 * SECOND
        assert after.live_at(NOON) == NOON

    def test_does_not_end_a_comparison_of_everything_that_began_in_the_same_turn(self) -> None:
        work = replace(told(1), news=EVERYTHING, backfill=an_import(until=NOON - 200 * DAY))
        anew = an_import(until=LATER)
        after = done(work, Done(a_task(work), backfill=anew))
        assert done(after, Done(a_chunk(work), backfill=an_import(until=NOON - 292 * DAY))).backfill == anew
        assert done(after, Done(a_chunk(work))).backfill == anew

    def test_that_is_done_says_how_far_back_everything_is_stored(self) -> None:
        work = Work(backfill=an_import())
        halfway = done(work, Done(a_chunk(work), backfill=an_import(until=NOON - 92 * DAY)))
        assert halfway.imported_since is None
        whole = done(halfway, Done(a_chunk(halfway)))
        assert whole.imported_since == NOON - 365 * DAY

    @pytest.mark.parametrize(("days", "since"), [(90, 365), (900, 900)])
    def test_of_another_length_never_says_less_than_one_before(self, days: int, since: int) -> None:
        again = an_import(since=NOON - days * DAY)
        work = Work(imported_since=NOON - 365 * DAY, backfill=again)
        assert done(work, Done(a_chunk(work))).imported_since == NOON - since * DAY

    def test_that_was_buried_does_not_bury_a_comparison_of_everything(self) -> None:
        buried = Trouble(15, "Transient", NOON, None)
        work = replace(told(1), backfill=an_import(until=NOON - 200 * DAY), backfill_trouble=buried)
        assert done(work, Done(a_task(work), backfill=an_import())).backfill_at(LATER) == LATER

    def test_is_noted_when_it_is_completed(self) -> None:
        work = Work(backfill=an_import())
        going_on = done(work, Done(a_chunk(work), backfill=an_import(until=NOON - 92 * DAY)))
        assert going_on.imported_at is None
        last = Work(backfill=an_import(until=NOON - 300 * DAY))
        assert done(last, Done(a_chunk(last))).imported_at == LATER

    def test_goes_as_far_back_as_was_asked_while_its_last_chunk_ran(self) -> None:
        work = Work(backfill=an_import(until=NOON - 300 * DAY))
        asked = replace(work, backfill=an_import(until=NOON - 300 * DAY).reaching(BEGINNING))
        after = done(work, Done(a_chunk(work)), stored=asked)
        assert after.backfill == an_import(since=BEGINNING, until=NOON - 365 * DAY)

    def test_that_begins_anew_goes_as_far_back_as_the_one_before(self) -> None:
        work = replace(told(1), news=EVERYTHING, backfill=an_import(since=BEGINNING))
        after = done(work, Done(a_task(work), backfill=an_import(until=LATER, began_at=LATER)))
        assert after.backfill == an_import(since=BEGINNING, until=LATER, began_at=LATER)

    def test_that_was_buried_is_tried_again_after_news(self) -> None:
        work = Work(announced=1, backfill=an_import())
        buried = settle(work, Failed(a_chunk(work), BadScope()), now=NOON, jitter=0)
        assert buried.backfill_at(LATER) is None
        assert buried.announce(ASKED).backfill_at(LATER) == LATER
