"""A user of the predecessor becomes a member of an account, whatever the rows look like."""

import asyncio
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE, NOON_MS, a_token_row
from contract.storage.backends import SqliteBackend
from contract.storage.predecessor import foreign_rows
from fakes import FailingLinks, FakeClock
from unit.services.house import WINDOWS, House
from unit.services.leftovers import USER, a_live_pair, a_row, adopting_over, another_person, row_with
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.links import Link, Place, TokenRow
from withings_bridge.services.links.adopting import Outcome
from withings_bridge.storage.base import JoinChange

DAMAGED: dict[str, dict[str, Any]] = {
    "with only a push": {
        "userId": f"{USER}#withings",
        "last_vitals7_push_at": NOON_MS,
        "updated_at": NOON_MS,
    },
    "of a failed refresh": a_token_row(USER, "undefined", refresh_token="", created_at=NOON_MS + 1),
}


class TestASinglePair:
    @pytest.mark.parametrize("place", Place)
    async def test_is_adopted_without_a_call_wherever_it_stands(
        self, house: House, table: SqliteBackend, place: Place
    ) -> None:
        row = await row_with(house, place)
        await table.put_token_row(row)
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert await house.calls() == []
        account = await house.account(row["withings_userid"])
        assert account.users == {USER}
        link = await house.link_of()
        assert (link.account, link.pair.refresh_token) == (account.userid, row["refresh_token"])
        assert [row.name.place for row in await house.storage.links.rows(USER)] == [Place.OWN]

    async def test_in_its_place_is_left_as_it_is_to_the_byte(
        self, house: House, table: SqliteBackend
    ) -> None:
        row = await row_with(house, Place.OWN, last_vitals7_push_at=7, updated_at=8, token_type="Bearer")
        await table.put_token_row(row)
        await house.adopting.adopt(USER)
        assert await table.token_row(f"{USER}#withings") == row

    @pytest.mark.parametrize("damaged", DAMAGED.values(), ids=DAMAGED)
    @pytest.mark.parametrize("place", [Place.BARE, Place.DOUBLED])
    async def test_is_not_hidden_by_a_damaged_row(
        self, house: House, table: SqliteBackend, place: Place, damaged: dict[str, Any]
    ) -> None:
        row = await row_with(house, place)
        await table.put_token_row(row)
        await table.put_token_row(damaged)
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert await house.calls() == []
        (found,) = await house.storage.links.rows(USER)
        assert found.link is not None
        assert found.link.pair.refresh_token == row["refresh_token"]

    async def test_is_adopted_without_a_call_by_two_at_once(self, house: House, table: SqliteBackend) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)
        outcomes = await asyncio.gather(*(house.adopting.adopt(USER) for _ in range(4)))
        assert Outcome.ADOPTED in outcomes
        assert set(outcomes) <= {Outcome.ADOPTED, Outcome.SETTLED}
        assert await house.calls() == []
        (found,) = await house.storage.links.rows(USER)
        assert found.link is not None
        assert found.link.pair.refresh_token == row["refresh_token"]

    async def test_that_stands_in_all_rows_is_one(self, house: House, table: SqliteBackend) -> None:
        row = await row_with(house, Place.OWN)
        for place in Place:
            await table.put_token_row(row | {"userId": place.key(USER), "created_at": 1})
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert await house.calls() == []
        assert len(await house.storage.links.rows(USER)) == 1

    async def test_begins_like_a_new_link(self, house: House, table: SqliteBackend, clock: FakeClock) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)
        await house.adopting.adopt(USER)
        adopted = await house.account(row["withings_userid"])
        fresh = await house.account(
            await house.link("user-9", person=await another_person(house, adopted.userid))
        )
        assert adopted.work == fresh.work
        assert {c for c in Category if adopted.of(c).backfill} == set(WINDOWS)
        assert await house.storage.accounts.claim("w", lane=Lane.ERRAND, now=clock(), lease=MINUTE, limit=9)

    @pytest.mark.slow
    async def test_brings_all_that_the_person_has_at_withings(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.DOUBLED)
        await house.weigh(row["withings_userid"], 70, at=(clock() - 200 * DAY).isoformat())
        await table.put_token_row(row)
        await house.adopting.adopt(USER)
        await house.drain(row["withings_userid"])
        assert await house.values("weight") == ["154.32"]
        assert (await house.link_of()).pushed_at == clock()

    async def test_that_withings_refuses_asks_for_consent_at_its_first_use(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        userid = str((await a_live_pair(house.cloud)).userid)
        await table.put_token_row(a_row(USER, Place.BARE, userid, saved_at=clock() - HOUR))
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        await house.drain(userid)
        assert (await house.account(userid)).consent_needed_at == clock()

    async def test_that_withings_refused_is_not_asked_about_by_every_scan(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        userid = str((await a_live_pair(house.cloud)).userid)
        await table.put_token_row(a_row(USER, Place.BARE, userid, saved_at=clock() - HOUR))
        await house.adopting.adopt(USER)
        await house.drain(userid)
        await house.forget_calls()
        before = await house.account(userid)
        assert await house.adopting.adopt(USER) is Outcome.SETTLED
        assert await house.calls() == []
        assert await house.account(userid) == before


class TestALinkOfTheBridge:
    async def test_is_never_overwritten_by_an_older_pair(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        for place in (Place.BARE, Place.DOUBLED):
            await table.put_token_row(a_row(USER, place, userid, saved_at=clock() - DAY))
        before, account = await house.storage.links.rows(USER), await house.account(userid)
        assert await house.adopting.adopt(USER) is Outcome.SETTLED
        assert await house.storage.links.rows(USER) == before
        assert await house.account(userid) == account

    async def test_keeps_its_pair_when_a_second_user_is_found_with_an_older_one(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await table.put_token_row(a_row("user-2", Place.OWN, userid, saved_at=clock() - DAY))
        assert await house.adopting.adopt("user-2") is Outcome.ADOPTED
        await house.drain(userid)
        assert (await house.account(userid)).consent_needed_at is None
        assert (await house.link_of("user-1")).pair == (await house.link_of("user-2")).pair

    async def test_that_is_made_at_this_very_moment_wins(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)

        async def consent() -> None:
            await house.link(USER)

        links = Meanwhile(house.storage.links, consent)
        assert await adopting_over(house, links).adopt(USER) is Outcome.LEFT
        pair = (await house.link_of()).pair
        assert pair.saved_at == clock()
        assert await house.adopting.adopt(USER) is Outcome.SETTLED
        assert (await house.link_of()).pair == pair


class TestAStoreThatIsSilent:
    async def test_leaves_all_as_it_was(self, house: House, table: SqliteBackend) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)
        house.links.failures = 1
        with pytest.raises(StorageUnavailable):
            await house.adopting.adopt(USER)
        assert await table.token_row(USER) == row
        assert await house.storage.accounts.get(row["withings_userid"]) is None

    @pytest.mark.slow
    async def test_between_account_and_rows_leaves_a_link_that_works(
        self, house: House, table: SqliteBackend
    ) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)

        async def fall_silent() -> None:
            house.links.failures = 1

        with pytest.raises(StorageUnavailable):
            await adopting_over(house, Afterwards(house.links, fall_silent)).adopt(USER)
        assert await table.token_row(USER) == row
        await house.weigh(row["withings_userid"], 70)
        await house.drain(row["withings_userid"])
        assert await house.values("weight") == ["154.32"]
        assert await table.token_row(USER) is None


class TestOthers:
    async def test_without_any_pair_are_left_alone(self, house: House, table: SqliteBackend) -> None:
        for damaged in DAMAGED.values():
            await table.put_token_row(damaged)
            assert await house.adopting.adopt(USER) is Outcome.SETTLED
            assert await table.token_row(f"{USER}#withings") == damaged
        assert await house.storage.accounts.list() == []

    @pytest.mark.slow
    async def test_of_other_connectors_are_not_touched(self, house: House, table: SqliteBackend) -> None:
        row = await row_with(house, Place.OWN)
        await table.put_token_row(row)
        foreign = foreign_rows(USER, row["withings_userid"])
        for each in foreign:
            await table.put_token_row(each)
        await house.adopting.adopt(USER)
        await house.drain(row["withings_userid"])
        for each in foreign:
            assert await table.token_row(each["userId"]) == each


class Meanwhile(FailingLinks):
    """Links where something happens right after rows were read for the first time."""

    def __init__(self, inner: Any, happens: Any) -> None:
        super().__init__(inner)
        self._happens = happens

    async def rows(self, user: str) -> list[TokenRow]:
        rows = await super().rows(user)
        happens, self._happens = self._happens, None
        if happens:
            await happens()
        return rows


class Afterwards(FailingLinks):
    """Links where something happens right after an adoption was written."""

    def __init__(self, inner: Any, happens: Any) -> None:
        super().__init__(inner)
        self._happens = happens

    async def adopt(self, link: Link, change: JoinChange, *, now: Any) -> Account:
        account = await super().adopt(link, change, now=now)
        await self._happens()
        return account
