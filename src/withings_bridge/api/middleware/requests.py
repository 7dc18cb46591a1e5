"""An id for every request, one line for it in the log, and a span where there are traces."""

import random
import re
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from withings_bridge import tracing
from withings_bridge.api.middleware.header import header
from withings_bridge.tracing import Kind, Span

log = structlog.get_logger()

REQUEST_ID = "X-Request-ID"
_REQUEST_ID = REQUEST_ID.lower().encode()

_SENSIBLE = re.compile(r"[A-Za-z0-9._-]{8,64}")

QUIET = frozenset({"/health", "/metrics", "/webhook/withings"})
"""Paths that are asked for so often that a line for each would hide the others, unless it goes wrong. What
becomes of a notification has a line of its own.
"""

UNTRACED = frozenset({"/health", "/metrics"})


class Requests:
    """Gives every request an id, its caller's if that is a sensible one, and logs how it ended.

    The line has the path and no query: codes, states and secrets travel there. The span has the route
    alone, since a path may name a person.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = header(scope, _REQUEST_ID)
        name = given if given and _SENSIBLE.fullmatch(given) else _new_name()
        scope.setdefault("state", {})["request_id"] = name
        began = time.perf_counter()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (_REQUEST_ID, name.encode())]
            await send(message)
            # Not when the app returns: what goes on in the background is nobody's waiting time.
            if message["type"] == "http.response.body" and not message.get("more_body"):
                _tell(scope, status, began)
                _end(here, scope, status)

        # A connection hands on the context of the request before, with its caller.
        structlog.contextvars.clear_contextvars()
        with structlog.contextvars.bound_contextvars(request_id=name), _span(scope) as here:
            scope["state"]["trace"] = tracing.ids()
            try:
                await self._app(scope, receive, send_named)
            except Exception as error:
                if not status:  # else it failed in the background
                    status = 500
                    _tell(scope, status, began)
                    here.fail(type(error).__name__)
                raise
            finally:
                # Unless it has ended with the answer: a bug, or a stream that nobody reads any more.
                _end(here, scope, status)


def _new_name() -> str:
    """Unlike any other, and no secret: to ask the kernel for each takes longer than much of a request."""
    return f"{random.getrandbits(64):016x}"


def _tell(scope: Scope, status: int, began: float) -> None:
    path = scope["path"]
    if path not in QUIET or status >= 400:  # noqa: PLR2004 - where errors begin
        took = round((time.perf_counter() - began) * 1000, 1)
        log.info("request", method=scope["method"], path=path, status=status, ms=took)


def _span(scope: Scope) -> Span:
    """Below the caller's, where they sent a traceparent."""
    if scope["path"] in UNTRACED:
        return Span()
    method = scope["method"]
    parent = header(scope, b"traceparent")
    return tracing.span(method, {"http.request.method": method}, kind=Kind.SERVER, parent=parent)


def _end(here: Span, scope: Scope, status: int) -> None:
    here.say({"http.response.status_code": status})
    if route := getattr(scope.get("route"), "path", ""):
        here.rename(f"{scope['method']} {route}")
        here.say({"http.route": route})
    if status >= 500:  # noqa: PLR2004 - a caller's mistake is no failure of ours
        here.fail(str(status))
    here.end()


def traced(scope: Scope) -> dict[str, str]:
    """The trace of a request that has passed ``Requests``, as a log tells it; empty without traces."""
    ids: dict[str, str] = scope.get("state", {}).get("trace", {})
    return ids


def request_id(scope: Scope) -> str:
    """The id of a request that has passed ``Requests``; empty for any other."""
    name: str = scope.get("state", {}).get("request_id", "")
    return name
