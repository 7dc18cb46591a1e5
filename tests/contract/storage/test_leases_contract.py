"""Account items on every backend: who may work on an account, and for how long. Races are in a file apart."""

from dataclasses import replace
from datetime import timedelta

import pytest

from builders import DAY, HOUR, MINUTE, NOON, SECOND, a_pair, a_window, an_account, news_of
from contract.storage.steps import LEASE, Linking, claimed, giving
from withings_bridge.domain.accounts import Lease
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import LeaseLost
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import Lane, News, Recheck, Work
from withings_bridge.storage.base import Storage


class TestClaim:
    async def test_leases_the_account_to_the_worker(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.announce(userid, news_of(), now=NOON)
        account = await claimed(storage.accounts, userid, now=NOON)
        assert account is not None
        assert account.lease == Lease("worker", NOON + LEASE)
        assert await storage.accounts.get(userid) == account

    async def test_gives_the_pending_work_with_it(self, storage: Storage, link: Linking, userid: str) -> None:
        await link()
        await storage.accounts.announce(userid, news_of(a_window()), now=NOON)
        account = await claimed(storage.accounts, userid, now=NOON)
        assert account is not None
        assert account.of(Category.MEASURES).news == News(frozenset({a_window()}))

    async def test_skips_an_account_whose_lease_stands(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.announce(userid, news_of(), now=NOON)
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        just_before = NOON + LEASE - timedelta(microseconds=1)
        assert await claimed(storage.accounts, userid, now=just_before, worker="another") is None

    async def test_takes_over_at_the_very_instant_a_lease_ends(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.announce(userid, news_of(), now=NOON)
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        account = await claimed(storage.accounts, userid, now=NOON + LEASE, worker="another")
        assert account is not None
        assert account.lease == Lease("another", NOON + 2 * LEASE)

    async def test_goes_by_lane(self, storage: Storage, link: Linking, userid: str) -> None:
        importing = Backfill(since=NOON - 90 * DAY, until=NOON, began_at=NOON)
        await link(work={Category.SLEEP: Work(backfill=importing)})
        assert await claimed(storage.accounts, userid, lane=Lane.LIVE, now=NOON) is None
        assert await claimed(storage.accounts, userid, lane=Lane.RECONCILE, now=NOON) is None
        assert await claimed(storage.accounts, userid, lane=Lane.BACKFILL, now=NOON) is not None

    async def test_gives_the_longest_due_first_and_no_more_than_the_limit(
        self, storage: Storage, userid: str, user: str
    ) -> None:
        # Longer ago than anything that other tests of the session leave behind.
        long_ago = NOON - 10_000 * DAY
        ids = [f"{userid}-{n}" for n in range(5)]
        for n in (3, 0, 4, 1, 2):
            account = an_account(ids[n], f"{user}-{n}")
            await storage.links.join(f"{user}-{n}", ids[n], a_pair(), giving(account))
            await storage.accounts.announce(ids[n], news_of(), now=long_ago + n * MINUTE)
        first = await storage.accounts.claim("a", lane=Lane.LIVE, now=NOON, lease=LEASE, limit=2)
        rest = await storage.accounts.claim("b", lane=Lane.LIVE, now=long_ago + DAY, lease=LEASE, limit=10)
        assert [account.userid for account in first] == ids[:2]
        assert sorted(account.userid for account in rest) == ids[2:]
        for n, account_id in enumerate(ids):
            await storage.links.leave(f"{user}-{n}", account_id)

    async def test_waits_for_the_time_of_a_retry(self, storage: Storage, link: Linking, userid: str) -> None:
        await link(work={Category.SLEEP: Work(rechecks=(Recheck(a_window(), NOON + 5 * MINUTE),))})
        assert await claimed(storage.accounts, userid, now=NOON + 5 * MINUTE - SECOND) is None
        assert await claimed(storage.accounts, userid, now=NOON + 5 * MINUTE) is not None


class TestClaimOne:
    async def test_leases_an_account_that_is_not_due(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        account = await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        assert account is not None
        assert account.lease == Lease("worker", NOON + LEASE)
        assert await storage.accounts.get(userid) == account

    async def test_of_an_unknown_account_is_none_and_stores_nothing(
        self, storage: Storage, userid: str
    ) -> None:
        assert await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE) is None
        assert await storage.accounts.get(userid) is None

    async def test_is_refused_while_somebody_holds_it_and_granted_when_that_ends(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        just_before = NOON + LEASE - timedelta(microseconds=1)
        assert await storage.accounts.claim_one(userid, "another", now=just_before, lease=LEASE) is None
        assert await storage.accounts.claim_one(userid, "another", now=NOON + LEASE, lease=LEASE)

    async def test_is_refused_to_its_own_holder_too(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        assert await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE) is None


class TestRenew:
    async def test_extends_the_lease(self, storage: Storage, link: Linking, userid: str) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        await storage.accounts.renew(userid, "worker", now=NOON + 5 * SECOND, lease=LEASE)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.lease == Lease("worker", NOON + 5 * SECOND + LEASE)

    async def test_extends_an_expired_lease_that_nobody_took_over(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        await storage.accounts.renew(userid, "worker", now=NOON + HOUR, lease=LEASE)
        late = NOON + HOUR + LEASE - SECOND
        assert await storage.accounts.claim_one(userid, "another", now=late, lease=LEASE) is None

    async def test_fails_once_another_worker_took_over(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        await storage.accounts.claim_one(userid, "another", now=NOON + LEASE, lease=LEASE)
        with pytest.raises(LeaseLost):
            await storage.accounts.renew(userid, "worker", now=NOON + LEASE, lease=LEASE)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.lease == Lease("another", NOON + 2 * LEASE)

    async def test_fails_when_nobody_holds_the_account(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        await link()
        with pytest.raises(LeaseLost):
            await storage.accounts.renew(userid, "worker", now=NOON, lease=LEASE)

    async def test_fails_when_there_is_no_account(self, storage: Storage, userid: str) -> None:
        with pytest.raises(LeaseLost):
            await storage.accounts.renew(userid, "worker", now=NOON, lease=LEASE)
        assert await storage.accounts.get(userid) is None

    async def test_leaves_what_was_announced(self, storage: Storage, link: Linking, userid: str) -> None:
        await link()
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        await storage.accounts.announce(userid, news_of(a_window()), now=NOON)
        await storage.accounts.renew(userid, "worker", now=NOON, lease=LEASE)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.of(Category.MEASURES).news == News(frozenset({a_window()}))


class TestEarliestDue:
    async def test_is_when_the_first_account_of_the_lane_is_due_however_far_ahead(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        # Earlier than anything that other tests of the session leave behind.
        long_ago = NOON - 20_000 * DAY
        await link(sweep_at=long_ago)
        assert await storage.accounts.earliest_due(Lane.RECONCILE) == long_ago
        await storage.accounts.change(
            userid, lambda account: replace(account, sweep_at=NOON + 20_000 * DAY), now=NOON
        )
        assert await storage.accounts.earliest_due(Lane.RECONCILE) != long_ago

    async def test_is_known_of_accounts_that_somebody_works_on_too(
        self, storage: Storage, link: Linking, userid: str
    ) -> None:
        long_ago = NOON - 20_000 * DAY
        await link(sweep_at=long_ago)
        await storage.accounts.claim_one(userid, "worker", now=NOON, lease=LEASE)
        assert await storage.accounts.earliest_due(Lane.RECONCILE) == long_ago
