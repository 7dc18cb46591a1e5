"""The commands about keys: API keys made, and what is stored encrypted under a new one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from builders import a_token_row
from contract.storage.backends import SqliteBackend
from processes import free_port
from unit.cli.calling import Ended, call
from withings_bridge.callers import ApiKey, ApiKeys, Scope
from withings_bridge.storage.encryption import EncryptedLinks
from withings_bridge.storage.sqlite import SqliteStorage


@pytest.mark.e2e
class TestNewKey:
    @pytest.mark.parametrize("scope", Scope)
    def test_fits_the_entry_that_is_printed_with_it(self, tmp_path: Path, scope: Scope) -> None:
        ended = call("keys", "new", "reports", "--scope", scope.word, folder=tmp_path)
        assert ended.code == 0, ended.err
        key, entry = (line.strip() for line in ended.out.splitlines() if line.startswith("  "))
        found = ApiKeys([ApiKey.parse(entry)]).entry_of(key)
        assert found is not None
        assert (found.name, found.scope) == ("reports", scope)

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (("reports",), 2, "--scope"),
            (("reports", "--scope", "write"), 2, "read, sync or admin"),
            (("a:b", "--scope", "read"), 1, "at most 32 letters"),
        ],
    )
    def test_is_not_made_of_what_makes_no_sense(
        self, tmp_path: Path, arguments: tuple[str, ...], code: int, told: str
    ) -> None:
        ended = call("keys", "new", *arguments, folder=tmp_path)
        assert (ended.code, ended.out) == (code, "")
        assert told in ended.err


class Safe:
    """A store with rows of the predecessor, and a shell beside it."""

    def __init__(self, folder: Path, users: int) -> None:
        self._folder = folder
        self._path = folder / "bridge.db"
        self.users = [f"user-{n}" for n in range(users)]
        asyncio.run(self._fill())

    def rotate(self, *arguments: str, keys: str, **variables: str) -> Ended:
        variables = {"SQLITE_PATH": str(self._path), "TOKEN_ENCRYPTION_KEYS": keys, **variables}
        return call("keys", "rotate", *arguments, folder=self._folder, **variables)

    def read_with(self, key: str) -> list[str]:
        """The refresh tokens that this key alone opens."""
        return asyncio.run(self._read(key))

    async def _fill(self) -> None:
        async with SqliteStorage(self._path):
            pass
        for user in self.users:
            await SqliteBackend(self._path).put_token_row(a_token_row(user, "1234"))

    async def _read(self, key: str) -> list[str]:
        async with SqliteStorage(self._path) as storage:
            rows = [
                row for user in self.users for row in await EncryptedLinks(storage.links, [key]).rows(user)
            ]
        return [row.link.pair.refresh_token for row in rows if row.link]


@pytest.mark.e2e
class TestRotate:
    OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))

    def test_goes_from_plain_to_a_key_and_from_that_to_the_next(self, tmp_path: Path) -> None:
        safe = Safe(tmp_path, 3)
        for keys in (self.OLD, f"{self.NEW},{self.OLD}"):
            ended = safe.rotate(keys=keys)
            assert ended.code == 0, ended.err
            assert "Rows rewritten: 3, current already: 0" in ended.out
            assert "the others can be taken out" in ended.out
        assert safe.read_with(self.NEW) == ["refresh-first"] * 3
        ended = safe.rotate(keys=self.NEW)
        assert (ended.code, ended.err) == (0, "")
        assert "Rows rewritten: 0, current already: 3" in ended.out

    def test_names_the_users_whose_key_is_gone(self, tmp_path: Path) -> None:
        safe = Safe(tmp_path, 2)
        assert safe.rotate(keys=self.OLD).code == 0
        ended = safe.rotate(keys=self.NEW)
        assert ended.code == 1
        assert "user-0\n  user-1\n" in ended.out
        assert "must connect again" in ended.out
        assert safe.read_with(self.OLD) == ["refresh-first"] * 2

    def test_tells_a_script_the_same(self, tmp_path: Path) -> None:
        safe = Safe(tmp_path, 1)
        assert self.told(safe.rotate("--json", keys=self.OLD)) == (
            0,
            {"rewritten": 1, "current": 0, "unreadable": [], "settled": True},
        )
        assert self.told(safe.rotate("--json", keys=self.NEW)) == (
            1,
            {"rewritten": 0, "current": 0, "unreadable": ["user-0"], "settled": True},
        )

    def told(self, ended: Ended) -> tuple[int, Any]:
        return ended.code, json.loads(ended.out)

    def test_without_keys_says_how_to_make_one(self, tmp_path: Path) -> None:
        safe = Safe(tmp_path, 1)
        ended = safe.rotate(keys="")
        assert (ended.code, ended.out) == (2, "")
        assert "TOKEN_ENCRYPTION_KEYS is not set" in ended.err
        assert "openssl rand" in ended.err

    def test_without_a_store_says_how_to_go_on(self, tmp_path: Path) -> None:
        ended = Safe(tmp_path, 0).rotate(
            keys=self.NEW,
            STORAGE="dynamodb",
            AUTO_CREATE_DYNAMODB_TABLES="false",
            AWS_DYNAMODB_ENDPOINT=f"http://127.0.0.1:{free_port()}",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )
        assert (ended.code, ended.out) == (1, "")
        assert "DynamoDB does not answer" in ended.err
        assert "Run this again to go on." in ended.err

    def test_shows_no_token_and_no_key(self, tmp_path: Path) -> None:
        safe = Safe(tmp_path, 1)
        for keys in (self.OLD, f"{self.NEW},{self.OLD}", self.OLD):
            ended = safe.rotate(keys=keys)
            told = ended.out + ended.err
            assert not [secret for secret in (self.OLD, self.NEW, "-first", "gAAAA") if secret in told]
