"""Token rows that the predecessor left, whole or damaged, on every backend."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from builders import DAY, HOUR, NOON, NOON_MS, SECOND, a_link, a_pair, a_token_row
from contract.storage.backends import Backend
from contract.storage.predecessor import a_doubled_row, put_all
from contract.storage.steps import with_users
from withings_bridge.domain.links import Place, RowName, TokenRow
from withings_bridge.storage.base import Storage

MILLISECOND = timedelta(milliseconds=1)


class TestRowsOfThePredecessor:
    @pytest.mark.parametrize("api_name", ["Withings", "withings", "WITHINGS"])
    async def test_a_bare_row_is_read(
        self, backend: Backend, storage: Storage, user: str, userid: str, api_name: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid, key=user, api_name=api_name))
        assert await storage.links.get(user) == a_link(user=user, account=userid)

    @pytest.mark.parametrize("api_name", ["iHealth", "Withings2", None])
    async def test_a_bare_row_of_another_connector_is_not(
        self, backend: Backend, storage: Storage, user: str, userid: str, api_name: str | None
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid, key=user, api_name=api_name))
        assert await storage.links.get(user) is None

    async def test_a_bare_row_is_moved_by_a_join(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        row = a_token_row(user, userid, key=user, last_vitals7_push_at=NOON_MS)
        await backend.put_token_row(row)
        await storage.links.join(user, userid, a_pair(saved_at=NOON + HOUR), with_users(userid, user))
        assert await backend.token_row(user) is None
        link = await storage.links.get(user)
        assert link is not None
        assert link.pushed_at == NOON
        assert link.pair.saved_at == NOON + HOUR

    async def test_a_bare_row_is_moved_by_a_refresh(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user, f"{user}-second"))
        second = f"{user}-third"
        await backend.put_token_row(a_token_row(second, userid, key=second, last_vitals7_push_at=NOON_MS))
        await storage.accounts.change(
            userid, lambda account: replace(account, users=account.users | {second}), now=NOON
        )
        pair = a_pair(saved_at=NOON + HOUR)
        await storage.links.replace_pair(userid, pair, replacing=a_pair())
        assert await backend.token_row(second) is None
        assert await storage.links.get(second) == a_link(
            user=second, account=userid, pair=pair, pushed_at=NOON
        )

    @pytest.mark.parametrize("newest", Place)
    async def test_of_several_rows_the_one_with_the_later_save_goes_first(
        self, backend: Backend, storage: Storage, user: str, userid: str, newest: Place
    ) -> None:
        await put_all(backend, user, userid, **{newest: NOON + HOUR})
        link = await storage.links.get(user)
        assert link == a_link(user=user, account=userid, pair=a_pair(saved_at=NOON + HOUR, name=newest))

    async def test_a_push_does_not_make_a_row_newer(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        pushed = NOON_MS + 10_000
        row = a_token_row(user, userid, key=user, updated_at=pushed, last_vitals7_push_at=pushed)
        await backend.put_token_row(row)
        doubled = f"{user}#withings#withings"
        await backend.put_token_row(a_token_row(user, userid, key=doubled, created_at=NOON_MS + 1))
        link = await storage.links.get(user)
        assert link is not None
        assert link.pair.saved_at == NOON + MILLISECOND

    async def test_of_two_that_say_the_same_time_the_one_of_the_bridge_goes_first(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await put_all(backend, user, userid)
        link = await storage.links.get(user)
        assert link is not None
        assert link.pair.refresh_token == "refresh-own"

    @pytest.mark.parametrize(
        "damage",
        [
            {"refresh_token": "", "access_token": "", "withings_userid": "undefined"},
            {"refresh_token": "", "withings_userid": "undefined"},
            {"withings_userid": "undefined"},
            dict.fromkeys(
                (
                    "cognito_user_id",
                    "access_token",
                    "refresh_token",
                    "expires_in",
                    "expires_at",
                    "created_at",
                    "api_name",
                    "token_type",
                    "withings_userid",
                )
            ),
        ],
        ids=["empty pair", "empty refresh token", "nobody", "only a push"],
    )
    async def test_a_damaged_row_does_not_shadow_a_good_bare_one(
        self, backend: Backend, storage: Storage, user: str, userid: str, damage: dict[str, Any]
    ) -> None:
        damaged = a_token_row(user, userid, last_vitals7_push_at=NOON_MS + 1000, **damage)
        await backend.put_token_row(damaged)
        assert await storage.links.get(user) is None
        await backend.put_token_row(a_token_row(user, userid, key=user))
        link = await storage.links.get(user)
        assert link is not None
        assert (link.account, link.pair) == (userid, a_pair())
        await storage.links.pushed(user, at=NOON + HOUR)
        link = await storage.links.get(user)
        assert link is not None
        assert (link.pair, link.pushed_at) == (a_pair(), NOON + HOUR)
        pair = a_pair(saved_at=NOON + DAY, name="second")
        await storage.links.join(user, userid, pair, with_users(userid, user))
        assert await storage.links.get(user) == a_link(
            user=user, account=userid, pair=pair, pushed_at=NOON + HOUR
        )
        assert await backend.token_row(user) is None

    async def test_a_damaged_row_goes_with_the_user(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await backend.put_token_row(
            a_token_row(user, "undefined", refresh_token="", last_vitals7_push_at=NOON_MS)
        )
        await storage.links.leave(user, userid)
        assert await backend.token_row(f"{user}#withings") is None

    async def test_a_row_that_does_not_say_when_it_expires_has_expired(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(
            a_token_row(user, userid, key=user, expires_at=None, expires_in=None, created_at=None)
        )
        link = await storage.links.get(user)
        assert link is not None
        assert link.pair.refresh_token == "refresh-first"
        assert not link.pair.fresh_at(datetime(2015, 1, 1, tzinfo=UTC))

    @pytest.mark.parametrize("odd", [10**18, -(10**18), 0])
    async def test_a_time_that_no_calendar_has_counts_as_long_ago(
        self, backend: Backend, storage: Storage, user: str, userid: str, odd: int
    ) -> None:
        await backend.put_token_row(
            a_token_row(
                user, userid, expires_at=odd, expires_in=odd, created_at=odd, last_vitals7_push_at=odd
            )
        )
        link = await storage.links.get(user)
        assert link is not None
        assert not link.pair.fresh_at(NOON)


class TestDoubledRow:
    async def test_is_read_by_its_key(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_doubled_row(user, userid))
        assert await storage.links.get(user) == a_link(user=user, account=userid)

    async def test_is_folded_by_a_join(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await put_all(backend, user, userid, doubled=NOON + MILLISECOND)
        pair = a_pair(saved_at=NOON + HOUR, name="consented")
        await storage.links.join(user, userid, pair, with_users(userid, user))
        assert await storage.links.rows(user) == [
            TokenRow(RowName(user, Place.OWN), a_link(user=user, account=userid, pair=pair))
        ]
        assert await backend.token_row(f"{user}#withings#withings") is None
        assert await backend.token_row(user) is None

    async def test_is_folded_by_a_refresh(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        newest = a_pair(saved_at=NOON + HOUR, name="doubled")
        await put_all(backend, user, userid, doubled=newest.saved_at)
        pair = a_pair(saved_at=NOON + 2 * HOUR, name="refreshed")
        await storage.links.replace_pair(userid, pair, replacing=newest)
        assert await backend.token_row(f"{user}#withings") == a_token_row(
            user,
            userid,
            access_token="access-refreshed",
            refresh_token="refresh-refreshed",
            expires_at=NOON_MS + 5 * 3_600_000,
            created_at=NOON_MS + 2 * 3_600_000,
            updated_at=NOON_MS + 2 * 3_600_000,
        )
        assert await backend.token_row(f"{user}#withings#withings") is None
        assert await backend.token_row(user) is None

    async def test_that_holds_the_pair_alone_is_moved_by_a_push(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_doubled_row(user, userid))
        await storage.links.pushed(user, at=NOON + SECOND)
        assert await backend.token_row(f"{user}#withings#withings") is None
        assert await backend.token_row(f"{user}#withings") == a_token_row(
            user, userid, updated_at=NOON_MS + 1000, last_vitals7_push_at=NOON_MS + 1000
        )

    async def test_beside_another_pair_is_dated_by_a_push_and_both_stay(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        bare = a_token_row(user, userid, key=user, refresh_token="another")
        await backend.put_token_row(bare)
        await backend.put_token_row(a_doubled_row(user, userid, created_at=NOON_MS + 1))
        await storage.links.pushed(user, at=NOON + SECOND)
        link = await storage.links.get(user)
        assert link is not None
        assert link.pushed_at == NOON + SECOND
        assert [row.name.place for row in await storage.links.rows(user)] == [Place.DOUBLED, Place.BARE]
        assert await backend.token_row(user) == bare

    async def test_goes_with_the_user(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await backend.put_token_row(a_doubled_row(user, userid))
        await storage.links.leave(user, userid)
        assert await storage.links.rows(user) == []

    async def test_of_another_account_does_not_count_beside_a_whole_row(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid))
        await backend.put_token_row(a_doubled_row(user, f"{userid}9", created_at=NOON_MS + 1000))
        assert await storage.links.get(user) == a_link(user=user, account=userid)
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        assert await backend.token_row(f"{user}#withings#withings") is None

    async def test_of_another_account_that_does_not_count_goes_with_the_user(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await backend.put_token_row(a_doubled_row(user, f"{userid}9", created_at=NOON_MS + 1000))
        await storage.links.leave(user, userid)
        assert await storage.links.get(user) is None

    async def test_of_another_account_counts_beside_a_damaged_row(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, "undefined", refresh_token=""))
        await backend.put_token_row(a_token_row(user, userid, key=user))
        await backend.put_token_row(a_doubled_row(user, f"{userid}9", created_at=NOON_MS + 1000))
        link = await storage.links.get(user)
        assert link is not None
        assert link.account == f"{userid}9"
