"""A server that has the pages and nothing else, and a browser's view of it.

The services are stand-ins that do what a test tells them and remember what they were asked.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from unittest.mock import create_autospec

import httpx
from fastapi import FastAPI

from withings_bridge.callers import Caller, Scope, Sessions
from withings_bridge.domain.errors import BridgeError
from withings_bridge.pages import Site, docs_router, mount_static, pages_router
from withings_bridge.services import Services
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.links.leaving import Former, Leaving
from withings_bridge.services.links.linking import Begun, Joined, Linking
from withings_bridge.services.oversight.diagnosing import Ailment, Diagnosing, Health
from withings_bridge.services.oversight.reporting import LinkedUser, Reporting

NOW = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
AUTHORIZE = "https://account.withings.example/authorize?state=random"
HERE = "http://localhost:5001"
OPERATORS = "an-operators-session"

OPEN = Site(
    version="1.2.3",
    frontend_url="http://localhost:5173/vitals",
    redirect_uri=f"{HERE}/callback",
    sandbox_url=None,
    storage="SQLite",
    open=True,
)


class RehearsedLinking(Linking):
    """Begins and completes every flow, until told which error to raise."""

    def __init__(self) -> None:
        self.error: BridgeError | None = None
        self.begun: list[tuple[str, str | None]] = []
        self.completed: list[dict[str, str | None]] = []
        self.left: Former | None = None

    async def begin(self, user: str, *, browser: str | None) -> Begun:
        self.begun.append((user, browser))
        if self.error:
            raise self.error
        return Begun(authorize_url=AUTHORIZE, browser=browser or "fresh")

    async def complete(
        self, *, state: str | None, code: str | None, error: str | None, browser: str | None
    ) -> Joined:
        self.completed.append({"state": state, "code": code, "error": error, "browser": browser})
        if self.error:
            raise self.error
        return Joined(user="u-1", account="30000001", left=self.left)


class RehearsedLeaving(Leaving):
    """Remembers which accounts it was to let go."""

    def __init__(self) -> None:
        self.gone: list[str] = []

    async def let_go(self, former: Former) -> None:
        self.gone.append(former.account)


class RehearsedReporting(Reporting):
    """Tells of the users it was given."""

    def __init__(self) -> None:
        self.users: list[LinkedUser] = []
        self.error: BridgeError | None = None
        self.asked = 0

    async def linked_users(self, *, limit: int) -> list[LinkedUser]:
        self.asked += 1
        if self.error:
            raise self.error
        return self.users[:limit]


class RehearsedDiagnosing(Diagnosing):
    """Finds what it was told to."""

    def __init__(self) -> None:
        self.ailments: tuple[Ailment, ...] = ()
        self.paused_until: datetime | None = None

    async def health(self) -> Health:
        return Health(self.ailments, self.paused_until)


class RehearsedWorking(Working):
    """Remembers which accounts it was sent to."""

    def __init__(self) -> None:
        self.drained: list[str] = []

    async def work_off(self, userid: str) -> None:
        self.drained.append(userid)


class RehearsedSessions(Sessions):
    """Knows one operator's browser."""

    def __init__(self) -> None:
        self.error: BridgeError | None = None

    async def end(self, session: str) -> None:
        if self.error:
            raise self.error

    async def caller(self, session: str) -> Caller | None:
        return Caller("key:operator", Scope.ADMIN) if session == OPERATORS else None


@dataclass
class Visit:
    """One server and one browser."""

    site: Site = OPEN
    linking: RehearsedLinking = field(default_factory=RehearsedLinking)
    reporting: RehearsedReporting = field(default_factory=RehearsedReporting)
    diagnosing: RehearsedDiagnosing = field(default_factory=RehearsedDiagnosing)
    leaving: RehearsedLeaving = field(default_factory=RehearsedLeaving)
    sessions: RehearsedSessions = field(default_factory=RehearsedSessions)
    working: RehearsedWorking = field(default_factory=RehearsedWorking)
    now: datetime = NOW
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(
        self, path: str, *, at: str = HERE, method: str = "GET", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request; redirects are not followed."""
        services = create_autospec(Services, instance=True)
        services.linking, services.leaving = self.linking, self.leaving
        services.reporting, services.working = self.reporting, self.working
        services.diagnosing = self.diagnosing
        app = FastAPI(docs_url=None, redoc_url=None)
        mount_static(app)
        app.include_router(docs_router(self.site))
        app.include_router(
            pages_router(
                self.site,
                services,
                sessions=self.sessions,
                ending=asyncio.Event(),
                clock=lambda: self.now,
            )
        )
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=at, cookies=self.cookies) as client:
            return await client.request(method, path, headers=headers)


def policy_of(reply: httpx.Response) -> dict[str, list[str]]:
    """The reply's Content-Security-Policy, by directive."""
    directives = [directive.split() for directive in reply.headers["content-security-policy"].split(";")]
    return {name: sources for name, *sources in directives}
