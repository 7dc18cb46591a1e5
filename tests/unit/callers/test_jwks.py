"""The keys of a pool on a port: fetched once, kept while they serve, and never at the pool's expense."""

import asyncio
import gzip
import json
from datetime import timedelta

import httpx
import pytest
from joserfc.jwk import ECKey
from structlog.testing import capture_logs

from fakes import FakeClock
from identity import PATH, Answer, PretendPool, published, signing_key
from unit.services.house import eventually
from withings_bridge.callers.jwks import (
    FRESH,
    KEPT,
    MOST_BYTES,
    PAUSE,
    TIMEOUT,
    Jwks,
    KeySetUnusable,
    keys_in,
)
from withings_bridge.domain.errors import IdentityUnavailable

TROUBLE = Answer(b"out of order", "503 Service Unavailable")
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def jwks(pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock) -> Jwks:
    return Jwks(http, pool.keys_url, clock=clock)


async def has(jwks: Jwks, kid: str) -> bool:
    """Whether the set has the right key under this id."""
    key = await jwks.key(kid)
    return key is not None and key.thumbprint() == signing_key(kid).thumbprint()


class TestTheFirstFetch:
    async def test_is_made_when_a_key_is_wanted_and_serves_from_then_on(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        assert pool.asked == 0
        assert await has(jwks, "key-1")
        clock.advance(FRESH - A_MOMENT)
        assert await has(jwks, "key-1")
        assert pool.asked == 1

    async def test_is_one_for_all_who_come_at_once(self, jwks: Jwks, pool: PretendPool) -> None:
        pool.answering.clear()
        callers = [asyncio.create_task(has(jwks, "key-1")) for _ in range(100)]
        await asked(pool, 1)
        pool.answering.set()
        assert all(await asyncio.gather(*callers))
        assert pool.asked == 1

    async def test_goes_on_for_the_others_when_one_who_waits_goes(
        self, jwks: Jwks, pool: PretendPool
    ) -> None:
        pool.answering.clear()
        first, second = (asyncio.create_task(has(jwks, "key-1")) for _ in range(2))
        await asked(pool, 1)
        first.cancel()
        pool.answering.set()
        assert await second
        assert pool.asked == 1

    async def test_that_fails_says_so_and_is_repeated_after_a_pause(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        pool.answer = TROUBLE
        for _ in range(20):
            with pytest.raises(IdentityUnavailable):
                await jwks.key("key-1")
        assert pool.asked == 1
        pool.publish("key-1")
        clock.advance(PAUSE)
        assert await has(jwks, "key-1")

    async def test_from_a_pool_that_is_nowhere_is_no_other_error(
        self, http: httpx.AsyncClient, clock: FakeClock
    ) -> None:
        with pytest.raises(IdentityUnavailable):
            await Jwks(http, f"http://127.0.0.1:9{PATH}", clock=clock).key("key-1")


class TestAnUnknownId:
    async def test_makes_it_ask_the_pool_again(self, jwks: Jwks, pool: PretendPool, clock: FakeClock) -> None:
        await jwks.key("key-1")
        pool.publish("key-1", "key-2")
        clock.advance(PAUSE)
        assert await has(jwks, "key-2")
        assert await has(jwks, "key-1")
        assert pool.asked == 2

    async def test_does_not_when_the_pool_was_asked_just_now(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        clock.advance(PAUSE)
        for second in range(30):
            for forged in range(20):
                assert await jwks.key(f"forged-{second}-{forged}") is None
            clock.advance(A_MOMENT)
        assert pool.asked == 1 + 30 / PAUSE.total_seconds()

    async def test_delays_nobody_whose_key_is_at_hand(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        clock.advance(PAUSE)
        pool.answering.clear()
        forger = asyncio.create_task(jwks.key("forged"))
        await asked(pool, 2)
        assert await has(jwks, "key-1")
        assert not forger.done()
        pool.answering.set()
        assert await forger is None

    async def test_cannot_be_told_from_a_new_one_while_the_pool_is_in_trouble(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.answer = TROUBLE
        clock.advance(PAUSE)
        with pytest.raises(IdentityUnavailable):
            await jwks.key("key-2")


class TestAnOldSet:
    async def test_gives_way_to_the_new_one_whole(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.publish("key-2")
        clock.advance(FRESH)
        assert await jwks.key("key-1") is None
        assert await has(jwks, "key-2")

    async def test_goes_on_serving_while_the_pool_is_in_trouble_but_not_for_ever(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.answer = TROUBLE
        clock.advance(FRESH)
        assert await has(jwks, "key-1")
        clock.advance(KEPT - FRESH - A_MOMENT)
        assert await has(jwks, "key-1")
        clock.advance(A_MOMENT)
        with pytest.raises(IdentityUnavailable):
            await jwks.key("key-1")

    async def test_is_replaced_as_soon_as_the_pool_is_well_again(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.answer = TROUBLE
        clock.advance(FRESH)
        await jwks.key("key-1")
        pool.publish("key-1", "key-2")
        clock.advance(PAUSE)
        assert await has(jwks, "key-2")
        assert await jwks.key("forged") is None

    async def test_that_served_its_time_is_waited_for_when_the_pool_is_well_again(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.answer = TROUBLE
        clock.advance(FRESH)
        await jwks.key("key-1")
        pool.publish("key-1")
        clock.advance(KEPT)
        assert await has(jwks, "key-1")

    async def test_costs_a_pool_in_trouble_a_call_now_and_then(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.answer = TROUBLE
        clock.advance(FRESH)
        for _ in range(50):
            assert await has(jwks, "key-1")
        assert pool.asked == 2

    async def test_delays_nobody_while_the_pool_is_known_to_be_in_trouble(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.answer = TROUBLE
        clock.advance(FRESH)
        await jwks.key("key-1")
        pool.answering.clear()
        clock.advance(PAUSE)
        async with asyncio.timeout(TIMEOUT.total_seconds() / 2):
            assert await has(jwks, "key-1")
        await asked(pool, 3)

    async def test_is_asked_anew_after_a_night_in_which_nobody_came(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        clock.advance(KEPT * 3)
        assert await has(jwks, "key-1")
        assert pool.asked == 2

    async def test_is_no_younger_for_a_clock_that_was_set_back(
        self, jwks: Jwks, pool: PretendPool, clock: FakeClock
    ) -> None:
        await jwks.key("key-1")
        pool.publish("key-2")
        clock.advance(-KEPT)
        assert await jwks.key("key-1") is None
        assert pool.asked == 2


class TestAnAnswer:
    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (Answer(b"<html><title>Sign in</title></html>"), "no JSON"),
            (Answer(b"[" * MOST_BYTES), "no JSON"),
            (Answer(b"\xff\xfe"), "no JSON"),
            (Answer(b"[]"), "no key set"),
            (Answer(b'{"keys": {}}'), "no key set"),
            (Answer(b'{"keys": []}'), "no key for RS256"),
            (Answer(published("key-1") + b" " * MOST_BYTES), "more than 65536 bytes"),
            pytest.param(Answer(b" ", promised=10), "TimeoutError", marks=pytest.mark.slow),
            (Answer(published("key-1"), "500 Internal Server Error"), "status 500"),
            (Answer(published("key-1"), f"302 Found\r\nLocation: {PATH}"), "status 302"),
        ],
    )
    async def test_that_is_no_key_set_changes_nothing(
        self, pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock, answer: Answer, reason: str
    ) -> None:
        jwks = Jwks(http, pool.keys_url, clock=clock, timeout=timedelta(seconds=1))
        await jwks.key("key-1")
        pool.answer = answer
        clock.advance(FRESH)
        with capture_logs() as lines:
            assert await has(jwks, "key-1")
        assert [(line["event"], line["reason"]) for line in lines] == [
            ("keys of the user pool not fetched", reason)
        ]
        assert pool.asked == 2

    async def test_that_is_packed_is_not_unpacked(
        self, pool: PretendPool, jwks: Jwks, clock: FakeClock
    ) -> None:
        pool.answer = Answer(gzip.compress(published("key-1")), "200 OK\r\nContent-Encoding: gzip")
        with pytest.raises(IdentityUnavailable):
            await jwks.key("key-1")

    async def test_that_never_comes_is_not_waited_for_longer_than_the_time_out(
        self, pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock
    ) -> None:
        pool.answering.clear()
        jwks = Jwks(http, pool.keys_url, clock=clock, timeout=timedelta(seconds=0.1))
        async with asyncio.timeout(5):
            with pytest.raises(IdentityUnavailable):
                await jwks.key("key-1")


class TestASet:
    def test_gives_the_keys_that_sign_by_rs256_alone(self) -> None:
        good = signing_key("key-1").as_dict(private=False)
        elliptic = ECKey.generate_key("P-256", {"kid": "elliptic"}, private=False).as_dict()
        others = [
            elliptic,
            good | {"kid": "to-encrypt", "use": "enc"},
            good | {"kid": "rs512", "alg": "RS512"},
            good | {"kid": 7},
            good | {"kid": ""},
            {name: value for name, value in good.items() if name != "kid"},
            {name: value for name, value in good.items() if name != "n"} | {"kid": "half"},
            good | {"kid": "no-number", "n": "%%"},
            good | {"kid": "nothing", "n": None},
            {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
            "key",
            None,
        ]
        assert set(keys_in(json.dumps({"keys": [*others, good]}).encode())) == {"key-1"}

    def test_may_say_less_of_its_keys(self) -> None:
        bare = signing_key("key-1").as_dict(private=False)
        del bare["use"], bare["alg"]
        assert set(keys_in(json.dumps({"keys": [bare]}).encode())) == {"key-1"}

    def test_without_any_is_none(self) -> None:
        with pytest.raises(KeySetUnusable):
            keys_in(b'{"keys": [1, {}]}')


async def asked(pool: PretendPool, times: int) -> None:
    """Wait until the pool was asked so often."""

    async def so_often() -> bool:
        return pool.asked == times

    await eventually(so_often)
