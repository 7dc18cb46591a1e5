"""The pages for people: home, connecting Withings, the dashboard, and the API's documentation.

They show and they start; what is true is asked of the services. Nothing here asks another host for
anything: styles, scripts, Swagger UI and ReDoc come from the package.
"""

import asyncio

from fastapi import APIRouter

from withings_bridge.callers.sessions import Sessions
from withings_bridge.pages.assets import mount_static
from withings_bridge.pages.connect import Connect
from withings_bridge.pages.dashboard import Dashboard
from withings_bridge.pages.deeds import Deeds
from withings_bridge.pages.docs import CALLBACK, LOGIN, Docs
from withings_bridge.pages.events import Events
from withings_bridge.pages.home import Home
from withings_bridge.pages.operators import Operators
from withings_bridge.pages.people import People
from withings_bridge.pages.rendering import Renderer
from withings_bridge.pages.site import Site
from withings_bridge.services import Services
from withings_bridge.services.clock import Clock, system_clock

__all__ = ["Site", "docs_router", "mount_static", "pages_router"]


def pages_router(
    site: Site, services: Services, *, sessions: Sessions, ending: asyncio.Event, clock: Clock = system_clock
) -> APIRouter:
    """``/`` with ``/home/links``, ``/connect``, ``/login`` and ``/callback``, ``/dashboard`` and what lies
    behind it, and the way in for operators where not everybody is one; needs ``mount_static`` too.
    ``ending`` is set when the server stops: what streams ends then.
    """
    renderer = Renderer(site)
    operators = Operators(site, renderer, sessions=sessions)
    home = Home(
        site,
        renderer,
        operators=operators,
        reporting=services.reporting,
        diagnosing=services.diagnosing,
        clock=clock,
    )
    connect = Connect(
        site,
        Renderer(site, referrer="no-referrer"),
        linking=services.linking,
        leaving=services.leaving,
        working=services.working,
        clock=clock,
    )
    dashboard = Dashboard(
        renderer, operators=operators, overseeing=services.overseeing, explaining=services.explaining
    )
    people = People(renderer, operators=operators, charting=services.charting)
    deeds = Deeds(
        operators=operators,
        tending=services.tending,
        requesting=services.requesting,
    )
    events = Events(operators=operators, watching=services.watching, ending=ending)
    router = APIRouter()
    for part in (dashboard, people, deeds, events):
        router.routes.extend(part.routes().routes)
    router.add_api_route("/", home.page, methods=["GET", "HEAD"], include_in_schema=False)
    router.add_api_route("/home/links", home.links, include_in_schema=False)
    if site.open:
        router.add_api_route("/connect", connect.form, include_in_schema=False)
    else:
        router.add_api_route("/dashboard/login", operators.ask, include_in_schema=False)
        router.add_api_route("/dashboard/login", operators.login, methods=["POST"], include_in_schema=False)
        router.add_api_route("/dashboard/logout", operators.logout, methods=["POST"], include_in_schema=False)
    router.add_api_route("/login", connect.login, **LOGIN)
    router.add_api_route("/callback", connect.callback, **CALLBACK)
    return router


def docs_router(site: Site) -> APIRouter:
    """``/docs`` and ``/redoc`` over ``/openapi.json``. FastAPI's own must be off (``docs_url=None``)."""
    docs = Docs(Renderer(site))
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/docs", docs.swagger_ui)
    router.add_api_route("/redoc", docs.redoc)
    return router
