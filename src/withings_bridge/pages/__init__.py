"""The pages for people: home, connecting Withings, and the API's documentation.

They show and they start; what is true is asked of the services. Nothing here asks another host for
anything: styles, scripts, Swagger UI and ReDoc come from the package.
"""

from fastapi import APIRouter

from withings_bridge.callers.sessions import Sessions
from withings_bridge.pages.assets import mount_static
from withings_bridge.pages.connect import Connect
from withings_bridge.pages.docs import CALLBACK, LOGIN, Docs
from withings_bridge.pages.home import Home
from withings_bridge.pages.operators import Operators
from withings_bridge.pages.rendering import Renderer
from withings_bridge.pages.site import Site
from withings_bridge.services.clock import Clock, system_clock
from withings_bridge.services.leaving import Leaving
from withings_bridge.services.linking import Linking
from withings_bridge.services.reporting import Reporting
from withings_bridge.services.working import Working

__all__ = ["Site", "docs_router", "mount_static", "pages_router"]


def pages_router(
    site: Site,
    *,
    linking: Linking,
    leaving: Leaving,
    reporting: Reporting,
    working: Working,
    sessions: Sessions,
    clock: Clock = system_clock,
) -> APIRouter:
    """``/`` with ``/home/links``, ``/connect``, ``/login`` and ``/callback``, and the way in for operators
    where not everybody is one; needs ``mount_static`` too.
    """
    renderer = Renderer(site)
    operators = Operators(site, renderer, sessions=sessions)
    home = Home(site, renderer, operators=operators, reporting=reporting, clock=clock)
    connect = Connect(site, renderer, linking=linking, leaving=leaving, working=working, clock=clock)
    router = APIRouter()
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
