"""Tokens at rest: encrypted with the first key, read with any, never sent out as they lie."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from builders import NOON, a_pair, an_account
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.links import Place, RowName
from withings_bridge.storage.encryption import EncryptedLinks, Renewal, TokensUnreadable
from withings_bridge.storage.sqlite import SqliteStorage

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    async with SqliteStorage(tmp_path / "bridge.db") as storage:
        yield storage


def joining(_: Account | None) -> Account:
    return an_account("1234", "user-1")


class TestEncryptedLinks:
    async def test_keep_no_token_readable_in_the_store(self, storage: SqliteStorage) -> None:
        await EncryptedLinks(storage.links, [NEW]).join("user-1", "1234", a_pair(), joining)
        stored = await storage.links.get("user-1")
        assert stored is not None
        assert stored.pair.access_token.startswith("gAAAA")
        assert stored.pair.refresh_token.startswith("gAAAA")

    async def test_read_what_an_older_key_wrote(self, storage: SqliteStorage) -> None:
        await EncryptedLinks(storage.links, [OLD]).join("user-1", "1234", a_pair(), joining)
        link = await EncryptedLinks(storage.links, [NEW, OLD]).get("user-1")
        assert link is not None
        assert link.pair == a_pair()

    async def test_read_plain_tokens_and_encrypt_them_with_the_next_write(
        self, storage: SqliteStorage
    ) -> None:
        await storage.links.join("user-1", "1234", a_pair(), joining)
        links = EncryptedLinks(storage.links, [NEW])
        link = await links.get("user-1")
        assert link is not None
        assert link.pair == a_pair()
        await links.replace_pair("1234", a_pair(name="second"), replacing=a_pair())
        stored = await storage.links.get("user-1")
        assert stored is not None
        assert stored.pair.access_token.startswith("gAAAA")

    async def test_without_keys_write_plain(self, storage: SqliteStorage) -> None:
        await EncryptedLinks(storage.links, []).join("user-1", "1234", a_pair(), joining)
        stored = await storage.links.get("user-1")
        assert stored is not None
        assert stored.pair == a_pair()

    @pytest.mark.parametrize("keys", [[], [NEW]])
    async def test_refuse_tokens_whose_key_is_gone_rather_than_send_them(
        self, storage: SqliteStorage, keys: list[str]
    ) -> None:
        await EncryptedLinks(storage.links, [OLD]).join("user-1", "1234", a_pair(), joining)
        with pytest.raises(TokensUnreadable) as refused:
            await EncryptedLinks(storage.links, keys).get("user-1")
        assert refused.value.account == "1234"

    async def test_mark_rows_whose_key_is_gone_and_read_the_others(self, storage: SqliteStorage) -> None:
        await EncryptedLinks(storage.links, [OLD]).join("user-1", "1234", a_pair(), joining)
        another = an_account("5678", "user-2")
        await EncryptedLinks(storage.links, [NEW]).join("user-2", "5678", a_pair(), lambda _: another)
        links = EncryptedLinks(storage.links, [NEW])
        (lost,) = await links.rows("user-1")
        (read,) = await links.rows("user-2")
        assert (lost.link, lost.unreadable) == (None, True)
        assert read.link is not None
        assert (read.link.pair, read.unreadable) == (a_pair(), False)

    async def test_adopt_by_the_pair_as_it_is_read(self, storage: SqliteStorage) -> None:
        links = EncryptedLinks(storage.links, [NEW])
        await links.join("user-1", "1234", a_pair(), joining)
        link = await links.get("user-1")
        assert link is not None
        assert await links.adopt(link, joining, now=NOON) == an_account("1234", "user-1")


class TestRenew:
    ROW = RowName("user-1", Place.OWN)

    async def stored(self, storage: SqliteStorage) -> tuple[str, str]:
        link = await storage.links.get("user-1")
        assert link is not None
        return link.pair.access_token, link.pair.refresh_token

    async def test_leaves_what_is_under_the_first_key_to_the_letter(self, storage: SqliteStorage) -> None:
        links = EncryptedLinks(storage.links, [NEW, OLD])
        await links.join("user-1", "1234", a_pair(), joining)
        before = await self.stored(storage)
        assert await links.renew(self.ROW) is Renewal.CURRENT
        assert await self.stored(storage) == before

    @pytest.mark.parametrize("written_with", [[], [OLD]], ids=["plain", "an older key"])
    async def test_encrypts_under_the_first_key_alone(
        self, storage: SqliteStorage, written_with: list[str]
    ) -> None:
        await EncryptedLinks(storage.links, written_with).join("user-1", "1234", a_pair(), joining)
        assert await EncryptedLinks(storage.links, [NEW, OLD]).renew(self.ROW) is Renewal.REWRITTEN
        assert all(token.startswith("gAAAA") for token in await self.stored(storage))
        link = await EncryptedLinks(storage.links, [NEW]).get("user-1")
        assert link is not None
        assert link.pair == a_pair()

    async def test_leaves_what_it_cannot_read(self, storage: SqliteStorage) -> None:
        await EncryptedLinks(storage.links, [OLD]).join("user-1", "1234", a_pair(), joining)
        before = await self.stored(storage)
        assert await EncryptedLinks(storage.links, [NEW]).renew(self.ROW) is Renewal.UNREADABLE
        assert await self.stored(storage) == before

    async def test_without_keys_is_refused(self, storage: SqliteStorage) -> None:
        await storage.links.join("user-1", "1234", a_pair(), joining)
        with pytest.raises(ValueError, match="no key"):
            await EncryptedLinks(storage.links, []).renew(self.ROW)
