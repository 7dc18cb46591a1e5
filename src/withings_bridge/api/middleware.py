"""What holds for every request, whichever endpoint it is for."""

import json
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)

FROM_OUTSIDE = ("/webhook/withings", "/callback", "/login", "/connect", "/static/")
"""Paths that Withings, or a browser on its way back from there, reaches by a public name."""

SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
"""Headers of every reply that does not say otherwise."""


class LoopbackOnly:
    """Serves loopback host names alone, against DNS rebinding.

    An open bridge trusts whoever can reach this machine. A web page elsewhere can make a browser
    here reach it too, under a name of its own that points to this machine; that name is refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._allowed(scope):
            await _refuse(send)
            return
        await self._app(scope, receive, send)

    @staticmethod
    def _allowed(scope: Scope) -> bool:
        path: str = scope["path"]
        if path.startswith(FROM_OUTSIDE):
            return True
        return LOOPBACK_HOST.fullmatch(Headers(scope=scope).get("host", "")) is not None


class SafeHeaders:
    """Says on every reply what a browser must not do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)


async def _refuse(send: Send) -> None:
    body = json.dumps(
        {"error": "This bridge is open, so it answers to localhost alone.", "code": "host_refused"}
    ).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})
