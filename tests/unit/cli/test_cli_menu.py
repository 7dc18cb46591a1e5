"""The menu, on a terminal that a test types on."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import PATIENCE_SECONDS
from unit.cli.calling import PROGRAM, SCRIPT, environment

pytestmark = pytest.mark.e2e

TAKE_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Becomes the program in its arguments, on a terminal of its own, so that Ctrl-C reaches it."""

CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """The program on a pseudo-terminal, bare of arguments."""

    def __init__(self, program: tuple[str, ...], folder: Path, **variables: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", TAKE_THE_TERMINAL, *program],
            cwd=folder,
            env=environment({"TERM": "dumb", **variables}),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._shown = ""

    def awaits(self, text: str) -> str:
        """All that was shown since the last time, up to the text and what came with it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self._shown:
            assert time.monotonic() < deadline, f"{text!r} is not in:\n{self._shown}"
            self._read()
        shown, self._shown = self._shown, ""
        return shown

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def ends(self) -> int:
        """Its exit code."""
        return self._process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)

    def _read(self) -> None:
        if select.select([self._ours], [], [], 0.1)[0]:
            self._shown += os.read(self._ours, 65536).decode()


@pytest.fixture(params=[PROGRAM, SCRIPT], ids=["module", "script"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(request.param, tmp_path)
    yield terminal
    terminal.close()


class TestMenu:
    def test_it_offers_what_the_program_can_do_and_lets_one_leave(self, terminal: Terminal) -> None:
        shown = terminal.awaits("Choose")
        assert re.findall(r"(serve|auth|sync|status|sandbox|disconnect)\r", shown) == [
            *("serve", "auth", "sync", "status", "sandbox", "disconnect")
        ]
        terminal.type("q\n")
        assert terminal.ends() == 0

    @pytest.mark.parametrize("keys", [CTRL_C, CTRL_D], ids=["Ctrl-C", "Ctrl-D"])
    def test_it_ends_as_other_programs_do(self, terminal: Terminal, keys: str) -> None:
        terminal.awaits("(q)")
        terminal.type(keys)
        assert terminal.ends() == 0

    def test_a_choice_is_done_and_the_menu_comes_back(self, terminal: Terminal) -> None:
        terminal.awaits("Choose")
        terminal.type("4\n")
        terminal.awaits("User id")
        terminal.type("somebody\n")
        shown = terminal.awaits("Choose")
        assert "No Withings account is linked" in shown
        terminal.type("q\n")
        assert terminal.ends() == 0

    def test_a_failure_does_not_end_it(self, terminal: Terminal) -> None:
        terminal.awaits("Choose")
        terminal.type("3\n")
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
        terminal.type("6\n")
        terminal.awaits("User id")
        terminal.type("somebody\n")
        terminal.awaits("Disconnect somebody from Withings?")
        terminal.type(f"{answer}\n")
        assert said in terminal.awaits("Choose")
        terminal.type("q\n")
        assert terminal.ends() == 0

    def test_what_is_no_choice_is_asked_again(self, terminal: Terminal) -> None:
        terminal.awaits("(q)")
        terminal.type("9\n")
        terminal.awaits("Choose")
        terminal.type("q\n")
        assert terminal.ends() == 0
