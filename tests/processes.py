"""Real processes for end-to-end tests: started, watched, killed, started again."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

import httpx

ResultT = TypeVar("ResultT")

PATIENCE_SECONDS = 30.0


BELOW_EPHEMERAL = range(20_000, 32_000)
"""Ports that no outgoing connection is given, so that a server that was killed finds its own free again."""


def free_port() -> int:
    """A port that nobody listens on right now."""
    while True:
        port = random.choice(BELOW_EPHEMERAL)  # noqa: S311 - guards nothing
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def eventually(
    what: str, probe: Callable[[], ResultT | None], *, within: float = PATIENCE_SECONDS
) -> ResultT:
    """The first answer of the probe that is true; fails when there is none in time."""
    deadline = time.monotonic() + within
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}")
        time.sleep(0.02)


class Process:
    """``python -m withings_bridge ...`` with an environment of its own, its log in a file."""

    def __init__(
        self, *arguments: str, env: Mapping[str, str], folder: Path, url: str, name: str = ""
    ) -> None:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._arguments = arguments
        self._env = inherited | {"PYTHONWARNINGS": "error::RuntimeWarning"} | dict(env)
        self._folder = folder
        self._log = folder / f"{name or arguments[0]}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = url

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def start(self) -> None:
        """Start, and wait until it answers."""
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """Start, and wait for nothing."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "withings_bridge", *self._arguments],
                env=self._env,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )

    def await_answer(self) -> None:
        eventually(f"{self.url} answers; its log:\n{self.log}", self._answers)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.signal(signal.SIGKILL)
        self.await_end()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self.signal(signal.SIGTERM)
        return self.await_end()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing where it does not run."""
        if self._process is not None:
            self._process.send_signal(number)

    def await_end(self, *, within: float = PATIENCE_SECONDS) -> int:
        """Its exit code once it has ended, negative where a signal ended it; 0 where it never ran."""
        if self._process is None:
            return 0
        code = self._process.wait(within)
        self._process = None
        return code

    def ended(self) -> int | None:
        """Its exit code where it has ended by itself."""
        return self._process.poll() if self._process is not None else None

    def _answers(self) -> bool:
        if (code := self.ended()) is not None:
            raise AssertionError(f"it ended with {code}:\n{self.log}")
        try:
            return _asker().get(self.url).status_code < 500
        except httpx.HTTPError:
            return False


@cache
def _asker() -> httpx.Client:
    """One client for all, as reading the system's certificates takes longer than a server to start."""
    return httpx.Client(timeout=5, verify=False, trust_env=False)  # noqa: S501 - loopback, without TLS
