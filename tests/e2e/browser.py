"""Chromium as people use it, and what its pages complained about on the way.

Nothing leaves this machine; a stand-in takes the place of the app that people are sent back to.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)

APP = "http://localhost:5173/vitals"
"""Where the bridge sends people by default; nobody listens there."""

HERE = frozenset({"localhost", "127.0.0.1"})

_PATIENCE_MILLISECONDS = 15_000
_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that asks another host learns that there is none, and the test still sees that it asked.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium from the PATH; skips the test that asks for one where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not on the PATH")
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def a_person(browser: Browser, *, phone: bool = False) -> Iterator["Person"]:
    """A person without cookies; afterwards fails when a page complained or asked another host."""
    viewport = PHONE if phone else DESK
    with browser.new_context(viewport=viewport, is_mobile=phone, has_touch=phone) as context:
        person = Person(context)
        yield person
    assert person.complaints == []
    assert person.strangers == []


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self.complaints: list[str] = []
        """Errors in any window's console, broken content policies among them, and uncaught exceptions."""
        self.strangers: list[str] = []
        """Addresses that pages asked for on other machines."""
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._see)
        context.route(f"{_origin(APP)}/**", lambda route: route.fulfill(body=_APP, content_type="text/html"))

    def open(self, url: str) -> Page:
        """A new window on that address."""
        page = self._context.new_page()
        page.goto(url)
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _is_a_refusal(message):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def _see(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in HERE:
            self.strangers.append(request.url)


def _is_a_refusal(message: ConsoleMessage) -> bool:
    """Chromium writes down every page that isn't answered with success, as the one for a refused consent.

    That reply is 400 by the contract with the app, so it is no complaint of ours.
    """
    path = urlsplit(message.location["url"]).path
    return path == "/callback" and "the server responded with a status of 400" in message.text


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


_APP = "<!doctype html><html lang=en><title>Vitals7</title><h1>Vitals7</h1>"
