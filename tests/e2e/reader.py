"""Somebody who reads the pages beside a bridge and tries each command of them at a shell."""

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from documents import Command
from e2e.newcomer import Server, free_pair
from e2e.preloaded import preloaded
from e2e.silence import LockableFile
from processes import PATIENCE_SECONDS, Process, eventually
from withings_bridge.callers import ApiKey, Scope
from withings_bridge.settings import Settings

USER = "demo-user"

SETTINGS = {name.upper() for name in Settings.model_fields}

SHORT_IMPORT = {"WITHINGS_MEASURE_DAYS": 30, "WITHINGS_ACTIVITY_DAYS": 10, "WITHINGS_SLEEP_DAYS": 10}
"""Each link is followed by one."""

PROGRAMS = ("bash", "curl", "gzip", "head", "jq", "openssl", "sqlite3")
"""What the pages lean on beside the bridge."""

CURL = """\
#!/bin/sh
exec {curl} --fail-with-body --silent --show-error "$@"
"""
"""Unlike the plain one it fails where the bridge answers with an error."""

UNLINKS = re.compile(r"sandbox unlink|disconnect")
GOES_WRONG = re.compile(r"sandbox (fault|mishap)|/mishaps")
"""What leaves a bridge behind that the next command was not written for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    said: str


class Reader:
    """Types commands into a shell, in a folder beside the bridge that stands in the pages."""

    def __init__(self, server: Server, folder: Path, programs: Path) -> None:
        self._server = server
        self._folder = folder
        self._programs = programs
        self._given: dict[str, str] = {}
        self._tried: set[str] = set()

    def opens_a_page(self) -> None:
        """Begin with a page: what another has set is forgotten."""
        self._given = {}

    def has_tried(self, command: Command) -> bool:
        """Whether the same stood on a page before; what leans on a variable may mean something else here."""
        if "$" in command.text or command.assignment:
            return False
        known = command.said in self._tried
        self._tried.add(command.said)
        return known

    def types(self, command: Command) -> Ended:
        """Do as the page says, to the end."""
        if command.assignment:
            name, value = command.assignment
            if name not in SETTINGS:  # those of a real bridge are not for the one beside us
                self._given[name] = self._of_today(value)
            return Ended(0, "")
        ended = self._runs(self._of_today(command.text))
        if GOES_WRONG.search(command.text):
            self._server.tell("DELETE", "/troubles")
        if UNLINKS.search(command.text):
            self._server.link(USER)
        return ended

    def starts(self, command: Command) -> Ended:
        """Start the server as the page says, wait until it listens, and stop it."""
        port = free_pair()
        text = re.sub(r"\b(5001|5002|8080)\b", str(port), command.text)
        text = text.replace("HOST=0.0.0.0", "HOST=127.0.0.1")
        text = text.replace("API_KEYS=...", f"API_KEYS={ApiKey.made('reader', Scope.READ)[1]}")
        if "sandbox" in text and "--port" not in text:
            text = text.replace("sandbox", f"sandbox --port {port}", 1)
        env = {"PORT": str(port), "SQLITE_PATH": str(self._folder / "another" / "bridge.db")}
        return self._until(text, env, signal.SIGTERM, lambda _: _listens(port))

    def follows(self, command: Command) -> Ended:
        """Do as the page says, wait until something is shown, and press Ctrl-C."""
        return self._until(self._of_today(command.text), {}, signal.SIGINT, bool)

    def _until(
        self, text: str, env: Mapping[str, str], ending: signal.Signals, seen: Callable[[str], bool]
    ) -> Ended:
        """The line in a shell, which is sent a signal once something is seen."""
        mine = {**self._env(), **self._given, **env}
        log = self._folder / "shown.log"
        with log.open("wb") as writing:
            process = subprocess.Popen(  # noqa: S603 - a line of our own pages
                ["bash", "-c", f"trap : TERM INT; {text}"],  # noqa: S607 - whichever is there
                cwd=self._folder,
                env=mine,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
            )
        try:
            eventually(f"something is seen of: {text}", lambda: seen(log.read_text()))
        finally:
            os.killpg(process.pid, ending)
            code = process.wait(PATIENCE_SECONDS)
        return Ended(code, log.read_text())

    def _runs(self, text: str) -> Ended:
        """The line in a shell, at a terminal where somebody says yes to whatever is asked."""
        terminal, at_terminal = os.openpty()
        try:
            os.write(terminal, b"y\n")
            ended = subprocess.run(  # noqa: S603 - a line of our own pages
                ["bash", "-u", "-o", "pipefail", "-c", text],  # noqa: S607 - whichever is there
                cwd=self._folder,
                env=self._env() | self._given,
                stdin=at_terminal,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            os.close(at_terminal)
            os.close(terminal)
        return Ended(ended.returncode, ended.stdout + ended.stderr)

    def _env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        path = f"{self._programs}{os.pathsep}{os.environ['PATH']}"
        return kept | {"PATH": path, "BROWSER": "true", "NO_PROXY": "*"}

    def _of_today(self, text: str) -> str:
        """With the ports, the people and the records of this very run."""
        port = self._server.url.rpartition(":")[2]
        sandbox = self._server.sandbox.rpartition(":")[2]
        text = re.sub(r"\blocalhost:5001\b", f"localhost:{port}", text)
        text = re.sub(r"\blocalhost:5002\b", f"localhost:{sandbox}", text)
        text = re.sub(r"\b40000001\b", str(self._server.person), text)
        text = text.replace("your-user-id", USER)
        if "--take-back 3" in text:
            planned = self._server.tell("POST", "/mishaps", {"kind": "empty"})
            text = text.replace("--take-back 3", f"--take-back {planned['id']}")
        for service, named in {"measures": "5100000123", "nights": "5100000124"}.items():
            if f"{service}/{named}" in text:
                text = text.replace(f"{service}/{named}", f"{service}/{self._newest(service)}")
        return text

    def _newest(self, service: str) -> str:
        """The newest night, or the newest group that holds a weight."""
        path = f"/people/{self._server.person}/latest?service={service}&most=20"
        found = self._server.tell("GET", path)
        return next(str(each["key"]) for each in found if service == "nights" or "kg" in each["what"])


@contextmanager
def a_reader(folder: Path) -> Iterator[Reader]:
    """With a bridge, its sandbox and a linked user, for as long as somebody reads."""
    port = free_pair()
    url = f"http://localhost:{port}"
    key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    settings = {"PORT": port, "TOKEN_ENCRYPTION_KEYS": key} | SHORT_IMPORT
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    process = Process("serve", env={}, folder=folder, url=f"{url}/health")
    server = Server(url, f"http://localhost:{port + 1}", LockableFile(folder / "data/withings-bridge.db"))
    with preloaded(folder) as programs:
        (folder / ".venv").mkdir()
        (folder / ".venv/bin").symlink_to(programs)
        curl = programs / "curl"
        curl.write_text(CURL.format(curl=shutil.which("curl")))
        curl.chmod(0o755)
        (folder / "bridge.log").symlink_to(folder / "serve.log")
        try:
            process.start()
            server.link(USER)
            yield Reader(server, folder, programs)
        finally:
            process.kill()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
