"""A live access token for an account, whatever happens on the way to it."""

import asyncio
from datetime import timedelta

import pytest

from builders import HOUR, MINUTE, SECOND, a_pair
from fakes import FakeClock, LateLinks, RelinkingLinks
from unit.services.house import House, eventually
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import (
    BadGrant,
    BadToken,
    ConsentNeeded,
    NotLinked,
    Retry,
    Transient,
    Unreachable,
)
from withings_bridge.domain.links import TokenPair
from withings_bridge.services.links.tokens import Tokens


@pytest.fixture
async def account(house: House) -> Account:
    account = await house.account(await house.linked())
    await house.forget_calls()
    return account


async def pair_of(house: House) -> TokenPair:
    return (await house.link_of()).pair


async def echo(access_token: str) -> str:
    """A call that tells with which token it was made."""
    return access_token


class Refusing:
    """A call that refuses the first tokens it is given."""

    def __init__(self, times: int, *, retry: Retry | None = None) -> None:
        self._times = times
        self._retry = retry
        self.seen: list[str] = []

    async def __call__(self, access_token: str) -> str:
        self.seen.append(access_token)
        if len(self.seen) <= self._times:
            raise BadToken(retry=self._retry)
        return access_token


async def refreshes(house: House) -> int:
    return len([call for call in await house.calls() if call.action == "requesttoken"])


class TestFreshPair:
    async def test_is_used_as_it_is(self, house: House, account: Account) -> None:
        assert await house.tokens.call(account, echo) == (await pair_of(house)).access_token
        assert await refreshes(house) == 0

    async def test_is_refreshed_before_it_ends(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        clock.now = before.expires_at - 16 * MINUTE
        assert await house.tokens.call(account, echo) == before.access_token
        clock.now = before.expires_at - 5 * MINUTE
        token = await house.tokens.call(account, echo)
        assert token != before.access_token
        assert await house.tokens.call(account, echo) == token
        assert await refreshes(house) == 1

    async def test_is_missing_for_an_account_that_nobody_linked(self, house: House) -> None:
        nobody = Account("99", frozenset({"user-9"}), house.clock())
        with pytest.raises(NotLinked):
            await house.tokens.call(nobody, echo)


class TestRefresh:
    async def test_saves_the_new_pair_before_it_is_used(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)

        async def ask(access_token: str) -> bool:
            return (await pair_of(house)).access_token == access_token

        assert await house.tokens.call(account, ask)
        pair = await pair_of(house)
        assert (pair.saved_at, pair.expires_at) == (clock(), clock() + 3 * HOUR)

    async def test_is_one_for_thirty_calls_at_once(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        replica = Tokens(
            links=house.links,
            ephemera=house.storage.ephemera,
            oauth=house.oauth,
            telemetry=house.telemetry,
            clock=clock,
        )
        calls = [(replica if n % 2 else house.tokens).call(account, echo) for n in range(30)]
        tokens = set(await asyncio.gather(*calls))
        assert tokens == {(await pair_of(house)).access_token}
        assert await refreshes(house) == 1

    async def test_goes_to_every_user_of_the_account(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        await house.link("user-2")
        clock.advance(4 * HOUR)
        await house.tokens.call(await house.account(account.userid), echo)
        assert (await house.link_of("user-1")).pair == (await house.link_of("user-2")).pair

    async def test_that_failed_leaves_the_stored_pair_alone(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        clock.advance(4 * HOUR)
        house.weather.breaks("requesttoken", times=2)
        with pytest.raises(Transient):
            await house.tokens.call(account, echo)
        assert await pair_of(house) == before
        clock.advance(15 * SECOND)
        assert await house.tokens.call(account, echo) == (await pair_of(house)).access_token

    async def test_that_never_left_keeps_nobody_waiting(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        house.weather.cuts_off("requesttoken")
        with pytest.raises(Unreachable):
            await house.tokens.call(account, echo)
        assert await house.tokens.call(account, echo) == (await pair_of(house)).access_token

    async def test_that_failed_before_its_time_leaves_the_token_at_hand_in_use(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        clock.now = before.expires_at - MINUTE
        house.weather.breaks("requesttoken")
        assert await house.tokens.call(account, echo) == before.access_token
        assert await house.tokens.call(account, echo) == before.access_token
        clock.advance(15 * SECOND)
        assert await house.tokens.call(account, echo) != before.access_token

    async def test_that_another_makes_before_its_time_is_not_waited_for(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        clock.now = before.expires_at - MINUTE
        async with house.weather.holding("requesttoken") as arrived:
            first = asyncio.create_task(house.tokens.call(account, echo))
            await arrived.wait()
            assert await house.tokens.call(account, echo) == before.access_token
        assert await first != before.access_token

    async def test_whose_answer_was_lost_is_made_once_more_after_ten_seconds(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        began = clock()
        house.weather.loses("requesttoken")
        await house.tokens.call(account, house.client.devices)
        assert 10 * SECOND < clock() - began < 12 * SECOND
        assert await refreshes(house) == 2

    async def test_that_never_reached_withings_is_not_made_again_at_once(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        began = clock()
        house.weather.cuts_off("requesttoken")
        with pytest.raises(Unreachable):
            await house.tokens.call(account, echo)
        assert clock() == began

    async def test_that_one_who_died_had_asked_for_is_made_once_more_after_ten_seconds(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        await house.oauth.refresh((await pair_of(house)).refresh_token)
        await house.tokens.call(account, house.client.devices)

    async def test_whose_answer_is_lost_twice_leaves_the_old_pair_for_a_later_try(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        clock.advance(4 * HOUR)
        house.weather.loses("requesttoken")
        house.weather.loses("requesttoken")
        with pytest.raises(Transient):
            await house.tokens.call(account, echo)
        assert await pair_of(house) == before
        clock.advance(HOUR)
        await house.tokens.call(account, house.client.devices)

    async def test_waits_for_a_store_that_is_silent_for_a_moment(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        house.links.failures = 2
        assert await house.tokens.call(account, echo) == (await pair_of(house)).access_token

    async def test_is_saved_though_whoever_asked_for_it_is_stopped(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        clock.advance(4 * HOUR)
        async with house.weather.holding("requesttoken") as arrived:
            call = asyncio.create_task(house.tokens.call(account, echo))
            await arrived.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

        async def saved() -> bool:
            return await pair_of(house) != before

        await eventually(saved)

    async def test_of_a_worker_that_died_does_not_hold_the_others_for_longer_than_its_lock(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        clock.advance(4 * HOUR)
        lock, ends_at = f"refresh#{account.userid}", clock() + MINUTE
        assert await house.storage.ephemera.acquire(lock, "dead", until=ends_at, now=clock())
        call = asyncio.create_task(house.tokens.call(account, echo))
        clock.advance(MINUTE)
        assert await call == (await pair_of(house)).access_token


class TestRefusedToken:
    async def test_is_refreshed_once_and_the_call_repeated(self, house: House, account: Account) -> None:
        ask = Refusing(1)
        assert await house.tokens.call(account, ask) == (await pair_of(house)).access_token
        assert len(set(ask.seen)) == 2
        assert await refreshes(house) == 1

    async def test_is_compared_with_the_stored_one_first(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        newer = a_pair(saved_at=clock(), name="newer")

        async def ask(access_token: str) -> str:
            if access_token == before.access_token:
                await house.storage.links.replace_pair(account.userid, newer, replacing=before)
                raise BadToken
            return access_token

        assert await house.tokens.call(account, ask) == newer.access_token
        assert await refreshes(house) == 0

    async def test_is_refreshed_when_the_stored_one_is_refused_too(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await pair_of(house)
        newer = TokenPair("stale", before.refresh_token, clock() + HOUR, clock())

        async def ask(access_token: str) -> str:
            if access_token == before.access_token:
                await house.storage.links.replace_pair(account.userid, newer, replacing=before)
            if access_token in {before.access_token, newer.access_token}:
                raise BadToken
            return access_token

        assert await house.tokens.call(account, ask) == (await pair_of(house)).access_token
        assert await refreshes(house) == 1

    async def test_again_after_a_refresh_means_that_consent_is_needed(
        self, house: House, account: Account
    ) -> None:
        ask = Refusing(9)
        with pytest.raises(ConsentNeeded):
            await house.tokens.call(account, ask)
        assert len(ask.seen) == 2

    async def test_of_another_person_is_not_mended_by_a_refresh(self, house: House, account: Account) -> None:
        with pytest.raises(ConsentNeeded):
            await house.tokens.call(account, Refusing(1, retry=Retry.RELINK))
        assert await refreshes(house) == 0


class TestRefusedGrant:
    async def test_means_that_consent_is_needed_and_changes_nothing(
        self, house: House, account: Account
    ) -> None:
        before = await pair_of(house)
        await house.cloud.control("POST", f"/people/{account.userid}/unlink")
        with pytest.raises(ConsentNeeded) as refusal:
            await house.tokens.call(account, house.client.devices)
        assert isinstance(refusal.value.__cause__, BadGrant)
        assert await pair_of(house) == before
        assert await refreshes(house) == 1

    async def test_means_nothing_when_the_stored_pair_has_changed_meanwhile(
        self, house: House, account: Account, clock: FakeClock
    ) -> None:
        before = await house.link_of()
        clock.advance(4 * HOUR)
        fresh = await house.tokens.call(account, echo)
        await house.tokens.call(account, house.client.devices)  # from here the old refresh token is dead
        clock.advance(11 * SECOND)
        late = LateLinks(house.storage.links, before, reads=2)
        tokens = Tokens(
            links=late,
            ephemera=house.storage.ephemera,
            oauth=house.oauth,
            telemetry=house.telemetry,
            clock=clock,
        )
        assert await tokens.call(account, echo) == fresh


class TestAnotherConsentMeanwhile:
    async def test_gives_the_pair_to_use(self, house: House, account: Account, clock: FakeClock) -> None:
        clock.advance(4 * HOUR)
        newer = a_pair(saved_at=clock() + SECOND, name="newer")
        links = RelinkingLinks(house.storage.links, "user-1", newer)
        tokens = Tokens(
            links=links,
            ephemera=house.storage.ephemera,
            oauth=house.oauth,
            telemetry=house.telemetry,
            clock=clock,
        )
        assert await tokens.call(account, echo) == newer.access_token
        assert await pair_of(house) == newer


class TestMargin:
    async def test_is_spread_over_the_accounts(self, house: House, clock: FakeClock) -> None:
        people = [entry["userid"] for entry in await house.cloud.control("GET", "/people")]
        moments: set[timedelta] = set()
        for number, person in enumerate(people):
            account = await house.account(await house.link(f"user-{number}", person=person))
            before = (await house.link_of(f"user-{number}")).pair
            for minutes in range(15, 4, -1):
                clock.now = before.expires_at - minutes * MINUTE
                if await house.tokens.call(account, echo) != before.access_token:
                    moments.add(minutes * MINUTE)
                    break
        assert len(moments) == len(people)
