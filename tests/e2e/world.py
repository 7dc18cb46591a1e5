"""A pretend Withings and a bridge as real processes, and the people who use them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from e2e.forked import Forked
from e2e.stores import Row, Store
from processes import Process, eventually, free_port, secrets_in
from unit.cli.calling import Ended, call

USER = "0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"

Json = dict[str, Any]


class World:
    """Withings, a bridge, and a browser."""

    def __init__(self, store: Store, folder: Path, *, days: int = 0, seed: int = 1) -> None:
        self.store = store
        self._folder = folder
        self._cloud_port, self._port = free_port(), free_port()
        self.cloud = f"http://127.0.0.1:{self._cloud_port}"
        self.url = f"http://127.0.0.1:{self._port}"
        self.withings = self._withings(days, seed)
        self.bridge = self._bridge({})
        self.http = httpx.Client(timeout=70, limits=httpx.Limits(max_connections=None))

    def start(self) -> None:
        self.withings.start()
        self.bridge.start()

    def end(self) -> None:
        self.http.close()
        self.bridge.kill()
        self.withings.kill()

    def restart_with(self, env: Mapping[str, str]) -> None:
        """The bridge once more, with other settings."""
        self.bridge.kill()
        self.bridge = self._bridge(env)
        self.bridge.start()

    def link(self, user: str = USER, person: int | None = None) -> None:
        """Link a person, and wait until the import is done."""
        self.begin_link(user, person)
        self.sync(user)

    def begin_link(self, user: str = USER, person: int | None = None) -> None:
        """Walk a browser through the consent; the import goes on behind."""
        with httpx.Client(timeout=30) as browser:
            asked = browser.get(f"{self.url}/login", params={"state": user})
            assert asked.status_code == 302, asked.text
            chosen = {"sandbox_person": str(person)} if person else {}
            url = httpx.URL(asked.headers["location"])
            consented = browser.get(url.copy_merge_params(chosen))
            assert consented.status_code == 302, consented.text
            answered = browser.get(consented.headers["location"])
            assert answered.status_code == 200, answered.text
            assert "WITHINGS_AUTH_COMPLETE" in answered.text

    def status(self, user: str = USER) -> Json:
        told: Json = self.http.get(f"{self.url}/api/status", params={"userId": user}).json()
        return told

    def sync(self, user: str = USER, *, full: bool = False) -> Json:
        body = {"cognitoUserId": user, "full": full}
        answered = self.http.post(f"{self.url}/api/withings/sync", json=body)
        assert answered.status_code == 200, answered.text
        summary: Json = answered.json()
        return summary

    def disconnect(self, user: str = USER, *, purge: bool = False) -> str:
        """End a user's link; what the person is told."""
        answered = self.http.post(
            f"{self.url}/api/withings/disconnect", json={"userId": user, "purge": purge}
        )
        assert answered.status_code == 200, answered.text
        assert answered.json()["success"] is True
        message: str = answered.json()["message"]
        return message

    def add_person(self, **records: Any) -> int:
        """A person at Withings with these records, none of them announced."""
        person: int = self.tell("POST", "/people", {"devices": True})["userid"]
        if records:
            self.tell("POST", f"/people/{person}/records", {**records, "notify": False})
        return person

    def tell(self, method: str, path: str, body: Json | None = None) -> Any:
        """A call to the console of the pretend Withings."""
        answered = self.http.request(method, f"{self.cloud}/sandbox{path}", json=body)
        assert answered.is_success, answered.text
        return answered.json() if answered.content else None

    def data_calls(self) -> list[str]:
        """The data calls Withings received since they were last forgotten."""
        entries = self.tell("GET", "/requests")
        return [entry["action"] for entry in entries if re.match(r"get|list", entry["action"])]

    def call(self, *arguments: str) -> Ended:
        """The command line of the bridge, on the same store."""
        env = {**self._settings(), **self.store.env}
        ended = call(*arguments, folder=self._folder, **env)
        assert secrets_in(ended.out + ended.err, env) == []
        return ended

    def inbox(self, *options: str) -> list[Json]:
        """What is stuck in all accounts, as a script reads it."""
        ended = self.call("inbox", "list", "--json", *options)
        assert ended.code == 0, ended.err
        return [entry for account in json.loads(ended.out)["accounts"] for entry in account["entries"]]

    def rows(self, vital_type: str, user: str = USER) -> list[Row]:
        return [row for row in self.store.rows(user) if row["vitalType"] == vital_type]

    def await_row(self, vital_type: str, value: str, user: str = USER) -> Row:
        """The row with this value, as soon as it is there."""

        def found() -> Row | None:
            return next((row for row in self.rows(vital_type, user) if row["value"] == value), None)

        return eventually(f"{vital_type} {value} is in the store", found)

    def await_rest(self, person: int) -> None:
        """Until nothing is left to do for the person. Once all subscriptions are made, the bridge looks for
        what came before them.
        """

        def at_rest() -> bool:
            account = self.store.account(str(person))
            return account is not None and not any(work.news for work in account.work.values())

        eventually("nothing is left to do", at_rest)

    def command(self, *arguments: str) -> Process:
        """Another command of the program, on the bridge's store; to be launched and waited for."""
        return self._process(arguments, env={**self._settings(), **self.store.env}, url="")

    def _withings(self, days: int, seed: int) -> Process:
        options = {"--port": self._cloud_port, "--days": days, "--seed": seed}
        given = [str(word) for option in options.items() for word in option]
        return self._process(
            ("sandbox", *given, "--auto-approve", "--state", str(self._folder / "cloud.db")),
            env={},
            url=f"{self.cloud}/sandbox/people",
        )

    def _bridge(self, env: Mapping[str, str]) -> Process:
        return self._process(
            ("serve",), env={**self._settings(), **self.store.env, **env}, url=f"{self.url}/health"
        )

    def _settings(self) -> dict[str, str]:
        return {
            "PORT": str(self._port),
            "WITHINGS_CLIENT_ID": "sandbox",
            "WITHINGS_CLIENT_SECRET": "sandbox-secret",
            "WITHINGS_API_URL": self.cloud,
            "WITHINGS_AUTH_URL": f"{self.cloud}/oauth2_user/authorize2",
            "WITHINGS_REDIRECT_URI": f"{self.url}/callback",
            "WITHINGS_WEBHOOK_URL": f"{self.url}/webhook/withings",
            "SUBSCRIBE_SPACING_SECONDS": "0",
            "WITHINGS_QUOTA_PER_MINUTE": "6000",
        }

    def _process(
        self, arguments: tuple[str, ...], *, env: Mapping[str, str], url: str, name: str = ""
    ) -> Process:
        return Forked(*arguments, env=env, folder=self._folder, url=url, name=name)
