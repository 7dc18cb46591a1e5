"""Chromium as people use it, and what its pages complained about on the way.

Nothing leaves this machine; a stand-in takes the place of the app that people are sent back to.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)

APP = "http://localhost:5173/vitals"
"""Where the bridge sends people by default; nobody listens there."""

LATER = "2100-01-01T00:00:00Z"
"""A time at which the clock of a page is stopped; any in its future does."""

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


def the_chromium() -> str:
    """Where Chromium is; skips the test that asks where there is none."""
    return shutil.which("chromium") or pytest.skip("Chromium is not on the PATH")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium from the PATH; skips the test that asks for one where there is none.

    As long as it runs no other may be started, nor a test that is a coroutine: close it with the module.
    """
    path = the_chromium()
    expect.set_options(timeout=_PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def a_person(
    browser: Browser,
    *,
    phone: bool = False,
    still: bool = False,
    dark: bool = False,
    app: bool = True,
) -> Iterator["Person"]:
    """A person without cookies; ``still``: who wants reduced motion; ``dark``: who likes dark pages; ``app``:
    for whom the app runs. Afterwards fails when a page complained or asked another host.
    """
    viewport = PHONE if phone else DESK
    motion: Literal["reduce"] | None = "reduce" if still else None
    with browser.new_context(
        viewport=viewport,
        is_mobile=phone,
        has_touch=phone,
        reduced_motion=motion,
        color_scheme="dark" if dark else "light",
    ) as context:
        person = Person(context)
        if app:
            person.start_app()
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
        self.policies: dict[str, str] = {}
        """The Content-Security-Policy that each page came with, by its address; empty where it had none."""
        context.set_default_timeout(_PATIENCE_MILLISECONDS)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._see)
        context.on("response", self._note)

    def open(self, url: str) -> Page:
        """A new window on that address."""
        page = self._context.new_page()
        page.goto(url)
        return page

    def start_app(self) -> None:
        """From now on somebody answers where people are sent back to."""
        address = f"{_origin(APP)}/**"
        self._context.route(address, lambda route: route.fulfill(body=_APP, content_type="text/html"))

    def stop_clocks(self) -> None:
        """From the next page on no timer fires, so that what leaves by itself after a while stays."""
        self._context.clock.install()
        self._context.clock.pause_at(LATER)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not _is_a_refusal(message):
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def _see(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in HERE:
            self.strangers.append(request.url)

    def _note(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.policies[response.url] = response.headers.get("content-security-policy", "")


_REFUSALS = frozenset({"/callback", "/connect", "/dashboard/login", "/login"})
"""Pages that explain why something cannot be. Also ``/dashboard/accounts/`` does."""


def _is_a_refusal(message: ConsoleMessage) -> bool:
    """Chromium writes down every page that isn't answered with success, as the one for a refused consent.

    That reply is 400 by the contract with the app, so it is no complaint of ours. Nor is an app that does
    not run, after which the page itself looks.
    """
    if message.location["url"] == APP:
        return True
    path = urlsplit(message.location["url"]).path
    explains = path in _REFUSALS or path.startswith("/dashboard/accounts/")
    return explains and "the server responded with a status of" in message.text


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


_APP = "<!doctype html><html lang=en><title>Vitals7</title><h1>Vitals7</h1>"
