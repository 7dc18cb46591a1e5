"""What needs no server: help, versions, who is meant, and what is wrong."""

import json
from pathlib import Path

import pytest

from processes import free_port
from unit.cli.calling import PROGRAM, SCRIPT, USER, call, run
from withings_bridge import __version__
from withings_bridge.callers import ApiKey, Scope

pytestmark = pytest.mark.e2e

COMMANDS = (
    "serve",
    "sandbox",
    "sync",
    "status",
    "auth",
    "disconnect",
    "doctor",
    "openapi",
    "records",
    "export",
)
INBOX = ("list", "show", "replay", "drop")
ABOUT_A_USER = ("sync", "get-data", "status", "auth", "disconnect")


class TestHelp:
    @pytest.mark.parametrize("program", [PROGRAM, SCRIPT], ids=["module", "script"])
    def test_it_lists_the_commands_however_the_program_is_called(
        self, tmp_path: Path, program: tuple[str, ...]
    ) -> None:
        ended = run(program, "--help", folder=tmp_path, variables={})
        assert ended.code == 0
        assert all(command in ended.out for command in COMMANDS)

    @pytest.mark.parametrize("command", [*COMMANDS, "get-data"])
    def test_each_command_explains_itself(self, tmp_path: Path, command: str) -> None:
        ended = call(command, "--help", folder=tmp_path)
        assert ended.code == 0
        assert f" {command} [OPTIONS]" in ended.out

    @pytest.mark.parametrize("command", INBOX)
    def test_each_command_about_stuck_work_does_too(self, tmp_path: Path, command: str) -> None:
        assert command in call("inbox", "--help", folder=tmp_path).out
        ended = call("inbox", command, "--help", folder=tmp_path)
        assert ended.code == 0
        assert f"inbox {command} [OPTIONS]" in ended.out

    def test_the_version_is_a_line_of_its_own(self, tmp_path: Path) -> None:
        ended = call("--version", folder=tmp_path)
        assert (ended.code, ended.out) == (0, f"{__version__}\n")

    def test_bare_without_a_terminal_it_helps_and_asks_nothing(self, tmp_path: Path) -> None:
        ended = call(folder=tmp_path)
        assert "Usage" in ended.out + ended.err
        assert "Choose" not in ended.out + ended.err

    @pytest.mark.parametrize("arguments", [("fetch",), ("sync", "--loud"), ("serve", "--port", "many")])
    def test_a_command_that_is_none_ends_with_2(self, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        ended = call(*arguments, folder=tmp_path)
        assert ended.code == 2
        assert "Usage" in ended.err


class TestWho:
    @pytest.mark.parametrize("command", ["sync", "get-data", "auth", "disconnect"])
    def test_without_a_user_it_ends_with_1_and_says_how(self, tmp_path: Path, command: str) -> None:
        ended = call(command, folder=tmp_path)
        assert ended.code == 1
        assert "Usage: withings-bridge" in ended.err
        assert "COGNITO_USER_ID" in ended.err
        assert ended.out == ""

    @pytest.mark.parametrize("variable", ["COGNITO_USER_ID", "WITHINGS_SYNC_USER_ID"])
    @pytest.mark.parametrize("command", ["sync", "get-data"])
    def test_the_environment_may_name_the_user(self, tmp_path: Path, command: str, variable: str) -> None:
        ended = call(command, folder=tmp_path, **{variable: USER})
        assert ended.code == 1
        assert "No Withings account is linked" in ended.err

    def test_a_file_may_as_well(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text(f"COGNITO_USER_ID={USER}\n")
        assert "No Withings account is linked" in call("sync", folder=tmp_path).err

    def test_a_user_who_is_not_linked_is_told_where_to(self, tmp_path: Path) -> None:
        ended = call("sync", USER, folder=tmp_path)
        assert ended.code == 1
        assert "/login" in ended.err
        assert ended.out == ""
        assert "Traceback" not in ended.err

    def test_where_callers_prove_who_they_are_the_way_in_is_a_command(self, tmp_path: Path) -> None:
        """The page without a ticket would refuse them."""
        _, entry = ApiKey.made("app", Scope.SYNC)
        for command in ("sync", "status"):
            ended = call(command, "u 1&x", folder=tmp_path, API_KEYS=str(entry))
            assert ended.code == 1
            assert "withings-bridge auth 'u 1&x'" in ended.out + ended.err
            assert "/login" not in ended.out + ended.err


class TestStatus:
    def test_with_nobody_linked_a_script_reads_why(self, tmp_path: Path) -> None:
        ended = call("status", "--json", folder=tmp_path)
        assert ended.code == 1
        status = json.loads(ended.out)
        assert set(status) == {"authenticated", "message"}
        assert status["authenticated"] is False

    def test_a_person_reads_what_to_do(self, tmp_path: Path) -> None:
        ended = call("status", USER, folder=tmp_path)
        assert ended.code == 1
        assert "/login" in ended.out


class TestInbox:
    def test_with_nobody_linked_nothing_is_stuck(self, tmp_path: Path) -> None:
        assert call("inbox", "list", folder=tmp_path).out == "Nothing is stuck.\n"
        listed = call("inbox", "list", "--all", "--json", folder=tmp_path)
        assert json.loads(listed.out) == {"accounts": [], "after": None}
        assert call("inbox", "replay", "--all", folder=tmp_path).code == 0

    @pytest.mark.parametrize("arguments", [("show",), ("replay",), ("drop", "--category", "sleep")])
    def test_a_stranger_ends_with_1_and_what_is_wrong(
        self, tmp_path: Path, arguments: tuple[str, ...]
    ) -> None:
        command, *options = arguments
        ended = call("inbox", command, "nobody", *options, folder=tmp_path)
        assert (ended.code, ended.out) == (1, "")
        assert "Nobody of this id is linked" in ended.err

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("replay",), "--all"),
            (("replay", USER, "--all"), "--all"),
            (("drop", USER), "--category"),
            (("drop", USER, "--category", "weights"), "measures"),
            (("replay", USER, "--part", "old"), "import"),
        ],
    )
    def test_what_is_meant_must_be_clear(self, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
        ended = call("inbox", *arguments, folder=tmp_path)
        assert ended.code == 2
        assert said in ended.err
        assert not list(tmp_path.iterdir())


class TestAuth:
    def test_without_a_bridge_it_says_so_and_how_to_start_one(self, tmp_path: Path) -> None:
        ended = call("auth", USER, "--no-browser", folder=tmp_path, PORT=str(free_port()))
        assert ended.code == 1
        assert "No bridge answers" in ended.err
        assert "serve" in ended.err


class TestDisconnect:
    def test_where_nobody_can_be_asked_it_ends_with_2_and_says_how(self, tmp_path: Path) -> None:
        ended = call("disconnect", USER, folder=tmp_path)
        assert ended.code == 2
        assert "--yes" in ended.err
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("more", [(), ("--purge",)])
    def test_who_is_not_linked_is_disconnected_already(self, tmp_path: Path, more: tuple[str, ...]) -> None:
        ended = call("disconnect", USER, "--yes", *more, folder=tmp_path)
        assert ended.code == 0
        assert ended.out.startswith("No Withings account was linked.")

    def test_what_cannot_be_a_user_ends_with_1(self, tmp_path: Path) -> None:
        ended = call("disconnect", f"{USER}#withings", "--yes", folder=tmp_path)
        assert ended.code == 1
        assert "cannot be the id of a user" in ended.err


class TestWrongEnvironment:
    @pytest.mark.parametrize("command", [*ABOUT_A_USER, "serve"])
    def test_every_command_ends_with_2_and_says_what_to_mend(self, tmp_path: Path, command: str) -> None:
        ended = call(command, folder=tmp_path, STORAGE="paper", COGNITO_USER_ID=USER)
        assert ended.code == 2
        assert "STORAGE: Input should be 'sqlite' or 'dynamodb', for example STORAGE=dynamodb" in ended.err
        assert "Traceback" not in ended.err

    @pytest.mark.parametrize("command", [*ABOUT_A_USER, "serve"])
    def test_keys_that_are_none_are_found_before_anything_is_opened(
        self, tmp_path: Path, command: str
    ) -> None:
        ended = call(command, folder=tmp_path, TOKEN_ENCRYPTION_KEYS="hush", COGNITO_USER_ID=USER)
        assert ended.code == 2
        assert "TOKEN_ENCRYPTION_KEYS" in ended.err
        assert "hush" not in ended.err
        assert list(tmp_path.iterdir()) == []

    def test_what_an_option_says_is_checked_too(self, tmp_path: Path) -> None:
        ended = call("serve", "--host", "0.0.0.0", folder=tmp_path)  # noqa: S104 - refused
        assert ended.code == 2
        assert "ALLOW_UNAUTHENTICATED" in ended.err

    @pytest.mark.parametrize("command", ["sync", "status", "serve"])
    def test_a_store_that_cannot_be_opened_is_named(self, tmp_path: Path, command: str) -> None:
        (tmp_path / "file").touch()
        path = str(tmp_path / "file" / "bridge.db")
        ended = call(
            command,
            folder=tmp_path,
            SQLITE_PATH=path,
            COGNITO_USER_ID=USER,
            WITHINGS_CLIENT_ID="id",
            WITHINGS_CLIENT_SECRET="secret",
            PORT=str(free_port()),
        )
        assert ended.code == 1
        assert path in ended.err
        assert "Traceback" not in ended.err
