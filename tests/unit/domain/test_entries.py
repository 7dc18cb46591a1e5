"""What a person sees of the inbox, and what a replay and a drop do to it, also in the middle of a turn."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MINUTE, NOON, SECOND, a_window, an_account, news_of
from withings_bridge.domain.accounts import Account, announce, due, settled, tasks
from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Entry, Part, State, dropped, entries, replayed
from withings_bridge.domain.errors import BadScope, RateLimited, Transient
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import (
    ASKED,
    SWEEP,
    Done,
    Failed,
    Lane,
    News,
    Recheck,
    Task,
    Unread,
    Work,
)
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.troubles import Trouble

IMPORT = Backfill(since=NOON - 90 * DAY, until=NOON, began_at=NOON)
RETRYING = Trouble(3, "Transient: later", NOON - HOUR, NOON + MINUTE, announced=1)
BURIED = Trouble(15, "Transient: later", NOON - DAY, None, announced=1)

BOTH = (Part.LIVE, Part.IMPORT)


def an_inbox(trouble: Trouble | None = None, *, part: Part = Part.LIVE) -> Account:
    """An account with work of one part of measures, in that trouble."""
    work = (
        Work(news=ASKED, announced=1, trouble=trouble)
        if part is Part.LIVE
        else Work(announced=1, backfill=IMPORT, backfill_trouble=trouble)
    )
    return an_account(work={Category.MEASURES: work})


def only(account: Account) -> Entry:
    (entry,) = entries(account, NOON)
    return entry


def failed(account: Account, error: Exception, *, began_with: Account) -> Account:
    """After a turn whose only task failed."""
    (task,) = tasks(began_with, NOON)
    return settled(account, [Failed(task, error)], now=NOON, jitter=0)


def done(account: Account, *, began_with: Account) -> Account:
    """After a turn whose only task was completed."""
    (task,) = tasks(began_with, NOON)
    return settled(account, [Done(task)], now=NOON, jitter=0)


class TestEntries:
    def test_are_none_without_work(self) -> None:
        assert entries(an_account(work={Category.MEASURES: Work(cursor=NOON)}), NOON) == []

    @pytest.mark.parametrize("part", BOTH)
    def test_wait_when_nothing_is_wrong(self, part: Part) -> None:
        entry = only(an_inbox(part=part))
        assert (entry.category, entry.part, entry.state) == (Category.MEASURES, part, State.WAITING)
        assert (entry.next_at, entry.attempts, entry.reason, entry.stuck) == (NOON, 0, None, False)

    @pytest.mark.parametrize("part", BOTH)
    def test_say_why_they_are_retried_and_when(self, part: Part) -> None:
        entry = only(an_inbox(RETRYING, part=part))
        assert (entry.state, entry.next_at, entry.stuck) == (State.RETRYING, NOON + MINUTE, True)
        assert (entry.attempts, entry.reason, entry.since) == (3, "Transient: later", NOON - HOUR)

    @pytest.mark.parametrize("part", BOTH)
    def test_that_were_given_up_have_no_next_time(self, part: Part) -> None:
        entry = only(an_inbox(BURIED, part=part))
        assert (entry.state, entry.next_at, entry.stuck) == (State.BURIED, None, True)

    @pytest.mark.parametrize("part", BOTH)
    def test_that_were_given_up_wait_again_after_news(self, part: Part) -> None:
        account = announce(an_inbox(BURIED, part=part), news_of())
        found = {entry.part: entry for entry in entries(account, NOON)}
        assert (found[part].state, found[part].next_at) == (State.WAITING, NOON)
        assert found[part].reason == "Transient: later"

    def test_of_an_import_are_not_hurried_by_news(self) -> None:
        account = announce(an_inbox(RETRYING, part=Part.IMPORT), news_of())
        assert [entry.state for entry in entries(account, NOON)] == [State.WAITING, State.RETRYING]

    def test_of_an_import_say_how_far_it_is(self) -> None:
        work = Work(backfill=replace(IMPORT, until=NOON - 45 * DAY))
        entry = only(an_account(work={Category.SLEEP: work}))
        assert entry.progress == 0.5
        assert only(an_inbox()).progress is None

    def test_are_there_for_what_is_looked_at_once_more(self) -> None:
        recheck = Recheck(a_window(), NOON + MINUTE)
        entry = only(an_account(work={Category.SLEEP: Work(rechecks=(recheck,))}))
        assert (entry.part, entry.next_at) == (Part.LIVE, NOON + MINUTE)

    def test_come_in_the_order_of_turns_the_import_behind_what_is_live(self) -> None:
        both = Work(news=ASKED, announced=1, backfill=IMPORT)
        account = an_account(work={Category.SUBSCRIPTIONS: Work(news=ASKED), Category.MEASURES: both})
        assert [entry.name for entry in entries(account, NOON)] == [
            *("measures", "import of measures", "subscriptions")
        ]

    def test_have_no_next_time_before_somebody_consents(self) -> None:
        account = replace(an_inbox(RETRYING), consent_needed_at=NOON)
        assert only(account).next_at is None

    def test_of_a_sweep_alone_are_tried_too(self) -> None:
        swept = Work(news=SWEEP, announced=1)
        assert only(an_account(work={Category.SLEEP: swept})).next_at == NOON
        retried = replace(swept, trouble=RETRYING)
        assert only(an_account(work={Category.SLEEP: retried})).next_at == NOON + MINUTE

    def test_of_the_end_of_a_link_are_tried_without_a_consent(self) -> None:
        work = dict.fromkeys((Category.LINK, Category.SLEEP), Work(news=ASKED, announced=1))
        account = an_account(work=work, consent_needed_at=NOON)
        assert [entry.next_at for entry in entries(account, NOON)] == [NOON, None]

    @given(
        part=st.sampled_from(BOTH),
        trouble=st.sampled_from([None, RETRYING, BURIED]),
        told=st.lists(st.sampled_from([ASKED, SWEEP]), max_size=2),
        consent=st.booleans(),
    )
    def test_are_tried_exactly_when_the_account_is_due(
        self, *, part: Part, trouble: Trouble | None, told: list[News], consent: bool
    ) -> None:
        account = an_inbox(trouble, part=part)
        for news in told:
            account = announce(account, {Category.MEASURES: news})
        account = replace(account, consent_needed_at=None if consent else NOON)
        times = [entry.next_at for entry in entries(account, NOON) if entry.next_at]
        assert sorted(set(times)) == sorted(set(due(account, NOON).values()))


class TestReplay:
    @pytest.mark.parametrize("trouble", [RETRYING, BURIED])
    @pytest.mark.parametrize("part", BOTH)
    def test_makes_it_due_now_with_the_whole_schedule_before_it(self, part: Part, trouble: Trouble) -> None:
        account = an_inbox(trouble, part=part)
        after = replayed(account, entries(account, NOON))
        assert (only(after).state, only(after).next_at, only(after).reason) == (State.WAITING, NOON, None)
        again = only(failed(after, Transient(), began_with=after))
        assert (again.attempts, again.since, again.next_at) == (1, NOON, NOON + 2 * SECOND)

    def test_leaves_the_rest_alone(self) -> None:
        both = Work(news=ASKED, announced=1, trouble=BURIED, backfill=IMPORT, backfill_trouble=BURIED)
        other = Work(news=ASKED, announced=1, trouble=BURIED)
        account = an_account(work={Category.MEASURES: both, Category.SLEEP: other})
        chosen = [entry for entry in entries(account, NOON) if entry.part is Part.IMPORT]
        after = replayed(account, chosen)
        assert after.of(Category.SLEEP) == other
        states = {entry.name: entry.state for entry in entries(after, NOON)}
        assert (states["measures"], states["import of measures"]) == (State.BURIED, State.WAITING)

    @pytest.mark.parametrize("error", [BadScope(), Transient(), RateLimited()])
    @pytest.mark.parametrize("part", BOTH)
    def test_is_not_undone_by_a_turn_that_began_before_it_and_failed(
        self, part: Part, error: Exception
    ) -> None:
        began = an_inbox(part=part)
        chosen = [replace(only(began), state=State.BURIED)]
        after = failed(replayed(began, chosen), error, began_with=began)
        assert any(entry.next_at for entry in entries(after, NOON))
        refused_anew = failed(after, BadScope(), began_with=after) if tasks(after, NOON) else after
        assert [entry.stuck for entry in entries(refused_anew, NOON)] == [True]

    def test_is_not_lost_on_a_turn_that_began_before_it_and_ended_well(self) -> None:
        began = an_inbox()
        after = done(replayed(began, entries(began, NOON)), began_with=began)
        assert after.of(Category.MEASURES).news == ASKED
        assert entries(done(after, began_with=after), NOON) == []

    def test_of_an_import_goes_on_behind_the_chunk_that_was_done_meanwhile(self) -> None:
        began = an_inbox(part=Part.IMPORT)
        assert entries(done(replayed(began, entries(began, NOON)), began_with=began), NOON) == []


class TestDrop:
    @pytest.mark.parametrize("trouble", [RETRYING, BURIED])
    @pytest.mark.parametrize("part", BOTH)
    def test_leaves_nothing_pending(self, part: Part, trouble: Trouble) -> None:
        account = an_inbox(trouble, part=part)
        after = dropped(account, entries(account, NOON))
        assert (entries(after, NOON), due(after, NOON)) == ([], {})

    def test_begins_a_list_of_changes_anew_the_next_time(self) -> None:
        unread = Unread(since=NOON - DAY, offset=300, until=NOON, newest=None)
        stuck = Work(news=ASKED, announced=1, trouble=BURIED, unread=unread)
        account = an_account(work={Category.SLEEP: stuck})
        assert dropped(account, entries(account, NOON)).of(Category.SLEEP).unread is None

    def test_leaves_the_other_part_and_all_that_is_known(self) -> None:
        known = Work(announced=4, settled=3, cursor=NOON - DAY, settled_at=NOON - DAY)
        work = replace(
            known,
            news=ASKED,
            rechecks=(Recheck(a_window(), NOON),),
            pause_until=NOON,
            trouble=BURIED,
            backfill=IMPORT,
        )
        account = an_account(work={Category.MEASURES: work})
        live, imported = entries(account, NOON)
        assert dropped(account, [live]).of(Category.MEASURES) == replace(known, backfill=IMPORT)
        assert dropped(account, [imported]).of(Category.MEASURES) == replace(work, backfill=None)

    @pytest.mark.parametrize("error", [BadScope(), Transient(), RateLimited()])
    @pytest.mark.parametrize("part", BOTH)
    def test_is_not_undone_by_a_turn_that_fails(self, part: Part, error: Exception) -> None:
        began = an_inbox(part=part)
        after = failed(dropped(began, entries(began, NOON)), error, began_with=began)
        assert (entries(after, NOON), due(after, NOON)) == ([], {})
        work = after.of(Category.MEASURES)
        assert (work.trouble, work.backfill_trouble) == (None, None)

    @pytest.mark.parametrize("part", BOTH)
    def test_is_not_undone_by_a_turn_that_ends_well(self, part: Part) -> None:
        began = an_inbox(part=part)
        after = done(dropped(began, entries(began, NOON)), began_with=began)
        assert entries(after, NOON) == []

    def test_does_not_take_along_what_was_announced_since(self) -> None:
        began = an_inbox()
        told = announce(dropped(began, entries(began, NOON)), news_of())
        for after in (failed(told, BadScope(), began_with=began), done(told, began_with=began)):
            assert after.of(Category.MEASURES).news == News(frozenset({a_window()}))
            assert due(after, NOON) == {Lane.LIVE: NOON}

    def test_lets_a_later_notification_bring_the_category_back(self) -> None:
        account = an_inbox(BURIED)
        back = announce(dropped(account, entries(account, NOON)), news_of())
        assert (only(back).state, only(back).next_at) == (State.WAITING, NOON)


class TestWhateverHappens:
    """Announcements, turns that end well or not, replays and drops, in any order and in mid-turn."""

    @given(
        st.lists(st.sampled_from(["told", "begin", "done", "later", "never", "replay", "drop"]), max_size=12)
    )
    def test_nothing_is_stuck_without_work_and_nothing_new_is_lost(self, steps: list[str]) -> None:
        account = announce(an_inbox(part=Part.IMPORT), news_of())
        running: list[Task] = []
        since: set[Window] = set()
        for number, step in enumerate(steps):
            match step:
                case "told":
                    window = a_window(NOON - number * HOUR)
                    account = announce(account, news_of(window))
                    since.add(window)
                case "begin" if not running:
                    running, since = tasks(account, NOON), set()
                case "done" | "later" | "never" if running:
                    errors = {"later": Transient(), "never": BadScope()}
                    results = [
                        Failed(task, errors[step]) if step in errors else Done(task) for task in running
                    ]
                    account, running = settled(account, results, now=NOON, jitter=0), []
                case "replay":
                    stuck = [entry for entry in entries(account, NOON) if entry.stuck]
                    account = replayed(account, stuck)
                    assert not any(entry.stuck for entry in entries(account, NOON))
                case "drop":
                    account, since = dropped(account, entries(account, NOON)), set()
            work = account.of(Category.MEASURES)
            assert work.news.windows >= since
            assert work.trouble is None or work.news
            assert work.backfill_trouble is None or work.backfill
            assert bool(work.live_at(NOON)) or not work.news or any(e.stuck for e in entries(account, NOON))
