"""The composition root: settings in, a web application out."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from withings_bridge import __version__
from withings_bridge.api import errors
from withings_bridge.api.description import DESCRIPTION, TAGS
from withings_bridge.api.middleware import (
    REQUEST_ID,
    Acknowledgements,
    Bodies,
    LoopbackOnly,
    Origins,
    PlainPaths,
    Requests,
    SafeHeaders,
)
from withings_bridge.api.openapi import describe
from withings_bridge.api.routers import (
    days,
    explain,
    feed,
    fhir,
    health,
    inbox,
    links,
    measurements,
    metrics,
    recordings,
    users,
)
from withings_bridge.api.routers.webhook import (
    PATH,
    CallbackSecret,
    CallingAddress,
    add_webhook,
    announced,
)
from withings_bridge.bridge import assemble
from withings_bridge.callers import ApiKeys, Authentication, CallLimit, Sessions
from withings_bridge.pages import Site, docs_router, mount_static, pages_router
from withings_bridge.services import Services
from withings_bridge.services.clock import Clock, system_clock
from withings_bridge.services.telemetry import measure_lag
from withings_bridge.settings import AllowList, Settings, StorageKind

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

    from withings_bridge.callers.addresses import WithingsAddresses
    from withings_bridge.callers.cognito import CognitoTokens

log = structlog.get_logger()

LOCAL_APP = r"http://(localhost|127\.0\.0\.1)(:\d+)?"
"""Origins that may call an open bridge."""

NO_TELEMETRY: "TelemetryConfig" = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own would send paths with users, queries with secrets and codes, and texts of exceptions. Ours is
``tracing``.
"""


def create_app(settings: Settings, *, clock: Clock = system_clock) -> FastAPI:
    """The bridge as a web application."""
    bridge = assemble(settings, clock=clock)
    services = bridge.services
    addresses = _withings_addresses(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with bridge.opened():
            stop = asyncio.Event()
            background = _background(settings, services, addresses, stop)
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*background)

    app = FastAPI(
        title="withings-bridge",
        version=__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        webhooks=announced,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    keys = ApiKeys(settings.known_api_keys)
    sessions = Sessions(keys=keys, ephemera=bridge.storage.ephemera, clock=clock)
    authentication = Authentication(
        keys=keys, sessions=sessions, tokens=_tokens(settings, bridge.http, clock)
    )
    app.state.services = services
    # Set by whoever serves the app, when it stops: what streams without an end ends then.
    app.state.ending = asyncio.Event()
    app.state.authentication = authentication
    app.state.call_limit = CallLimit(settings.api_rate_limit_per_minute, clock=clock)
    app.state.loopback_is_here = settings.loopback_is_here
    # The last one added is the outermost. An app elsewhere may read why a body was refused.
    app.add_middleware(Bodies)
    app.add_middleware(
        Origins,
        allow_origins=settings.allowed_origins,
        # Unless told otherwise, an app under development on the same laptop may call.
        allow_origin_regex=None if settings.authenticates or settings.allowed_origins else LOCAL_APP,
        allow_methods=("GET", "POST"),
        allow_headers=("Authorization", "Content-Type", "If-None-Match", "X-API-Key", REQUEST_ID),
        expose_headers=("ETag", REQUEST_ID, "Retry-After"),
    )
    if settings.loopback_only:
        app.add_middleware(LoopbackOnly)
    app.add_middleware(PlainPaths)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Requests)
    app.add_middleware(Acknowledgements, path=PATH, count=services.telemetry.acknowledged)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    errors.install(app)
    site = Site(
        version=__version__,
        frontend_url=settings.frontend_url,
        redirect_uri=settings.redirect_uri,
        sandbox_url=settings.sandbox_url if settings.use_sandbox else None,
        storage="DynamoDB" if settings.storage is StorageKind.DYNAMODB else "SQLite",
        open=authentication.open,
    )
    secret = CallbackSecret(settings.webhook_secrets, settings.withings_webhook_accept_bare)
    add_webhook(app.router, secret, CallingAddress(addresses.allow) if addresses else None)
    pages = pages_router(site, services, sessions=sessions, ending=app.state.ending, clock=clock)
    reading = (measurements.router, days.router, recordings.router, feed.router, fhir.router)
    tending = (inbox.router, health.router, metrics.router, docs_router(site))
    for router in (pages, users.router, explain.router, *reading, links.router, *tending):
        # Rather than ``include_router``, which makes every route anew, at the first request. They are whole.
        app.router.routes.extend(router.routes)
    mount_static(app)
    describe(app, open=authentication.open)
    return app


def _background(
    settings: Settings, services: Services, addresses: "WithingsAddresses | None", stop: asyncio.Event
) -> list[asyncio.Task[None]]:
    """What runs beside the requests, until told to stop."""
    grace = settings.shutdown_grace_seconds / 2
    running: dict[str, Coroutine[Any, Any, None]] = {
        "worker": services.working.run(stop, grace=grace),
        "reprojecting": services.reprojecting.run(stop),
        "surveying": services.surveying.run(stop),
        "lag": measure_lag(services.telemetry, stop),
    }
    if addresses:
        running["addresses"] = addresses.run(stop)
    if not settings.use_sandbox:  # it would refuse everybody whom the real Withings honours
        running["scanner"] = services.scanning.run(stop, grace=grace)
    return [asyncio.create_task(work, name=name) for name, work in running.items()]


def _tokens(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> "CognitoTokens | None":
    pool = settings.user_pool
    if pool is None:
        return None
    from withings_bridge.callers.cognito import CognitoTokens
    from withings_bridge.callers.jwks import Jwks

    return CognitoTokens(pool, keys=Jwks(http, pool.keys_url, clock=clock), clock=clock)


def _withings_addresses(settings: Settings) -> "WithingsAddresses | None":
    if settings.withings_webhook_allow_list is AllowList.OFF:
        return None
    from withings_bridge.callers.addresses import WithingsAddresses

    return WithingsAddresses(
        settings.withings_webhook_allow_records,
        fail_open=settings.withings_webhook_allow_list is AllowList.FAIL_OPEN,
    )
