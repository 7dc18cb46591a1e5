"""Calls the program as a person or a script does: a process, an environment of its own, its words."""

import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e.preloaded import preloaded
from processes import free_port

PROGRAM = (sys.executable, "-m", "withings_bridge")
SCRIPT = (str(Path(sys.executable).with_name("withings-bridge")),)

WIDE = {"COLUMNS": "200"}

USER = "0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables and what any process needs; nothing of whoever runs the tests."""
    needed = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return needed | WIDE | dict(variables)


def call(*arguments: str, folder: Path, **variables: str) -> Ended:
    """The program with these arguments, run to its end; in a process that is forked, so that it need not
    import everything anew.
    """
    # How wide a terminal is, is read once.
    program = PROGRAM if "COLUMNS" in variables else (_preloaded_program(),)
    return run(program, *arguments, folder=folder, variables=variables)


@cache
def _preloaded_program() -> str:
    """As long as the tests last."""
    lasting = ExitStack()
    atexit.register(lasting.close)
    folder = lasting.enter_context(TemporaryDirectory())
    return str(lasting.enter_context(preloaded(Path(folder), **WIDE)) / "withings-bridge")


def run(program: tuple[str, ...], *arguments: str, folder: Path, variables: Mapping[str, str]) -> Ended:
    """A program run to its end, with nobody at the keyboard."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [*program, *arguments],
        cwd=folder,
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def free_neighbours() -> int:
    """A port that nobody listens on, nor on the one after it."""
    while True:
        port = free_port()
        with suppress(OSError), socket.socket() as neighbour:
            neighbour.bind(("127.0.0.1", port + 1))
            return port
