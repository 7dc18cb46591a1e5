"""A sandbox on a real port, and a webhook beside it, for clients that know nothing of tests."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from routes import with_known_routes
from withings_bridge.sandbox import SandboxOptions, create_sandbox

ALL_SCOPES = "user.info,user.metrics,user.activity,user.sleepevents"
REDIRECT_URI = "http://localhost:5001/callback"


@asynccontextmanager
async def _served(app: ASGIApp) -> AsyncIterator[str]:
    """The application on a free loopback port; its base URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with asyncio.timeout(10):
                while not server.started:  # noqa: ASYNC110 uvicorn tells by this flag alone
                    await asyncio.sleep(0.005)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@dataclass
class Webhook:
    """Answers 200 to everything and keeps the notifications it was posted."""

    took: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if scope["method"] == "POST":
            self.took.append(dict(parse_qsl(body.decode())))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@dataclass
class Served:
    """A served sandbox with a linked person."""

    url: str
    webhook_url: str
    webhook: Webhook
    tokens: dict[str, Any]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def userid(self) -> int:
        return int(self.tokens["userid"])

    async def call(self, path: str, action: str, **parameters: Any) -> dict[str, Any]:
        """The body of a bearer call that succeeds."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            response = await http.post(
                path,
                data={"action": action, **parameters},
                headers={"Authorization": f"Bearer {self.tokens['access_token']}"},
            )
        envelope: dict[str, Any] = response.json()
        assert envelope["status"] == 0, envelope
        body: dict[str, Any] = envelope["body"]
        return body

    async def control(self, method: str, path: str, json: Any = None) -> Any:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            response = await http.request(method, f"/sandbox{path}", json=json)
        assert response.is_success, response.text
        return response.json() if response.content else None


async def _linked(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        asked = await http.get(
            "/oauth2_user/authorize2",
            params={
                "response_type": "code",
                "client_id": "sandbox",
                "state": "s",
                "scope": ALL_SCOPES,
                "redirect_uri": REDIRECT_URI,
            },
        )
        exchanged = await http.post(
            "/v2/oauth2",
            data={
                "action": "requesttoken",
                "grant_type": "authorization_code",
                "client_id": "sandbox",
                "client_secret": "sandbox-secret",
                "code": httpx.URL(asked.headers["location"]).params["code"],
                "redirect_uri": REDIRECT_URI,
            },
        )
    tokens: dict[str, Any] = exchanged.json()["body"]
    return tokens


@asynccontextmanager
async def served_sandbox(options: SandboxOptions) -> AsyncIterator[Served]:
    """A sandbox that approves by itself, with its first person linked."""
    webhook = Webhook()
    async with _served(with_known_routes(create_sandbox(options))) as url, _served(webhook) as webhook_url:
        yield Served(url, f"{webhook_url}/withings?secret=s", webhook, await _linked(url))
