"""Drives a sandbox over ASGI as an app and as a person would, with time that stands still."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from routes import with_known_routes
from withings_bridge.sandbox import Clock, SandboxOptions, create_sandbox, running
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.seeding import seed_people
from withings_bridge.sandbox.world import World

NOON = 1_795_435_200.0
"""2026-11-23 12:00 UTC."""
REDIRECT_URI = "http://localhost:5001/callback"
ALL_SCOPES = "user.info,user.metrics,user.activity,user.sleepevents"
WEBHOOK = "http://webhook.test/in?secret=s"


class StandingTime:
    """A source of time that moves only when told to."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@dataclass
class Driver:
    """One open sandbox."""

    transport: httpx.ASGITransport
    http: httpx.AsyncClient
    clock: Clock
    options: SandboxOptions
    running: RunningSandbox

    def __post_init__(self) -> None:
        self._states = itertools.count()

    def advance(self, seconds: float) -> None:
        """Moves time without waking the courier; `control` with the clock call does that."""
        self.clock.advance(timedelta(seconds=seconds))

    async def authorize(self, **changes: str | None) -> httpx.Response:
        query = {
            "response_type": "code",
            "client_id": self.options.client_id,
            "state": f"state-{next(self._states)}",
            "scope": ALL_SCOPES,
            "redirect_uri": REDIRECT_URI,
        }
        given = {name: value for name, value in (query | changes).items() if value is not None}
        return await self.http.get("/oauth2_user/authorize2", params=given)

    async def consent(self, *, scope: str = ALL_SCOPES, person: int | None = None) -> str:
        """A fresh code; the sandbox must approve by itself."""
        named = {} if person is None else {"sandbox_person": str(person)}
        response = await self.authorize(scope=scope, **named)
        return httpx.URL(response.headers["location"]).params["code"]

    async def request_token(self, **parameters: str) -> dict[str, Any]:
        known = {
            "action": "requesttoken",
            "client_id": self.options.client_id,
            "client_secret": self.options.client_secret,
        }
        return await self.post("/v2/oauth2", known | parameters)

    async def exchange(self, code: str) -> dict[str, Any]:
        return await self.request_token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI)

    async def refresh(self, refresh_token: str) -> dict[str, Any]:
        return await self.request_token(grant_type="refresh_token", refresh_token=refresh_token)

    async def link(self, *, scope: str = ALL_SCOPES, person: int | None = None) -> "Linked":
        reply = await self.exchange(await self.consent(scope=scope, person=person))
        return Linked(self, reply["body"])

    async def post(self, path: str, parameters: dict[str, Any], token: str | None = None) -> dict[str, Any]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = await self.http.post(path, data=parameters, headers=headers)
        assert response.status_code == 200
        envelope: dict[str, Any] = response.json()
        return envelope

    async def control(self, method: str, path: str, json: Any = None) -> Any:
        """A control call that succeeds; its reply."""
        response = await self.http.request(method, f"/sandbox{path}", json=json)
        assert response.is_success, response.text
        return response.json() if response.content else None

    async def faults(self, **switches: Any) -> None:
        await self.control("PUT", "/faults", switches)

    async def move_clock(self, seconds: float) -> None:
        """Moves time as people do, which wakes the courier."""
        await self.control("POST", "/clock", {"advance_seconds": seconds})

    async def deliveries(self, **query: str) -> list[dict[str, Any]]:
        """Notifications, oldest first."""
        rows: list[dict[str, Any]] = await self.control("GET", f"/deliveries?{httpx.QueryParams(query)}")
        return rows

    async def plan(self, kind: str, **how: Any) -> int:
        """Adds a mishap; its number."""
        return int((await self.control("POST", "/mishaps", {"kind": kind, **how}))["id"])

    async def userid(self) -> int:
        people = await self.control("GET", "/people")
        return int(people[0]["userid"])


@dataclass
class Linked:
    """A person who has allowed the app."""

    driver: Driver
    tokens: dict[str, Any]

    @property
    def userid(self) -> int:
        return int(self.tokens["userid"])

    @property
    def access_token(self) -> str:
        return str(self.tokens["access_token"])

    @property
    def refresh_token(self) -> str:
        return str(self.tokens["refresh_token"])

    async def ask(self, path: str, action: str, **parameters: Any) -> httpx.Response:
        """The raw response of one bearer call."""
        headers = {"Authorization": f"Bearer {self.access_token}"}
        return await self.driver.http.post(path, data={"action": action, **parameters}, headers=headers)

    async def call(self, path: str, action: str, **parameters: Any) -> dict[str, Any]:
        """The envelope of one bearer call."""
        return await self.driver.post(path, {"action": action, **parameters}, self.access_token)

    async def body(self, path: str, action: str, **parameters: Any) -> dict[str, Any]:
        """The body of a bearer call that succeeds."""
        envelope = await self.call(path, action, **parameters)
        assert envelope["status"] == 0, envelope
        body: dict[str, Any] = envelope["body"]
        return body

    async def do(self, what: str, **how: Any) -> Any:
        """Something that this person does, as a control call names it."""
        return await self.driver.control("POST", f"/people/{self.userid}/{what}", how)

    async def subscribe(self, appli: int, url: str = WEBHOOK) -> dict[str, Any]:
        return await self.call("/notify", "subscribe", callbackurl=url, appli=appli)


_SEEDED: dict[tuple[int, int, int, date], sqlite3.Connection] = {}


def _seeded(world: World, options: SandboxOptions, now: datetime) -> None:
    """Seeds a world, or copies one seeded alike: to make up a history takes longer than most tests."""
    alike = options.seed, options.people, options.days, now.astimezone(UTC).date()
    if alike in _SEEDED:
        _SEEDED[alike].backup(world._connection)
    else:
        seed_people(world, options, now)
        _SEEDED[alike] = sqlite3.connect(":memory:", check_same_thread=False)
        world._connection.backup(_SEEDED[alike])


running.seed_people = _seeded  # type: ignore[attr-defined]  # it is no export


@asynccontextmanager
async def opened(options: SandboxOptions, clock: Clock | None = None) -> AsyncIterator[Driver]:
    """A running sandbox with a standing clock."""
    clock = clock or Clock(StandingTime())
    app = with_known_routes(create_sandbox(options, clock=clock))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:7070") as http,
    ):
        yield Driver(transport, http, clock, options, app.state.sandbox)


async def until(condition: Callable[[], bool], *, seconds: float = 5) -> None:
    """Waits for a condition, and fails if it does not come true in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 the condition lies behind HTTP, where no event reaches
            await asyncio.sleep(0.002)
