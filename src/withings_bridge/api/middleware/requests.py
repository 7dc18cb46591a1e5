"""An id for every request, and one line for it in the log."""

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

REQUEST_ID = "X-Request-ID"

_SENSIBLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

QUIET = frozenset({"/health", "/metrics", "/webhook/withings"})
"""Paths that are asked for so often that a line for each would hide the others, unless it goes wrong. What
becomes of a notification has a line of its own.
"""


class Requests:
    """Gives every request an id, its caller's if that is a sensible one, and logs how it ended.

    The line has the path and no query: codes, states and secrets travel there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        name = given if _SENSIBLE.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = name
        began = time.perf_counter()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = name
            await send(message)
            # Not when the app returns: what goes on in the background is nobody's waiting time.
            if message["type"] == "http.response.body" and not message.get("more_body"):
                _tell(scope, status, began)

        # A connection hands on the context of the request before, with its caller.
        structlog.contextvars.clear_contextvars()
        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                await self._app(scope, receive, send_named)
            except Exception:
                if not status:  # else it failed in the background
                    _tell(scope, 500, began)
                raise


def _tell(scope: Scope, status: int, began: float) -> None:
    path = scope["path"]
    if path not in QUIET or status >= 400:  # noqa: PLR2004 - where errors begin
        took = round((time.perf_counter() - began) * 1000, 1)
        log.info("request", method=scope["method"], path=path, status=status, ms=took)


def request_id(scope: Scope) -> str:
    """The id of a request that has passed ``Requests``; empty for any other."""
    name: str = scope.get("state", {}).get("request_id", "")
    return name
