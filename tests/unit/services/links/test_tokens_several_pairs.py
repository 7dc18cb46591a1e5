"""An account whose users' rows hold several pairs, of which Withings may honour any."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from builders import HOUR, MINUTE, SECOND
from contract.storage.backends import SqliteBackend
from fakes import FakeClock
from unit.services.house import House
from unit.services.leftovers import a_row, another_person, refreshes
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import BadGrant, ConsentNeeded, RepeatedTooSoon, Transient
from withings_bridge.domain.links import Place
from withings_bridge.storage.base import JoinChange


@pytest.fixture
async def account(house: House) -> Account:
    account = await house.account(await house.linked())
    await house.forget_calls()
    return account


async def pair_in(table: SqliteBackend, user: str) -> dict[str, Any]:
    """The tokens in the user's row."""
    row = await table.token_row(f"{user}#withings")
    assert row is not None
    return dict(row)


def with_user(user: str) -> JoinChange:
    def change(account: Account | None) -> Account:
        assert account is not None
        return replace(account, users=account.users | {user})

    return change


class TestARefusedPair:
    async def test_makes_way_for_another_that_withings_honours(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        newer = a_row("user-1", Place.DOUBLED, account.userid, saved_at=clock())
        await table.put_token_row(newer)
        await house.tokens.call(account, house.client.devices)
        assert await refreshes(house) == 2
        (row,) = await house.storage.links.rows("user-1")
        assert row.name.place is Place.OWN
        assert row.link is not None
        assert row.link.pair.saved_at > clock()

    async def test_makes_way_for_that_of_another_user_of_the_account(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        await table.put_token_row(a_row("user-2", Place.BARE, account.userid, saved_at=clock()))
        link = await house.link_of("user-2")
        both = await house.storage.links.adopt(link, with_user("user-2"), now=clock())
        await house.tokens.call(both, house.client.devices)
        assert (await house.link_of("user-1")).pair == (await house.link_of("user-2")).pair
        assert await table.token_row("user-2") is None

    async def test_that_expired_while_it_looked_fresh_makes_way_too(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        clock.advance(MINUTE)
        await table.put_token_row(a_row("user-1", Place.DOUBLED, account.userid, saved_at=clock()))
        await house.tokens.call(account, house.client.devices)
        assert len(await house.storage.links.rows("user-1")) == 1

    async def test_never_makes_way_for_one_of_another_account(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        stranger = await house.link("user-3", person=await another_person(house, account.userid))
        tokens = await pair_in(table, "user-3")
        await house.cloud.control("POST", f"/people/{account.userid}/unlink")
        clock.advance(4 * HOUR)
        older = a_row("user-1", Place.BARE, stranger, saved_at=clock() - 9 * HOUR, tokens=tokens)
        await table.put_token_row(older)
        with pytest.raises(ConsentNeeded):
            await house.tokens.call(account, house.client.devices)
        assert await table.token_row("user-1") == older

    async def test_and_all_others_refused_change_nothing(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        await house.cloud.control("POST", f"/people/{account.userid}/unlink")
        clock.advance(4 * HOUR)
        for hours, place in enumerate((Place.BARE, Place.DOUBLED), start=5):
            await table.put_token_row(a_row("user-1", place, account.userid, saved_at=clock() - hours * HOUR))
        before = await house.storage.links.rows("user-1")
        with pytest.raises(ConsentNeeded) as refusal:
            await house.tokens.call(account, house.client.devices)
        assert isinstance(refusal.value.__cause__, BadGrant)
        assert await house.storage.links.rows("user-1") == before
        assert await refreshes(house) == 3

    async def test_beside_the_same_pair_is_asked_about_once(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        tokens = await pair_in(table, "user-1")
        await table.put_token_row(
            a_row("user-1", Place.BARE, account.userid, saved_at=clock() - 9 * HOUR, tokens=tokens)
        )
        await house.cloud.control("POST", f"/people/{account.userid}/unlink")
        clock.advance(4 * HOUR)
        with pytest.raises(ConsentNeeded):
            await house.tokens.call(account, house.client.devices)
        assert await refreshes(house) == 1

    async def test_is_not_given_up_while_the_others_cannot_be_tried(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        await table.put_token_row(a_row("user-1", Place.DOUBLED, account.userid, saved_at=clock()))
        before = await house.storage.links.rows("user-1")
        house.weather.refuses("requesttoken", 503, text="Invalid Params: invalid refresh_token")
        house.weather.breaks("requesttoken", times=2)
        with pytest.raises(Transient):
            await house.tokens.call(account, house.client.devices)
        assert await house.storage.links.rows("user-1") == before
        clock.advance(MINUTE)
        await house.tokens.call(account, house.client.devices)


class TestAPairOfAnotherPerson:
    async def test_is_not_used_whatever_the_row_says(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        await house.link("user-3", person=await another_person(house, account.userid))
        tokens = await pair_in(table, "user-3")
        clock.advance(4 * HOUR)
        mixed_up = a_row("user-1", Place.DOUBLED, account.userid, saved_at=clock(), tokens=tokens)
        await table.put_token_row(mixed_up)
        await house.tokens.call(account, house.client.devices)
        used = (await house.link_of()).pair.refresh_token
        assert (await house.oauth.refresh(used)).userid == account.userid
        assert len(await house.storage.links.rows("user-1")) == 1


class TestRenew:
    async def test_refreshes_a_fresh_pair_and_folds_the_rows(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        for place in (Place.BARE, Place.DOUBLED):
            await table.put_token_row(a_row("user-1", place, account.userid, saved_at=clock() - HOUR))
        await house.tokens.renew(account)
        (row,) = await house.storage.links.rows("user-1")
        assert row.link is not None
        assert row.link.pair.fresh_at(clock(), margin=3 * HOUR - SECOND)
        assert await refreshes(house) == 1

    async def test_whose_answer_was_lost_works_once_ten_seconds_are_over(
        self, house: House, account: Account, table: SqliteBackend, clock: FakeClock
    ) -> None:
        await table.put_token_row(a_row("user-1", Place.BARE, account.userid, saved_at=clock() - HOUR))
        before = await house.storage.links.rows("user-1")
        house.weather.loses("requesttoken")
        with pytest.raises(Transient):
            await house.tokens.renew(account)
        assert await house.storage.links.rows("user-1") == before
        clock.advance(MINUTE)
        await house.tokens.renew(account)
        await house.tokens.call(account, house.client.devices)

    async def test_does_not_wait_long_for_somebody_else_who_refreshes(
        self, house: House, account: Account, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.links.tokens.POLL_SECONDS", 0.001)
        lock, until = f"refresh#{account.userid}", clock() + MINUTE
        await house.storage.ephemera.acquire(lock, "somebody", until=until, now=clock())
        with pytest.raises(RepeatedTooSoon):
            await house.tokens.renew(account)
        assert await refreshes(house) == 0

    async def test_is_content_with_what_somebody_else_refreshed(
        self, house: House, account: Account, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ephemera, until = house.storage.ephemera, clock() + MINUTE
        acquire, tried = ephemera.acquire, asyncio.Event()
        await acquire(f"refresh#{account.userid}", "somebody", until=until, now=clock())

        async def trying(*lock: Any, **more: Any) -> bool:
            tried.set()
            return await acquire(*lock, **more)

        monkeypatch.setattr(ephemera, "acquire", trying)
        renewing = asyncio.create_task(house.tokens.renew(account))
        await tried.wait()
        before = (await house.link_of()).pair
        newer = replace(before, saved_at=before.saved_at + SECOND)
        await house.storage.links.replace_pair(account.userid, newer, replacing=before)
        await renewing
        assert (await house.link_of()).pair == newer
