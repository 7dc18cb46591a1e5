"""Token rows and their accounts on every backend, down to the attributes that other services read."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from builders import HOUR, NOON, NOON_MS, SECOND, a_link, a_pair, a_token_row, an_account, news_of
from contract.storage.backends import Backend
from contract.storage.steps import with_one_more, with_users
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.errors import AccountUnknown, PairChanged
from withings_bridge.domain.links import TokenPair
from withings_bridge.storage.base import Storage


class TestJoin:
    async def test_stores_the_account_and_the_row_together(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        pair = a_pair()
        account = await storage.links.join(user, userid, pair, with_users(userid, user))
        assert account == an_account(userid, user)
        assert await storage.accounts.get(userid) == account
        assert await storage.links.get(user) == a_link(user=user, account=userid, pair=pair)

    async def test_writes_exactly_the_attributes_of_the_contract(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        assert await backend.token_row(f"{user}#withings") == a_token_row(user, userid)

    async def test_keeps_milliseconds_and_cuts_off_what_is_finer(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        pair = a_pair(saved_at=NOON + timedelta(microseconds=123_999))
        await storage.links.join(user, userid, pair, with_users(userid, user))
        row = await backend.token_row(f"{user}#withings")
        assert row is not None
        assert row["created_at"] == NOON_MS + 123
        assert row["expires_at"] == NOON_MS + 10_800_123
        link = await storage.links.get(user)
        assert link is not None
        assert link.pair.saved_at == NOON + timedelta(milliseconds=123)

    async def test_gives_the_change_what_is_stored(self, storage: Storage, user: str, userid: str) -> None:
        seen: list[Account | None] = []

        def change(account: Account | None) -> Account:
            seen.append(account)
            return account or an_account(userid, user)

        first = await storage.links.join(user, userid, a_pair(), change)
        await storage.links.join(user, userid, a_pair(saved_at=NOON + HOUR), change)
        assert seen[0] is None
        assert seen[-1] == first

    async def test_keeps_what_was_announced(self, storage: Storage, user: str, userid: str) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.accounts.announce(userid, news_of(), now=NOON)
        announced = await storage.accounts.get(userid)
        later = a_pair(saved_at=NOON + HOUR)
        await storage.links.join(user, userid, later, with_one_more(userid, user))
        assert await storage.accounts.get(userid) == announced

    async def test_of_a_second_user_puts_the_newest_pair_into_both_rows(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        second = f"{user}-second"
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        newest = a_pair(saved_at=NOON + HOUR, name="second")
        account = await storage.links.join(second, userid, newest, with_one_more(userid, second))
        assert account.users == {user, second}
        for each in (user, second):
            assert await storage.links.get(each) == a_link(user=each, account=userid, pair=newest)

    async def test_keeps_the_time_of_the_last_push(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.links.pushed(user, at=NOON + SECOND)
        pair = a_pair(saved_at=NOON + HOUR)
        await storage.links.join(user, userid, pair, with_one_more(userid, user))
        link = await storage.links.get(user)
        assert link == a_link(user=user, account=userid, pair=pair, pushed_at=NOON + SECOND)
        row = await backend.token_row(f"{user}#withings")
        assert row is not None
        assert row["last_vitals7_push_at"] == NOON_MS + 1000
        assert row["updated_at"] == NOON_MS + 3_600_000

    async def test_whose_change_fails_stores_neither(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        def fail(_: Account | None) -> Account:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await storage.links.join(user, userid, a_pair(), fail)
        assert await storage.accounts.get(userid) is None
        assert await backend.token_row(f"{user}#withings") is None

    async def test_moves_the_user_to_another_account(self, storage: Storage, user: str, userid: str) -> None:
        other = f"{userid}9"
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        newer = a_pair(saved_at=NOON + HOUR, name="other")
        await storage.links.join(user, other, newer, with_users(other, user))
        assert await storage.links.get(user) == a_link(user=user, account=other, pair=newer)

    async def test_leaves_the_row_of_a_user_who_meanwhile_linked_another_account(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        other, second = f"{userid}9", f"{user}-second"
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        moved = a_pair(saved_at=NOON + HOUR, name="moved")
        await storage.links.join(user, other, moved, with_users(other, user))
        newest = a_pair(saved_at=NOON + 2 * HOUR, name="newest")
        await storage.links.join(second, userid, newest, with_one_more(userid, second))
        assert await storage.links.get(user) == a_link(user=user, account=other, pair=moved)


class TestReplacePair:
    async def test_puts_the_new_pair_into_the_row(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        first, second = a_pair(), a_pair(saved_at=NOON + HOUR, name="second")
        await storage.links.join(user, userid, first, with_users(userid, user))
        await storage.links.pushed(user, at=NOON + SECOND)
        await storage.links.replace_pair(userid, second, replacing=first)
        assert await backend.token_row(f"{user}#withings") == a_token_row(
            user,
            userid,
            access_token="access-second",
            refresh_token="refresh-second",
            expires_at=NOON_MS + 4 * 3_600_000,
            created_at=NOON_MS + 3_600_000,
            updated_at=NOON_MS + 3_600_000,
            last_vitals7_push_at=NOON_MS + 1000,
        )

    async def test_puts_it_into_the_rows_of_all_users(self, storage: Storage, user: str, userid: str) -> None:
        first, second = a_pair(), a_pair(saved_at=NOON + HOUR, name="second")
        users = [f"{user}-{n}" for n in range(3)]
        await storage.links.join(users[0], userid, first, with_users(userid, *users))
        await storage.links.replace_pair(userid, second, replacing=first)
        for each in users:
            assert await storage.links.get(each) == a_link(user=each, account=userid, pair=second)

    async def test_fails_when_the_stored_pair_is_no_longer_the_one_that_was_read(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        read, refreshed = a_pair(), a_pair(saved_at=NOON + HOUR, name="refreshed")
        await storage.links.join(user, userid, read, with_users(userid, user))
        consented = a_pair(saved_at=NOON + SECOND, name="consented")
        await storage.links.join(user, userid, consented, with_one_more(userid, user))
        with pytest.raises(PairChanged):
            await storage.links.replace_pair(userid, refreshed, replacing=read)
        assert await storage.links.get(user) == a_link(user=user, account=userid, pair=consented)

    async def test_compares_to_the_millisecond(self, storage: Storage, user: str, userid: str) -> None:
        first = a_pair(saved_at=NOON + timedelta(microseconds=1_999))
        await storage.links.join(user, userid, first, with_users(userid, user))
        second = a_pair(saved_at=NOON + HOUR)
        with pytest.raises(PairChanged):
            await storage.links.replace_pair(userid, second, replacing=a_pair(saved_at=NOON))
        await storage.links.replace_pair(userid, second, replacing=first)

    async def test_may_be_repeated(self, storage: Storage, user: str, userid: str) -> None:
        first, second = a_pair(), a_pair(saved_at=NOON + HOUR, name="second")
        await storage.links.join(user, userid, first, with_users(userid, user))
        await storage.links.replace_pair(userid, second, replacing=first)
        await storage.links.replace_pair(userid, second, replacing=first)
        assert await storage.links.get(user) == a_link(user=user, account=userid, pair=second)

    async def test_writes_a_missing_row_anew(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        second = f"{user}-second"
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.accounts.change(
            userid, lambda account: replace(account, users=frozenset({user, second})), now=NOON
        )
        assert await backend.token_row(f"{second}#withings") is None
        pair = a_pair(saved_at=NOON + HOUR, name="second")
        await storage.links.replace_pair(userid, pair, replacing=a_pair())
        assert await storage.links.get(second) == a_link(user=second, account=userid, pair=pair)

    async def test_for_an_unknown_account_fails(self, storage: Storage, userid: str) -> None:
        with pytest.raises(AccountUnknown):
            await storage.links.replace_pair(userid, a_pair(), replacing=a_pair())

    async def test_leaves_the_row_of_a_user_who_meanwhile_linked_another_account(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        other, stayed = f"{userid}9", f"{user}-stayed"
        first, moved = a_pair(), a_pair(saved_at=NOON + HOUR, name="moved")
        await storage.links.join(user, userid, first, with_users(userid, user, stayed))
        await storage.links.join(user, other, moved, with_users(other, user))
        refreshed = a_pair(saved_at=NOON + 2 * HOUR, name="refreshed")
        await storage.links.replace_pair(userid, refreshed, replacing=first)
        assert await storage.links.get(user) == a_link(user=user, account=other, pair=moved)
        assert await storage.links.get(stayed) == a_link(user=stayed, account=userid, pair=refreshed)

    async def test_that_races_another_has_one_winner(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        users = [user, f"{user}-second"]
        first = a_pair()
        await storage.links.join(user, userid, first, with_users(userid, *users))
        pairs = [a_pair(saved_at=NOON + (n + 1) * HOUR, name=f"racer-{n}") for n in range(10)]

        async def refresh(store: Storage, pair: TokenPair) -> TokenPair | None:
            try:
                await store.links.replace_pair(userid, pair, replacing=first)
            except PairChanged:
                return None
            return pair

        async with backend.storage() as another:
            outcomes = await asyncio.gather(
                *(refresh(storage if n % 2 else another, pair) for n, pair in enumerate(pairs))
            )
        winners = [pair for pair in outcomes if pair]
        assert len(winners) == 1
        for each in users:
            assert await storage.links.get(each) == a_link(user=each, account=userid, pair=winners[0])


class TestLeave:
    async def test_of_the_last_user_takes_row_and_account(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        assert await storage.links.leave(user, userid) is None
        assert await storage.links.get(user) is None
        assert await backend.token_row(f"{user}#withings") is None
        assert await storage.accounts.get(userid) is None
        assert not await storage.accounts.announce(userid, news_of(), now=NOON)

    async def test_of_one_of_two_leaves_the_other_as_it_was(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        second = f"{user}-second"
        await storage.links.join(user, userid, a_pair(), with_users(userid, user, second))
        await storage.accounts.announce(userid, news_of(), now=NOON)
        before = await storage.accounts.get(userid)
        assert before is not None
        left = await storage.links.leave(user, userid)
        assert left == replace(before, users=frozenset({second}))
        assert await storage.accounts.get(userid) == left
        assert await storage.links.get(user) is None
        assert await storage.links.get(second) == a_link(user=second, account=userid)

    async def test_may_be_repeated(self, storage: Storage, user: str, userid: str) -> None:
        second = f"{user}-second"
        await storage.links.join(user, userid, a_pair(), with_users(userid, user, second))
        assert await storage.links.leave(user, userid) == await storage.links.leave(user, userid)
        assert await storage.links.leave(second, userid) is None
        assert await storage.links.leave(second, userid) is None

    async def test_does_not_touch_a_row_that_meanwhile_names_another_account(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        other = f"{userid}9"
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        moved = a_pair(saved_at=NOON + HOUR)
        await storage.links.join(user, other, moved, with_users(other, user))
        assert await storage.links.leave(user, userid) is None
        assert await storage.accounts.get(userid) is None
        assert await storage.links.get(user) == a_link(user=user, account=other, pair=moved)

    async def test_takes_the_bare_row_of_the_predecessor_too(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await backend.put_token_row(a_token_row(user, userid, key=user))
        await storage.links.leave(user, userid)
        assert await backend.token_row(user) is None
        assert await storage.links.get(user) is None

    async def test_leaves_the_rows_of_other_connectors(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        foreign = [
            a_token_row(user, userid, key=f"{user}#fitbit", api_name="Fitbit", withings_userid=None),
            a_token_row(user, userid, key=user, api_name="iHealth"),
        ]
        for row in foreign:
            await backend.put_token_row(row)
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.links.leave(user, userid)
        for row in foreign:
            assert await backend.token_row(str(row["userId"])) == row


class TestPushed:
    async def test_dates_the_row(self, backend: Backend, storage: Storage, user: str, userid: str) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.links.pushed(user, at=NOON + SECOND)
        assert await backend.token_row(f"{user}#withings") == a_token_row(
            user, userid, updated_at=NOON_MS + 1000, last_vitals7_push_at=NOON_MS + 1000
        )

    async def test_never_makes_a_row(self, backend: Backend, storage: Storage, user: str) -> None:
        await storage.links.pushed(user, at=NOON)
        assert await backend.token_row(f"{user}#withings") is None
        assert await backend.token_row(user) is None

    async def test_does_not_name_the_pair_anew(self, storage: Storage, user: str, userid: str) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.links.pushed(user, at=NOON + SECOND)
        await storage.links.replace_pair(userid, a_pair(saved_at=NOON + HOUR), replacing=a_pair())

    async def test_dates_a_bare_row_of_the_predecessor(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid, key=user))
        await storage.links.pushed(user, at=NOON + SECOND)
        assert await storage.links.get(user) == a_link(user=user, account=userid, pushed_at=NOON + SECOND)

    async def test_leaves_the_rows_of_other_connectors(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        row = a_token_row(user, userid, key=user, api_name="iHealth")
        await backend.put_token_row(row)
        await storage.links.pushed(user, at=NOON + SECOND)
        assert await backend.token_row(user) == row
