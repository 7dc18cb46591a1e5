"""One turn: what it settles, what it leaves for later, and what it may not write."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house, eventually
from withings_bridge.domain.accounts import LEASE, Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED, Failed, Lane
from withings_bridge.services.inbox import turning, working
from withings_bridge.services.inbox.working import MOST_AT_ONCE


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


async def asked(house: House, userid: str, *categories: Category) -> None:
    news = dict.fromkeys(categories or (Category.MEASURES,), ASKED)
    assert await house.storage.accounts.announce(userid, news, now=house.clock())


class TestTurn:
    async def test_settles_what_it_did_and_gives_the_lease_back(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await asked(house, userid)
        (turn,) = await house.drain(userid)
        account = await house.account(userid)
        assert turn.account == account
        assert (account.lease, account.synced_at, account.fetched_at) == (None, clock(), clock())
        assert not account.of(Category.MEASURES).news

    async def test_keeps_what_was_announced_while_it_ran(self, house: House, userid: str) -> None:
        await asked(house, userid)
        async with house.weather.holding("getmeas") as arrived:
            turning = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            group = await house.weigh(userid, 70)
            await house.receive(userid, group)
        turns = await turning
        assert len(turns) == 2
        assert await house.values("weight") == ["154.32"]

    async def test_of_an_account_that_somebody_works_on_is_not_begun(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await asked(house, userid)
        assert await house.storage.accounts.claim_one(userid, "another", now=clock(), lease=LEASE)
        assert await house.drain(userid) == []
        clock.advance(LEASE)
        assert len(await house.drain(userid)) == 1

    async def test_keeps_the_records_only_where_somebody_waits_for_them(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        kept = []
        for told in (True, False):
            await house.weigh(userid, 70)
            await asked(house, userid)
            account = await house.storage.accounts.claim_one(userid, "us", now=clock(), lease=LEASE)
            assert account is not None
            turn = await house.turning.turn(account, "us", told=told)
            assert turn.account is not None
            kept.append(len(turn.fetched))
            clock.advance(MINUTE)
        assert kept == [1, 0]
        assert len(await house.values("weight")) == 2

    async def test_of_nobody_is_none(self, house: House) -> None:
        assert await house.drain("nobody") == []


class TestFailure:
    async def test_is_stored_with_the_time_of_the_next_try(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        house.weather.breaks("getmeas")
        await house.notified(userid, await house.weigh(userid, 70))
        trouble = (await house.account(userid)).of(Category.MEASURES).trouble
        assert trouble is not None
        assert (trouble.attempts, trouble.since) == (1, clock())
        assert trouble.retry_at is not None
        assert 1.6 * SECOND <= trouble.retry_at - clock() <= 2.4 * SECOND
        assert "502" in trouble.reason
        await house.drain(userid)
        assert await house.values("weight") == []
        clock.now = trouble.retry_at
        await house.drain(userid)
        assert await house.values("weight") == ["154.32"]
        assert (await house.account(userid)).of(Category.MEASURES).trouble is None

    async def test_of_one_category_does_not_keep_another_waiting(self, house: House, userid: str) -> None:
        house.weather.breaks("getmeas")
        await house.weigh(userid, 70)
        await asked(house, userid, Category.MEASURES, Category.SLEEP)
        (turn,) = await house.drain(userid)
        assert [type(result).__name__ for result in turn.results] == ["Failed", "Done"]
        account = await house.account(userid)
        assert account.of(Category.SLEEP).trouble is None
        assert account.synced_at != account.fetched_at or account.of(Category.MEASURES).trouble

    async def test_to_reach_withings_at_all_is_not_repeated_for_each_category(
        self, house: House, userid: str
    ) -> None:
        house.weather.cuts_off("getmeas")
        await asked(house, userid, Category.MEASURES, Category.SLEEP, Category.ACTIVITY)
        (turn,) = await house.drain(userid)
        assert [type(result).__name__ for result in turn.results] == ["Failed"] * 3
        assert await house.calls() == []

    async def test_to_get_a_token_is_not_repeated_for_each_category(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        house.weather.breaks("requesttoken", times=2)
        await asked(house, userid, Category.MEASURES, Category.SLEEP, Category.ACTIVITY)
        (turn,) = await house.drain(userid)
        assert [type(result).__name__ for result in turn.results] == ["Failed"] * 3
        assert await house.calls() == []
        trouble = (await house.account(userid)).of(Category.SLEEP).trouble
        assert trouble is not None
        assert trouble.reason.startswith("NoLiveToken: ")

    async def test_since_the_application_is_refused_waits_for_better_credentials(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        house.weather.refuses("requesttoken", 503, text="Invalid Params: invalid client_secret")
        await asked(house, userid, Category.MEASURES, Category.SLEEP)
        (turn,) = await house.drain(userid)
        assert [type(result).__name__ for result in turn.results] == ["Failed"] * 2
        assert await house.calls() == []
        account = await house.account(userid)
        troubles = [account.of(category).trouble for category in (Category.MEASURES, Category.SLEEP)]
        assert [trouble is not None and trouble.buried for trouble in troubles] == [False, False]
        clock.advance(2 * MINUTE)
        await house.drain(userid)
        assert (await house.account(userid)).of(Category.SLEEP).trouble is None

    async def test_that_is_final_is_buried_and_news_brings_it_back(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        house.weather.refuses("getmeas", 277)
        group = await house.weigh(userid, 70)
        await house.notified(userid, group)
        trouble = (await house.account(userid)).of(Category.MEASURES).trouble
        assert trouble is not None
        assert trouble.retry_at is None
        clock.advance(24 * HOUR)
        await house.drain(userid)
        assert await house.values("weight") == []
        await house.notified(userid, group)
        assert await house.values("weight") == ["154.32"]

    async def test_of_our_own_leaves_the_decision_in_the_store_too(self, house: House, userid: str) -> None:
        house.vitals.failures, house.vitals.error = 1, KeyError("72.5")
        await house.notified(userid, await house.weigh(userid, 70))
        trouble = (await house.account(userid)).of(Category.MEASURES).trouble
        assert trouble is not None
        assert (trouble.reason, trouble.attempts) == ("KeyError", 1)


class TestRateLimit:
    async def test_puts_off_all_that_waits_and_counts_for_no_attempt(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        house.weather.refuses("getmeas", 601)
        await asked(house, userid, Category.MEASURES, Category.SLEEP, Category.ACTIVITY)
        (turn,) = await house.drain(userid)
        assert all(isinstance(result, Failed) for result in turn.results)
        assert len(turn.results) == 3
        assert await house.calls() == []
        account = await house.account(userid)
        for category in (Category.MEASURES, Category.SLEEP, Category.ACTIVITY):
            trouble = account.of(category).trouble
            assert trouble is not None
            assert trouble.attempts == 0
            assert trouble.retry_at is not None
            assert MINUTE <= trouble.retry_at - clock() <= 1.2 * MINUTE
        clock.advance(1.2 * MINUTE)
        await house.drain(userid)
        account = await house.account(userid)
        assert not any(account.of(category).trouble for category in Category)


class TestLostLease:
    async def test_settles_nothing(self, house: House, userid: str, clock: FakeClock) -> None:
        await asked(house, userid)
        accounts = house.storage.accounts
        slow = await accounts.claim_one(userid, "slow", now=clock(), lease=LEASE)
        assert slow is not None
        clock.advance(LEASE)
        taken = await accounts.claim_one(userid, "quick", now=clock(), lease=LEASE)
        turn = await house.turning.turn(slow, "slow")
        assert turn.account is None
        assert await house.account(userid) == taken

    async def test_stops_the_turn_when_it_is_noticed(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path, clock, renew_every=SECOND / 100) as house:
            userid = await house.linked()
            await house.weigh(userid, 70)
            await asked(house, userid)
            async with house.weather.holding("getmeas") as arrived:
                turning = asyncio.create_task(house.drain(userid))
                await arrived.wait()
                clock.advance(MINUTE)
                await house.storage.accounts.change(
                    userid, lambda account: replace(account, lease=None), now=clock()
                )
                # The call is still held: only the loss of the lease can end the turn.
                (turn,) = await asyncio.wait_for(turning, 5)
            assert turn.account is None
            assert await house.values("weight") == []
            assert len(await house.drain(userid)) == 1
            assert await house.values("weight") == ["154.32"]

    async def test_leaves_the_turn_alone_that_took_over_in_the_same_process(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.weigh(userid, 70)
        await asked(house, userid)
        async with house.weather.holding("getmeas") as arrived:
            slow = asyncio.create_task(house.working.turn(userid))
            await arrived.wait()
            clock.advance(LEASE)
            arrived.clear()
            quick = asyncio.create_task(house.working.turn(userid))
            await arrived.wait()
        abandoned, turn = await asyncio.gather(slow, quick)
        assert abandoned is not None
        assert abandoned.account is None
        assert turn is not None
        assert turn.account is not None
        assert await house.values("weight") == ["154.32"]

    async def test_does_not_happen_to_a_turn_that_renews_it(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path, clock, renew_every=SECOND / 100) as house:
            userid = await house.linked()
            await house.weigh(userid, 70)
            await asked(house, userid)
            async with house.weather.holding("getmeas") as arrived:
                turning = asyncio.create_task(house.drain(userid))
                await arrived.wait()
                clock.advance(10 * SECOND)
                until = clock() + LEASE

                async def renewed() -> bool:
                    lease = (await house.account(userid)).lease
                    return lease is not None and lease.until == until

                await eventually(renewed)
                clock.advance(10 * SECOND)
                await house.drain(userid)
            (turn,) = await turning
            assert turn.account is not None
            assert await house.values("weight") == ["154.32"]


class TestRun:
    async def test_works_off_what_is_due_until_told_to_stop(self, house: House, userid: str) -> None:
        await house.receive(userid, await house.weigh(userid, 70))
        stop = asyncio.Event()
        working = asyncio.create_task(house.working.run(stop, grace=5))

        async def shown() -> bool:
            return await house.values("weight") == ["154.32"]

        await eventually(shown)
        stop.set()
        await asyncio.wait_for(working, 5)
        assert (await house.account(userid)).lease is None

    async def test_lets_a_turn_finish_within_the_grace(self, house: House, userid: str) -> None:
        await house.receive(userid, await house.weigh(userid, 70))
        stop = asyncio.Event()
        async with house.weather.holding("getmeas") as arrived:
            working = asyncio.create_task(house.working.run(stop, grace=5))
            await arrived.wait()
            stop.set()
        await asyncio.wait_for(working, 5)
        assert await house.values("weight") == ["154.32"]

    async def test_gives_the_lease_back_of_a_turn_that_outlasts_the_grace(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.receive(userid, await house.weigh(userid, 70))
        stop = asyncio.Event()
        async with house.weather.holding("getmeas") as arrived:
            working = asyncio.create_task(house.working.run(stop, grace=0.01))
            await arrived.wait()
            stop.set()
            await asyncio.wait_for(working, 5)
            account = await house.account(userid)
            assert account.lease is None
            assert account.of(Category.MEASURES).news
        after = House(house.storage, house.cloud, clock)
        await after.drain(userid)
        assert await after.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_takes_live_work_before_imports(self, house: House, clock: FakeClock) -> None:
        people = [entry["userid"] for entry in await house.cloud.control("GET", "/people")]
        importing = await house.link("user-1", person=people[0])
        begun = await house.storage.accounts.claim_one(importing, "first", now=clock(), lease=LEASE)
        assert begun is not None
        await house.turning.turn(begun, "first")
        waiting = await house.linked("user-2", person=people[1])
        await asked(house, waiting)
        all_but_one = [Lane.LIVE] * (MOST_AT_ONCE - 1)
        claimed = await house.working._claim_due(all_but_one)
        assert [(lane, account.userid) for lane, _, account in claimed] == [(Lane.LIVE, waiting)]
        claimed = await house.working._claim_due(all_but_one)
        assert [(lane, account.userid) for lane, _, account in claimed] == [(Lane.BACKFILL, importing)]

    async def test_begins_nothing_new_once_it_was_told_to_stop(self, house: House, userid: str) -> None:
        stop = asyncio.Event()
        stop.set()
        await house.working.run(stop, grace=1)
        await house.receive(userid, await house.weigh(userid, 70))
        assert await house.working.drain(userid) == []
        assert (await house.account(userid)).of(Category.MEASURES).news

    @pytest.mark.slow
    async def test_takes_up_an_import_as_soon_as_a_link_was_worked_off(
        self, house: House, clock: FakeClock
    ) -> None:
        people = [entry["userid"] for entry in await house.cloud.control("GET", "/people")]
        linked = await house.link("user-2", person=people[1])
        stop = asyncio.Event()
        working = asyncio.create_task(house.working.run(stop, grace=5))
        await house.working.work_off(linked)

        async def imported() -> bool:
            return not (await house.account(linked)).importing

        await eventually(imported)
        stop.set()
        await working

    @pytest.mark.slow
    async def test_goes_on_with_an_account_without_a_look_at_all_others(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        people = [entry["userid"] for entry in await house.cloud.control("GET", "/people")]
        claim, looks = house.storage.accounts.claim, Counter[Lane]()

        async def counted(worker: str, *, lane: Lane, **more: Any) -> list[Account]:
            looks[lane] += 1
            return await claim(worker, lane=lane, **more)

        monkeypatch.setattr(house.storage.accounts, "claim", counted)
        monkeypatch.setattr(working, "POLL_SECONDS", 3600.0)
        stop = asyncio.Event()
        running = asyncio.create_task(house.working.run(stop, grace=5))
        linked = await house.link("user-2", person=people[1])
        await house.working.work_off(linked)

        async def imported() -> bool:
            return not (await house.account(linked)).importing

        await eventually(imported)
        assert looks == dict.fromkeys(Lane, 1)
        stop.set()
        await running

    @pytest.mark.slow
    async def test_looks_at_all_others_where_a_lane_was_full(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(working, "POLL_SECONDS", 3600.0)
        monkeypatch.setitem(working.MOST_IN_LANE, Lane.BACKFILL, 1)
        people = [entry["userid"] for entry in await house.cloud.control("GET", "/people")]
        linked = [await house.link(f"user-{n}", person=person) for n, person in enumerate(people)]
        for userid in linked:
            await house.working.drain(userid, imports=False)
        stop = asyncio.Event()
        running = asyncio.create_task(house.working.run(stop, grace=5))

        async def imported() -> bool:
            return not any([(await house.account(userid)).importing for userid in linked])

        await eventually(imported)
        stop.set()
        await running


class TestHurry:
    @pytest.mark.slow
    async def test_ends_an_import_early_when_news_comes(self, house: House, clock: FakeClock) -> None:
        people = [entry["userid"] for entry in await house.cloud.control("GET", "/people")]
        userid = await house.link("user-2", person=people[1])
        async with house.weather.holding("getmeas") as arrived:
            importing = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            await house.receive(userid, await house.weigh(userid, 70))
            assert await house.drain(userid) == []
            assert house.turning._running[userid].hurried
        turns = await importing
        first, second, *_ = turns
        assert not any(result.task.backfill for result in first.results)
        assert second.results[0].task.category is Category.MEASURES
        assert second.results[0].task.news.live

    async def test_reaches_a_turn_of_another_replica(
        self, house: House, userid: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(turning, "LISTEN_EVERY", SECOND / 100)
        await house.storage.accounts.announce(userid, {Category.SUBSCRIPTIONS: ASKED}, now=clock())
        await house.storage.accounts.announce(userid, {Category.DEVICES: ASKED}, now=clock())
        async with house.weather.holding("getdevice") as arrived:
            draining = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            other = House(house.storage, house.cloud, clock)
            await other.receive(userid, await other.weigh(userid, 70))
            assert await other.drain(userid) == []

            async def hurried() -> bool:
                return house.turning._running[userid].hurried

            await eventually(hurried)
        await draining
        assert await house.values("weight") == ["154.32"]


class TestWorkOff:
    async def test_stays_with_an_account_that_somebody_else_works_on(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        claimed = await house.storage.accounts.claim_one(userid, "another", now=clock(), lease=LEASE)
        assert claimed is not None
        await house.receive(userid, await house.weigh(userid, 70))
        working = asyncio.create_task(house.working.work_off(userid))
        await asyncio.sleep(0)
        assert await house.values("weight") == []
        await house.holding.release(userid, "another")
        await asyncio.wait_for(working, 5)
        assert await house.values("weight") == ["154.32"]

    async def test_leaves_it_when_the_other_has_done_it(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.receive(userid, await house.weigh(userid, 70))
        async with house.weather.holding("getmeas") as arrived:
            other = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            working = asyncio.create_task(house.working.work_off(userid))
            await asyncio.sleep(0)
        await other
        await asyncio.wait_for(working, 5)
        assert await house.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_by_many_at_once_is_one_that_waits_and_misses_nothing(
        self, house: House, userid: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        claims: list[str] = []
        claim_one = house.storage.accounts.claim_one

        async def counted(account: str, *arguments: Any, **named: Any) -> Account | None:
            claims.append(account)
            return await claim_one(account, *arguments, **named)

        claimed = await claim_one(userid, "another", now=clock(), lease=LEASE)
        assert claimed is not None
        monkeypatch.setattr(house.storage.accounts, "claim_one", counted)
        monkeypatch.setattr(working, "WAIT_SECONDS", 0.25)
        waiting = []
        for _ in range(30):
            await house.receive(userid, await house.weigh(userid, 70))
            waiting.append(asyncio.create_task(house.working.work_off(userid)))
        await asyncio.gather(*waiting[1:])
        assert len(claims) < 5
        await house.holding.release(userid, "another")
        await asyncio.wait_for(waiting[0], 5)
        assert len(await house.values("weight")) == 30

    async def test_does_not_wait_for_an_account_that_is_gone(self, house: House) -> None:
        await asyncio.wait_for(house.working.work_off("404"), 5)
