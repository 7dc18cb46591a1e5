"""Puts the sandbox together as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from withings_bridge.browser import BROWSER
from withings_bridge.sandbox.clock import Clock
from withings_bridge.sandbox.cloud import authorize, gate
from withings_bridge.sandbox.control import (
    console,
    events,
    forms,
    kept,
    mishaps,
    operations,
    people,
    records,
    troubles,
)
from withings_bridge.sandbox.options import SandboxOptions
from withings_bridge.sandbox.running import running_sandbox
from withings_bridge.sandbox.same_origin import require_local_host, require_same_origin
from withings_bridge.sandbox.templating import page
from withings_bridge.vendor import SWAGGER_UI

STATIC = Path(__file__).parent / "static"

_DESCRIPTION = """\
Withings' own paths (`/oauth2_user/authorize2`, `/v2/oauth2`, `/measure`, `/notify` and the rest) answer
as Withings documents them and are not listed here. The calls below are the sandbox's own: they let
people and tests play with what happens in the pretend cloud: what people do, what goes wrong
(`/sandbox/troubles` by plain names; `/sandbox/mishaps` for single calls, `/sandbox/faults` for notifications
and strictness), what the cloud was asked (`/sandbox/requests`), what it sent, and what time it is there.
"""


def create_sandbox(options: SandboxOptions, *, clock: Clock | None = None) -> FastAPI:
    """A pretend Withings cloud. Its lifespan opens and closes everything it needs."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running_sandbox(options, clock or Clock()) as sandbox:
            app.state.sandbox = sandbox
            yield

    app = FastAPI(
        title="Withings sandbox",
        description=_DESCRIPTION,
        lifespan=lifespan,
        openapi_url="/sandbox/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    # Set by whoever serves the app, when it stops: what streams without an end ends then.
    app.state.ending = asyncio.Event()
    app.include_router(gate.known)
    for name, folder in {"swagger-ui": SWAGGER_UI, "browser": BROWSER, "static": STATIC}.items():
        app.mount(f"/sandbox/{name}", StaticFiles(directory=folder))
    app.add_api_route("/sandbox/docs", _docs, include_in_schema=False)
    guards = [Depends(require_local_host), Depends(require_same_origin)]
    controls = (
        people.router,
        people.one_person,
        records.router,
        kept.router,
        troubles.router,
        mishaps.router,
        operations.router,
        events.router,
        console.router,
        forms.router,
        forms.one_person,
    )
    for router in controls:
        app.include_router(router, dependencies=guards)
    app.include_router(authorize.router)
    # Last, since it answers every path that is left, as the API host does.
    app.include_router(gate.router)
    return app


async def _docs(request: Request) -> HTMLResponse:
    """The calls to read and to try, from the package: the sandbox works without the internet."""
    return page(request, "docs.html", {})
