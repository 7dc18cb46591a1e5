"""A world full of canaries: secrets and readings that nobody could mistake, in all that goes in and out.

Whatever of them shows in what a bridge or a command writes has leaked.
"""

import os
import socket
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from cryptography.fernet import Fernet

from e2e.forked import Forked
from e2e.stores import SqliteFile
from e2e.world import USER, World
from processes import Process, free_port
from unit.cli.calling import Ended
from withings_bridge import logs
from withings_bridge.callers import ApiKey, Scope
from withings_bridge.cli import main

AS_JSON = "TEST_LOG_JSON"
NET_OFF = "TEST_LOG_NET_OFF"

KG = 173.917
"""A weight that nobody has."""

READINGS = ("173.917", "173917", "383.42")
"""As it was weighed, as Withings sends it, and as the app wants it."""

WORD = "canary4711"
"""Part of everything that is planted by hand."""

PREVIEW = 12
"""So many characters of an access token may be shown to its owner."""


def bridge() -> None:
    """The command line, its log in JSON or for people, and without its last net, as the environment says."""
    configure = logs.configure
    as_json = bool(os.environ.get(AS_JSON))
    logs.configure = lambda *, json, **more: configure(json=as_json, **more)
    if os.environ.get(NET_OFF):
        vars(logs)["redacted"] = lambda value, name="": value
    main()


class Aviary(World):
    """A world whose secrets all are canaries, and which remembers those that are made on the way."""

    def __init__(self, folder: Path, *, as_json: bool, net: bool) -> None:
        self.key, entry = ApiKey.made("reports", Scope.ADMIN)
        self._mode = ({AS_JSON: "yes"} if as_json else {}) | ({} if net else {NET_OFF: "yes"})
        self._secrets = {
            "WITHINGS_CLIENT_SECRET": f"{WORD}-client-secret",
            "WITHINGS_WEBHOOK_SECRET": f"{WORD}-hook,{WORD}-older-hook",
            "VITALS_REALTIME_GATEWAY_SECRET": f"{WORD}-gateway",
            "TOKEN_ENCRYPTION_KEYS": ",".join(Fernet.generate_key().decode() for _ in range(2)),
        }
        self.closed = {
            "API_KEYS": str(entry),
            "COGNITO_USER_POOL_ID": "us-east-1_canaries",
            "COGNITO_CLIENT_IDS": "app",
            # Nobody answers there, so what was brought cannot be checked.
            "COGNITO_ISSUER": f"http://127.0.0.1:{free_port()}/pool",
        }
        """The environment of a bridge whose callers must prove who they are."""
        self.made: set[str] = {self.key}
        self._file = folder / "cloud.db"
        self._gateway = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        self.written: list[str] = []
        super().__init__(SqliteFile(folder / "data" / "bridge.db"), folder)

    def start(self) -> None:
        Thread(target=self._gateway.serve_forever, daemon=True).start()
        super().start()

    def end(self) -> None:
        self._gateway.shutdown()
        self._gateway.server_close()
        super().end()

    @property
    def webhook_secrets(self) -> list[str]:
        return self._secrets["WITHINGS_WEBHOOK_SECRET"].split(",")

    @property
    def secrets(self) -> set[str]:
        """All that were set, planted, or made by Withings or the bridge so far."""
        connection = sqlite3.connect(self._file)
        try:
            rows = connection.execute(
                "SELECT access_token FROM pairs UNION SELECT refresh_token FROM pairs"
                " UNION SELECT code FROM codes UNION SELECT nonce FROM nonces"
            )
            given = {row[0] for row in rows}
        finally:
            connection.close()
        configured = {each for value in self._secrets.values() for each in value.split(",")}
        return given | configured | self.made | {WORD, *READINGS}

    def sung(self) -> list[str]:
        """The canaries in what the bridge and the commands have written, each with the line."""
        lines = [line for text in (self.bridge.log, *self.written) for line in text.splitlines()]
        # The beginning of a token is as telling as its end; what may be shown of one is shorter.
        notes = {secret: secret[: PREVIEW + 4] for secret in self.secrets}
        spellings = {note: (note, quote(note, safe="")) for note in notes.values()}
        return [line for line in lines if any(s in line for both in spellings.values() for s in both)]

    # Deeds

    def link_with_canaries(self) -> None:
        """Link the one person there is, and remember what came by on the way."""
        self.person: int = self.tell("GET", "/people")[0]["userid"]
        self._link({"state": USER})
        self.sync()

    def link_by_ticket(self) -> None:
        """The same again where callers must prove who they are."""
        way_in = self.http.get(
            f"{self.url}/api/withings/auth/initiate",
            params={"userId": USER},
            headers={"X-API-Key": self.key},
        )
        ticket = httpx.URL(way_in.json()["authUrl"]).params["ticket"]
        self.made.add(ticket)
        self._link({"ticket": ticket})

    def look_as_an_operator(self) -> None:
        """Trade the key for a session, and look at who is linked."""
        with httpx.Client() as browser:
            answered = browser.post(f"{self.url}/dashboard/login", data={"key": self.key})
            assert answered.status_code == 303, answered.text
            self.made |= set(browser.cookies.values())
            assert USER in browser.get(f"{self.url}/home/links").text

    def _link(self, way_in: Mapping[str, str]) -> None:
        with httpx.Client(timeout=30) as browser:
            asked = browser.get(f"{self.url}/login", params=way_in)
            consented = browser.get(asked.headers["location"])
            back = httpx.URL(consented.headers["location"])
            self.made |= {back.params["code"], back.params["state"], *browser.cookies.values()}
            answered = browser.get(back)
            assert answered.status_code == 200, answered.text

    def call(self, *arguments: str) -> Ended:
        ended = super().call(*arguments)
        self.written += [ended.out, ended.err]
        return ended

    def raw(self, content: bytes) -> bytes:
        """Send bytes that may be no HTTP at all; the beginning of what comes back."""
        address = urlsplit(self.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as line:
            line.sendall(content)
            return line.recv(4096)

    def damage_records(self) -> None:
        """Break the stored measures in two: reading them fails, and not with an error of ours."""
        path = self.store.env["SQLITE_PATH"]
        connection = sqlite3.connect(path)
        try:
            with connection:
                connection.execute(
                    "UPDATE records SET body = ? WHERE kind = 'measures'",
                    (f'{{"grpid": "{WORD}", "value": "{KG}"',),
                )
        finally:
            connection.close()

    # Processes

    def _settings(self) -> dict[str, str]:
        host, port = self._gateway.server_address[:2]
        gateway = {"VITALS_REALTIME_GATEWAY_URL": f"http://{host!s}:{port}"}
        return super()._settings() | self._secrets | gateway | self._mode

    def _process(
        self, arguments: tuple[str, ...], *, env: Mapping[str, str], url: str, name: str = ""
    ) -> Process:
        env = {"WITHINGS_CLIENT_SECRET": self._secrets["WITHINGS_CLIENT_SECRET"], **env}
        return Forked(*arguments, env=env, folder=self._folder, url=url, name=name, program=bridge)


class Refusing(BaseHTTPRequestHandler):
    """A realtime gateway that repeats what it refuses."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(401)
        self.end_headers()
        self.wfile.write(body + str(self.headers).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@contextmanager
def aviary(folder: Path, *, as_json: bool, net: bool) -> Iterator[Aviary]:
    world = Aviary(folder, as_json=as_json, net=net)
    try:
        world.start()
        yield world
    finally:
        world.end()
