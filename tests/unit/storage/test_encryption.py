"""Tokens at rest: encrypted with the first key, read with any, never sent out as they lie."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from builders import a_pair, an_account
from withings_bridge.domain.accounts import Account
from withings_bridge.storage.encryption import EncryptedLinks, TokensUnreadable
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
