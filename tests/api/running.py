"""Bridges that run in this process: beside a pretend Withings on ports of their own, or alone."""

import asyncio
import socket
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from builders import NOON, a_pair, an_account
from routes import with_known_routes
from withings_bridge.app import create_app
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.records import Record, RecordKey
from withings_bridge.sandbox import SandboxOptions, create_sandbox
from withings_bridge.services import Services
from withings_bridge.services.clock import Clock, system_clock
from withings_bridge.settings import Settings
from withings_bridge.storage.base import JoinChange
from withings_bridge.storage.sqlite import SqliteStorage

USER = "0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"
OTHER_USER = "5b1c7f02-93d4-4c55-8a0f-6f0e2f6d1a77"

NOWHERE = "http://127.0.0.1:9"
"""A Withings that refuses every connection."""

PAIR = a_pair(name="0123456789")

HERE = "http://localhost:5001"

STORE = "bridge.db"
"""The file of a bridge's store, in the folder it was given."""

Json = dict[str, Any]


@dataclass
class Bridge:
    """A running bridge and a client of it that follows no redirect."""

    app: FastAPI
    http: httpx.AsyncClient
    store: Path

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    @services.setter
    def services(self, services: Services) -> None:
        self.app.state.services = services

    async def sync(self, user: str = USER) -> Json:
        """A sync that succeeds; its summary."""
        reply = await self.http.post("/api/withings/sync", json={"cognitoUserId": user})
        assert reply.status_code == 200, reply.text
        summary: Json = reply.json()
        return summary

    async def account(self, userid: str) -> Account:
        """The account as a stranger to this process finds it in the store."""
        async with SqliteStorage(self.store) as storage:
            account = await storage.accounts.get(userid)
        assert account is not None
        return account

    async def settled(self, userid: str) -> None:
        """Wait until nothing is left to do now; the bridge's own worker may be at it."""
        async with asyncio.timeout(60):
            while _has_work(await self.account(userid)):  # noqa: ASYNC110 - it tells when asked
                await asyncio.sleep(0.05)


def _has_work(account: Account) -> bool:
    return account.importing or any(work.news for work in account.work.values())


@dataclass
class Cloud:
    """A pretend Withings."""

    url: str
    http: httpx.AsyncClient

    async def tell(self, method: str, path: str, body: Json | None = None) -> Any:
        """A control call that succeeds; its reply."""
        reply = await self.http.request(method, f"{self.url}/sandbox{path}", json=body)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    async def person(self) -> int:
        """The one who consents when nobody is chosen."""
        people = await self.tell("GET", "/people")
        return int(people[0]["userid"])


@dataclass
class Browser:
    """Walks from the bridge to Withings' consent and back."""

    bridge: Bridge
    http: httpx.AsyncClient

    async def begin(self, user: str = USER) -> httpx.URL:
        """Withings' authorize URL, where ``/login`` sends the browser."""
        reply = await self.http.get(f"{self.bridge.http.base_url}/login", params={"state": user})
        assert reply.status_code == 302, reply.text
        return httpx.URL(reply.headers["location"])

    async def consent(self, authorize: httpx.URL, *, person: int | None = None) -> httpx.URL:
        """The callback URL with a code, where Withings sends the browser back to."""
        chosen = {"sandbox_person": str(person)} if person else {}
        reply = await self.http.get(authorize.copy_merge_params(chosen))
        assert reply.status_code == 302, reply.text
        return httpx.URL(reply.headers["location"])

    async def link(self, user: str = USER, *, person: int | None = None) -> httpx.Response:
        """The page at the end of a whole walk."""
        return await self.http.get(await self.consent(await self.begin(user), person=person))


def settings(folder: Path, **changes: Any) -> Settings:
    """Settings of a bridge with its store in the folder, whatever the environment says."""
    given: Mapping[str, Any] = {
        "withings_client_id": "sandbox",
        "withings_client_secret": "sandbox-secret",
        "withings_api_url": NOWHERE,
        "withings_auth_url": f"{NOWHERE}/oauth2_user/authorize2",
        "sqlite_path": folder / STORE,
        "subscribe_spacing_seconds": 0,
        "withings_quota_per_minute": 6000,  # the pretend one has none
        "shutdown_grace_seconds": 2,
    }
    return Settings(_env_file=None, **{**given, **changes})


@asynccontextmanager
async def alone(folder: Path, *, clock: Clock = system_clock, **changes: Any) -> AsyncIterator[Bridge]:
    """A bridge without a port, asked over ASGI; its Withings is nowhere."""
    chosen = settings(folder, **changes)
    app = with_known_routes(create_app(chosen, clock=clock))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=HERE) as http,
    ):
        yield Bridge(app, http, chosen.sqlite_path)


@asynccontextmanager
async def pretend_withings(middleware: Any = None, **given: Any) -> AsyncIterator[Cloud]:
    """A sandbox on a port, with one person who has typed in a height, and no quota; behind a middleware,
    if need be.
    """
    options = SandboxOptions(auto_approve=True, days=0, quota_per_minute=0)
    app = with_known_routes(create_sandbox(options))
    if middleware:
        app.add_middleware(middleware, **given)
    async with (
        _served(app, listening := _listening()),
        httpx.AsyncClient(trust_env=False) as http,
    ):
        yield Cloud(_address(listening), http)


@asynccontextmanager
async def beside(cloud: Cloud, folder: Path, **changes: Any) -> AsyncIterator[Bridge]:
    """A bridge on a port, with that Withings."""
    listening = _listening()
    url = _address(listening)
    chosen = settings(
        folder,
        **{
            "withings_api_url": cloud.url,
            "withings_auth_url": f"{cloud.url}/oauth2_user/authorize2",
            "withings_redirect_uri": f"{url}/callback",
            "withings_webhook_url": f"{url}/webhook/withings",
            **changes,
        },
    )
    app = with_known_routes(create_app(chosen))
    async with (
        _served(app, listening),
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=70) as http,
    ):
        yield Bridge(app, http, chosen.sqlite_path)


async def given_links(folder: Path, *accounts: Account) -> None:
    """Linked accounts in the store of a bridge that is yet to start, their tokens saved at noon."""

    def stored(account: Account) -> JoinChange:
        return lambda _: account

    async with SqliteStorage(folder / STORE) as storage:
        for account in accounts or (an_account("1234", USER),):
            for user in sorted(account.users):
                await storage.links.join(user, account.userid, PAIR, stored(account))


async def given_records(
    folder: Path,
    *records: Record,
    userid: str = "1234",
    removed: Collection[RecordKey] = (),
    now: datetime = NOON,
) -> None:
    """Records of an account in the store of a bridge, as a sync would leave them; it may be running."""
    async with SqliteStorage(folder / STORE) as storage:
        await storage.records.save(userid, records, removed=removed, now=now)


def _listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@asynccontextmanager
async def _served(app: FastAPI, listening: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    with listening:
        async with app.router.lifespan_context(app):
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                yield
            finally:
                server.should_exit = True
                await serving
