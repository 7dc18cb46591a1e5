"""What is told of the whole bridge, and what asking for it costs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import HOUR, MINUTE, SECOND, a_pair, an_account
from fakes import FakeClock
from scrape import Scrape
from unit.services.house import House, a_house
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import ASKED, Lane, Work
from withings_bridge.domain.troubles import Trouble
from withings_bridge.services.oversight import surveying
from withings_bridge.services.oversight.surveying import MOST_PAGES, PAGE, Surveying


async def told(house: House) -> Scrape:
    await house.surveying.look()
    return Scrape(house.telemetry.text())


async def joined(house: House, account: Account) -> None:
    (user,) = account.users
    await house.storage.links.join(user, account.userid, a_pair(), lambda _: account)


class TestWhatIsTold:
    async def test_of_a_bridge_that_has_nobody(self, house: House) -> None:
        scrape = await told(house)
        assert scrape.of("store_up") == 1
        assert scrape.of("worker_beat_timestamp_seconds") == 0
        assert scrape.of("accounts") == scrape.of("dead_letters") == scrape.of("stalest_account_seconds") == 0
        assert scrape.of("quota_granted_calls") >= 120 * 60
        assert scrape.tells("quota_calls")
        assert scrape.of("info") == 1

    async def test_is_how_accounts_are_and_what_was_given_up(self, house: House, clock: FakeClock) -> None:
        await house.linked()
        buried = Trouble(15, "Transient", clock(), None, announced=1)
        work = {Category.SLEEP: Work(news=ASKED, announced=1, trouble=buried)}
        await joined(house, an_account("5000", "user-5", work=work))
        await joined(house, an_account("5001", "user-6", consent_needed_at=clock()))
        scrape = await told(house)
        assert scrape.of("accounts", condition="stuck") == 1
        assert scrape.of("accounts", condition="needs consent") == 1
        assert scrape.of("accounts", condition="in step") == 1
        assert scrape.of("accounts") == 3
        assert scrape.of("dead_letters", category="sleep") == scrape.of("dead_letters") == 1
        assert scrape.of("pending_work", state="buried") == 1
        assert scrape.of("census_timestamp_seconds") == clock.epoch()

    async def test_is_how_long_the_first_in_each_lane_has_waited(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await house.storage.accounts.announce(userid, {Category.MEASURES: ASKED}, now=clock())
        clock.advance(40 * SECOND)
        scrape = await told(house)
        assert scrape.of("waiting_seconds", lane="live") == 40
        assert scrape.of("waiting_seconds", lane="backfill") == 0

    async def test_is_when_the_stalest_account_was_swept(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path, clock, sweep_every=6 * HOUR) as house:
            linked_at = clock()
            await house.link()
            clock.advance(5 * HOUR)
            assert (await told(house)).of("stalest_account_seconds") == (clock() - linked_at).total_seconds()
            clock.advance(15 * HOUR)
            scrape = await told(house)
            assert scrape.of("stalest_account_seconds") == 20 * 3600
            assert scrape.of("sweep_interval_seconds") == 6 * 3600

    async def test_is_the_use_of_the_budget(self, house: House) -> None:
        account = await house.account(await house.linked())
        await house.tokens.call(account, house.paced_client().devices)
        await house.pacing.slow_down(10 * MINUTE)
        scrape = await told(house)
        assert scrape.of("quota_calls", lane="live") == scrape.of("quota_calls") == 1
        assert scrape.of("quota_granted_calls") == (await house.pacing.usage()).hourly
        assert scrape.of("quota_paused") == 1


@dataclass
class CountingAccounts:
    """Accounts of which only the first calls are answered, and all are counted."""

    number: int = 0
    asked: list[str] = field(default_factory=list)
    silent: bool = False

    async def earliest_due(self, lane: Lane) -> datetime | None:
        self.asked.append(f"due {lane}")
        if self.silent:
            await asyncio.Event().wait()
        return None

    async def list(self, *, after: str | None = None, limit: int = 100) -> Sequence[Account]:
        self.asked.append("list")
        first = int(after or -1) + 1
        return [an_account(f"{n:06}", f"user-{n}") for n in range(first, min(first + limit, self.number))]


def surveying_of(house: House, accounts: Any) -> Surveying:
    return Surveying(
        accounts=accounts,
        working=house.working,
        oauth=house.oauth,
        pacing=house.pacing,
        telemetry=house.telemetry,
        sweep_every=6 * HOUR,
        clock=house.clock,
    )


class TestWhatItCosts:
    async def test_is_the_same_however_often_somebody_asks_within_a_minute(
        self, house: House, clock: FakeClock
    ) -> None:
        accounts = CountingAccounts(5)
        survey = surveying_of(house, accounts)
        for _ in range(3):
            await survey.look()
            clock.advance(19 * SECOND)
        assert len(accounts.asked) == len(Lane) + 2
        clock.advance(3 * SECOND)
        await asyncio.gather(*(survey.look() for _ in range(20)))
        assert len(accounts.asked) == 2 * (len(Lane) + 2)

    @pytest.mark.slow
    async def test_is_bounded_for_many_accounts_which_are_counted_by_and_by(
        self, house: House, clock: FakeClock
    ) -> None:
        accounts = CountingAccounts(2 * MOST_PAGES * PAGE + 1)
        survey = surveying_of(house, accounts)
        for rounds in (1, 2):
            await survey.look()
            assert accounts.asked.count("list") == rounds * MOST_PAGES
            assert not Scrape(house.telemetry.text()).tells("accounts")
            clock.advance(MINUTE)
        await survey.look()
        assert Scrape(house.telemetry.text()).of("accounts") == accounts.number


class TestASilentStore:
    async def test_takes_away_what_only_it_knows_and_delays_nobody_for_long(
        self, house: House, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(surveying, "PATIENCE_SECONDS", 0.01)
        accounts = CountingAccounts()
        survey = surveying_of(house, accounts)
        await survey.look()
        assert Scrape(house.telemetry.text()).of("store_up") == 1
        accounts.silent = True
        clock.advance(MINUTE)
        await survey.look()
        scrape = Scrape(house.telemetry.text())
        assert scrape.of("store_up") == 0
        assert scrape.tells("worker_beat_timestamp_seconds")
        assert not scrape.tells("quota_calls")
        assert not scrape.tells("stalest_account_seconds")
        assert scrape.tells("accounts")  # of the last census, which says when that was
        await stopped(survey)

    async def test_that_answers_with_an_error_is_one_too(self, house: House, clock: FakeClock) -> None:
        await house.storage.__aexit__()
        assert (await told(house)).of("store_up") == 0
        await house.storage.__aenter__()
        clock.advance(MINUTE)
        assert (await told(house)).of("store_up") == 1

    async def test_is_not_waited_for_by_a_bridge_that_stops(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(surveying, "PATIENCE_SECONDS", 0.01)
        survey = surveying_of(house, CountingAccounts(silent=True))
        await survey.look()
        await stopped(survey)


async def stopped(survey: Surveying) -> None:
    """The survey after its end, which comes soon."""
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(5):
        await survey.run(stop)
