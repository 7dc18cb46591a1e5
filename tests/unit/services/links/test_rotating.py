"""The walk from one encryption key to the next, while bridges go on writing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from builders import HOUR, NOON, a_pair, a_token_row, an_account
from contract.storage.backends import SqliteBackend
from contract.storage.predecessor import foreign_rows
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.links import Place, RowName
from withings_bridge.services.links.rotating import PASSES, Rotating, Rotation
from withings_bridge.storage.base import RowsPage
from withings_bridge.storage.encryption import EncryptedLinks, Renewal
from withings_bridge.storage.sqlite import SqliteStorage

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
USERS = [f"user-{n}" for n in range(7)]


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    async with SqliteStorage(tmp_path / "bridge.db") as storage:
        yield storage


async def link(storage: SqliteStorage, keys: list[str], user: str) -> None:
    """A link that a bridge with these keys has stored."""
    account = an_account(f"account-of-{user}", user)
    await EncryptedLinks(storage.links, keys).join(user, account.userid, a_pair(), lambda _: account)


async def rotated(links: EncryptedLinks) -> Rotation:
    return [done async for done in Rotating(links, page=3).rotate()][-1]


async def readable(storage: SqliteStorage, keys: list[str]) -> list[str]:
    """Of which users these keys read the pair."""
    links = EncryptedLinks(storage.links, keys)
    return [user for user in USERS for row in await links.rows(user) if row.link]


class TestRotate:
    async def test_lets_the_old_key_go(self, storage: SqliteStorage) -> None:
        for user in USERS:
            await link(storage, [OLD], user)
        assert await rotated(EncryptedLinks(storage.links, [NEW, OLD])) == Rotation(rewritten=7, settled=True)
        assert await readable(storage, [NEW]) == USERS

    async def test_may_be_repeated(self, storage: SqliteStorage) -> None:
        for user in USERS:
            await link(storage, [OLD], user)
        links = EncryptedLinks(storage.links, [NEW, OLD])
        await rotated(links)
        assert await rotated(links) == Rotation(current=7, settled=True)

    async def test_tells_after_each_page_how_far_it_is(self, storage: SqliteStorage) -> None:
        for user in USERS:
            await link(storage, [NEW], user)
        rotating = Rotating(EncryptedLinks(storage.links, [NEW]), page=3)
        told = [done async for done in rotating.rotate()]
        assert [done.current for done in told] == [3, 6, 7, 7]
        assert [done.settled for done in told] == [False, False, False, True]

    async def test_encrypts_plain_rows_of_the_predecessor_and_touches_no_one_elses(
        self, storage: SqliteStorage, tmp_path: Path
    ) -> None:
        table = SqliteBackend(tmp_path / "bridge.db")
        theirs = [*foreign_rows("user-0", "1"), *foreign_rows("user-1", "1")]
        for row in theirs:
            await table.put_token_row(row)
        for place, user in zip(Place, USERS[2:], strict=False):
            await table.put_token_row(a_token_row(user, "1234", key=place.key(user)))
        await table.put_token_row(a_token_row("user-6", "undefined", refresh_token=""))
        links = EncryptedLinks(storage.links, [NEW])
        assert await rotated(links) == Rotation(rewritten=4, settled=True)
        for place, user in zip(Place, USERS[2:], strict=False):
            stored = await table.token_row(place.key(user))
            assert stored is not None
            assert str(stored["refresh_token"]).startswith("gAAAA")
            assert (await links.rows(user))[0].name == RowName(user, place)
        for row in theirs:
            assert await table.token_row(row["userId"]) == row

    async def test_names_the_users_whose_key_is_gone_and_rewrites_the_others(
        self, storage: SqliteStorage
    ) -> None:
        lost = Fernet.generate_key().decode()
        for user in USERS:
            await link(storage, [lost] if user in {"user-2", "user-5"} else [OLD], user)
        done = await rotated(EncryptedLinks(storage.links, [NEW, OLD]))
        assert done == Rotation(rewritten=5, unreadable=frozenset({"user-2", "user-5"}), settled=True)
        assert await readable(storage, [lost]) == ["user-2", "user-5"]

    async def test_that_is_cut_off_goes_on_when_it_is_repeated(self, storage: SqliteStorage) -> None:
        for user in USERS:
            await link(storage, [OLD], user)
        cut_off = Rotating(Silent(storage, [NEW, OLD], after_pages=1), page=3).rotate()
        assert await anext(cut_off) == Rotation(rewritten=3)
        with pytest.raises(StorageUnavailable):
            await anext(cut_off)
        assert await readable(storage, [NEW, OLD]) == USERS
        done = await rotated(EncryptedLinks(storage.links, [NEW, OLD]))
        assert done == Rotation(rewritten=4, current=3, settled=True)

    async def test_without_keys_is_refused(self, storage: SqliteStorage) -> None:
        await link(storage, [], "user-0")
        with pytest.raises(ValueError, match="no key"):
            await rotated(EncryptedLinks(storage.links, []))


class TestBesideABridge:
    async def test_a_refresh_that_comes_first_is_kept(self, storage: SqliteStorage) -> None:
        await self.refreshed_meanwhile(storage, before=True)

    async def test_a_refresh_that_comes_after_is_kept(self, storage: SqliteStorage) -> None:
        await self.refreshed_meanwhile(storage, before=False)

    async def refreshed_meanwhile(self, storage: SqliteStorage, *, before: bool) -> None:
        """A pair that was read before its row is rewritten is refreshed; the new one is what is left."""
        await link(storage, [OLD], "user-0")
        bridge = EncryptedLinks(storage.links, [NEW, OLD])
        read = await bridge.get("user-0")
        assert read is not None
        fresh = a_pair(saved_at=NOON + HOUR, name="fresh")
        if not before:
            assert await bridge.renew(RowName("user-0", Place.OWN)) is Renewal.REWRITTEN
        await bridge.replace_pair(read.account, fresh, replacing=read.pair)
        assert (await rotated(bridge)).settled
        stored = await EncryptedLinks(storage.links, [NEW]).get("user-0")
        assert stored is not None
        assert stored.pair == fresh

    async def test_what_came_in_behind_a_pass_is_found_by_the_next(self, storage: SqliteStorage) -> None:
        for user in USERS:
            await link(storage, [OLD], user)
        done = await rotated(Busy(storage, [NEW, OLD], bridge=[OLD], passes=1))
        assert done == Rotation(rewritten=8, settled=True)
        assert await readable(storage, [NEW]) == USERS

    async def test_a_bridge_that_goes_on_writing_under_the_old_key_is_noticed(
        self, storage: SqliteStorage
    ) -> None:
        await link(storage, [OLD], "user-0")
        done = await rotated(Busy(storage, [NEW, OLD], bridge=[OLD], passes=PASSES))
        assert done == Rotation(rewritten=PASSES, settled=False)


class Silent(EncryptedLinks):
    """Links on a store that answers for some pages only."""

    def __init__(self, storage: SqliteStorage, keys: list[str], *, after_pages: int) -> None:
        super().__init__(storage.links, keys)
        self._left = after_pages

    async def page(self, *, after: str | None, limit: int) -> RowsPage:
        if not self._left:
            raise StorageUnavailable
        self._left -= 1
        return await super().page(after=after, limit=limit)


class Busy(EncryptedLinks):
    """Links of which a bridge with keys of its own stores one anew, just behind a pass."""

    def __init__(self, storage: SqliteStorage, keys: list[str], *, bridge: list[str], passes: int) -> None:
        super().__init__(storage.links, keys)
        self._bridge = EncryptedLinks(storage.links, bridge)
        self._left = passes

    async def renew(self, name: RowName) -> Renewal:
        outcome = await super().renew(name)
        if name.user == "user-0" and self._left:
            self._left -= 1
            link = await super().get("user-0")
            assert link is not None
            later = replace(link.pair, saved_at=link.pair.saved_at + HOUR)
            await self._bridge.join(
                "user-0", link.account, later, lambda account: account or an_account("", "user-0")
            )
        return outcome
