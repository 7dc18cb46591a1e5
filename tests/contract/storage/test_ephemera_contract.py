"""Small things that end by themselves, on every backend."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from builders import HOUR, MINUTE, NOON
from contract.storage.backends import Backend
from withings_bridge.storage.base import Storage

LATER = NOON + 10 * MINUTE
JUST_BEFORE = LATER - timedelta(microseconds=1)
VALUE = {"user": "user-1", "browser": "a mark"}


@pytest.fixture
def key() -> str:
    """A key that no other test knows."""
    return f"state#{uuid4()}"


class TestPut:
    async def test_stores_a_value(self, storage: Storage, key: str) -> None:
        assert await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert await storage.ephemera.get(key, now=NOON) == VALUE

    async def test_is_refused_and_stores_nothing_while_the_key_is_alive(
        self, storage: Storage, key: str
    ) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert not await storage.ephemera.put(key, {}, until=LATER + HOUR, now=JUST_BEFORE)
        assert await storage.ephemera.get(key, now=JUST_BEFORE) == VALUE
        assert await storage.ephemera.get(key, now=LATER) is None

    async def test_takes_the_place_of_a_value_that_has_ended(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert await storage.ephemera.put(key, {"user": "user-2"}, until=LATER + HOUR, now=LATER)
        assert await storage.ephemera.get(key, now=LATER) == {"user": "user-2"}

    async def test_of_many_callers_lets_one_store(self, backend: Backend, storage: Storage, key: str) -> None:
        async with backend.storage() as another:
            stored = await asyncio.gather(
                *(
                    (storage if n % 2 else another).ephemera.put(key, {"by": str(n)}, until=LATER, now=NOON)
                    for n in range(20)
                )
            )
        assert stored.count(True) == 1
        assert await storage.ephemera.get(key, now=NOON) == {"by": str(stored.index(True))}

    async def test_keeps_empty_and_foreign_text(self, storage: Storage, key: str) -> None:
        value = {"nothing": "", "name": "Zoë \N{SMILING FACE WITH SUNGLASSES}", "quote": "\"'\n\t"}
        await storage.ephemera.put(key, value, until=LATER, now=NOON)
        await storage.ephemera.put(f"{key}-empty", {}, until=LATER, now=NOON)
        assert await storage.ephemera.get(key, now=NOON) == value
        assert await storage.ephemera.get(f"{key}-empty", now=NOON) == {}


class TestGet:
    async def test_of_a_key_that_was_never_stored_is_none(self, storage: Storage, key: str) -> None:
        assert await storage.ephemera.get(key, now=NOON) is None

    async def test_ends_at_the_very_instant(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert await storage.ephemera.get(key, now=JUST_BEFORE) == VALUE
        assert await storage.ephemera.get(key, now=LATER) is None

    async def test_may_be_repeated(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert await storage.ephemera.get(key, now=NOON) == await storage.ephemera.get(key, now=NOON)


class TestTake:
    async def test_gives_the_value_once(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert await storage.ephemera.take(key, now=NOON) == VALUE
        assert await storage.ephemera.take(key, now=NOON) is None
        assert await storage.ephemera.get(key, now=NOON) is None

    async def test_frees_the_key(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        await storage.ephemera.take(key, now=NOON)
        assert await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)

    async def test_of_a_value_that_has_ended_is_none(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert await storage.ephemera.take(key, now=LATER) is None

    async def test_of_many_callers_lets_one_have_it(
        self, backend: Backend, storage: Storage, key: str
    ) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        async with backend.storage() as another:
            taken = await asyncio.gather(
                *((storage if n % 2 else another).ephemera.take(key, now=NOON) for n in range(20))
            )
        assert [value for value in taken if value is not None] == [VALUE]


class TestSwap:
    async def test_stores_where_nothing_is_alive(self, storage: Storage, key: str) -> None:
        assert (
            await storage.ephemera.swap(key, {"by": "1"}, instead_of=None, until=LATER, now=NOON)
            == {"by": "1"}
            == await storage.ephemera.get(key, now=NOON)
        )

    async def test_takes_the_place_of_what_is_expected(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        stored = await storage.ephemera.swap(
            key, {"by": "2"}, instead_of=VALUE, until=LATER + HOUR, now=JUST_BEFORE
        )
        assert stored == {"by": "2"} == await storage.ephemera.get(key, now=LATER)

    async def test_changes_nothing_where_something_else_stands_and_says_what(
        self, storage: Storage, key: str
    ) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        for expected in (None, {"by": "0"}, {}):
            assert (
                await storage.ephemera.swap(key, {"by": "1"}, instead_of=expected, until=LATER, now=NOON)
                == VALUE
                == await storage.ephemera.get(key, now=NOON)
            )

    async def test_says_that_what_was_expected_has_ended(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert (
            await storage.ephemera.swap(key, {"by": "1"}, instead_of=VALUE, until=LATER + HOUR, now=LATER)
            is None
        )
        assert await storage.ephemera.get(key, now=LATER) is None

    async def test_of_many_callers_with_one_expectation_lets_one_store(
        self, backend: Backend, storage: Storage, key: str
    ) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        async with backend.storage() as another:
            found = await asyncio.gather(
                *(
                    (storage if n % 2 else another).ephemera.swap(
                        key, {"by": str(n)}, instead_of=VALUE, until=LATER, now=NOON
                    )
                    for n in range(20)
                )
            )
        standing = await storage.ephemera.get(key, now=NOON)
        assert [n for n, value in enumerate(found) if value == {"by": str(n)}] == [
            int((standing or {})["by"])
        ]


class TestAcquire:
    async def test_takes_a_free_lock(self, storage: Storage, key: str) -> None:
        assert await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)

    async def test_is_refused_while_another_holds_it(self, storage: Storage, key: str) -> None:
        await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)
        assert not await storage.ephemera.acquire(key, "two", until=LATER, now=JUST_BEFORE)

    async def test_takes_over_at_the_very_instant_it_ends(self, storage: Storage, key: str) -> None:
        await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)
        assert await storage.ephemera.acquire(key, "two", until=LATER + HOUR, now=LATER)
        assert not await storage.ephemera.acquire(key, "one", until=LATER + HOUR, now=LATER)

    async def test_keeps_ones_own_for_longer(self, storage: Storage, key: str) -> None:
        await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)
        assert await storage.ephemera.acquire(key, "one", until=LATER + HOUR, now=JUST_BEFORE)
        assert not await storage.ephemera.acquire(key, "two", until=LATER + HOUR, now=LATER)

    async def test_of_many_callers_lets_one_have_it(
        self, backend: Backend, storage: Storage, key: str
    ) -> None:
        async with backend.storage() as another:
            got = await asyncio.gather(
                *(
                    (storage if n % 2 else another).ephemera.acquire(key, str(n), until=LATER, now=NOON)
                    for n in range(20)
                )
            )
        assert got.count(True) == 1


class TestRelease:
    async def test_frees_the_lock(self, storage: Storage, key: str) -> None:
        await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)
        await storage.ephemera.release(key, "one")
        assert await storage.ephemera.acquire(key, "two", until=LATER, now=NOON)

    async def test_leaves_a_lock_that_another_took_over(self, storage: Storage, key: str) -> None:
        await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)
        await storage.ephemera.acquire(key, "two", until=LATER + HOUR, now=LATER)
        await storage.ephemera.release(key, "one")
        assert not await storage.ephemera.acquire(key, "three", until=LATER + HOUR, now=LATER)

    async def test_of_a_lock_that_nobody_holds_does_no_harm(self, storage: Storage, key: str) -> None:
        await storage.ephemera.release(key, "one")
        assert await storage.ephemera.acquire(key, "two", until=LATER, now=NOON)


class TestHeld:
    async def test_tells_of_a_lock_until_the_very_instant_it_ends(self, storage: Storage, key: str) -> None:
        assert not await storage.ephemera.held(key, now=NOON)
        await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)
        assert await storage.ephemera.held(key, now=JUST_BEFORE)
        assert not await storage.ephemera.held(key, now=LATER)

    async def test_tells_that_a_lock_was_given_back(self, storage: Storage, key: str) -> None:
        await storage.ephemera.acquire(key, "one", until=LATER, now=NOON)
        await storage.ephemera.release(key, "one")
        assert not await storage.ephemera.held(key, now=NOON)

    async def test_is_not_about_values(self, storage: Storage, key: str) -> None:
        await storage.ephemera.put(key, VALUE, until=LATER, now=NOON)
        assert not await storage.ephemera.held(key, now=NOON)
