"""Real processes for end-to-end tests: started, watched, killed, started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import httpx

ResultT = TypeVar("ResultT")

PATIENCE_SECONDS = 30.0


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
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

    def __init__(self, *arguments: str, env: Mapping[str, str], folder: Path, url: str) -> None:
        self._command = [sys.executable, "-m", "withings_bridge", *arguments]
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._env = inherited | {"PYTHONWARNINGS": "error::RuntimeWarning"} | dict(env)
        self._folder = folder
        self._log = folder / f"{arguments[0]}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = url

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def start(self) -> None:
        """Start, and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                self._command, env=self._env, cwd=self._folder, stdout=log, stderr=log
            )
        eventually(f"{self.url} answers; its log:\n{self.log}", self._answers)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(PATIENCE_SECONDS)
        self._process = None
        return code

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise AssertionError(f"it ended with {self._process.returncode}:\n{self.log}")
        try:
            return httpx.get(self.url, timeout=5).status_code < 500
        except httpx.HTTPError:
            return False
