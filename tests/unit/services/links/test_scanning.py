"""The scan: everybody is found, by one replica at a time, through crashes and mishaps of single users."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from builders import HOUR, MINUTE
from contract.storage.backends import SqliteBackend
from contract.storage.predecessor import foreign_rows
from fakes import FakeClock
from unit.services.house import House, eventually
from unit.services.leftovers import a_live_pair, a_row
from withings_bridge.domain.errors import StorageError, StorageUnavailable
from withings_bridge.domain.links import Place
from withings_bridge.services.clock import Clock, system_clock
from withings_bridge.services.links.adopting import Outcome
from withings_bridge.services.links.marking import SCAN
from withings_bridge.services.links.scanning import LOCK, Scanning

NOBODY_STOPS = asyncio.Event()


@pytest.fixture
async def users(house: House, table: SqliteBackend, clock: FakeClock) -> list[str]:
    """Six users of the predecessor, each with an account and a single pair, in the order of the table."""
    users = [f"user-{number}" for number in range(6)]
    for number, user in enumerate(users):
        await table.put_token_row(a_row(user, Place.OWN, f"70{number}", saved_at=clock() - HOUR))
    return users


async def linked(house: House) -> list[str]:
    """Who is in an account."""
    return sorted(user for account in await house.storage.accounts.list() for user in account.users)


class Telling:
    """An adoption that notes who comes, and does something first."""

    def __init__(self, house: House, first: Callable[[str], Awaitable[Outcome | None]] | None = None) -> None:
        self._house = house
        self._first = first
        self.came: list[str] = []

    async def adopt(self, user: str, *, again: bool = False) -> Outcome:
        self.came.append(user)
        outcome = await self._first(user) if self._first else None
        return outcome or await self._house.adopting.adopt(user, again=again)


def scanning_with(house: House, adopting: Telling, *, page: int = 2, clock: Clock | None = None) -> Scanning:
    return Scanning(
        links=house.links,
        ephemera=house.storage.ephemera,
        adopting=adopting,  # type: ignore[arg-type]  # it stands in for all that a scan uses
        clock=clock or house.clock,
        page=page,
    )


class TestScan:
    async def test_finds_everybody_and_touches_no_other_connectors_rows(
        self, house: House, table: SqliteBackend, users: list[str], clock: FakeClock
    ) -> None:
        foreign = [row for user in users for row in foreign_rows(f"{user}-other", "1")]
        for row in foreign:
            await table.put_token_row(row)
        for place in Place:
            await table.put_token_row(a_row(f"who-{place}", place, f"80{place}", saved_at=clock() - HOUR))
        progress = await scanning_with(house, Telling(house)).scan(NOBODY_STOPS, since=clock())
        assert progress is not None
        assert (progress.done, progress.left) == (True, 0)
        assert await linked(house) == sorted([*users, *(f"who-{place}" for place in Place)])
        assert await house.calls() == []
        for row in foreign:
            assert await table.token_row(row["userId"]) == row

    async def test_comes_to_a_user_once_a_page(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        pair = (await a_live_pair(house.cloud)).tokens
        for place in Place:
            row = a_row("user-1", place, str(pair["userid"]), saved_at=clock() - HOUR, tokens=pair)
            await table.put_token_row(row)
        telling = Telling(house)
        await scanning_with(house, telling, page=100).scan(NOBODY_STOPS, since=clock())
        assert telling.came == ["user-1"]

    async def test_that_was_cut_off_goes_on_from_the_page_it_was_at(
        self, house: House, users: list[str], clock: FakeClock
    ) -> None:
        began = clock()

        async def crash(user: str) -> None:
            if user == users[3]:
                raise KeyboardInterrupt

        first = scanning_with(house, Telling(house, crash))
        with pytest.raises(KeyboardInterrupt):
            await first.scan(NOBODY_STOPS, since=began)
        clock.advance(MINUTE)
        second = Telling(house)
        progress = await scanning_with(house, second).scan(NOBODY_STOPS, since=clock())
        assert second.came == users[2:]
        assert progress is not None
        assert (progress.done, progress.began_at) == (True, began)
        assert await linked(house) == users

    async def test_that_went_on_from_another_is_made_once_more_from_the_beginning(
        self, house: House, table: SqliteBackend, users: list[str], clock: FakeClock
    ) -> None:
        async def fall_silent(user: str) -> None:
            if user == users[3]:
                raise StorageUnavailable

        with pytest.raises(StorageUnavailable):
            await scanning_with(house, Telling(house, fall_silent)).scan(NOBODY_STOPS, since=clock())
        await table.put_token_row(a_row("a-newcomer", Place.OWN, "799", saved_at=clock()))
        clock.advance(MINUTE)
        await scanning_with(house, Telling(house)).run(asyncio.Event(), grace=1)
        assert await linked(house) == ["a-newcomer", *users]

    async def test_is_made_by_one_replica_at_a_time(
        self, house: House, users: list[str], clock: FakeClock
    ) -> None:
        others: list[object] = []

        async def another_comes(_: str) -> None:
            others.append(await scanning_with(house, Telling(house)).scan(NOBODY_STOPS, since=clock()))

        await scanning_with(house, Telling(house, another_comes)).scan(NOBODY_STOPS, since=clock())
        assert others == [None] * len(users)

    async def test_ends_when_its_lock_is_lost_to_another(
        self, house: House, users: list[str], clock: FakeClock
    ) -> None:
        another = Telling(house)

        async def sleep_too_long(user: str) -> None:
            if user == users[2]:
                clock.advance(LOCK)
                progress = await scanning_with(house, another).scan(NOBODY_STOPS, since=clock())
                assert progress is not None

        slow = Telling(house, sleep_too_long)
        progress = await scanning_with(house, slow).scan(NOBODY_STOPS, since=clock())
        assert progress is not None
        assert not progress.done
        assert slow.came == users[:4]
        assert another.came == users[2:]

    async def test_of_another_replica_that_began_since_is_enough(
        self, house: House, users: list[str], clock: FakeClock
    ) -> None:
        started = clock()
        clock.advance(MINUTE)
        await scanning_with(house, Telling(house)).scan(NOBODY_STOPS, since=clock())
        telling = Telling(house)
        progress = await scanning_with(house, telling).scan(NOBODY_STOPS, since=started)
        assert progress is not None
        assert progress.done
        assert telling.came == []

    async def test_that_began_before_is_not(self, house: House, users: list[str], clock: FakeClock) -> None:
        await scanning_with(house, Telling(house)).scan(NOBODY_STOPS, since=clock())
        clock.advance(MINUTE)
        telling = Telling(house)
        await scanning_with(house, telling).scan(NOBODY_STOPS, since=clock())
        assert telling.came == users

    async def test_lets_notifications_leave_marks_until_it_ends(
        self, house: House, users: list[str], clock: FakeClock
    ) -> None:
        async def notice(_: str) -> None:
            assert await house.storage.ephemera.held(SCAN, now=clock())

        await scanning_with(house, Telling(house, notice)).scan(NOBODY_STOPS, since=clock())
        assert not await house.storage.ephemera.held(SCAN, now=clock())

    async def test_stops_between_two_users_when_told_to(
        self, house: House, users: list[str], clock: FakeClock
    ) -> None:
        stop = asyncio.Event()

        async def be_told(user: str) -> None:
            if user == users[2]:
                stop.set()

        telling = Telling(house, be_told)
        progress = await scanning_with(house, telling).scan(stop, since=clock())
        assert progress is not None
        assert not progress.done
        assert telling.came == users[:3]


class TestAUserWhoCannotBeTakenIn:
    @pytest.mark.parametrize(
        "error", [ZeroDivisionError(), StorageError("too many users")], ids=["our bug", "the store"]
    )
    async def test_does_not_keep_the_others_from_being_found(
        self, house: House, users: list[str], clock: FakeClock, error: Exception
    ) -> None:
        async def fail(user: str) -> None:
            if user == users[1]:
                raise error

        progress = await scanning_with(house, Telling(house, fail)).scan(NOBODY_STOPS, since=clock())
        assert progress is not None
        assert (progress.done, progress.left) == (True, 1)
        assert await linked(house) == [user for user in users if user != users[1]]

    async def test_now_is_counted_for_a_later_pass(
        self, house: House, users: list[str], clock: FakeClock
    ) -> None:
        async def leave(user: str) -> Outcome | None:
            return Outcome.LEFT if user in users[:2] else None

        progress = await scanning_with(house, Telling(house, leave)).scan(NOBODY_STOPS, since=clock())
        assert progress is not None
        assert progress.left == 2
        clock.advance(MINUTE)
        progress = await scanning_with(house, Telling(house)).scan(NOBODY_STOPS, since=clock())
        assert progress is not None
        assert progress.left == 0
        assert await linked(house) == users


class TestRun:
    async def test_ends_by_itself_when_everybody_is_taken_in(self, house: House, users: list[str]) -> None:
        async with asyncio.timeout(5):
            await house.scanning.run(asyncio.Event(), grace=1)
        assert await linked(house) == users

    async def test_ends_with_a_table_that_holds_nobody(self, house: House) -> None:
        async with asyncio.timeout(5):
            await house.scanning.run(asyncio.Event(), grace=1)

    async def test_told_to_stop_does_not_wait_for_a_user_who_takes_too_long(
        self, house: House, users: list[str]
    ) -> None:
        stop, stuck = asyncio.Event(), asyncio.Event()

        async def hang(user: str) -> None:
            stuck.set()
            await asyncio.Event().wait()

        running = asyncio.create_task(scanning_with(house, Telling(house, hang)).run(stop, grace=0.05))
        await stuck.wait()
        stop.set()
        async with asyncio.timeout(5):
            await running
        assert not await house.storage.ephemera.held(SCAN, now=house.clock())

    async def test_told_to_stop_finishes_with_the_user_it_is_at(self, house: House, users: list[str]) -> None:
        stop, going_on = asyncio.Event(), asyncio.Event()
        telling = Telling(house)

        async def wait(user: str) -> None:
            stop.set()
            await going_on.wait()

        telling = Telling(house, wait)
        running = asyncio.create_task(scanning_with(house, telling).run(stop, grace=5))

        async def stopping() -> bool:
            return stop.is_set()

        await eventually(stopping)
        going_on.set()
        await running
        assert telling.came == users[:1]
        assert await linked(house) == users[:1]

    async def test_tries_again_while_the_store_is_silent(
        self, house: House, users: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.links.scanning.POLL_SECONDS", 0.001)
        house.links.failures = 3
        async with asyncio.timeout(5):
            await house.scanning.run(asyncio.Event(), grace=1)
        assert await linked(house) == users

    async def test_makes_another_pass_for_those_who_were_left_over(
        self, house: House, users: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.links.scanning.PAUSES", (0.001, 0.001))
        waiting = set(users[2:4])

        async def leave_once(user: str) -> Outcome | None:
            if user not in waiting:
                return None
            waiting.remove(user)
            return Outcome.LEFT

        scanning = scanning_with(house, Telling(house, leave_once), clock=system_clock)
        async with asyncio.timeout(5):
            await scanning.run(asyncio.Event(), grace=1)
        assert await linked(house) == users

    async def test_gives_up_on_those_who_are_left_over_every_time(
        self, house: House, users: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.links.scanning.PAUSES", (0.001, 0.001))

        async def leave(user: str) -> Outcome | None:
            return Outcome.LEFT if user == users[2] else None

        telling = Telling(house, leave)
        scanning = scanning_with(house, telling, clock=system_clock)
        async with asyncio.timeout(5):
            await scanning.run(asyncio.Event(), grace=1)
        assert telling.came.count(users[2]) == 3
