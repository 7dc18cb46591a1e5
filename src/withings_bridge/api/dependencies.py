"""What endpoints ask for, under a name each."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from withings_bridge.api.beside import is_beside
from withings_bridge.callers import Authentication, Caller, CallLimit, Scope
from withings_bridge.callers.sessions import COOKIE, HOST_COOKIE
from withings_bridge.services import Services

_KEY = APIKeyHeader(
    name="X-API-Key",
    scheme_name="ApiKey",
    description="A key of a service or an operator, made with `withings-bridge keys new`. "
    "Send it or a token, never both.",
    auto_error=False,
)
_TOKEN = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="Cognito",
    description="An access or id token of a Cognito user, who may see and change what is their own.",
    auto_error=False,
)


async def _services(request: Request) -> Services:
    # A coroutine, for FastAPI gives a thread to anything else.
    services: Services = request.app.state.services
    return services


def _reaching(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """Who calls; 401 for those who do not prove it, 400 for those who prove it twice, 403 for those who may
    not do what takes this scope, 429 for those who call too often, 503 while a token cannot be checked.
    """

    async def caller(
        request: Request,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_TOKEN)],
        api_key: Annotated[str | None, Depends(_KEY)],
    ) -> Caller:
        authentication: Authentication = request.app.state.authentication
        token = bearer.credentials if bearer else None
        session = request.cookies.get(HOST_COOKIE) or request.cookies.get(COOKIE)
        caller = await authentication.caller(api_key=api_key, token=token, session=session)
        structlog.contextvars.bind_contextvars(caller=caller.name)
        limit: CallLimit = request.app.state.call_limit
        limit.count(caller)
        caller.must_reach(scope)
        return caller

    return caller


TheServices = Annotated[Services, Depends(_services)]
Reader = Annotated[Caller, Depends(_reaching(Scope.READ))]
Syncer = Annotated[Caller, Depends(_reaching(Scope.SYNC))]
administering = _reaching(Scope.ADMIN)
"""Of whole routers, whose endpoints need not know who calls."""


async def scraping(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_TOKEN)],
    api_key: Annotated[str | None, Depends(_KEY)],
) -> None:
    """An operator, or whoever calls from this machine without a proof. Raises as ``administering`` does."""
    brings = bearer is not None or api_key is not None
    if brings or not (request.app.state.loopback_is_here and is_beside(request)):
        await administering(request, bearer, api_key)
