"""Announcements that come at once share a write; each is answered for itself."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

import pytest

from builders import NOON, SECOND, a_window, an_account, news_of
from withings_bridge.domain.accounts import announce
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageError, StorageUnavailable
from withings_bridge.domain.inbox import ASKED, News
from withings_bridge.storage.dynamodb.gathering import Announcements, Gathering

ACCOUNT = "1234"
OTHER = "5678"


class Store:
    """Writes that take until they are let go."""

    def __init__(self, *, unknown: tuple[str, ...] = ()) -> None:
        self.begun: list[tuple[str, Announcements]] = []
        self.ended = 0
        self.fails: Callable[[Announcements], Exception | None] = lambda _: None
        self._free = asyncio.Semaphore(0)
        self._unknown = unknown

    async def write(self, userid: str, announced: Announcements) -> bool:
        self.begun.append((userid, announced))
        await self._free.acquire()
        self.ended += 1
        if error := self.fails(announced):
            raise error
        return userid not in self._unknown

    def let_go(self, writes: int = 1000) -> None:
        """So many more may end."""
        for _ in range(writes):
            self._free.release()

    @property
    def sizes(self) -> list[int]:
        """How many announcements each write was for."""
        return [len(announced.each) for _, announced in self.begun]


def announcing(
    gathering: Gathering,
    userid: str = ACCOUNT,
    news: Mapping[Category, News] | None = None,
    *,
    now: datetime = NOON,
) -> "asyncio.Task[bool]":
    return asyncio.create_task(gathering.announce(userid, news or news_of(), now=now))


async def under_way(store: Store, writes: int = 1) -> None:
    for _ in range(100):
        if len(store.begun) < writes:
            await asyncio.sleep(0)
    assert len(store.begun) == writes


async def waiting() -> None:
    """Until tasks that were just made have announced, which they do at their first step."""
    await asyncio.sleep(0)


class TestGathering:
    async def test_what_comes_during_a_write_goes_together_into_the_next(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        first = announcing(gathering)
        await under_way(store)
        more = [announcing(gathering) for _ in range(20)]
        await waiting()
        store.let_go()
        assert await asyncio.gather(first, *more) == [True] * 21
        assert store.sizes == [1, 20]

    async def test_accounts_do_not_wait_for_each_other(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        both = [announcing(gathering), announcing(gathering, OTHER)]
        await under_way(store, 2)
        assert store.ended == 0
        store.let_go()
        assert await asyncio.gather(*both) == [True, True]

    async def test_nobody_is_answered_before_their_own_write_is_done(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        first = announcing(gathering)
        await under_way(store)
        late = announcing(gathering)
        await waiting()
        store.let_go(1)
        await first
        await under_way(store, 2)
        assert not late.done()
        store.let_go()
        assert await late

    async def test_an_unknown_account_is_told_to_all_who_named_it(self) -> None:
        store = Store(unknown=(OTHER,))
        gathering = Gathering(store.write)
        store.let_go()
        answers = [announcing(gathering, userid) for userid in (OTHER, ACCOUNT, OTHER)]
        assert await asyncio.gather(*answers) == [False, True, False]

    async def test_a_silent_store_is_told_to_all_and_the_next_is_tried_anew(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        store.let_go()
        store.fails = lambda _: StorageUnavailable("throttled")
        answers = await asyncio.gather(*[announcing(gathering) for _ in range(3)], return_exceptions=True)
        assert [type(answer) for answer in answers] == [StorageUnavailable] * 3
        store.fails = lambda _: None
        assert await announcing(gathering)

    async def test_one_that_is_not_accepted_fails_alone(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        odd = news_of(a_window(NOON - SECOND))
        store.fails = lambda announced: StorageError("too large") if odd in announced.each else None
        store.let_go()
        answers = [announcing(gathering, news=news) for news in (news_of(), odd, news_of())]
        known = await asyncio.gather(*answers, return_exceptions=True)
        assert [type(answer) for answer in known] == [bool, StorageError, bool]

    async def test_a_caller_who_goes_away_takes_nobody_along(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        gone, stays = announcing(gathering), announcing(gathering)
        await under_way(store)
        gone.cancel()
        await waiting()
        store.let_go()
        assert await stays
        assert store.sizes == [2]

    async def test_a_caller_who_goes_away_in_time_is_not_written_for(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        first = announcing(gathering)
        await under_way(store)
        gone = announcing(gathering)
        await waiting()
        gone.cancel()
        await waiting()
        store.let_go()
        assert await first
        await gathering.finish()
        assert store.sizes == [1]

    async def test_finishing_waits_for_what_is_being_written_though_nobody_else_does(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        gone = announcing(gathering)
        await under_way(store)
        gone.cancel()
        finishing = asyncio.create_task(gathering.finish())
        await waiting()
        assert not finishing.done()
        store.let_go()
        await finishing
        assert store.ended == 1

    async def test_nothing_is_kept_of_accounts_that_are_done(self) -> None:
        store = Store()
        gathering = Gathering(store.write)
        store.let_go()
        await asyncio.gather(*(announcing(gathering, str(n)) for n in range(50)))
        await gathering.finish()
        assert not gathering._waiting
        assert not gathering._writing


class TestAnnouncements:
    @pytest.mark.parametrize("count", [1, 3, 40])
    def test_come_to_the_same_as_one_after_the_other(self, count: int) -> None:
        account = expected = an_account(ACCOUNT)
        each = [news_of(a_window(NOON + n // 2 * SECOND)) | {Category.SLEEP: ASKED} for n in range(count)]
        for news in each:
            expected = announce(expected, news)
        assert Announcements(each, NOON).added_to(account) == expected

    def test_count_every_one_and_merge_what_is_the_same(self) -> None:
        announced = Announcements([news_of(), news_of(), {Category.SLEEP: ASKED}], NOON)
        assert announced.counts == {Category.MEASURES: 2, Category.SLEEP: 1}
        assert announced.merged == news_of() | {Category.SLEEP: ASKED}
