"""Real processes for end-to-end tests: started, watched, killed, started again."""

import os
import random
import re
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


SECRET = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])"  # tokens, codes and nonces of Withings
    r"|gAAAA[\w-]{20}|eyJ[\w-]+\.[\w-]+\.|wb_[\w-]{43}"  # Fernet, JWT, API keys
    r"|(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{43}(?![\w-])"  # states, tickets
)
"""What nobody may find in a log."""

SECRET_VARIABLES = (
    "API_KEYS",
    "TOKEN_ENCRYPTION_KEYS",
    "VITALS_REALTIME_GATEWAY_SECRET",
    "WITHINGS_CLIENT_SECRET",
    "WITHINGS_WEBHOOK_SECRET",
)

_watched: set["Process"] = set()


def secrets_in(text: str, env: Mapping[str, str]) -> list[str]:
    """The lines that tell a secret: one of this environment, or what looks like any other."""
    told = {each for name in SECRET_VARIABLES for each in env.get(name, "").split(",") if each}
    return [line for line in text.splitlines() if SECRET.search(line) or any(each in line for each in told)]


def leaks() -> list[str]:
    """The secrets that bridges have logged since this was asked last. A pretend Withings has none to keep."""
    found = [line for process in _watched for line in process.unseen_leaks()]
    _watched.difference_update([process for process in _watched if not process.running])
    return found


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
        self._looked_through = 0
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
        _watched.add(self)
        self._launch()

    def _launch(self) -> None:
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

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """Its number while it runs."""
        return self._process.pid if self._process is not None else None

    def unseen_leaks(self) -> list[str]:
        """What it has logged of secrets since this was asked last."""
        if self._arguments[0] == "sandbox" or not self._log.exists():
            return []
        with self._log.open("rb") as log:
            log.seek(self._looked_through)
            written = log.read()
        self._looked_through += len(written)
        return [f"{self._log.name}: {line}" for line in secrets_in(written.decode(), self._env)]

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
