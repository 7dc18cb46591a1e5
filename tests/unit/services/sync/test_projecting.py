"""Rows of a user, written some at a time."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from builders import a_row
from unit.services.house import House
from withings_bridge.domain.accounts import LEASE, Account
from withings_bridge.domain.errors import LeaseLost
from withings_bridge.services.sync.projecting import Projection

ROWS = [a_row(n) for n in range(7)]


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("withings_bridge.services.sync.projecting.ROWS_AT_ONCE", 3)


@pytest.fixture
async def held(house: House) -> Account:
    """An account with two users that somebody works on."""
    userid = await house.link("user-1", person=40000001)
    await house.link("user-2", person=40000001)
    held = await house.storage.accounts.claim_one(userid, "worker", now=house.clock(), lease=LEASE)
    assert held is not None
    return held


def after_the_first_write(
    house: House, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[Any]]
) -> list[tuple[str, int, int]]:
    """What is written from now on: whose, how many rows, how many keys that are gone."""
    written: list[tuple[str, int, int]] = []
    write = house.vitals.write

    async def written_then(user: str, rows: Any, *, gone: Any = (), now: Any) -> int:
        changed = await write(user, rows, gone=gone, now=now)
        written.append((user, len(rows), len(gone)))
        if len(written) == 1:
            await happens()
        return changed

    monkeypatch.setattr(house.vitals, "write", written_then)
    return written


async def nothing() -> None:
    pass


class TestRows:
    async def test_are_written_some_at_a_time(
        self, house: House, held: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = after_the_first_write(house, monkeypatch, nothing)
        gone = {row.item_key for row in ROWS[5:]} | {f"gone-{n}" for n in range(4)}
        changed = await house.projecting.put(held, Projection(ROWS, gone))
        assert written == [
            (user, *part) for user in ("user-1", "user-2") for part in ((3, 3), (3, 1), (1, 0))
        ]
        assert changed == {"user-1": 7, "user-2": 7}
        assert (await house.rows("user-1")).keys() == {row.item_key for row in ROWS}

    async def test_of_one_key_are_written_as_the_last_is(self, house: House, held: Account) -> None:
        twice = [a_row(1, value="1.00"), *ROWS[2:], a_row(1, value="2.00")]
        await house.projecting.put(held, Projection(twice))
        assert (await house.rows("user-1"))[a_row(1).item_key]["value"] == "2.00"
        assert await house.projecting.put(held, Projection(twice)) == {}

    async def test_are_no_longer_written_once_somebody_else_holds_the_account(
        self, house: House, held: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def taken_over() -> None:
            await house.storage.accounts.claim_one(
                held.userid, "another", now=house.clock() + LEASE, lease=LEASE
            )

        written = after_the_first_write(house, monkeypatch, taken_over)
        with pytest.raises(LeaseLost):
            await house.projecting.put(held, Projection(ROWS))
        assert written == [("user-1", 3, 0)]

    async def test_are_no_longer_written_for_who_has_left(
        self, house: House, held: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def left() -> None:
            await house.storage.links.leave("user-1", held.userid)

        written = after_the_first_write(house, monkeypatch, left)
        await house.projecting.put(held, Projection(ROWS))
        assert [user for user, *_ in written] == ["user-1", "user-2", "user-2", "user-2"]
