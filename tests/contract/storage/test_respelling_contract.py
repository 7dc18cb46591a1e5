"""The tokens of a row in another spelling, on every backend, while others read and write the row."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from builders import HOUR, NOON, NOON_MS, SECOND, a_link, a_pair, a_token_row
from contract.storage.backends import Backend
from contract.storage.predecessor import a_doubled_row, foreign_rows
from contract.storage.steps import with_users
from withings_bridge.domain.links import Place, RowName
from withings_bridge.storage.base import Storage
from withings_bridge.storage.encryption import EncryptedLinks


def loudly(token: str) -> str:
    return token.upper()


class Unspeakable(Exception):
    pass


class TestRespell:
    async def test_changes_the_tokens_and_nothing_else(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.links.pushed(user, at=NOON + SECOND)
        assert await storage.links.respell(RowName(user, Place.OWN), loudly)
        assert await backend.token_row(f"{user}#withings") == a_token_row(
            user,
            userid,
            access_token="ACCESS-FIRST",
            refresh_token="REFRESH-FIRST",
            updated_at=NOON_MS + 1000,
            last_vitals7_push_at=NOON_MS + 1000,
        )

    async def test_says_when_there_was_nothing_to_change(
        self, storage: Storage, user: str, userid: str
    ) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        assert await storage.links.respell(RowName(user, Place.OWN), loudly)
        assert not await storage.links.respell(RowName(user, Place.OWN), loudly)

    async def test_does_not_name_the_pair_anew(self, storage: Storage, user: str, userid: str) -> None:
        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await storage.links.respell(RowName(user, Place.OWN), loudly)
        refreshed = a_pair(saved_at=NOON + HOUR, name="refreshed")
        await storage.links.replace_pair(userid, refreshed, replacing=a_pair())
        assert await storage.links.get(user) == a_link(user=user, account=userid, pair=refreshed)

    @pytest.mark.parametrize(
        "damage",
        [{}, {"refresh_token": ""}, {"withings_userid": "undefined"}],
        ids=["whole", "without a refresh token", "of nobody"],
    )
    async def test_changes_every_row_of_the_predecessor_where_it_stands(
        self, backend: Backend, storage: Storage, user: str, userid: str, damage: dict[str, Any]
    ) -> None:
        rows = {
            Place.OWN: a_token_row(user, userid, **damage),
            Place.DOUBLED: a_doubled_row(user, f"{userid}9", **damage),
            Place.BARE: a_token_row(user, userid, key=user, api_name="withings", **damage),
        }
        for place, row in rows.items():
            await backend.put_token_row(row)
            assert await storage.links.respell(RowName(user, place), loudly)
        for row in rows.values():
            loud = {name: loudly(row[name]) for name in ("access_token", "refresh_token")}
            assert await backend.token_row(row["userId"]) == row | loud

    async def test_leaves_a_row_without_tokens_as_it_is(
        self, backend: Backend, storage: Storage, user: str
    ) -> None:
        row: dict[str, Any] = {
            "userId": f"{user}#withings",
            "last_vitals7_push_at": NOON_MS,
            "updated_at": NOON_MS,
        }
        await backend.put_token_row(row)
        assert not await storage.links.respell(RowName(user, Place.OWN), loudly)
        assert await backend.token_row(f"{user}#withings") == row

    async def test_never_makes_a_row(self, backend: Backend, storage: Storage, user: str) -> None:
        for place in Place:
            assert not await storage.links.respell(RowName(user, place), loudly)
            assert await backend.token_row(place.key(user)) is None

    async def test_leaves_the_rows_of_other_connectors(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        rows = foreign_rows(user, userid)
        for row in rows:
            await backend.put_token_row(row)
        for place in Place:
            assert not await storage.links.respell(RowName(user, place), loudly)
        for row in rows:
            assert await backend.token_row(row["userId"]) == row

    async def test_that_cannot_be_done_leaves_the_row_as_it_was(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        def refuse(token: str) -> str:
            if token.startswith("refresh"):
                raise Unspeakable
            return loudly(token)

        await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        with pytest.raises(Unspeakable):
            await storage.links.respell(RowName(user, Place.OWN), refuse)
        assert await backend.token_row(f"{user}#withings") == a_token_row(user, userid)

    async def test_loses_no_pair_that_is_refreshed_at_the_same_moment(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        pairs = [a_pair(saved_at=NOON + n * HOUR, name=f"number-{n}") for n in range(12)]
        await storage.links.join(user, userid, pairs[0], with_users(userid, user))
        over = asyncio.Event()

        async def refresh_on_and_on() -> None:
            for known, fresh in pairwise(pairs):
                await storage.links.replace_pair(userid, fresh, replacing=known)
            over.set()

        async def respell_on_and_on() -> None:
            async with backend.storage() as another:
                while not over.is_set():
                    await another.links.respell(RowName(user, Place.OWN), loudly)
                await another.links.respell(RowName(user, Place.OWN), loudly)

        await asyncio.gather(refresh_on_and_on(), respell_on_and_on())
        row = await backend.token_row(f"{user}#withings")
        assert row is not None
        assert (row["access_token"], row["refresh_token"]) == ("ACCESS-NUMBER-11", "REFRESH-NUMBER-11")
        assert row["created_at"] == NOON_MS + 11 * 3_600_000


class TestRenew:
    """The coat that encrypts, on every backend: the rest is in ``unit/storage/test_encryption.py``."""

    OLD = "b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCE="
    NEW = "bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3IG5ldyE="

    async def test_lets_the_old_key_go(self, storage: Storage, user: str, userid: str) -> None:
        await EncryptedLinks(storage.links, [self.OLD]).join(user, userid, a_pair(), with_users(userid, user))
        links = EncryptedLinks(storage.links, [self.NEW, self.OLD])
        assert await links.renew(RowName(user, Place.OWN)) == "rewritten"
        assert await links.renew(RowName(user, Place.OWN)) == "current"
        assert await EncryptedLinks(storage.links, [self.NEW]).get(user) == a_link(user=user, account=userid)
