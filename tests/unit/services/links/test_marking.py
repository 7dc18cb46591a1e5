"""What is announced of accounts that a scan has yet to find: bounded, expiring, and turned into live work."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE
from contract.storage.backends import SqliteBackend
from fakes import FakeClock
from unit.services.house import House
from unit.services.leftovers import a_live_pair, a_row
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.links import Place
from withings_bridge.services.inbox.receiving import Receiving
from withings_bridge.services.links.adopting import Outcome
from withings_bridge.services.links.marking import LASTS, SCAN, Mark, Marking
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.base import Ephemera

WEIGHT = {"appli": "1"}
ACTIVITY = {"appli": "16"}


@pytest.fixture
async def scan(house: House, clock: FakeClock) -> AsyncIterator[None]:
    """A scan runs."""
    await house.storage.ephemera.acquire(SCAN, "somebody", until=clock() + 9 * DAY, now=clock())
    yield
    await house.storage.ephemera.release(SCAN, "somebody")


def stored(folder: Path) -> int:
    """How many things the store of the house keeps for a while, locks aside."""
    connection = sqlite3.connect(folder / "bridge.db")
    try:
        (count,) = connection.execute("SELECT count(*) FROM ephemera WHERE key NOT LIKE 'lock#%'").fetchone()
    finally:
        connection.close()
    return int(count)


class TestWithoutAScan:
    async def test_nothing_is_stored_and_nobody_is_asked(self, house: House, tmp_path: Path) -> None:
        for number in range(20):
            assert await house.receiving.receive({"userid": str(number), **WEIGHT}) is None
        assert stored(tmp_path) == 0
        assert await house.calls() == []


@pytest.mark.usefixtures("scan")
class TestAMark:
    async def test_tells_what_was_announced_and_since_when(self, house: House, clock: FakeClock) -> None:
        began = clock()
        assert await house.receiving.receive({"userid": "77", **WEIGHT}) is None
        clock.advance(MINUTE)
        assert await house.receiving.receive({"userid": "77", **ACTIVITY}) is None
        announced = frozenset({Category.MEASURES, Category.ACTIVITY, Category.WORKOUTS})
        assert await house.marking.seen("77") == Mark("77", announced, began)

    async def test_is_one_however_often_the_account_is_named(self, house: House, tmp_path: Path) -> None:
        for _ in range(20):
            await house.receiving.receive({"userid": "77", **WEIGHT})
        assert stored(tmp_path) == 1

    async def test_is_one_of_so_many_however_many_accounts_are_named(
        self, house: House, clock: FakeClock, tmp_path: Path
    ) -> None:
        marking = Marking(ephemera=house.storage.ephemera, clock=clock, most=8)
        marked = [number for number in range(100) if await marking.leave(str(number), [Category.MEASURES])]
        assert stored(tmp_path) == len(marked) == 8
        for number in range(100):
            assert (await marking.seen(str(number)) is not None) == (number in marked)

    async def test_ends_by_itself_and_frees_its_slot(self, house: House, clock: FakeClock) -> None:
        marking = Marking(ephemera=house.storage.ephemera, clock=clock, most=1)
        await marking.leave("77", [Category.MEASURES])
        assert not await marking.leave("78", [Category.MEASURES])
        clock.advance(LASTS)
        assert await marking.seen("77") is None
        assert await marking.leave("78", [Category.MEASURES])

    async def test_is_taken_once_and_by_its_account_alone(self, house: House, clock: FakeClock) -> None:
        marking = Marking(ephemera=house.storage.ephemera, clock=clock, most=1)
        await marking.leave("77", [Category.SLEEP])
        assert await marking.take("78") is None
        mark = await marking.take("77")
        assert mark is not None
        assert mark.categories == {Category.SLEEP}
        assert await marking.take("77") is None

    @pytest.mark.slow
    async def test_is_left_of_nobody_who_is_known(self, house: House, tmp_path: Path) -> None:
        userid = await house.linked()
        before = stored(tmp_path)
        assert await house.receiving.receive({"userid": userid, **WEIGHT}) == userid
        assert stored(tmp_path) == before


@pytest.mark.usefixtures("scan")
class TestAnAdoptedAccount:
    @pytest.mark.slow
    async def test_looks_at_what_was_announced_before_its_import(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        linked = await a_live_pair(house.cloud)
        userid = str(linked.userid)
        await table.put_token_row(
            a_row("user-1", Place.BARE, userid, saved_at=clock() - HOUR, tokens=linked.tokens)
        )
        group = await house.weigh(userid, 70)
        fields = {"userid": userid, "startdate": str(group["date"]), "enddate": str(group["date"])}
        assert await house.receiving.receive(fields | WEIGHT) is None
        clock.advance(2 * HOUR)
        await house.forget_calls()

        assert await house.adopting.adopt("user-1") is Outcome.ADOPTED
        assert await house.marking.seen(userid) is None
        await house.drain(userid)

        first = next(call for call in await house.calls() if call.action == "getmeas")
        assert int(first.parameters["lastupdate"]) <= group["modified"]
        assert await house.values("weight") == ["154.32"]

    async def test_is_told_what_was_announced_while_it_was_adopted(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        linked = await a_live_pair(house.cloud)
        userid = str(linked.userid)
        await table.put_token_row(
            a_row("user-1", Place.OWN, userid, saved_at=clock() - HOUR, tokens=linked.tokens)
        )

        class Late(Passing):
            async def held(self, name: str, *, now: datetime) -> bool:
                await house.adopting.adopt("user-1")
                return await super().held(name, now=now)

        marking = Marking(ephemera=Late(house.storage.ephemera), clock=clock)
        receiving = Receiving(
            accounts=house.storage.accounts,
            marking=marking,
            noting=house.noting,
            telemetry=Telemetry(),
            clock=clock,
        )
        assert await receiving.receive({"userid": userid, "appli": "44"}) == userid
        assert (await house.account(userid)).of(Category.SLEEP).news


@pytest.mark.usefixtures("scan")
class TestAMarkThatCannotBeStored:
    async def test_is_done_without(self, house: House, clock: FakeClock) -> None:
        class Silent(Passing):
            async def held(self, name: str, *, now: datetime) -> bool:
                raise StorageUnavailable

        marking = Marking(ephemera=Silent(house.storage.ephemera), clock=clock)
        receiving = Receiving(
            accounts=house.storage.accounts,
            marking=marking,
            noting=house.noting,
            telemetry=Telemetry(),
            clock=clock,
        )
        assert await receiving.receive({"userid": "77", **WEIGHT}) is None


class Passing(Ephemera):
    """Hands everything on."""

    def __init__(self, inner: Ephemera) -> None:
        self._inner = inner

    async def put(self, key: str, value: Any, **times: Any) -> bool:
        return await self._inner.put(key, value, **times)

    async def get(self, key: str, *, now: datetime) -> dict[str, str] | None:
        return await self._inner.get(key, now=now)

    async def take(self, key: str, *, now: datetime) -> dict[str, str] | None:
        return await self._inner.take(key, now=now)

    async def swap(self, key: str, value: Any, **more: Any) -> dict[str, str] | None:
        return await self._inner.swap(key, value, **more)

    async def acquire(self, name: str, holder: str, **times: Any) -> bool:
        return await self._inner.acquire(name, holder, **times)

    async def held(self, name: str, *, now: datetime) -> bool:
        return await self._inner.held(name, now=now)

    async def release(self, name: str, holder: str) -> None:
        await self._inner.release(name, holder)
