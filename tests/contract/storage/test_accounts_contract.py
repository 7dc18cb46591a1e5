"""Account items on every backend: what announcing and changing leave in the store."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from builders import DAY, HOUR, MINUTE, NOON, SECOND, a_pair, a_window, an_account, news_of
from contract.storage.steps import LEASE, Linking, claimed, given_back, giving
from withings_bridge.domain.accounts import MOST_TRACES, Account, Lease, announce, due, settled, tasks
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import AccountUnknown, LeaseLost
from withings_bridge.domain.events import Event
from withings_bridge.domain.inbox import (
    ASKED,
    MOST_EVENTS,
    MOST_WINDOWS,
    Done,
    Lane,
    News,
    Recheck,
    Unread,
    Work,
)
from withings_bridge.storage.base import Storage


def unchanged(account: Account) -> Account:
    return account


def done(turn: Account, *, now: datetime) -> list[Done]:
    """What a turn reports that did all it could do then."""
    return [Done(task) for task in tasks(turn, now)]


class TestGet:
    async def test_gives_the_account_as_it_was_stored(self, storage: Storage, link: Linking) -> None:
        stored = await link(
            scopes=frozenset({"user.metrics"}),
            synced_at=NOON,
            zone="Asia/Tokyo",
            work={
                Category.MEASURES: Work(
                    news=News(frozenset({a_window()}), asked=True),
                    announced=3,
                    rechecks=(Recheck(a_window(), NOON + 5 * MINUTE, missing="digest"),),
                    cursor=NOON - timedelta(microseconds=1),
                    unread=Unread(since=NOON - DAY, offset=300, until=NOON, newest=None),
                )
            },
        )
        assert await storage.accounts.get(stored.userid) == stored

    async def test_of_an_unknown_account_is_none(self, storage: Storage, userid: str) -> None:
        assert await storage.accounts.get(userid) is None


class TestAnnounce:
    async def test_adds_the_news_as_the_domain_would(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        account = await link()
        assert await storage.accounts.announce(userid, news_of(a_window()), now=NOON)
        assert await storage.accounts.get(userid) == announce(account, news_of(a_window()))

    async def test_to_an_unknown_account_is_false_and_stores_nothing(
        self, storage: Storage, userid: str
    ) -> None:
        assert not await storage.accounts.announce(userid, news_of(), now=NOON)
        assert await storage.accounts.get(userid) is None
        assert await claimed(storage.accounts, userid, now=NOON + DAY) is None

    async def test_makes_the_account_due_at_that_very_instant(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        assert await claimed(storage.accounts, userid, now=NOON + DAY) is None
        await storage.accounts.announce(userid, news_of(), now=NOON)
        assert await claimed(storage.accounts, userid, now=NOON - SECOND) is None
        assert await claimed(storage.accounts, userid, now=NOON) is not None

    async def test_leaves_an_account_that_is_due_earlier_as_it_is(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.announce(userid, news_of(), now=NOON)
        await storage.accounts.announce(userid, news_of(), now=NOON + HOUR)
        assert await claimed(storage.accounts, userid, now=NOON) is not None

    async def test_brings_forward_what_is_due_later(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link(work={Category.SLEEP: Work(rechecks=(Recheck(a_window(), NOON + HOUR),))})
        await storage.accounts.announce(userid, news_of(), now=NOON)
        assert await claimed(storage.accounts, userid, now=NOON) is not None

    async def test_keeps_windows_apart_and_a_repeated_one_once(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        first, second = a_window(NOON), a_window(NOON + HOUR)
        for window in (first, second, first):
            await storage.accounts.announce(userid, news_of(window), now=NOON)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.of(Category.MEASURES).news == News(frozenset({first, second}))

    async def test_keeps_the_traces_of_the_first_in_their_order(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        account = await link()
        traces = [f"00-{number:032x}-{number:016x}-01" for number in range(1, MOST_TRACES + 3)]
        for trace in traces:
            assert await storage.accounts.announce(userid, news_of(), now=NOON, trace=trace)
            account = announce(account, news_of(), trace)
        assert account.traces == tuple(traces[:MOST_TRACES])
        assert await storage.accounts.get(userid) == account
        assert await claimed(storage.accounts, userid, now=NOON) is not None

    async def test_counts_repeats_too(self, storage: Storage, link: Linking, userid: str) -> None:
        await link()
        for _ in range(3):
            await storage.accounts.announce(userid, news_of(a_window()), now=NOON)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.of(Category.MEASURES).announced == 3

    async def test_of_several_categories_and_flags_is_one_write(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        account = await link()
        news = {
            Category.ACTIVITY: News(frozenset({a_window()})),
            Category.WORKOUTS: News(frozenset({a_window()})),
            Category.LINK: ASKED,
        }
        await storage.accounts.announce(userid, news, now=NOON)
        assert await storage.accounts.get(userid) == announce(account, news)

    @pytest.mark.parametrize("windows", [MOST_WINDOWS, MOST_WINDOWS + 1, MOST_WINDOWS + 2])
    async def test_past_the_limit_windows_become_everything(
        self, storage: Storage, link: Linking, userid: str, windows: int
    ) -> None:
        expected = await link()
        for hour in range(windows):
            news = news_of(a_window(NOON + hour * HOUR))
            await storage.accounts.announce(userid, news, now=NOON)
            expected = announce(expected, news)
        stored = await storage.accounts.get(userid)
        assert stored == expected
        assert stored is not None
        work = stored.of(Category.MEASURES)
        assert work.news.everything == (windows > MOST_WINDOWS)
        assert work.announced == windows

    async def test_of_more_windows_than_the_limit_at_once_becomes_everything(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        expected = await link()
        news = news_of(*(a_window(NOON + hour * HOUR) for hour in range(MOST_WINDOWS + 5)))
        await storage.accounts.announce(userid, news, now=NOON)
        assert await storage.accounts.get(userid) == announce(expected, news)

    @pytest.mark.parametrize("events", [1, MOST_EVENTS, MOST_EVENTS + 2])
    async def test_past_the_limit_events_are_let_go(
        self, storage: Storage, link: Linking, userid: str, events: int
    ) -> None:
        account = await link()
        kept = [Event(50, "mat", NOON + number * SECOND) for number in range(MOST_EVENTS - 1)]
        expected = announce(account, {Category.EVENTS: News(events=frozenset(kept[: events - 1]))})
        await storage.accounts.change(userid, lambda stored: expected, now=NOON)
        for number in range(max(1, events - MOST_EVENTS + 1)):
            news = {Category.EVENTS: News(events=frozenset({Event(51, "m:t", NOON + number * SECOND, True)}))}
            assert await storage.accounts.announce(userid, news, now=NOON)
            expected = announce(expected, news)
        stored = await storage.accounts.get(userid)
        assert stored == expected
        assert stored is not None
        news_stored = stored.of(Category.EVENTS).news
        assert len(news_stored.events) == min(events, MOST_EVENTS)
        assert news_stored.overflow == (events > MOST_EVENTS)

    async def test_leaves_the_lease_of_a_turn_that_runs(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        await storage.accounts.announce(userid, news_of(), now=NOON)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.lease == Lease("worker", NOON + LEASE)
        assert await claimed(storage.accounts, userid, now=NOON, worker="another") is None

    async def test_in_mid_turn_survives_the_settling_of_that_turn(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.announce(userid, news_of(a_window(NOON)), now=NOON)
        turn = await claimed(storage.accounts, userid, now=NOON)
        assert turn is not None
        late = a_window(NOON + HOUR)
        await storage.accounts.announce(userid, news_of(late), now=NOON + SECOND)
        account = await storage.accounts.change(
            userid,
            lambda account: settled(account, done(turn, now=NOON + SECOND), now=NOON + SECOND, jitter=0),
            now=NOON + SECOND,
            holder="worker",
        )
        assert account.of(Category.MEASURES).news == News(frozenset({late}))
        assert await claimed(storage.accounts, userid, now=NOON + SECOND) is not None


class TestChange:
    async def test_stores_and_returns_what_the_function_gives(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        account = await link()
        changed = await storage.accounts.change(
            userid, lambda stored: replace(stored, synced_at=NOON), now=NOON
        )
        assert changed == replace(account, synced_at=NOON)
        assert await storage.accounts.get(userid) == changed

    async def test_makes_the_account_due_when_the_domain_says(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        later = Work(rechecks=(Recheck(a_window(), NOON + HOUR),))
        changed = await storage.accounts.change(
            userid, lambda stored: replace(stored, work={Category.SLEEP: later}), now=NOON
        )
        assert due(changed, NOON) == {Lane.LIVE: NOON + HOUR}
        assert await claimed(storage.accounts, userid, now=NOON + HOUR - SECOND) is None
        assert await claimed(storage.accounts, userid, now=NOON + HOUR) is not None

    async def test_that_leaves_nothing_to_do_leaves_nothing_to_claim(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.announce(userid, news_of(), now=NOON)
        await storage.accounts.change(userid, lambda stored: replace(stored, work={}), now=NOON)
        assert await claimed(storage.accounts, userid, now=NOON + DAY) is None

    async def test_of_an_unknown_account_fails(self, storage: Storage, userid: str) -> None:
        with pytest.raises(AccountUnknown):
            await storage.accounts.change(userid, unchanged, now=NOON)
        with pytest.raises(AccountUnknown):
            await storage.accounts.change(userid, unchanged, now=NOON, holder="worker")

    async def test_by_a_holder_works_while_nobody_took_over_even_after_the_lease(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        changed = await storage.accounts.change(userid, given_back, now=NOON + LEASE + HOUR, holder="worker")
        assert changed.lease is None

    async def test_by_a_holder_fails_after_a_takeover(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        await storage.accounts.claim_one(userid, "another", now=NOON + LEASE, lease=LEASE)
        before = await storage.accounts.get(userid)
        with pytest.raises(LeaseLost):
            await storage.accounts.change(userid, given_back, now=NOON + LEASE, holder="worker")
        assert await storage.accounts.get(userid) == before

    async def test_by_a_holder_fails_when_nobody_holds_the_account(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        with pytest.raises(LeaseLost):
            await storage.accounts.change(userid, unchanged, now=NOON, holder="worker")

    async def test_without_a_holder_leaves_a_running_turn_its_lease(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        changed = await storage.accounts.change(
            userid, lambda account: replace(account, fetched_at=NOON), now=NOON
        )
        assert changed.lease == Lease("worker", NOON + LEASE)
        await storage.accounts.renew(userid, "worker", now=NOON, lease=LEASE)

    async def test_whose_function_fails_changes_nothing(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        account = await link()

        def fail(_: Account) -> Account:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await storage.accounts.change(userid, fail, now=NOON)
        assert await storage.accounts.get(userid) == account

    async def test_to_a_large_account_is_stored_whole(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        rechecks = tuple(Recheck(a_window(NOON + n * HOUR), NOON + n * DAY, "d" * 64) for n in range(20))
        work = {category: Work(rechecks=rechecks, announced=n) for n, category in enumerate(Category)}
        changed = await storage.accounts.change(userid, lambda stored: replace(stored, work=work), now=NOON)
        assert changed.work == work
        assert await storage.accounts.get(userid) == changed


class TestList:
    async def test_gives_every_account_once_page_by_page(
        self, storage: Storage, userid: str, user: str
    ) -> None:
        ids = {f"{userid}-{n}" for n in range(7)}
        for each in ids:
            account = an_account(each, f"{user}-{each}")
            await storage.links.join(f"{user}-{each}", each, a_pair(), giving(account))
        found: list[str] = []
        while page := await storage.accounts.list(after=found[-1] if found else None, limit=3):
            assert len(page) <= 3
            found += [account.userid for account in page]
        assert len(found) == len(set(found))
        assert ids <= set(found)

    async def test_gives_accounts_as_they_are_stored(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link(scopes=frozenset({"user.info"}))
        await storage.accounts.announce(userid, news_of(), now=NOON)
        found: list[Account] = []
        while page := await storage.accounts.list(after=found[-1].userid if found else None):
            found += page
        assert await storage.accounts.get(userid) in found
