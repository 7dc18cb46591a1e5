"""A bridge as a newcomer starts it: no credentials, the sandbox beside it; and how a person walks it.

The browser tests and the pictures of the README begin here too.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from e2e.silence import LockableFile
from e2e.stores import Row
from processes import Process, free_port


@dataclass(frozen=True)
class Server:
    """A bridge with its sandbox, and its store."""

    url: str
    sandbox: str
    store: LockableFile

    def weights(self, user: str) -> dict[str, Row]:
        """The user's weight rows, by their keys."""
        rows = self.store.rows(user)
        return {row["item_key"]: row for row in rows if row["vitalType"] == "weight"}

    def link(self, user: str) -> None:
        """Consent as the person would, and wait for the import."""
        with httpx.Client(timeout=90, trust_env=False) as browser:
            consent = browser.get(f"{self.url}/login", params={"state": user}).headers["location"]
            form = {
                "person": self.person,
                "scope": ["user.info", "user.metrics", "user.activity", "user.sleepevents"],
                "decision": "allow",
            }
            back = browser.post(consent, data=form, headers={"Origin": self.sandbox}).headers["location"]
            assert "WITHINGS_AUTH_COMPLETE" in browser.get(back).text
            asked = browser.post(f"{self.url}/api/withings/sync", json={"cognitoUserId": user})
            assert asked.is_success, asked.text

    @property
    def person(self) -> int:
        """The first person of the pretend Withings."""
        person: int = self.tell("GET", "/people")[0]["userid"]
        return person

    def tell(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call to the console of the pretend Withings."""
        reply = httpx.request(method, f"{self.sandbox}/sandbox{path}", json=body, trust_env=False)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None


@contextmanager
def newcomers_bridge(folder: Path) -> Iterator[Server]:
    """It runs for as long as it is needed."""
    port = free_pair()
    store = LockableFile(folder / "data" / "bridge.db")
    url = f"http://localhost:{port}"
    process = Process("serve", env={"PORT": str(port), **store.env}, folder=folder, url=f"{url}/health")
    try:
        process.start()
        yield Server(url, f"http://localhost:{port + 1}", store)
    finally:
        process.kill()


def press_connect(home: Page, user: str) -> Page:
    """Type a user id and press Connect; the pop-up that opens."""
    home.get_by_label("User id").fill(user)
    with home.expect_popup() as opening:
        home.get_by_role("button", name="Connect", exact=True).click()
    return opening.value


def allow(consent: Page) -> None:
    """Say yes on the sandbox's page, and come back."""
    consent.get_by_role("button", name="Allow").click()
    expect(consent.get_by_role("heading", name="Withings is connected")).to_be_visible()


def refuse(consent: Page) -> None:
    """Say no on the sandbox's page, and come back."""
    consent.get_by_role("button", name="Refuse").click()
    expect(consent.get_by_role("heading", name="Nothing was connected")).to_be_visible()


def width(page: Page) -> int:
    """How wide the page is, in CSS pixels, with what one could scroll to."""
    found: int = page.evaluate("document.documentElement.scrollWidth")
    return found


def free_pair() -> int:
    """A port that nobody listens on, as on the next one, which the sandbox takes."""
    while True:
        port = free_port()
        with suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
            return port
