"""What a mishap makes of a reply: another answer in its place, a shortened one, or none at all."""

import asyncio
import contextlib
from collections.abc import Mapping

import httpx
from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from withings_bridge.sandbox.cloud.call import offset_of
from withings_bridge.sandbox.cloud.envelope import (
    BAD_PARAMETERS,
    BAD_TOKEN,
    THROTTLED,
    TIMED_OUT,
    TOO_MANY_REQUESTS,
    Envelope,
    JsonObject,
    bad_token,
    invalid_params,
)
from withings_bridge.sandbox.mishaps import (
    Cut,
    Empty,
    FrontEnd,
    Incomplete,
    Lost,
    Mishap,
    Refused,
    Stuck,
)

_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>\n"
_BEGUN = b'{"status":0,"body":{'
_PROMISED = 4096
"""Bytes that a reply announces before it is cut after its first few."""


class Broken(Response):
    """A reply that ends before its end: servers then close the connection, and Uvicorn logs a line.

    Where the caller runs in the same process (httpx's ASGITransport) there is no connection: the
    caller gets httpx's own error at once, that of a time-out where silence was asked for.
    """

    def __init__(self, *, seconds: float) -> None:
        super().__init__(media_type="application/json")
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Servers name the version of the specification that they keep to; ASGITransport names none.
        if "spec_version" not in scope.get("asgi", {}):
            if self._seconds:
                raise httpx.ReadTimeout("The sandbox did not answer in time, as a mishap wants it.")
            raise httpx.RemoteProtocolError("The sandbox cut the connection, as a mishap wants it.")
        await _silence(receive, self._seconds)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % _PROMISED)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": _BEGUN, "more_body": True})


def instead_of_work(mishap: Mishap, parameters: Mapping[str, str]) -> Envelope | None:
    """What is said in place of the service, or None for a mishap that strikes after its work."""
    match mishap:
        case Refused(status=status, error=error, wait_seconds=wait):
            text = _text(status, parameters) if error is None else error
            return Envelope(status, {} if wait is None else {"wait_seconds": wait}, text)
        case FrontEnd(http_status=status):
            return Envelope(status, error=httpx.codes.get_reason_phrase(status))
        case Empty() | Cut():
            return Envelope(None)
        case _:
            return None


async def spoilt(
    mishap: Mishap, envelope: Envelope, request: Request, parameters: Mapping[str, str]
) -> Response:
    """What the caller gets of this reply, after the silence it must bear."""
    if isinstance(mishap, Cut | Lost):
        return Broken(seconds=mishap.seconds)
    await _silence(request.receive, mishap.seconds)
    served = envelope.status == 0
    match mishap:
        case FrontEnd():
            return _front_end(envelope, mishap.http_status, mishap.retry_after)
        case Empty():
            return Response(media_type="application/json")
        case Incomplete(rows=rows) if served:
            return envelope.with_body(_shortened(envelope.body, rows)).response()
        case Stuck() if served:
            return envelope.with_body(_stuck(envelope.body, offset_of(parameters))).response()
        case _:
            return envelope.response()


async def _silence(receive: Receive, seconds: float) -> None:
    """So many seconds, or until the caller has given up."""
    if not seconds:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass


def _text(status: int, parameters: Mapping[str, str]) -> str:
    if status == BAD_PARAMETERS:
        named = ("code", "refresh_token")
        return invalid_params(next((name for name in named if name in parameters), "request")).text
    known = {BAD_TOKEN: bad_token().text, THROTTLED: TOO_MANY_REQUESTS, TIMED_OUT: "Timeout"}
    return known.get(status, "An error occurred")


def _front_end(envelope: Envelope, status: int, retry_after: int | None) -> Response:
    page = _HTML.format(f"{status} {envelope.error}".strip())
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return HTMLResponse(page, status_code=status, headers=headers)


def _shortened(body: JsonObject, rows: int) -> JsonObject:
    """The body with no more than so many rows in each of its lists, all of them claimed to be there."""
    short = {name: value[:rows] if isinstance(value, list) else value for name, value in body.items()}
    if isinstance(filed := body.get("series"), dict):
        short["series"] = dict(list(filed.items())[:rows])
    if "more" in body:
        short["more"] = type(body["more"])(0)
    return short


def _stuck(body: JsonObject, offset: int) -> JsonObject:
    """The body with a promise of more rows at the very place where these began."""
    return body | {"more": type(body.get("more", 0))(1), "offset": offset}
