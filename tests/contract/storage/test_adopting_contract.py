"""Finding the predecessor's users and taking them in, on every backend."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from builders import DAY, HOUR, NOON, NOON_MS, SECOND, a_link, a_pair, a_token_row, an_account
from contract.storage import backends
from contract.storage.backends import Backend
from contract.storage.predecessor import a_doubled_row, foreign_rows, put_all
from contract.storage.steps import claimed, giving, with_one_more, with_users
from withings_bridge.domain.accounts import Account, announce
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import PairChanged
from withings_bridge.domain.inbox import ASKED
from withings_bridge.domain.links import Link, Place, RowName
from withings_bridge.storage.base import Storage

MILLISECOND = timedelta(milliseconds=1)


class TestRows:
    async def test_come_with_the_newest_pair_first_and_the_damaged_last(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, "undefined", refresh_token=""))
        await backend.put_token_row(a_token_row(user, userid, key=user))
        await backend.put_token_row(a_doubled_row(user, userid, created_at=NOON_MS + 1000))
        rows = await storage.links.rows(user)
        assert [(row.name.place, row.link is not None) for row in rows] == [
            (Place.DOUBLED, True),
            (Place.BARE, True),
            (Place.OWN, False),
        ]

    async def test_of_another_connector_are_not_among_them(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        for row in foreign_rows(user, userid):
            await backend.put_token_row(row)
        assert await storage.links.rows(user) == []

    async def test_of_a_user_who_bears_a_suffix_are_not_those_of_the_one_without(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await put_all(backend, user, userid)
        assert await storage.links.rows(f"{user}#withings") == []


class TestPage:
    async def test_pages_through_all_rows_of_withings_and_no_others(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        users = [f"{user}-{number}" for number in range(4)]
        for each in users:
            await put_all(backend, each, userid)
            for row in foreign_rows(f"{each}-other", userid):
                await backend.put_token_row(row)
        names = [name for name in await paged(storage, limit=5) if name.user.startswith(user)]
        assert sorted(name.key for name in names) == sorted(
            place.key(each) for each in users for place in Place
        )

    async def test_gives_damaged_rows_too(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row({"userId": f"{user}#withings", "last_vitals7_push_at": NOON_MS})
        assert RowName(user, Place.OWN) in await paged(storage, limit=100)

    async def test_goes_on_from_a_position_whose_row_has_gone(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        users = [f"{user}-{number}" for number in range(5)]
        for each in users:
            await storage.links.join(each, userid, a_pair(), with_users(userid, each))
        seen: set[str] = set()
        position = None
        while True:
            page = await storage.links.page(after=position, limit=1)
            for name in page.names:
                if name.user in users:
                    seen.add(name.user)
                    await storage.links.leave(name.user, userid)
            if (position := page.after) is None:
                break
        assert seen == set(users)

    async def test_of_no_more_than_the_limit(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        for number in range(2):
            await put_all(backend, f"{user}-{number}", userid)
        page = await storage.links.page(after=None, limit=3)
        assert len(page.names) <= 3
        assert page.after is not None


class TestAdopt:
    async def test_makes_the_user_a_member_and_leaves_the_rows_as_they_are(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await put_all(backend, user, userid, doubled=NOON + MILLISECOND)
        before = await rows_at(backend, user)
        link = await link_of(storage, user)
        account = await storage.links.adopt(link, with_users(userid, user), now=NOON + DAY)
        assert account == an_account(userid, user)
        assert await storage.accounts.get(userid) == account
        assert await rows_at(backend, user) == before

    async def test_reckons_due_times_from_now(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid))
        account = announce(an_account(userid, user), {Category.MEASURES: ASKED})
        now = NOON + 400 * DAY
        await storage.links.adopt(await link_of(storage, user), giving(account), now=now)
        assert await claimed(storage.accounts, userid, now=now - SECOND) is None
        assert await claimed(storage.accounts, userid, now=now) is not None
        await storage.links.leave(user, userid)

    async def test_gives_the_change_what_is_stored(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        second = f"{user}-second"
        first = await storage.links.join(user, userid, a_pair(), with_users(userid, user))
        await backend.put_token_row(a_token_row(second, userid, refresh_token="refresh-second"))
        seen: list[Account | None] = []

        def change(account: Account | None) -> Account:
            seen.append(account)
            return an_account(userid, user, second)

        await storage.links.adopt(await link_of(storage, second), change, now=NOON)
        assert seen == [first]
        assert (await link_of(storage, user)).pair == a_pair()
        assert (await link_of(storage, second)).pair.refresh_token == "refresh-second"

    async def test_is_refused_once_the_link_is_another(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid, key=user))
        link = await link_of(storage, user)
        newer = a_pair(saved_at=NOON + HOUR, name="consented")
        await storage.links.join(user, userid, newer, with_users(userid, user))
        with pytest.raises(PairChanged):
            await storage.links.adopt(link, with_users(userid, user, "somebody"), now=NOON)
        assert await storage.accounts.get(userid) == an_account(userid, user)

    async def test_is_refused_once_the_rows_are_gone(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        await backend.put_token_row(a_token_row(user, userid, key=user))
        link = await link_of(storage, user)
        await storage.links.leave(user, userid)
        with pytest.raises(PairChanged):
            await storage.links.adopt(link, with_users(userid, user), now=NOON)
        assert await storage.accounts.get(userid) is None

    async def test_that_races_a_consent_never_undoes_it(
        self, backend: Backend, storage: Storage, user: str, userid: str
    ) -> None:
        other = f"{userid}9"
        users = [f"{user}-{number}" for number in range(4)]
        consented = a_pair(saved_at=NOON + HOUR, name="consented")
        for each in users:
            await backend.put_token_row(a_token_row(each, userid, key=each))
        links = [await link_of(storage, each) for each in users]

        async def adopted(store: Storage, link: Link) -> None:
            with suppress(PairChanged):
                await store.links.adopt(link, with_one_more(userid, link.user), now=NOON)

        async with backend.storage() as another:
            await asyncio.gather(
                *(adopted(another, link) for link in links),
                *(storage.links.join(each, other, consented, with_one_more(other, each)) for each in users),
            )
        for each in users:
            assert await storage.links.get(each) == a_link(user=each, account=other, pair=consented)


async def rows_at(backend: Backend, user: str) -> list[backends.TokenRow | None]:
    return [await backend.token_row(place.key(user)) for place in Place]


async def link_of(storage: Storage, user: str) -> Link:
    link = await storage.links.get(user)
    assert link is not None
    return link


async def paged(storage: Storage, *, limit: int) -> list[RowName]:
    """All names that the pages give."""
    names: list[RowName] = []
    page = await storage.links.page(after=None, limit=limit)
    while True:
        names += page.names
        if page.after is None:
            return names
        page = await storage.links.page(after=page.after, limit=limit)
