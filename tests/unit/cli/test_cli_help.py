"""Help that teaches, the page of all commands, completion, and where colours are."""

import asyncio
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

from builders import a_pair, an_account
from unit.cli.calling import SCRIPT, USER, Ended, call, run
from unit.cli.terminal import Terminal
from withings_bridge.cli import COMPLETION
from withings_bridge.cli.commands import cli
from withings_bridge.cli.menu import CHOICES
from withings_bridge.cli.teaching import DATA, EXIT_CODES, PEOPLE, RUN, SOFTWARE, TROUBLE
from withings_bridge.storage.sqlite import SqliteStorage

ROOT = Path(__file__).parents[3]

COLOUR = re.compile(r"\x1b\[[\d;]*[349]\d")


def commands(group: Any = None, *before: str) -> Iterator[tuple[str, Any]]:
    """All that can be called, by its words."""
    program: Any = group or typer.main.get_command(cli)
    for name, command in program.commands.items():
        if not command.hidden and getattr(command, "invoke_without_command", True):
            yield " ".join((*before, name)), command
        if hasattr(command, "commands"):
            yield from commands(command, *before, name)


COMMANDS = dict(commands())


class TestEachCommand:
    @pytest.mark.parametrize("words", COMMANDS)
    def test_has_a_sentence_and_an_example_of_itself(self, words: str) -> None:
        command = COMMANDS[words]
        head, *examples = command.epilog.splitlines()
        assert command.help.partition("\n")[0].rstrip()[-1] in ".?"
        assert head == "Examples:"
        assert examples
        assert all(f"withings-bridge {words}" in line for line in examples)

    @pytest.mark.parametrize("words", COMMANDS)
    def test_is_given_options_in_its_examples_that_it_has(self, words: str) -> None:
        command = COMMANDS[words]
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        for line in command.epilog.splitlines():
            own = line.partition("withings-bridge ")[2].partition(" | ")[0]
            assert set(re.findall(r"--[\w-]+", own)) <= known, line

    def test_belongs_to_a_group(self) -> None:
        program: Any = typer.main.get_command(cli)
        panels = {command.rich_help_panel for command in program.commands.values() if not command.hidden}
        assert panels == {RUN, PEOPLE, DATA, TROUBLE, SOFTWARE}

    def test_that_the_menu_offers_is_there(self) -> None:
        assert set(CHOICES.values()) <= set(COMMANDS)


class TestThePage:
    @pytest.fixture
    def page(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("cli_page", ROOT / "scripts/cli_page.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules["cli_page"] = module
        spec.loader.exec_module(module)
        return module

    def test_says_what_the_commands_say(self, page: ModuleType) -> None:
        written = page.written()
        assert written in page.PAGE.read_text(), "run `make cli`"
        for words, command in COMMANDS.items():
            assert f"### {words}\n" in written
            assert all(f"`{name}`" in written for each in command.params for name in each.opts if "-" in name)
        assert all(f"| {code} | {meaning} |" in written for code, meaning in EXIT_CODES.items())


@pytest.mark.e2e
class TestTheHelpOfTheProgram:
    def test_tells_groups_exit_codes_and_the_first_minute(self, tmp_path: Path) -> None:
        shown = call("--help", folder=tmp_path).out
        assert all(group in shown for group in (RUN, PEOPLE, DATA, TROUBLE, SOFTWARE))
        assert all(meaning in shown for meaning in EXIT_CODES.values())
        assert "withings-bridge auth demo-user" in shown
        assert "--install-completion" in shown


@pytest.mark.e2e
class TestCompletion:
    @staticmethod
    def offered(folder: Path, line: str, **variables: str) -> Ended:
        asked = {COMPLETION: "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
        return run(SCRIPT, folder=folder, variables=asked | variables)

    def test_offers_commands_kinds_and_metrics(self, tmp_path: Path) -> None:
        assert self.offered(tmp_path, "withings-bridge da").out.split() == ["dashboard"]
        assert "sleep" in self.offered(tmp_path, "withings-bridge records --kind s").out.split()
        assert "sleep" in self.offered(tmp_path, "withings-bridge inbox drop x --category s").out.split()
        assert "weight" in self.offered(tmp_path, "withings-bridge records --metric wei").out.split()

    def test_offers_who_is_linked_and_creates_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "bridge.db"
        line = "withings-bridge status "
        nobody = self.offered(tmp_path, line, SQLITE_PATH=str(path))
        assert (nobody.code, nobody.out.strip(), nobody.err) == (0, "", "")
        assert list(tmp_path.iterdir()) == []
        asyncio.run(self.linked(path))
        assert self.offered(tmp_path, line, SQLITE_PATH=str(path)).out.split() == [USER]
        assert self.offered(tmp_path, f"{line}zz", SQLITE_PATH=str(path)).out.strip() == ""

    @staticmethod
    async def linked(path: Path) -> None:
        async with SqliteStorage(path) as storage:
            await storage.links.join(USER, "1234", a_pair(), lambda _: an_account("1234", USER))

    def test_says_nothing_where_the_environment_is_wrong(self, tmp_path: Path) -> None:
        ended = self.offered(tmp_path, "withings-bridge status ", STORAGE="paper")
        assert (ended.out.strip(), ended.err) == ("", "")

    def test_can_be_installed(self, tmp_path: Path) -> None:
        variables = {"HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
        ended = run(SCRIPT, "--install-completion", "bash", folder=tmp_path, variables=variables)
        assert ended.code == 0
        written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
        assert f"{COMPLETION}=complete_bash" in written

    def test_is_no_menu_though_a_shell_is_a_terminal(self, tmp_path: Path) -> None:
        asked = {COMPLETION: "complete_bash", "COMP_WORDS": "withings-bridge docto", "COMP_CWORD": "1"}
        terminal = Terminal(SCRIPT, tmp_path, **asked)
        assert "Choose" not in terminal.awaits("doctor")
        assert terminal.ends() == 0
        terminal.close()


@pytest.mark.e2e
class TestColours:
    def test_are_on_a_terminal(self, tmp_path: Path) -> None:
        assert COLOUR.search(self.shown(tmp_path))

    def test_are_not_where_no_color_is_set(self, tmp_path: Path) -> None:
        assert not COLOUR.search(self.shown(tmp_path, NO_COLOR="1"))

    def test_are_not_in_a_pipe(self, tmp_path: Path) -> None:
        for arguments in (("doctor",), ("--help",), ("dashboard",)):
            ended = call(*arguments, folder=tmp_path, TERM="xterm-256color")
            assert "\x1b" not in ended.out + ended.err
        assert json.loads(call("doctor", "--json", folder=tmp_path, TERM="xterm-256color").out)

    @staticmethod
    def shown(folder: Path, **variables: str) -> str:
        terminal = Terminal((*SCRIPT, "doctor"), folder, TERM="xterm-256color", **variables)
        shown = terminal.awaits("Nothing is left")
        terminal.close()
        return shown
