"""The lease on an account: proven before a write, and taken over from whoever does not end."""

import asyncio
from pathlib import Path

import pytest

from builders import MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house, eventually
from withings_bridge.domain.accounts import LEASE, Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import LeaseLost
from withings_bridge.domain.inbox import ASKED


async def claimed(house: House, userid: str, worker: str) -> Account:
    account = await house.storage.accounts.claim_one(userid, worker, now=house.clock(), lease=LEASE)
    assert account is not None
    return account


class TestCheck:
    async def test_gives_the_account_as_it_is_stored_now(self, house: House) -> None:
        userid = await house.linked()
        account = await claimed(house, userid, "mine")
        await house.storage.accounts.announce(userid, {Category.SLEEP: ASKED}, now=house.clock())
        assert await house.holding.check(account) == await house.account(userid) != account

    async def test_holds_of_an_expired_lease_that_nobody_took(self, house: House, clock: FakeClock) -> None:
        account = await claimed(house, await house.linked(), "mine")
        clock.advance(2 * LEASE)
        await house.holding.check(account)

    async def test_fails_once_the_lease_is_another_s(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        account = await claimed(house, userid, "mine")
        clock.advance(LEASE)
        await claimed(house, userid, "another's")
        with pytest.raises(LeaseLost):
            await house.holding.check(account)

    async def test_fails_once_the_account_is_gone(self, house: House) -> None:
        userid = await house.linked()
        account = await claimed(house, userid, "mine")
        await house.links.leave("user-1", userid)
        with pytest.raises(LeaseLost):
            await house.holding.check(account)

    async def test_fails_without_a_lease(self, house: House) -> None:
        account = await house.account(await house.linked())
        with pytest.raises(LeaseLost):
            await house.holding.check(account)


class TestTaken:
    async def test_gives_a_free_account_at_once_and_gives_it_back(self, house: House) -> None:
        userid = await house.linked()
        async with house.holding.taken(userid) as account:
            assert account is not None
            await house.holding.check(account)
            assert await house.drain(userid) == []
        assert (await house.account(userid)).lease is None

    async def test_of_nobody_is_none(self, house: House) -> None:
        async with house.holding.taken("nobody") as account:
            assert account is None

    async def test_gives_it_back_also_when_the_body_fails(self, house: House) -> None:
        userid = await house.linked()
        with pytest.raises(RuntimeError):
            async with house.holding.taken(userid):
                raise RuntimeError
        assert (await house.account(userid)).lease is None

    async def test_may_be_of_an_account_that_the_body_ends_and_has_more_to_do_after(
        self, tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with a_house(tmp_path, clock, renew_every=SECOND / 100) as house:
            userid = await house.linked()
            accounts, looked = house.storage.accounts, asyncio.Event()
            get = accounts.get

            async def looked_for(userid: str) -> Account | None:
                looked.set()
                return await get(userid)

            async with house.holding.taken(userid):
                await house.links.leave("user-1", userid)
                monkeypatch.setattr(accounts, "get", looked_for)
                async with asyncio.timeout(10):
                    await looked.wait()  # for the lease could not be renewed
                await house.storage.trail.forget(userid)

    async def test_lets_a_turn_end_that_is_about_to(self, house: House) -> None:
        userid = await house.linked()
        await house.receive(userid, await house.weigh(userid, 70))
        async with house.weather.holding("getmeas") as arrived:
            turning = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            taking = asyncio.create_task(self.seen(house, userid))
            await asyncio.sleep(0)
        assert await taking == ["154.32"]
        (turn,) = await turning
        assert turn.account is not None

    async def seen(self, house: House, userid: str) -> list[str]:
        """What stood in the store when the account was taken."""
        async with house.holding.taken(userid):
            return await house.values("weight")

    async def test_ends_when_somebody_else_takes_it(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path, clock, renew_every=SECOND / 100, polite=0 * SECOND) as house:
            userid = await house.linked()
            begun = asyncio.Event()

            async def hold_on() -> None:
                async with house.holding.taken(userid):
                    begun.set()
                    await asyncio.Event().wait()

            first = asyncio.create_task(hold_on())
            await begun.wait()
            async with house.holding.taken(userid):
                with pytest.raises(LeaseLost):
                    await asyncio.wait_for(first, 5)


class TestATurnThatLostItsAccount:
    """Withings answers it at last, and it writes nothing any more."""

    @pytest.mark.parametrize("renew_every", [SECOND / 100, MINUTE], ids=["noticed", "not yet noticed"])
    async def test_writes_neither_records_nor_rows(
        self, tmp_path: Path, clock: FakeClock, renew_every: float
    ) -> None:
        async with a_house(tmp_path, clock, renew_every=renew_every, polite=0 * SECOND) as house:
            userid = await house.linked()
            before = await house.records(userid)
            await house.receive(userid, await house.weigh(userid, 70))
            async with house.weather.holding("getmeas") as arrived:
                turning = asyncio.create_task(house.drain(userid))
                await arrived.wait()
                clock.advance(LEASE)
                await claimed(house, userid, "another's")
            (turn,) = await turning
            assert turn.account is None
            assert await house.records(userid) == before
            assert await house.values("weight") == []

    async def test_writes_no_rows_of_records_it_had_just_saved(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with a_house(tmp_path, clock) as house:
            userid = await house.linked()
            await house.storage.vitals.forget("user-1")
            turn = await claimed(house, userid, "slow")
            clock.advance(LEASE)
            await claimed(house, userid, "another's")
            with pytest.raises(LeaseLost):
                await house.rebuilding.rebuild(turn)
            assert await house.records(userid)
            assert await house.rows() == {}


class TestADisconnectInMidTurn:
    @pytest.mark.slow
    async def test_purges_what_the_turn_had_written_and_the_turn_brings_nothing_back(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with a_house(tmp_path, clock, renew_every=SECOND / 100, polite=SECOND / 100) as house:
            userid = await house.linked()
            await house.notified(userid, await house.weigh(userid, 70))
            clock.advance(MINUTE)
            await house.receive(userid, await house.weigh(userid, 71))
            async with house.weather.holding("getmeas") as arrived:
                turning = asyncio.create_task(house.drain(userid))
                await arrived.wait()
                async with asyncio.timeout(10):
                    await house.leaving.disconnect("user-1", purge=True)
            (turn,) = await turning
            assert turn.account is None
            assert await house.records(userid) == []
            assert await house.rows() == {}
            assert await house.storage.accounts.get(userid) is None

    @pytest.mark.slow
    async def test_of_one_of_two_lets_the_turn_be_repeated_for_the_other(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with a_house(tmp_path, clock, renew_every=SECOND / 100, polite=SECOND / 100) as house:
            userid = await house.linked("user-1")
            await house.link("user-2")
            await house.drain(userid)
            clock.advance(MINUTE)
            await house.receive(userid, await house.weigh(userid, 70))
            async with house.weather.holding("getmeas") as arrived:
                turning = asyncio.create_task(house.drain(userid))
                await arrived.wait()
                async with asyncio.timeout(10):
                    await house.leaving.disconnect("user-1", purge=True)
            await turning
            assert await house.values("weight", "user-2") == []
            clock.advance(MINUTE)
            await house.drain(userid)
            assert await house.values("weight", "user-2") == ["154.32"]
            assert await house.rows("user-1") == {}

    async def test_of_one_of_two_is_heeded_by_a_turn_that_goes_on(self, house: House) -> None:
        userid = await house.linked("user-1")
        await house.link("user-2")
        await house.drain(userid)
        house.clock.advance(MINUTE)
        await house.receive(userid, await house.weigh(userid, 70))
        async with house.weather.holding("getmeas") as arrived:
            turning = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            await house.links.leave("user-1", userid)

            async def left() -> bool:
                return "user-1" not in (await house.account(userid)).users

            await eventually(left)
        await turning
        assert await house.values("weight", "user-2") == ["154.32"]
        assert await house.values("weight", "user-1") == []
