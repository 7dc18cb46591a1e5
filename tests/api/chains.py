"""A Withings whose replies are set, and a person whom a bridge has imported from it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.running import USER, Bridge, Browser, Json, beside, pretend_withings
from withings_bridge.domain.records import Kind, Record, RecordKey
from withings_bridge.storage.sqlite import SqliteStorage


class Scripted:
    """Middleware of the pretend cloud: a call (path and action) that has a reply gets that, word for word;
    what else is asked, such as tokens, the cloud answers.
    """

    def __init__(self, app: ASGIApp, replies: Mapping[str, bytes]) -> None:
        self._app = app
        self._replies = replies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        call = f"{scope['path']} {dict(parse_qsl(body.decode())).get('action', '')}"
        if call in self._replies:
            await send({"type": "http.response.start", "status": 200, "headers": _JSON})
            await send({"type": "http.response.body", "body": self._replies[call]})
            return

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)


_JSON = [(b"content-type", b"application/json")]


@dataclass
class Chain:
    """What can be read of the person at each link of the chain."""

    bridge: Bridge
    account: str

    async def record(self, kind: Kind, key: str) -> Record:
        """As it is stored."""
        async with SqliteStorage(self.bridge.store) as storage:
            name = RecordKey(kind, key)
            return (await storage.records.get(self.account, [name]))[name]

    async def got(self, path: str, /, **query: str) -> Json:
        """Over the read API."""
        given = {"userId": USER} | {name.strip("_"): value for name, value in query.items()}
        reply = await self.bridge.http.get(f"/api/withings{path}", params=given)
        assert reply.status_code == 200, reply.text
        found: Json = reply.json()
        return found

    async def resources(self, code: str = "") -> list[Json]:
        """As FHIR's observations, of one code or all."""
        bundle = await self.got("/fhir/Observation", _count="500", **({"code": code} if code else {}))
        return [entry["resource"] for entry in bundle.get("entry", [])]


@asynccontextmanager
async def imported(folder: Path, replies: Mapping[str, Json | bytes]) -> AsyncIterator[Chain]:
    """A bridge whose one user's import is complete, detail included."""
    written = {
        call: reply if isinstance(reply, bytes) else json.dumps({"status": 0, "body": reply}).encode()
        for call, reply in replies.items()
    }
    detail = {"withings_intraday": True, "withings_sleep_detail": True}
    async with (
        pretend_withings(Scripted, replies=written) as cloud,
        beside(cloud, folder, **detail) as bridge,
        httpx.AsyncClient(trust_env=False, timeout=30) as http,
    ):
        await Browser(bridge, http).link()
        account = str(await cloud.person())
        await bridge.settled(account)
        yield Chain(bridge, account)
