"""Token rows that the predecessor left, whole or damaged, on every backend."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from builders import DAY, HOUR, NOON, NOON_MS, a_link, a_pair, a_token_row
from contract.storage.backends import Backend
from contract.storage.steps import with_users
from withings_bridge.storage.base import Storage


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

    async def test_a_suffixed_row_goes_before_a_bare_one(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid, key=user, created_at=NOON_MS + 1))
        await backend.put_token_row(a_token_row(user, userid))
        assert await storage.links.get(user) == a_link(user=user, account=userid)

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

    async def test_a_doubled_suffix_is_left_to_its_own_time(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        doubled = a_token_row(user, userid, key=f"{user}#withings#withings")
        await backend.put_token_row(doubled)
        assert await storage.links.get(user) is None
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        assert await backend.token_row(f"{user}#withings#withings") == doubled
