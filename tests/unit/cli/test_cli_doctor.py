"""The doctor at a terminal: what it says, how it ends, and that it changes nothing unless told to."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from builders import a_token_row
from contract.storage.backends import SqliteBackend, TokenRow
from processes import free_port
from unit.cli.calling import USER, Ended, call
from withings_bridge.storage.sqlite import SqliteStorage

pytestmark = pytest.mark.e2e

BARE = a_token_row(USER, "1234", key=USER)
NOTHING_LEFT = "Nothing is left to do.\n"


class Withings(BaseHTTPRequestHandler):
    """Grants a nonce to everybody, and nothing else."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        nonce = self.path == "/v2/signature"
        self._answer(b'{"status": 0, "body": {"nonce": "0123"}}' if nonce else b'{"status": 522}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Withings)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Patient:
    """A store that the predecessor left, and a shell beside it."""

    def __init__(self, folder: Path, cloud: str) -> None:
        self.path = folder / "bridge.db"
        self._folder = folder
        self._table = SqliteBackend(self.path)
        self._variables = {
            "PORT": str(free_port()),
            "SQLITE_PATH": str(self.path),
            "WITHINGS_CLIENT_ID": "id",
            "WITHINGS_CLIENT_SECRET": "s3cret-of-the-application",
            "WITHINGS_API_URL": cloud,
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
        async with SqliteStorage(self.path):
            pass


@pytest.fixture
def patient(tmp_path: Path, cloud: str) -> Patient:
    return Patient(tmp_path, cloud)


class TestTheSetUp:
    def test_is_told_thing_by_thing_and_ends_with_0_though_no_bridge_runs(self, patient: Patient) -> None:
        ended = patient.doctor()
        assert (ended.code, ended.err) == (0, "")
        assert "ok      credentials: Withings takes WITHINGS_CLIENT_ID" in ended.out
        assert "ok      database file:" in ended.out
        assert "?       bridge: None runs at" in ended.out
        assert "warning settings: TOKEN_ENCRYPTION_KEYS:" in ended.out
        assert ended.out.endswith(NOTHING_LEFT)
        assert "s3cret" not in ended.out

    def test_that_is_wrong_ends_with_1_and_what_is_stored_is_looked_at_nonetheless(
        self, patient: Patient
    ) -> None:
        patient.put(BARE)
        ended = patient.doctor(WITHINGS_API_URL=f"http://127.0.0.1:{free_port()}")
        assert ended.code == 1
        assert "wrong   Withings: " in ended.out
        assert "to adopt" in ended.out

    def test_of_settings_that_are_wrong_is_told_problem_by_problem_and_ends_with_2(
        self, patient: Patient
    ) -> None:
        ended = patient.doctor("--json", STORAGE="paper", WITHINGS_CLIENT_SECRET="")
        assert (ended.code, ended.err) == (2, "")
        reply = json.loads(ended.out)
        seen = {checkup["seen"].split()[0]: checkup["mend"] for checkup in reply["checks"]}
        assert seen["STORAGE:"] == "For example STORAGE=dynamodb."
        assert seen["WITHINGS_CLIENT_ID"] == "Set both or neither."
        assert reply["wrong"] == 2

    def test_without_a_store_is_told_too_and_ends_with_1(self, patient: Patient) -> None:
        ended = patient.doctor(
            STORAGE="dynamodb",
            AWS_DYNAMODB_ENDPOINT=f"http://127.0.0.1:{free_port()}",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
        )
        assert ended.code == 1
        assert "wrong   tables: DynamoDB does not answer" in ended.out
        assert "ok      credentials" in ended.out
        assert "Traceback" not in ended.err

    def test_of_a_store_that_is_not_there_is_left_so_until_told_to_fix_it(self, patient: Patient) -> None:
        path = patient.path.with_name("another.db")
        ended = patient.doctor(SQLITE_PATH=str(path))
        assert ended.code == 0
        assert "not there yet" in ended.out
        assert not path.exists()
        assert patient.doctor("--fix", SQLITE_PATH=str(path)).code == 0
        assert path.exists()


class TestWhatIsStored:
    def test_is_told_and_left_as_it_is(self, patient: Patient) -> None:
        patient.put(BARE)
        ended = patient.doctor()
        assert ended.code == 1
        assert f"to adopt: {USER} (1234)" in ended.out
        assert "1 left to do: withings-bridge doctor --fix" in ended.out
        assert patient.row(USER) == BARE
        assert patient.doctor().code == 1

    def test_is_mended_when_told_to_and_then_nothing_is_left(self, patient: Patient) -> None:
        patient.put(BARE)
        ended = patient.doctor("--fix")
        assert ended.code == 0, ended.err
        assert "is a member of the account now" in ended.out
        assert "1 mended" in ended.out
        assert ended.out.endswith(NOTHING_LEFT)
        assert patient.row(USER) is None
        assert patient.row(f"{USER}#withings")
        assert "1 mended" not in patient.doctor("--fix").out

    def test_is_told_to_a_script_in_one_document(self, patient: Patient) -> None:
        patient.put(BARE, a_token_row("user-2", "undefined", refresh_token=""))
        ended = patient.doctor("--json")
        assert ended.code == 1
        reply = json.loads(ended.out)
        assert (reply["left"], reply["wrong"], reply["broken_off"]) == (1, 0, None)
        assert {finding["check"]: finding["user"] for finding in reply["findings"]} == {
            "to adopt": USER,
            "damaged row": "user-2",
        }
        assert set(reply["findings"][0]) == {"check", "user", "what", "fate", "state", "account", "keys"}
        assert set(reply["checks"][0]) == {"check", "result", "seen", "mend"}
        assert json.loads(patient.doctor("--fix", "--json").out)["left"] == 0

    def test_is_told_in_the_same_form_where_there_is_nothing(self, patient: Patient) -> None:
        reply = json.loads(patient.doctor("--json").out)
        assert (reply["findings"], reply["left"]) == ([], 0)

    def test_is_told_without_its_tokens(self, patient: Patient) -> None:
        patient.put(BARE, a_token_row(USER, "1234", refresh_token="s3cret", access_token="s3cret"))
        for arguments in ((), ("--json",), ("--fix",)):
            ended = patient.doctor(*arguments)
            assert "s3cret" not in ended.out + ended.err
            assert "refresh-first" not in ended.out + ended.err

    def test_is_adopted_by_nobody_beside_the_sandbox(self, patient: Patient) -> None:
        patient.put(BARE)
        ended = patient.doctor("--fix", WITHINGS_CLIENT_ID="", WITHINGS_CLIENT_SECRET="")
        assert ended.code == 1
        assert "WITHINGS_CLIENT_ID" in ended.out
        assert patient.row(USER) == BARE
