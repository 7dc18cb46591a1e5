"""One table from domain error to HTTP status, and the shape that every error has."""

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from withings_bridge.api.etags import NotModified, not_modified
from withings_bridge.api.middleware import REQUEST_ID, Refused, request_id, safe_headers, traced
from withings_bridge.api.schemas import ErrorReply, FieldProblem
from withings_bridge.domain import errors
from withings_bridge.logs import place_of

log = structlog.get_logger()

STATUS: dict[type[errors.BridgeError], int] = {
    errors.NotLinked: 401,
    errors.ConsentNeeded: 401,
    errors.StateRefused: 400,
    errors.TicketRefused: 400,
    errors.ConsentRefused: 400,
    errors.NoWebhook: 400,
    errors.NotAuthenticated: 401,
    errors.TwoProofs: 400,
    errors.IdentityUnavailable: 503,
    errors.NotAllowed: 403,
    errors.TooManyCalls: 429,
    errors.NoSuchRecord: 404,
    errors.CursorRefused: 400,
    errors.FeedRestarted: 410,
    errors.UserUnknown: 400,
    errors.NoSuchAccount: 404,
    errors.NoSuchRecording: 404,
    errors.RateLimited: 503,
    errors.Transient: 503,
    errors.SyncFailed: 503,
    errors.WithingsError: 502,
    errors.StorageError: 503,
    errors.BridgeError: 500,
}
"""The status of an error is that of the nearest class above it in this table."""

UNREADABLE = "The body cannot be read: it is not what its Content-Type says, or nests too deeply."

RETRY_AFTER = timedelta(seconds=10)
"""What a caller is told to wait, where nobody knows how long."""


def status_of(error: errors.BridgeError) -> int:
    """The HTTP status that tells a caller of this error."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def code_of(error: errors.BridgeError) -> str:
    """The word that tells a program of this error: ``not_linked`` for ``NotLinked``."""
    return _code(type(error).__name__)


def install(app: FastAPI) -> None:
    """Make every failure leave the app in one shape."""
    app.add_exception_handler(errors.BridgeError, _bridge_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(NotModified, not_modified)
    app.add_exception_handler(Exception, _bug)


async def _bridge_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, errors.BridgeError):
        raise error
    status = status_of(error)
    headers = {}
    if status in {429, 503}:
        headers["Retry-After"] = _retry_after(error)
    if isinstance(error, errors.NotAuthenticated):
        refused = isinstance(error, errors.TokenRefused)
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if refused else "Bearer"
    return _reply(request, status, code_of(error), str(error), headers=headers)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error, Refused):
        return _reply(request, error.status_code, error.code, error.detail, headers=error.headers)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # the framework's word for any body it cannot read
        return _reply(request, 422, "invalid_request", UNREADABLE)
    return _reply(request, error.status_code, _code(error.detail), error.detail, headers=error.headers)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    """Names the fields and what is wrong with them, never the values."""
    if not isinstance(error, RequestValidationError):
        raise error
    problems = [_problem(problem) for problem in error.errors()]
    message = "; ".join(f"{p.field}: {p.problem}" if p.field else p.problem for p in problems)
    detail = [problem for problem in problems if problem.field]
    return _reply(request, 422, "invalid_request", message, detail=detail)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    name = request_id(request.scope)
    log.error(
        "our bug",
        path=request.url.path,
        reason=type(error).__name__,
        where=place_of(error),
        request_id=name,
        **traced(request.scope),
    )
    message = "Something went wrong here; it has been noted."
    headers = safe_headers(request.scope) | {REQUEST_ID: name}
    return _reply(request, 500, "internal_error", message, headers=headers)


def _reply(
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    detail: list[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    reply = ErrorReply(error=message, code=code, detail=detail or None, request_id=request_id(request.scope))
    return JSONResponse(reply.content, status_code=status, headers=headers)


def _problem(problem: Mapping[str, Any]) -> FieldProblem:
    where, *names = problem["loc"]
    if problem["type"] == "json_invalid":
        return FieldProblem(field="", problem="The body is not valid JSON.")
    if where == "body" and not names:
        return FieldProblem(
            field="", problem="The body must be a JSON object, sent with Content-Type: application/json."
        )
    return FieldProblem(field=".".join(map(str, names)) or where, problem=problem["msg"])


def _retry_after(error: Exception) -> str:
    wait = error.retry_after if isinstance(error, errors.WithingsError | errors.TooManyCalls) else None
    return str(math.ceil((wait or RETRY_AFTER).total_seconds()))


def _code(name: str) -> str:
    """``NotLinked`` and ``Not Found`` as a program wants them: ``not_linked``, ``not_found``."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
