"""Where several pairs may be meant, Withings is asked, and the one it honours takes the place of all."""

import pytest
from cryptography.fernet import Fernet

from builders import DAY, HOUR, MINUTE, SECOND
from contract.storage.backends import SqliteBackend
from fakes import FakeClock
from unit.services.house import House
from unit.services.leftovers import (
    USER,
    a_live_pair,
    a_row,
    adopting_over,
    another_person,
    put_dead_rows,
    refreshes,
    row_with,
)
from withings_bridge.domain.links import Place
from withings_bridge.services.links.adopting import Outcome
from withings_bridge.storage.encryption import EncryptedLinks


class TestSeveralPairs:
    @pytest.mark.slow
    @pytest.mark.parametrize("live", Place)
    @pytest.mark.parametrize("newest", Place)
    async def test_are_proven_and_the_one_that_works_takes_the_place_of_all(
        self, house: House, table: SqliteBackend, clock: FakeClock, live: Place, newest: Place
    ) -> None:
        row = await row_with(house, live)
        userid = row["withings_userid"]
        for place in Place:
            saved_at = clock() - (HOUR if place is newest else 2 * HOUR)
            tokens = row if place is live else None
            await table.put_token_row(a_row(USER, place, userid, saved_at=saved_at, tokens=tokens))
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert await refreshes(house) <= (1 if live is newest else 3)
        (found,) = await house.storage.links.rows(USER)
        assert found.name.place is Place.OWN
        assert found.link is not None
        assert found.link.pair.saved_at == clock()
        await house.weigh(userid, 70)
        await house.drain(userid)
        assert await house.values("weight") == ["154.32"]

    async def test_that_are_all_refused_stay_and_the_account_says_so(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        userid = await put_dead_rows(house, table)
        before = await house.storage.links.rows(USER)
        assert await house.adopting.adopt(USER) is Outcome.REFUSED
        assert await refreshes(house) == 3
        assert await house.storage.links.rows(USER) == before
        assert (await house.account(userid)).consent_needed_at == clock()

    async def test_that_were_all_refused_are_asked_about_again_only_on_demand(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        await put_dead_rows(house, table)
        await house.adopting.adopt(USER)
        await house.forget_calls()
        clock.advance(MINUTE)
        assert not await house.adopting.wants(USER)
        assert await house.adopting.adopt(USER) is Outcome.SETTLED
        assert await refreshes(house) == 0
        assert await house.adopting.wants(USER, again=True)
        assert await house.adopting.adopt(USER, again=True) is Outcome.REFUSED
        assert await refreshes(house) == 3

    async def test_that_were_all_refused_are_asked_about_with_one_that_came_since(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        userid = await put_dead_rows(house, table)
        await house.adopting.adopt(USER)
        clock.advance(MINUTE)
        linked = await a_live_pair(house.cloud)
        row = a_row(USER, Place.BARE, userid, saved_at=clock() - DAY, tokens=linked.tokens)
        await table.put_token_row(row)
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert (await house.account(userid)).consent_needed_at is None
        assert len(await house.storage.links.rows(USER)) == 1

    async def test_of_which_none_can_be_tried_now_are_left_as_they_are_for_later(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)
        await table.put_token_row(a_row(USER, Place.OWN, row["withings_userid"], saved_at=clock()))
        before = await house.storage.links.rows(USER)
        house.weather.breaks("requesttoken")
        assert await house.adopting.adopt(USER) is Outcome.LEFT
        assert await house.storage.links.rows(USER) == before
        clock.advance(MINUTE)
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert len(await house.storage.links.rows(USER)) == 1

    @pytest.mark.slow
    async def test_of_which_one_was_refreshed_and_not_saved_are_asked_about_again(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.DOUBLED)
        await table.put_token_row(row)
        older = a_row(USER, Place.BARE, row["withings_userid"], saved_at=clock() - 9 * HOUR)
        await table.put_token_row(older)
        house.weather.loses("requesttoken")
        assert await house.adopting.adopt(USER) is Outcome.LEFT
        clock.advance(MINUTE)
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        await house.drain(row["withings_userid"])
        account = await house.account(row["withings_userid"])
        assert account.consent_needed_at is None
        assert account.synced_at


class TestRowsThatNameSeveralAccounts:
    async def test_lead_to_the_newest_whose_pair_works(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.BARE)
        other = str(await another_person(house, row["withings_userid"]))
        await table.put_token_row(row)
        await table.put_token_row(a_row(USER, Place.OWN, other, saved_at=clock()))
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert (await house.link_of()).account == row["withings_userid"]
        assert (await house.account(row["withings_userid"])).users == {USER}
        assert await house.storage.accounts.get(other) is None

    async def test_of_which_the_newest_works_leave_the_others(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.OWN)
        other = str(await another_person(house, row["withings_userid"]))
        await table.put_token_row(row)
        await table.put_token_row(a_row(USER, Place.BARE, other, saved_at=clock() - DAY))
        assert await house.adopting.adopt(USER) is Outcome.ADOPTED
        assert (await house.link_of()).account == row["withings_userid"]
        assert await house.storage.accounts.get(other) is None
        assert len(await house.storage.links.rows(USER)) == 1


class TestTwoUsersOfOneAccount:
    async def test_with_the_same_pair_take_no_call(self, house: House, table: SqliteBackend) -> None:
        row = await row_with(house, Place.OWN)
        for user in ("user-1", "user-2"):
            await table.put_token_row(row | {"userId": f"{user}#withings", "cognito_user_id": user})
            assert await house.adopting.adopt(user) is Outcome.ADOPTED
        assert await house.calls() == []
        assert (await house.account(row["withings_userid"])).users == {"user-1", "user-2"}

    async def test_do_not_write_each_others_rows_before_a_pair_is_proven(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        old, new = (Fernet.generate_key().decode() for _ in range(2))
        userid = await house.linked()
        pair = (await house.link_of()).pair
        account = await house.account(userid)
        await EncryptedLinks(house.storage.links, [old]).join(USER, userid, pair, lambda _: account)
        sealed = await table.token_row(f"{USER}#withings")
        await table.put_token_row(a_row("user-2", Place.BARE, userid, saved_at=clock() - DAY))
        await adopting_over(house, EncryptedLinks(house.storage.links, [new])).adopt("user-2")
        assert await table.token_row(f"{USER}#withings") == sealed

    @pytest.mark.slow
    @pytest.mark.parametrize("live", ["user-1", "user-2"])
    @pytest.mark.parametrize("newest", ["user-1", "user-2"])
    @pytest.mark.parametrize("first", ["user-1", "user-2"])
    async def test_are_served_by_the_pair_that_works(
        self, house: House, table: SqliteBackend, clock: FakeClock, live: str, newest: str, first: str
    ) -> None:
        linked = await a_live_pair(house.cloud)
        userid = str(linked.userid)
        for user in ("user-1", "user-2"):
            saved_at = clock() - (HOUR if user == newest else 2 * HOUR)
            tokens = linked.tokens if user == live else None
            await table.put_token_row(a_row(user, Place.BARE, userid, saved_at=saved_at, tokens=tokens))
        for user in sorted(("user-1", "user-2"), key=lambda user: user != first):
            assert await house.adopting.adopt(user) is Outcome.ADOPTED
        await house.weigh(userid, 70)
        await house.drain(userid)
        for user in ("user-1", "user-2"):
            assert await house.values("weight", user) == ["154.32"]
            assert len(await house.storage.links.rows(user)) == 1
        assert (await house.link_of("user-1")).pair == (await house.link_of("user-2")).pair

    async def test_of_whom_the_second_revives_the_account_that_the_first_could_not(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        linked = await a_live_pair(house.cloud)
        userid = str(linked.userid)
        await table.put_token_row(a_row("user-1", Place.OWN, userid, saved_at=clock() - HOUR))
        await house.adopting.adopt("user-1")
        await house.drain(userid)
        assert (await house.account(userid)).consent_needed_at
        clock.advance(11 * SECOND)
        older = a_row("user-2", Place.OWN, userid, saved_at=clock() - DAY, tokens=linked.tokens)
        await table.put_token_row(older)
        assert await house.adopting.adopt("user-2") is Outcome.ADOPTED
        account = await house.account(userid)
        assert account.users == {"user-1", "user-2"}
        assert account.consent_needed_at is None
