"""The menu, on a terminal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.cli.calling import PROGRAM, SCRIPT
from unit.cli.terminal import Terminal
from withings_bridge.cli.menu import CHOICES, GROUPS

pytestmark = pytest.mark.e2e

NUMBER = {command: number for number, command in CHOICES.items()}

CTRL_C, CTRL_D = "\x03", "\x04"


@pytest.fixture(params=[PROGRAM, SCRIPT], ids=["module", "script"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(request.param, tmp_path)
    yield terminal
    terminal.close()


class TestMenu:
    def test_it_offers_what_the_program_can_do_and_lets_one_leave(self, terminal: Terminal) -> None:
        shown = terminal.awaits("Choose")
        offered = re.findall(r"^ +(\d+)  .+  ([a-z ]+)\r$", shown, re.MULTILINE)
        assert dict(offered) == CHOICES
        assert all(f"\n{group}\r" in shown for group in GROUPS)
        terminal.type("q\n")
        assert terminal.ends() == 0

    @pytest.mark.parametrize("keys", [CTRL_C, CTRL_D], ids=["Ctrl-C", "Ctrl-D"])
    def test_it_ends_as_other_programs_do(self, terminal: Terminal, keys: str) -> None:
        terminal.awaits("(q)")
        assert terminal.ends(by=keys) == 0

    def test_a_choice_is_done_and_the_menu_comes_back(self, terminal: Terminal) -> None:
        terminal.awaits("Choose")
        terminal.type(f"{NUMBER['status']}\n")
        terminal.awaits("User id")
        terminal.type("somebody\n")
        shown = terminal.awaits("Choose")
        assert "No Withings account is linked" in shown
        terminal.type("q\n")
        assert terminal.ends() == 0

    def test_it_shows_what_is_stuck_without_asking_whose(self, terminal: Terminal) -> None:
        terminal.awaits("Choose")
        terminal.type(f"{NUMBER['inbox list']}\n")
        assert "Nothing is stuck." in terminal.awaits("Choose")
        terminal.type("q\n")
        assert terminal.ends() == 0

    def test_it_tells_what_is_wrong_and_comes_back(self, terminal: Terminal) -> None:
        terminal.awaits("Choose")
        terminal.type(f"{NUMBER['doctor']}\n")
        assert "Nothing is left to do." in terminal.awaits("Choose")
        terminal.type("q\n")
        assert terminal.ends() == 0

    def test_it_asks_about_a_deed_in_the_sandbox(self, terminal: Terminal) -> None:
        terminal.awaits("Choose")
        terminal.type(f"{NUMBER['sandbox pressure']}\n")
        assert "(121 79)" in terminal.awaits("mmHg")
        terminal.type("118 76\n")
        assert "No sandbox answers" in terminal.awaits("Choose")
        terminal.type("q\n")
        assert terminal.ends() == 0

    def test_a_failure_does_not_end_it(self, terminal: Terminal) -> None:
        terminal.awaits("Choose")
        terminal.type(f"{NUMBER['sync']}\n")
        terminal.awaits("User id")
        terminal.type("\n")
        shown = terminal.awaits("Choose")
        assert "Usage: withings-bridge sync" in shown
        assert "ended with 1" in shown
        terminal.type("q\n")
        assert terminal.ends() == 0

    @pytest.mark.parametrize(("answer", "said"), [("n", "Nothing was changed"), ("y", "No Withings account")])
    def test_a_disconnect_is_asked_about_first(self, terminal: Terminal, answer: str, said: str) -> None:
        terminal.awaits("Choose")
        terminal.type(f"{NUMBER['disconnect']}\n")
        terminal.awaits("User id")
        terminal.type("somebody\n")
        terminal.awaits("Disconnect somebody from Withings?")
        terminal.type(f"{answer}\n")
        assert said in terminal.awaits("Choose")
        terminal.type("q\n")
        assert terminal.ends() == 0

    def test_what_is_no_choice_is_asked_again(self, terminal: Terminal) -> None:
        terminal.awaits("(q)")
        terminal.type("99\n")
        terminal.awaits("Choose")
        terminal.type("q\n")
        assert terminal.ends() == 0
