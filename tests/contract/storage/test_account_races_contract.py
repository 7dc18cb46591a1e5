"""Account items on every backend while several replicas pull at them."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from builders import DAY, HOUR, NOON, a_pair, a_window, an_account, news_of
from contract.storage.backends import Backend
from contract.storage.steps import LEASE, with_one_more
from withings_bridge.domain.accounts import Account, announce, settled, tasks
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import LeaseLost
from withings_bridge.domain.inbox import ASKED, MOST_WINDOWS, Done, Lane
from withings_bridge.storage.base import Change, Storage


@pytest.fixture
async def replicas(backend: Backend) -> AsyncIterator[list[Storage]]:
    """Two storages on one store."""
    async with backend.storage() as first, backend.storage() as second:
        yield [first, second]


async def link(storage: Storage, userid: str, user: str) -> Account:
    return await storage.links.join(user, userid, a_pair(), lambda _: an_account(userid, user))


async def keeps(storage: Storage, userid: str, worker: str, *, now: datetime) -> bool:
    """Whether the worker still has the account after asking for more time."""
    try:
        await storage.accounts.renew(userid, worker, now=now, lease=LEASE)
    except LeaseLost:
        return False
    return True


def settling(results: list[Done]) -> Change:
    return lambda account: settled(account, results, now=NOON, jitter=0)


class TestClaims:
    async def test_give_each_account_to_one_worker(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        ids = {f"{userid}-{n}" for n in range(12)}
        # Longer ago than anything that other tests of the session leave behind.
        due_at = NOON - 20_000 * DAY
        for each in ids:
            await link(replicas[0], each, f"{user}-{each}")
            await replicas[0].accounts.announce(each, news_of(), now=due_at)

        async def work(number: int) -> list[str]:
            claimed = await replicas[number % 2].accounts.claim(
                f"worker-{number}", lane=Lane.LIVE, now=due_at, lease=LEASE, limit=2
            )
            return [account.userid for account in claimed]

        batches = await asyncio.gather(*(work(number) for number in range(30)))
        claimed = sorted(userid for batch in batches for userid in batch)
        assert len(claimed) == len(set(claimed))
        late = await replicas[0].accounts.claim("late", lane=Lane.LIVE, now=due_at, lease=LEASE, limit=100)
        assert {*claimed, *(account.userid for account in late)} == ids
        for each in ids:
            await replicas[0].links.leave(f"{user}-{each}", each)

    async def test_of_one_account_have_one_winner(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        await link(replicas[0], userid, user)
        outcomes = await asyncio.gather(
            *(
                replicas[n % 2].accounts.claim_one(userid, f"worker-{n}", now=NOON, lease=LEASE)
                for n in range(30)
            )
        )
        winners = [account.lease.holder for account in outcomes if account and account.lease]
        assert len(winners) == 1
        await replicas[1].accounts.renew(userid, winners[0], now=NOON, lease=LEASE)

    async def test_and_renewals_after_the_lease_leave_one_holder(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        await link(replicas[0], userid, user)
        now = NOON
        holder = "worker-0"
        await replicas[0].accounts.claim_one(userid, holder, now=now, lease=LEASE)
        for number in range(1, 20):
            now += LEASE
            contender = f"worker-{number}"
            kept, taken = await asyncio.gather(
                keeps(replicas[0], userid, holder, now=now),
                replicas[1].accounts.claim_one(userid, contender, now=now, lease=LEASE),
            )
            assert kept == (taken is None)
            holder = holder if kept else contender


class TestAnnouncements:
    async def test_of_one_account_that_come_at_once_all_count(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        account = expected = await link(replicas[0], userid, user)
        all_news = [news_of(a_window(NOON + n % 4 * HOUR)) | {Category.SLEEP: ASKED} for n in range(30)]
        for news in all_news:
            expected = announce(expected, news)
        announcing = (replicas[0].accounts.announce(userid, news, now=NOON) for news in all_news)
        assert await asyncio.gather(*announcing) == [True] * 30
        assert await replicas[1].accounts.get(userid) == expected != account

    async def test_of_more_windows_than_are_kept_apart_come_to_a_comparison_of_everything(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        await link(replicas[0], userid, user)
        announcing = (
            replicas[0].accounts.announce(userid, news_of(a_window(NOON + n * HOUR)), now=NOON)
            for n in range(MOST_WINDOWS + 10)
        )
        assert all(await asyncio.gather(*announcing))
        account = await replicas[1].accounts.get(userid)
        assert account is not None
        work = account.of(Category.MEASURES)
        assert work.announced == MOST_WINDOWS + 10
        assert work.news.everything

    async def test_that_come_at_once_are_answered_each_for_its_account(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        await link(replicas[0], userid, user)
        named = [userid, "nobody", userid, "nobody else", userid]
        announcing = (replicas[0].accounts.announce(each, news_of(), now=NOON) for each in named)
        assert await asyncio.gather(*announcing) == [True, False, True, False, True]

    async def test_whose_callers_go_away_leave_those_of_others(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        await link(replicas[0], userid, user)
        windows = [a_window(NOON + n * HOUR) for n in range(10)]
        announcing = [
            asyncio.create_task(replicas[0].accounts.announce(userid, news_of(window), now=NOON))
            for window in windows
        ]
        await asyncio.sleep(0)
        for task in announcing[::2]:
            task.cancel()
        assert await asyncio.gather(*announcing[1::2]) == [True] * 5
        account = await replicas[1].accounts.get(userid)
        assert account is not None
        assert account.of(Category.MEASURES).news.windows >= set(windows[1::2])

    async def test_that_race_changes_are_never_lost(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        await link(replicas[0], userid, user)
        dice = random.Random(7)  # noqa: S311 - spreads the races, guards nothing

        async def step_aside() -> None:
            for _ in range(dice.randrange(6)):
                await asyncio.sleep(0)

        async def announce(number: int) -> None:
            await step_aside()
            window = a_window(NOON + number % 15 * HOUR)
            assert await replicas[number % 2].accounts.announce(userid, news_of(window), now=NOON)

        async def change(number: int) -> None:
            await step_aside()
            await replicas[number % 2].accounts.change(
                userid,
                lambda account: replace(account, scopes=account.scopes | {f"scope-{number}"}),
                now=NOON,
            )

        # So few at once that a busy machine keeps the second that an acknowledgement has.
        for start in range(0, 200, 10):
            await asyncio.gather(
                *(announce(number) for number in range(start, start + 10)),
                *(change(number) for number in range(start // 2, start // 2 + 5)),
            )
        account = await replicas[0].accounts.get(userid)
        assert account is not None
        work = account.of(Category.MEASURES)
        assert work.announced == 200
        assert work.news == news_of(*(a_window(NOON + hour * HOUR) for hour in range(15)))[Category.MEASURES]
        assert account.scopes == {f"scope-{number}" for number in range(100)}

    async def test_that_race_turns_are_all_looked_at(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        """Every announced window is seen by a turn that began after it was announced."""
        await link(replicas[0], userid, user)
        windows = [a_window(NOON + number * HOUR) for number in range(60)]
        announced = asyncio.Event()
        seen: set[str] = set()

        async def announce() -> None:
            for window in windows:
                assert await replicas[0].accounts.announce(userid, news_of(window), now=NOON)
            announced.set()

        async def turn(worker: str) -> bool:
            claimed = await replicas[1].accounts.claim_one(userid, worker, now=NOON, lease=LEASE)
            if claimed is None:
                return False
            todo = tasks(claimed, NOON)
            for task in todo:
                seen.update(task.news.tokens)
            await replicas[1].accounts.change(userid, settling([Done(t) for t in todo]), now=NOON)
            return bool(todo)

        async def work() -> None:
            while not announced.is_set():
                await turn("worker")
            while await turn("worker"):
                pass

        async with asyncio.timeout(60):
            await asyncio.gather(announce(), work())
        account = await replicas[0].accounts.get(userid)
        assert account is not None
        assert not account.of(Category.MEASURES).news
        assert "everything" in seen or seen == {str(window) for window in windows}

    async def test_that_race_the_last_user_leaving_are_stored_or_refused(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        for round_ in range(20):
            account_id = f"{userid}-{round_}"
            await link(replicas[0], account_id, user)
            await asyncio.gather(
                replicas[0].accounts.announce(account_id, news_of(), now=NOON),
                replicas[1].links.leave(user, account_id),
            )
            assert await replicas[0].accounts.get(account_id) is None
            assert not await replicas[0].accounts.announce(account_id, news_of(), now=NOON)


class TestUsers:
    async def test_who_join_and_leave_at_once_are_all_heard(
        self, replicas: list[Storage], userid: str, user: str
    ) -> None:
        stays = f"{user}-stays"
        await link(replicas[0], userid, stays)
        goes = [f"{user}-goes-{n}" for n in range(8)]
        comes = [f"{user}-comes-{n}" for n in range(8)]
        for each in goes:
            await replicas[0].links.join(each, userid, a_pair(), with_one_more(userid, each))
        await asyncio.gather(
            *(replicas[0].links.leave(each, userid) for each in goes),
            *(replicas[1].links.join(each, userid, a_pair(), with_one_more(userid, each)) for each in comes),
        )
        account = await replicas[0].accounts.get(userid)
        assert account is not None
        assert account.users == {stays, *comes}
        for each in goes:
            assert await replicas[0].links.get(each) is None
        for each in account.users:
            linked = await replicas[0].links.get(each)
            assert linked is not None
            assert linked.account == userid
