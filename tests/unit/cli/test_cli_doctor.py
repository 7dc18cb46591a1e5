"""The doctor at a terminal: what it says, how it ends, and that it changes nothing unless told to."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from builders import a_token_row
from contract.storage.backends import SqliteBackend, TokenRow
from processes import free_port
from unit.cli.calling import USER, Ended, call
from withings_bridge.storage.sqlite import SqliteStorage

pytestmark = pytest.mark.e2e

BARE = a_token_row(USER, "1234", key=USER)


class Patient:
    """A store that the predecessor left, and a shell beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "bridge.db"
        self._table = SqliteBackend(self._path)
        self._variables = {
            "SQLITE_PATH": str(self._path),
            "WITHINGS_CLIENT_ID": "id",
            "WITHINGS_CLIENT_SECRET": "secret",
            "WITHINGS_API_URL": f"http://127.0.0.1:{free_port()}",
        }
        asyncio.run(self._create())

    def put(self, *rows: dict[str, Any]) -> None:
        for row in rows:
            asyncio.run(self._table.put_token_row(row))

    def row(self, key: str) -> TokenRow | None:
        return asyncio.run(self._table.token_row(key))

    def doctor(self, *arguments: str, **variables: str) -> Ended:
        return call("doctor", *arguments, folder=self._folder, **{**self._variables, **variables})

    async def _create(self) -> None:
        async with SqliteStorage(self._path):
            pass


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(tmp_path)


class TestDoctor:
    def test_with_nothing_to_tell_ends_with_0(self, patient: Patient) -> None:
        ended = patient.doctor()
        assert (ended.code, ended.out) == (0, "Nothing is left to do.\n")

    def test_tells_what_it_would_do_and_does_not_do_it(self, patient: Patient) -> None:
        patient.put(BARE)
        ended = patient.doctor()
        assert ended.code == 1
        assert f"to adopt: {USER} (1234)" in ended.out
        assert "1 left to do: withings-bridge doctor --fix" in ended.out
        assert patient.row(USER) == BARE
        assert patient.doctor().code == 1

    def test_does_it_when_told_to_and_has_nothing_left_to_do(self, patient: Patient) -> None:
        patient.put(BARE)
        ended = patient.doctor("--fix")
        assert ended.code == 0, ended.err
        assert "is a member of the account now" in ended.out
        assert "1 mended.\nNothing is left to do." in ended.out
        assert patient.row(USER) is None
        assert patient.row(f"{USER}#withings")
        assert patient.doctor("--fix").out == "Nothing is left to do.\n"

    def test_tells_a_script_in_one_document(self, patient: Patient) -> None:
        patient.put(BARE, a_token_row("user-2", "undefined", refresh_token=""))
        ended = patient.doctor("--json")
        assert ended.code == 1
        reply = json.loads(ended.out)
        assert reply["left"] == 1
        assert {finding["check"]: finding["user"] for finding in reply["findings"]} == {
            "to adopt": USER,
            "damaged row": "user-2",
        }
        assert set(reply["findings"][0]) == {"check", "user", "what", "fate", "state", "account", "keys"}
        assert json.loads(patient.doctor("--fix", "--json").out)["left"] == 0

    def test_tells_a_script_of_nothing_in_the_same_form(self, patient: Patient) -> None:
        assert json.loads(patient.doctor("--json").out) == {"findings": [], "left": 0}

    def test_shows_no_token(self, patient: Patient) -> None:
        patient.put(BARE, a_token_row(USER, "1234", refresh_token="s3cret", access_token="s3cret"))
        for arguments in ((), ("--json",), ("--fix",)):
            ended = patient.doctor(*arguments)
            assert "s3cret" not in ended.out + ended.err
            assert "refresh-first" not in ended.out + ended.err

    def test_beside_the_sandbox_adopts_nobody(self, patient: Patient) -> None:
        patient.put(BARE)
        ended = patient.doctor("--fix", WITHINGS_CLIENT_ID="", WITHINGS_CLIENT_SECRET="")
        assert ended.code == 1
        assert "WITHINGS_CLIENT_ID" in ended.out
        assert patient.row(USER) == BARE

    def test_without_a_store_says_so_and_ends_with_1(self, patient: Patient) -> None:
        ended = patient.doctor(
            STORAGE="dynamodb",
            AWS_DYNAMODB_ENDPOINT=f"http://127.0.0.1:{free_port()}",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )
        assert ended.code == 1
        assert "DynamoDB does not answer" in ended.err
        assert "Traceback" not in ended.err
