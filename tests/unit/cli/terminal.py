"""The program on a terminal that a test types on."""

import os
import pty
import select
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from processes import PATIENCE_SECONDS
from unit.cli.calling import environment

TAKE_THE_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Becomes the program in its arguments, on a terminal of its own, so that Ctrl-C reaches it, also where
whoever runs the tests in the background hears none.
"""


class Terminal:
    """The program on a pseudo-terminal."""

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

    def ends(self, *, by: str = "") -> int:
        """Its exit code; after these keys, pressed once more each second that nothing came of it.

        A signal is lost on Python where it comes between the prompt and the wait for a line.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while by and time.monotonic() < deadline:
            self.type(by)
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(1)
        return self._process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._ours)

    def _read(self) -> None:
        if select.select([self._ours], [], [], 0.1)[0]:
            self._shown += os.read(self._ours, 65536).decode(errors="replace")
