"""Leaving an account, for another one or for good, on every backend; and what is forgotten then."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from builders import DAY, HOUR, NOON, SECOND, a_link, a_pair, a_record, a_row, a_token_row, news_of
from contract.storage.backends import Backend
from contract.storage.steps import LEASE, claimed, with_one_more, with_users
from withings_bridge.domain.accounts import Account, settled
from withings_bridge.domain.errors import AccountUnknown
from withings_bridge.domain.records import EPOCH, Kind
from withings_bridge.storage.base import Storage


@pytest.fixture
async def replicas(backend: Backend) -> AsyncIterator[list[Storage]]:
    """Two storages on one store."""
    async with backend.storage() as first, backend.storage() as second:
        yield [first, second]


@pytest.fixture
def other(userid: str) -> str:
    """Another Withings account."""
    return f"{userid}9"


async def join(storage: Storage, user: str, userid: str, name: str = "first", *, after: float = 0) -> None:
    """The user links the account, whoever else has."""
    pair = a_pair(saved_at=NOON + after * SECOND, name=name)
    await storage.links.join(user, userid, pair, with_one_more(userid, user))


class TestJoiningAnother:
    async def test_leaves_the_account_before_which_is_gone_with_its_last_user(
        self, storage: Storage, user: str, userid: str, other: str
    ) -> None:
        await join(storage, user, userid)
        await storage.accounts.announce(userid, news_of(), now=NOON)
        await join(storage, user, other, "second", after=1)
        assert await storage.accounts.get(userid) is None
        assert not await storage.accounts.announce(userid, news_of(), now=NOON)
        assert await claimed(storage.accounts, userid, now=NOON + DAY) is None
        moved = a_pair(saved_at=NOON + SECOND, name="second")
        assert await storage.links.get(user) == a_link(user=user, account=other, pair=moved)

    async def test_leaves_it_to_those_who_stay_as_it_was(
        self, storage: Storage, user: str, userid: str, other: str
    ) -> None:
        stays = f"{user}-stays"
        await join(storage, user, userid)
        await join(storage, stays, userid)
        await storage.accounts.announce(userid, news_of(), now=NOON)
        before = await storage.accounts.get(userid)
        assert before is not None
        await join(storage, user, other, "second", after=1)
        assert await storage.accounts.get(userid) == replace(before, users=frozenset({stays}))
        assert await storage.links.get(stays) == a_link(user=stays, account=userid)
        assert await claimed(storage.accounts, userid, now=NOON) is not None
        await storage.links.leave(stays, userid)

    async def test_whose_change_fails_leaves_nothing(
        self, storage: Storage, user: str, userid: str, other: str
    ) -> None:
        await join(storage, user, userid)
        before = await storage.accounts.get(userid)

        def fail(_: object) -> Any:
            raise RuntimeError

        with pytest.raises(RuntimeError):
            await storage.links.join(user, other, a_pair(saved_at=NOON + SECOND), fail)
        assert await storage.accounts.get(userid) == before
        assert await storage.links.get(user) == a_link(user=user, account=userid)

    async def test_leaves_an_account_that_only_a_bare_row_names(
        self, backend: Backend, storage: Storage, user: str, userid: str, other: str
    ) -> None:
        await join(storage, user, userid)
        await backend.put_token_row(a_token_row(user, userid, key=user))
        await backend.put_token_row(a_token_row(user, other))
        await join(storage, user, other, "second", after=1)
        assert await storage.accounts.get(userid) is None

    async def test_again_leaves_nothing(self, storage: Storage, user: str, userid: str) -> None:
        await join(storage, user, userid)
        await join(storage, user, userid, "second", after=1)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.users == {user}

    async def test_of_one_user_to_two_accounts_at_once_ends_in_one_of_them(
        self, replicas: list[Storage], user: str, userid: str, other: str
    ) -> None:
        for round_ in range(10):
            accounts = [f"{userid}{round_}", f"{other}{round_}"]
            await asyncio.gather(
                *(
                    join(replica, user, account, account, after=round_)
                    for replica, account in zip(replicas, accounts, strict=True)
                )
            )
            link = await replicas[0].links.get(user)
            assert link is not None
            assert link.pair.access_token == f"access-{link.account}"
            assert [each for each in accounts if await replicas[1].accounts.get(each)] == [link.account]

    async def test_while_a_turn_settles_the_one_before_brings_nothing_back(
        self, replicas: list[Storage], user: str, userid: str, other: str
    ) -> None:
        def settling(account: Account) -> Account:
            return replace(settled(account, [], now=NOON, jitter=0), lease=account.lease)

        async def settle(account: str) -> None:
            with suppress(AccountUnknown):
                for _ in range(5):
                    await replicas[1].accounts.change(account, settling, now=NOON, holder="worker")

        for round_ in range(10):
            old, new = f"{userid}{round_}", f"{other}{round_}"
            await join(replicas[0], user, old, after=2 * round_)
            await replicas[0].accounts.claim_one(old, "worker", now=NOON, lease=LEASE)
            await asyncio.gather(settle(old), join(replicas[0], user, new, "second", after=2 * round_ + 1))
            assert await replicas[1].accounts.get(old) is None
            account = await replicas[1].accounts.get(new)
            assert account is not None
            assert account.users == {user}


class TestLeave:
    async def test_without_an_account_takes_the_rows_that_hold_no_pair(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid, refresh_token=""))
        await backend.put_token_row(a_token_row(user, "undefined", key=user))
        assert await storage.links.leave(user, None) is None
        assert await backend.token_row(f"{user}#withings") is None
        assert await backend.token_row(user) is None

    async def test_without_an_account_touches_no_link(self, storage: Storage, user: str, userid: str) -> None:
        await join(storage, user, userid)
        assert await storage.links.leave(user, None) is None
        assert await storage.links.get(user) == a_link(user=user, account=userid)
        account = await storage.accounts.get(userid)
        assert account is not None
        assert account.users == {user}

    async def test_takes_a_row_without_a_pair_whomever_it_names(
        self, backend: Backend, storage: Storage, user: str, userid: str, other: str
    ) -> None:
        await join(storage, user, userid)
        await backend.put_token_row(a_token_row(user, other, key=user, refresh_token=None))
        await storage.links.leave(user, userid)
        assert await backend.token_row(user) is None

    @pytest.mark.parametrize("userid_given", [True, False])
    async def test_leaves_the_rows_of_other_connectors(
        self, backend: Backend, storage: Storage, user: str, userid: str, *, userid_given: bool
    ) -> None:
        row = a_token_row(user, userid, key=user, api_name="iHealth", refresh_token=None)
        await backend.put_token_row(row)
        await storage.links.leave(user, userid if userid_given else None)
        assert await backend.token_row(user) == row


class TestEnd:
    async def test_takes_account_and_rows_of_all_users(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        users = [user, f"{user}-second", f"{user}-third"]
        for each in users:
            await join(storage, each, userid)
        await backend.put_token_row(a_token_row(user, userid, key=user))
        assert await storage.links.end(userid, lambda _: True)
        assert await storage.accounts.get(userid) is None
        for each in users:
            assert await storage.links.get(each) is None
            assert await backend.token_row(f"{each}#withings") is None
        assert await backend.token_row(user) is None

    async def test_asks_the_account_as_it_is_stored_and_may_end_nothing(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        await join(storage, user, userid)
        stored = await storage.accounts.get(userid)
        assert not await storage.links.end(userid, lambda account: account != stored)
        assert await storage.accounts.get(userid) == stored
        assert await storage.links.get(user) == a_link(user=user, account=userid)

    async def test_leaves_a_user_alone_who_has_moved(
        self, backend: Backend, storage: Storage, user: str, userid: str, other: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user, f"{user}-second"))
        await backend.put_token_row(a_token_row(user, other))
        assert await storage.links.end(userid, lambda _: True)
        assert await storage.links.get(user) == a_link(user=user, account=other)

    async def test_may_be_repeated(self, storage: Storage, user: str, userid: str) -> None:
        await join(storage, user, userid)
        assert await storage.links.end(userid, lambda _: True)
        assert await storage.links.end(userid, lambda _: False)

    async def test_never_ends_a_link_that_was_made_since_it_looked(
        self, replicas: list[Storage], user: str, userid: str
    ) -> None:
        for round_ in range(10):
            account = f"{userid}{round_}"
            await join(replicas[0], user, account)
            comes = f"{user}-comes"
            ended, _ = await asyncio.gather(
                replicas[0].links.end(account, lambda stored: stored.users == {user}),
                join(replicas[1], comes, account, "second", after=1),
            )
            left = await replicas[0].accounts.get(account)
            assert left is not None
            assert left.users == ({comes} if ended else {user, comes})
            link = await replicas[0].links.get(comes)
            assert link is not None
            assert (link.account, link.pair.access_token) == (account, "access-second")
            await replicas[0].links.end(account, lambda _: True)


class TestForgettingRecords:
    async def test_leaves_none_however_many_there_are(self, storage: Storage, userid: str) -> None:
        many = [a_record(str(n), at=NOON - n * HOUR) for n in range(1203)]
        nights = [a_record("n", kind=Kind.SLEEP, body={"id": 1})]
        await storage.records.save(userid, many + nights, now=NOON)
        await storage.records.save(userid, [], removed=[many[0].name], now=NOON)
        await storage.records.forget(userid)
        for kind in Kind:
            assert await storage.records.between(userid, kind, EPOCH, NOON + DAY) == []
        assert await storage.records.get(userid, [record.name for record in many[:50]]) == {}
        assert await storage.records.changes(userid, after=0, limit=10) == []

    async def test_never_touches_another_accounts(self, storage: Storage, userid: str, other: str) -> None:
        for each in (userid, other):
            await storage.records.save(each, [a_record()], now=NOON)
        await storage.records.forget(userid)
        assert await storage.records.between(other, Kind.MEASURES, EPOCH, NOON) == [a_record()]
        assert len(await storage.records.changes(other, after=0, limit=10)) == 1

    async def test_may_be_repeated(self, storage: Storage, userid: str) -> None:
        await storage.records.forget(userid)
        await storage.records.save(userid, [a_record()], now=NOON)
        await storage.records.forget(userid)
        await storage.records.forget(userid)
        assert await storage.records.changes(userid, after=0, limit=10) == []

    async def test_does_not_hide_what_is_saved_later_from_a_reader_of_changes(
        self, storage: Storage, userid: str
    ) -> None:
        await storage.records.save(userid, [a_record(str(n)) for n in range(20)], now=NOON)
        seen = await storage.records.changes(userid, after=0, limit=100)
        await storage.records.forget(userid)
        await storage.records.save(userid, [a_record()], now=NOON + SECOND)
        later = await storage.records.changes(userid, after=seen[-1].number, limit=100)
        assert [change.record for change in later] == [a_record()]


class TestForgettingRows:
    async def keys(self, storage: Storage, user: str) -> list[str]:
        return [row["item_key"] async for row in storage.vitals.rows(user)]

    async def test_leaves_none_however_many_there_are(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row(n, notes="n" * 900) for n in range(1203)], now=NOON)
        await storage.vitals.forget(user)
        assert await self.keys(storage, user) == []

    async def test_leaves_those_of_other_sources(self, backend: Backend, storage: Storage, user: str) -> None:
        foreign: dict[str, str | int] = {
            "user_id": user,
            "item_key": "VIT#steps#SRC#fitbit_1#steps",
            "vitalType": "steps",
            "value": "4321",
            "recordedBy": "Fitbit",
        }
        unsigned = {**foreign, "item_key": "VIT#weight#SRC#manual#weight"}
        del unsigned["recordedBy"]
        for row in (foreign, unsigned):
            await backend.put_vital_row(row)
        await storage.vitals.write(user, [a_row(n) for n in range(30)], now=NOON)
        await storage.vitals.forget(user)
        assert await self.keys(storage, user) == [foreign["item_key"], unsigned["item_key"]]

    async def test_never_touches_another_users(self, storage: Storage, user: str) -> None:
        another = f"{user}-another"
        for each in (user, another):
            await storage.vitals.write(each, [a_row()], now=NOON)
        await storage.vitals.forget(user)
        assert await self.keys(storage, another) == [a_row().item_key]

    async def test_may_be_repeated(self, storage: Storage, user: str) -> None:
        await storage.vitals.forget(user)
        await storage.vitals.forget(user)
        assert await self.keys(storage, user) == []
