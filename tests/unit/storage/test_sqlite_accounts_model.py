"""Any order of announcing, claiming, renewing and settling leaves in the store what the domain says."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from builders import DAY, HOUR, MINUTE, NOON, SECOND, a_pair, a_window
from e2e.lengths import LONG
from withings_bridge.domain import accounts as domain
from withings_bridge.domain.accounts import Account, Lease
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import LeaseLost, Transient
from withings_bridge.domain.inbox import Done, Failed, Lane, News
from withings_bridge.storage.base import Change, JoinChange
from withings_bridge.storage.sqlite import SqliteStorage

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3600 if LONG else 120)]

LEASE = 15 * SECOND

userids = st.sampled_from(["1", "2", "3"])
workers = st.sampled_from(["early", "late"])
lanes = st.sampled_from([Lane.LIVE, Lane.BACKFILL])
categories = st.sampled_from([Category.MEASURES, Category.SLEEP, Category.LINK])
news = st.builds(
    News,
    windows=st.frozensets(st.integers(0, 30).map(lambda hour: a_window(NOON + hour * HOUR)), max_size=12),
    asked=st.booleans(),
)


class Accounts(RuleBasedStateMachine):
    """The store, beside accounts and due times kept in plain dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.accounts: dict[str, Account] = {}
        self.due: dict[str, dict[Lane, datetime]] = {}
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.storage = SqliteStorage(Path(self.folder.name) / "bridge.db")
        self.run(self.storage.__aenter__())

    def teardown(self) -> None:
        self.run(self.storage.__aexit__())
        self.runner.close()
        self.folder.cleanup()

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def keep(self, account: Account) -> None:
        self.accounts[account.userid] = account
        self.due[account.userid] = domain.due(account, self.now)

    @rule(step=st.sampled_from([timedelta(microseconds=1), SECOND, LEASE, 5 * MINUTE, 4 * HOUR, DAY]))
    def time_goes_by(self, step: timedelta) -> None:
        self.now += step

    @rule(userid=userids)
    def join(self, userid: str) -> None:
        pair = a_pair(saved_at=self.now)
        joining = self.joining(userid)
        stored = self.run(self.storage.links.join(f"user-{userid}", userid, pair, joining))
        self.keep(joining(self.accounts.get(userid)))
        assert stored == self.accounts[userid]

    @rule(userid=userids, category=categories, added=news)
    def announce(self, userid: str, category: Category, added: News) -> None:
        known = self.run(self.storage.accounts.announce(userid, {category: added}, now=self.now))
        assert known == (userid in self.accounts)
        if known:
            self.accounts[userid] = domain.announce(self.accounts[userid], {category: added})
            due = self.due[userid]
            due[Lane.LIVE] = min(due.get(Lane.LIVE, self.now), self.now)

    @rule(worker=workers, lane=lanes, limit=st.integers(1, 3))
    def claim(self, worker: str, lane: Lane, limit: int) -> None:
        free = {
            userid: self.due[userid][lane]
            for userid, account in self.accounts.items()
            if lane in self.due[userid]
            and self.due[userid][lane] <= self.now
            and not account.leased_at(self.now)
        }
        claimed = self.run(
            self.storage.accounts.claim(worker, lane=lane, now=self.now, lease=LEASE, limit=limit)
        )
        times = [free.pop(account.userid) for account in claimed]
        assert len(times) == min(limit, len(times) + len(free))
        assert times == sorted(times)
        assert not free or not times or times[-1] <= min(free.values())
        for account in claimed:
            self.lease(account.userid, worker)
            assert account == self.accounts[account.userid]

    @rule(userid=userids, worker=workers)
    def claim_one(self, userid: str, worker: str) -> None:
        account = self.accounts.get(userid)
        claimed = self.run(self.storage.accounts.claim_one(userid, worker, now=self.now, lease=LEASE))
        assert (claimed is None) == (account is None or account.leased_at(self.now))
        if claimed:
            self.lease(userid, worker)

    @rule(userid=userids, worker=workers)
    def renew(self, userid: str, worker: str) -> None:
        try:
            self.run(self.storage.accounts.renew(userid, worker, now=self.now, lease=LEASE))
        except LeaseLost:
            assert not self.holds(userid, worker)
        else:
            assert self.holds(userid, worker)
            self.lease(userid, worker)

    @rule(userid=userids, worker=workers, fails=st.booleans())
    def settle(self, userid: str, worker: str, *, fails: bool) -> None:
        if userid not in self.accounts:
            return
        todo = domain.tasks(self.accounts[userid], self.now)
        results = [Failed(task, Transient()) if fails else Done(task) for task in todo]
        settling = self.settling(results)
        try:
            stored = self.run(self.storage.accounts.change(userid, settling, now=self.now, holder=worker))
        except LeaseLost:
            assert not self.holds(userid, worker)
        else:
            assert self.holds(userid, worker)
            self.keep(settling(self.accounts[userid]))
            assert stored == self.accounts[userid]

    @rule(userid=userids)
    def leave(self, userid: str) -> None:
        assert self.run(self.storage.links.leave(f"user-{userid}", userid)) is None
        self.accounts.pop(userid, None)
        self.due.pop(userid, None)

    @invariant()
    def the_store_holds_what_the_domain_says(self) -> None:
        found = self.run(self.storage.accounts.list())
        assert {account.userid: account for account in found} == self.accounts

    def holds(self, userid: str, worker: str) -> bool:
        account = self.accounts.get(userid)
        return account is not None and account.lease is not None and account.lease.holder == worker

    def lease(self, userid: str, worker: str) -> None:
        self.accounts[userid] = replace(self.accounts[userid], lease=Lease(worker, self.now + LEASE))

    def joining(self, userid: str) -> JoinChange:
        now = self.now
        return lambda account: domain.joined(
            account,
            userid=userid,
            user=f"user-{userid}",
            scopes=frozenset({"user.metrics"}),
            now=now,
            windows={Category.MEASURES: 365 * DAY, Category.SLEEP: 90 * DAY},
        )

    def settling(self, results: list[Done | Failed]) -> Change:
        now = self.now
        return lambda account: domain.settled(account, results, now=now, jitter=0.5)


TestAccounts = Accounts.TestCase
TestAccounts.settings = settings(max_examples=1000 if LONG else 15, stateful_step_count=40, deadline=None)
