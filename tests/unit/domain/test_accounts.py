"""An account: when it is due, what a turn does, and who joins it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import DAY, HOUR, MINUTE, NOON, SECOND, a_window, an_account, news_of
from withings_bridge.domain.accounts import (
    LIVE_ORDER,
    Account,
    Lease,
    announce,
    due,
    emptied,
    end_was_announced,
    following,
    follows,
    joined,
    needing_consent,
    settled,
    swept,
    tasks,
    with_whole_history,
)
from withings_bridge.domain.categories import TRACKED, Category
from withings_bridge.domain.errors import Transient
from withings_bridge.domain.imports import BEGINNING, Backfill
from withings_bridge.domain.inbox import ASKED, Done, Failed, Lane, Recheck, Subscriptions, Task, Work
from withings_bridge.domain.troubles import Trouble

WINDOWS = {
    Category.MEASURES: 365 * DAY,
    Category.HEART: 365 * DAY,
    Category.ACTIVITY: 90 * DAY,
    Category.WORKOUTS: 90 * DAY,
    Category.SLEEP: 90 * DAY,
}
ALL_SCOPES = frozenset({"user.info", "user.metrics", "user.activity", "user.sleepevents"})
IMPORT = Backfill(since=NOON - 90 * DAY, until=NOON, began_at=NOON)


def a_join(
    account: Account | None = None,
    *,
    user: str = "user-1",
    scopes: frozenset[str] = ALL_SCOPES,
    windows: dict[Category, timedelta] | None = None,
) -> Account:
    given = WINDOWS if windows is None else windows
    return joined(account, userid="1234", user=user, scopes=scopes, now=NOON, windows=given)


class TestDue:
    def test_is_never_without_work(self) -> None:
        assert due(an_account(), NOON) == {}

    def test_is_now_for_news(self) -> None:
        assert due(announce(an_account(), news_of()), NOON) == {Lane.LIVE: NOON}

    def test_is_the_earliest_of_all_categories(self) -> None:
        work = {
            Category.MEASURES: Work(rechecks=(Recheck(a_window(), NOON + HOUR),)),
            Category.SLEEP: Work(rechecks=(Recheck(a_window(), NOON + MINUTE),)),
        }
        assert due(an_account(work=work), NOON) == {Lane.LIVE: NOON + MINUTE}

    def test_is_in_its_own_lane_for_an_import(self) -> None:
        work = {Category.SLEEP: Work(backfill=IMPORT)}
        assert due(an_account(work=work), NOON) == {Lane.BACKFILL: NOON}

    def test_is_for_the_end_of_the_link_also_while_consent_is_needed(self) -> None:
        account = announce(an_account(), {Category.LINK: ASKED, Category.SLEEP: ASKED})
        refused = replace(account, consent_needed_at=NOON)
        assert due(refused, NOON + DAY) == {Lane.LIVE: NOON + DAY}
        assert [task.category for task in tasks(refused, NOON + DAY)] == [Category.LINK]

    def test_is_for_the_rows_also_while_consent_is_needed(self) -> None:
        account = replace(following(an_account(), "2"), consent_needed_at=NOON)
        assert due(account, NOON) == {Lane.ERRAND: NOON}
        assert [task.category for task in tasks(account, NOON)] == [Category.ROWS]

    def test_is_never_while_consent_is_needed(self) -> None:
        account = replace(announce(an_account(), news_of()), consent_needed_at=NOON)
        assert due(account, NOON) == {}
        assert tasks(account, NOON) == []


class TestTasks:
    def test_come_in_the_order_of_who_waits_for_them(self) -> None:
        account = announce(an_account(), dict.fromkeys(Category, ASKED))
        assert [task.category for task in tasks(account, NOON)] == list(LIVE_ORDER)
        assert set(LIVE_ORDER) == set(Category)

    def test_are_live_work_first_and_then_one_chunk_of_each_import(self) -> None:
        work = {Category.SLEEP: Work(backfill=IMPORT), Category.ACTIVITY: Work(backfill=IMPORT)}
        account = announce(an_account(work=work), news_of())
        found = [(task.category, task.backfill) for task in tasks(account, NOON)]
        assert found == [(Category.MEASURES, None), (Category.ACTIVITY, IMPORT), (Category.SLEEP, IMPORT)]

    def test_take_the_import_first_that_has_got_least_far_back(self) -> None:
        further = replace(IMPORT, until=NOON - 10 * DAY)
        work = {Category.MEASURES: Work(backfill=further), Category.SLEEP: Work(backfill=IMPORT)}
        assert [task.category for task in tasks(an_account(work=work), NOON)] == [Category.SLEEP]

    def test_pass_over_an_import_that_waits_for_its_retry(self) -> None:
        waiting = Trouble(1, "Transient", NOON, NOON + MINUTE)
        work = {
            Category.ACTIVITY: Work(backfill=IMPORT, backfill_trouble=waiting),
            Category.SLEEP: Work(backfill=IMPORT),
        }
        account = an_account(work=work)
        assert [task.category for task in tasks(account, NOON)] == [Category.SLEEP]
        at_the_retry = [task.category for task in tasks(account, NOON + MINUTE)]
        assert at_the_retry == [Category.ACTIVITY, Category.SLEEP]

    def test_hold_only_the_rechecks_whose_time_has_come(self) -> None:
        early, late = Recheck(a_window(NOON), NOON + SECOND), Recheck(a_window(NOON + HOUR), NOON + HOUR)
        account = an_account(work={Category.MEASURES: Work(rechecks=(early, late))})
        assert tasks(account, NOON) == []
        assert [task.rechecks for task in tasks(account, NOON + SECOND)] == [(early,)]

    def test_leave_news_and_rechecks_alone_until_the_retry(self) -> None:
        waiting = Trouble(1, "Transient", NOON, NOON + MINUTE, announced=1)
        recheck = Recheck(a_window(), NOON)
        work = Work(news=ASKED, announced=1, rechecks=(recheck,), trouble=waiting)
        account = an_account(work={Category.MEASURES: work})
        assert tasks(account, NOON) == []
        (task,) = tasks(account, NOON + MINUTE)
        assert (task.news, task.rechecks) == (ASKED, (recheck,))

    def test_are_due_exactly_when_the_account_is(self) -> None:
        waiting = Trouble(1, "Transient", NOON, NOON + MINUTE, announced=1)
        works = [
            Work(news=ASKED, announced=1),
            Work(news=ASKED, announced=1, trouble=waiting),
            Work(news=ASKED, announced=1, pause_until=NOON + MINUTE),
            Work(rechecks=(Recheck(a_window(), NOON),), trouble=waiting),
            Work(rechecks=(Recheck(a_window(), NOON + MINUTE),)),
            Work(backfill=IMPORT, backfill_trouble=waiting),
        ]
        for work in works:
            account = an_account(work={Category.MEASURES: work})
            for now in (NOON, NOON + MINUTE - SECOND, NOON + MINUTE):
                is_due = any(at <= now for at in due(account, now).values())
                assert bool(tasks(account, now)) == is_due


class TestLease:
    def test_ends_at_its_very_instant(self) -> None:
        account = an_account(lease=Lease("worker", NOON + SECOND))
        assert account.leased_at(NOON)
        assert not account.leased_at(NOON + SECOND)
        assert not an_account().leased_at(NOON)


class TestFollowing:
    """Rows, and the mapping that they follow."""

    def test_puts_the_rows_among_the_pending_work_as_what_nobody_waits_for(self) -> None:
        account = following(announce(an_account(projected="1"), news_of()), "2")
        assert not follows(an_account(projected="1"), "2")
        assert due(account, NOON) == {Lane.LIVE: NOON, Lane.ERRAND: NOON}
        assert [task.category for task in tasks(account, NOON)] == [Category.MEASURES, Category.ROWS]

    def test_leaves_rows_that_do_or_are_about_to(self) -> None:
        for account in (an_account(projected="2"), following(an_account(projected="1"), "2")):
            assert follows(account, "2")
            assert following(account, "2") is account

    def test_does_not_hurry_what_has_failed(self) -> None:
        account = following(an_account(projected="1"), "2")
        (task,) = tasks(account, NOON)
        failed = settled(account, [Failed(task, Transient())], now=NOON, jitter=0)
        assert following(failed, "2") is failed
        assert tasks(failed, NOON) == []

    def test_is_noted_once_a_turn_has_seen_to_it(self) -> None:
        account = following(an_account(projected="1"), "2")
        (task,) = tasks(account, NOON)
        assert settled(account, [Done(task, projected="2")], now=NOON, jitter=0).projected == "2"
        assert settled(account, [Done(task)], now=NOON, jitter=0).projected == "1"
        assert settled(account, [Failed(task, Transient())], now=NOON, jitter=0).projected == "1"

    def test_is_not_known_of_what_an_earlier_link_may_have_left(self) -> None:
        new = joined(None, userid="1", user="u", scopes=ALL_SCOPES, now=NOON, windows=WINDOWS)
        assert not follows(new, "2")
        again = joined(
            an_account(projected="1"), userid="1", user="u", scopes=ALL_SCOPES, now=NOON, windows=WINDOWS
        )
        assert again.projected == "1"


class TestSettled:
    def test_gives_the_lease_back_and_notes_the_sync(self) -> None:
        account = replace(announce(an_account(), news_of()), lease=Lease("worker", NOON))
        (task,) = tasks(account, NOON)
        after = settled(account, [Done(task)], now=NOON + SECOND, jitter=0)
        assert (after.lease, after.synced_at, after.fetched_at) == (None, NOON + SECOND, NOON + SECOND)
        assert due(after, NOON) == {}

    def test_keeps_the_zone_that_withings_named_last(self) -> None:
        task = Task(Category.MEASURES, Work())
        after = settled(an_account(), [Done(task, zone="Asia/Tokyo")], now=NOON, jitter=0)
        assert after.zone == "Asia/Tokyo"
        assert settled(after, [Done(task)], now=NOON, jitter=0).zone == "Asia/Tokyo"
        assert emptied(after).zone is None

    def test_notes_no_sync_when_a_part_of_it_failed(self) -> None:
        account = announce(an_account(), dict.fromkeys((Category.MEASURES, Category.SLEEP), ASKED))
        measures, sleep = tasks(account, NOON)
        after = settled(account, [Done(measures), Failed(sleep, Transient())], now=NOON, jitter=0)
        assert (after.synced_at, after.fetched_at) == (None, NOON)

    def test_notes_no_data_for_an_errand(self) -> None:
        account = announce(an_account(), {Category.SUBSCRIPTIONS: ASKED})
        (task,) = tasks(account, NOON)
        known = Subscriptions(confirmed=frozenset({1}), checked_at=NOON)
        after = settled(account, [Done(task, subscriptions=known)], now=NOON, jitter=0)
        assert (after.subscriptions, after.synced_at, after.fetched_at) == (known, None, None)

    def test_lets_go_of_the_traces_it_belongs_to_and_of_no_other(self) -> None:
        account = announce(an_account(), news_of(), "first")
        (task,) = tasks(account, NOON)
        stored = announce(account, news_of(), "meanwhile")
        after = settled(stored, [Done(task)], now=NOON, jitter=0, traces=account.traces)
        assert after.traces == ("meanwhile",)

    def test_keeps_the_traces_of_what_is_to_be_tried_again(self) -> None:
        account = announce(an_account(), news_of(), "first")
        (task,) = tasks(account, NOON)
        after = settled(account, [Failed(task, Transient())], now=NOON, jitter=0, traces=account.traces)
        assert after.traces == ("first",)

    def test_of_a_turn_that_had_nothing_to_do_only_gives_the_lease_back(self) -> None:
        account = an_account(lease=Lease("worker", NOON))
        assert settled(account, [], now=NOON, jitter=0) == an_account()


class TestEndWasAnnounced:
    claimed = an_account(lease=Lease("mine", NOON))
    told = announce(claimed, {Category.LINK: ASKED})

    def test_by_news_of_the_link(self) -> None:
        assert end_was_announced(self.told, refused=self.claimed)

    def test_not_by_other_news(self) -> None:
        assert not end_was_announced(announce(self.claimed, news_of()), refused=self.claimed)

    def test_not_when_somebody_has_linked_again_since(self) -> None:
        assert not end_was_announced(a_join(self.told), refused=self.claimed)

    def test_not_to_a_turn_whose_lease_is_another_s(self) -> None:
        for lease in (None, Lease("another's", NOON)):
            assert not end_was_announced(replace(self.told, lease=lease), refused=self.claimed)
        assert not end_was_announced(replace(self.told, lease=None), refused=an_account())


class TestNeedingConsent:
    def test_stops_all_work_and_keeps_it(self) -> None:
        account = replace(announce(an_account(), news_of()), lease=Lease("worker", NOON))
        after = needing_consent(account, NOON, refused=account)
        assert (after.consent_needed_at, after.lease, after.work) == (NOON, None, account.work)
        assert needing_consent(after, NOON + DAY, refused=after).consent_needed_at == NOON

    def test_is_not_believed_of_a_consent_that_came_later(self) -> None:
        account = replace(a_join(), lease=Lease("worker", NOON))
        after = needing_consent(a_join(account), NOON, refused=account)
        assert (after.consent_needed_at, after.lease) == (None, None)


class TestAWiderConsent:
    def test_begins_the_import_that_the_first_did_not_allow(self) -> None:
        windows = {Category.ACTIVITY: 90 * DAY}
        narrow = joined(
            None, userid="1", user="u", scopes=frozenset({"user.metrics"}), now=NOON, windows=windows
        )
        posted = announce(narrow, {Category.ACTIVITY: ASKED})
        wide = joined(
            posted,
            userid="1",
            user="u",
            scopes=frozenset({"user.metrics", "user.activity"}),
            now=NOON + DAY,
            windows=windows,
        )
        work = wide.of(Category.ACTIVITY)
        assert (work.cursor, work.backfill and work.backfill.until) == (NOON + DAY, NOON + DAY)
        assert work.news


class TestJoined:
    def test_first_is_an_import_of_everything_in_the_windows(self) -> None:
        account = a_join()
        assert account.users == {"user-1"}
        assert (account.linked_at, account.scopes) == (NOON, ALL_SCOPES)
        for category, length in WINDOWS.items():
            backfill = account.of(category).backfill
            assert backfill is not None
            assert (backfill.since, backfill.until, backfill.progress) == (NOON - length, NOON, 0)
        assert account.importing

    def test_first_starts_the_cursors_where_the_import_begins(self) -> None:
        account = a_join()
        cursors = {category: account.of(category).cursor for category in WINDOWS}
        assert cursors == dict.fromkeys(WINDOWS, NOON)

    def test_first_asks_for_subscriptions_devices_goals_and_all_heights(self) -> None:
        live = {task.category for task in tasks(a_join(), NOON) if not task.backfill}
        assert live == {Category.SUBSCRIPTIONS, Category.DEVICES, Category.GOALS, Category.HEIGHTS}

    def test_second_brings_the_stored_records_to_the_new_user_and_looks_for_news(self) -> None:
        alone = replace(a_join(), work={Category.MEASURES: Work(cursor=NOON - DAY)})
        both = a_join(alone, user="user-2", windows={})
        assert both.users == {"user-1", "user-2"}
        assert both.of(Category.MEASURES).cursor == NOON - DAY
        assert all(both.of(category).news == ASKED for category in (*TRACKED, Category.ROWS))
        assert not both.importing

    def test_again_does_not_repeat_an_import_that_was_done(self) -> None:
        work = {category: Work(cursor=NOON - DAY) for category in WINDOWS}
        assert not a_join(an_account(work=work)).importing

    def test_again_imports_what_the_new_consent_covers_at_last(self) -> None:
        narrow = a_join(scopes=frozenset({"user.metrics"}))
        assert set(narrow.work) == {
            Category.MEASURES,
            Category.HEART,
            Category.HEIGHTS,
            Category.SUBSCRIPTIONS,
        }
        assert a_join(narrow).of(Category.SLEEP).backfill is not None

    def test_again_forgets_what_failed_under_the_old_consent(self) -> None:
        buried = Trouble(15, "BadScope", NOON - DAY, None, announced=1)
        work = Work(news=ASKED, announced=1, trouble=buried, backfill=IMPORT, backfill_trouble=buried)
        account = an_account(
            work={Category.SLEEP: work},
            consent_needed_at=NOON - DAY,
            subscriptions=Subscriptions(refused=frozenset({44}), checked_at=NOON),
        )
        again = a_join(account)
        assert again.consent_needed_at is None
        assert again.subscriptions == Subscriptions()
        assert {task.category for task in tasks(again, NOON)} >= {Category.SLEEP, Category.SUBSCRIPTIONS}
        assert any(task.backfill for task in tasks(again, NOON))


class TestSwept:
    def swept(self, account: Account) -> Account:
        return swept(account, NOON, every=6 * HOUR, windows=WINDOWS)

    def test_is_all_that_the_consent_covers(self) -> None:
        account = replace(a_join(scopes=frozenset({"user.metrics"})), sweep_at=NOON)
        marked = {category for category, work in self.swept(account).work.items() if work.news.sweep}
        assert marked == {Category.MEASURES, Category.HEART, Category.STETHO, Category.SUBSCRIPTIONS}

    def test_begins_the_import_of_what_was_not_asked_for_when_the_account_was_linked(self) -> None:
        work = {category: Work(cursor=NOON - DAY) for category in WINDOWS if category is not Category.HEART}
        after = self.swept(an_account(work=work, sweep_at=NOON))
        importing = {category for category, work in after.work.items() if work.backfill}
        assert importing == {Category.HEART}
        assert after.of(Category.HEART).cursor == NOON

    def test_begins_the_import_of_detail_that_was_switched_on(self) -> None:
        work = {category: Work(cursor=NOON - DAY) for category in WINDOWS}
        account = an_account(work=work, sweep_at=NOON)
        after = swept(account, NOON, every=6 * HOUR, windows=WINDOWS | {Category.INTRADAY: 90 * DAY})
        detail = after.of(Category.INTRADAY)
        assert detail.backfill == Backfill(since=NOON - 90 * DAY, until=NOON, began_at=NOON)
        assert not detail.news

    def test_forgets_the_work_of_detail_that_was_switched_off(self) -> None:
        work = {Category.SLEEP_DETAIL: Work(cursor=NOON - DAY, news=ASKED, backfill=IMPORT)}
        assert Category.SLEEP_DETAIL not in self.swept(an_account(work=work, sweep_at=NOON)).work

    def test_that_is_not_due_changes_nothing(self) -> None:
        account = an_account(sweep_at=NOON + HOUR)
        assert self.swept(account) == account


class TestAWholeHistory:
    def test_is_imported_to_its_beginning_newest_first(self) -> None:
        account = an_account(work={category: Work(cursor=NOON - DAY) for category in WINDOWS})
        after = with_whole_history(account, NOON)
        for category in WINDOWS:
            work = after.of(category)
            assert work.backfill == Backfill(since=BEGINNING, until=NOON, began_at=NOON)
            assert work.cursor == NOON - DAY

    def test_is_what_an_import_that_runs_goes_on_to(self) -> None:
        buried = Trouble(15, "Transient", NOON - DAY, None)
        running = replace(IMPORT, until=NOON - 50 * DAY)
        work = {Category.SLEEP: Work(backfill=running, backfill_trouble=buried)}
        after = with_whole_history(an_account(work=work), NOON + HOUR).of(Category.SLEEP)
        assert (after.backfill, after.backfill_trouble) == (replace(running, since=BEGINNING), None)
        again = with_whole_history(an_account(work={Category.SLEEP: after}), NOON + DAY)
        assert again.of(Category.SLEEP).backfill == after.backfill

    def test_is_that_of_what_the_consent_covers(self) -> None:
        account = an_account(scopes=frozenset({"user.metrics"}))
        whole = with_whole_history(account, NOON)
        assert set(whole.work) == {Category.MEASURES, Category.HEART, Category.STETHO}


class TestAnImportOfDetail:
    def waiting(self, summary: Work) -> Account:
        detail = Work(backfill=replace(IMPORT, until=NOON - 10 * DAY))
        return an_account(work={Category.SLEEP: summary, Category.SLEEP_DETAIL: detail})

    def test_waits_for_that_of_its_summary(self) -> None:
        failed = Trouble(1, "Transient", NOON, NOON + HOUR)
        account = self.waiting(Work(backfill=IMPORT, backfill_trouble=failed))
        assert tasks(account, NOON) == []
        assert due(account, NOON) == {Lane.BACKFILL: NOON + HOUR}

    def test_goes_on_where_that_of_its_summary_has_been(self) -> None:
        detail = self.waiting(Work()).of(Category.SLEEP_DETAIL).backfill
        assert detail is not None
        for summary in (None, replace(IMPORT, until=detail.start)):
            categories = {task.category for task in tasks(self.waiting(Work(backfill=summary)), NOON)}
            assert Category.SLEEP_DETAIL in categories


class TestProgress:
    def test_is_none_without_an_import(self) -> None:
        assert an_account(work={Category.SLEEP: Work(imported_at=NOON)}).imported is None

    def test_is_that_of_all_categories_of_the_import(self) -> None:
        work = {
            Category.MEASURES: Work(imported_at=NOON + HOUR),
            Category.ACTIVITY: Work(backfill=replace(IMPORT, until=NOON - 45 * DAY)),
            Category.SLEEP: Work(backfill=IMPORT),
            Category.HEART: Work(backfill=IMPORT),
        }
        assert an_account(work=work).imported == 1.5 / 4

    def test_leaves_out_what_an_earlier_import_completed(self) -> None:
        work = {Category.MEASURES: Work(imported_at=NOON - HOUR), Category.SLEEP: Work(backfill=IMPORT)}
        assert an_account(work=work).imported == 0

    def test_never_goes_back_while_turns_go_on(self) -> None:
        account, shares = a_join(), list[float]()
        while (share := account.imported) is not None:
            shares.append(share)
            chunk = next(task for task in tasks(account, NOON) if task.backfill)
            assert chunk.backfill
            left = replace(chunk.backfill, until=chunk.backfill.start)
            done = Done(chunk, backfill=left if left.until > left.since else None)
            account = settled(account, [done], now=NOON, jitter=0)
        assert len(shares) == 3 + 1 + 1 + 1 + 3
        assert shares == sorted(set(shares))
        assert shares[0] == 0


class TestMay:
    @pytest.mark.parametrize(
        ("category", "scopes", "allowed"),
        [
            (Category.MEASURES, {"user.metrics"}, True),
            (Category.MEASURES, {"user.info"}, False),
            (Category.SLEEP, {"user.activity"}, True),
            (Category.DEVICES, {"user.metrics"}, False),
            (Category.SUBSCRIPTIONS, {"user.metrics"}, True),
            (Category.SLEEP, set(), True),
        ],
    )
    def test_follows_the_scopes_as_far_as_withings_named_any(
        self, category: Category, scopes: set[str], *, allowed: bool
    ) -> None:
        assert an_account(scopes=frozenset(scopes)).may(category) is allowed
