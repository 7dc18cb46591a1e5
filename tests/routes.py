"""Routes that are worked out once. FastAPI does so again at the first requests of every application,
which takes longer than most tests.
"""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

_worked_out: dict[int, BaseRoute] = {}
"""By the identity of their router, which lives as long as its module."""


def with_known_routes(app: FastAPI) -> FastAPI:
    """The application; routers of modules stand in it as in the first one of this process that had them."""
    routes = app.router.routes
    for place, route in enumerate(routes):
        router = getattr(route, "original_router", None)
        if isinstance(router, APIRouter) and _is_of_a_module(router):
            routes[place] = _worked_out.setdefault(id(router), route)
    return app


def _is_of_a_module(router: APIRouter) -> bool:
    """Whether all applications share it; others are made of what one application has."""
    return all(
        isinstance(route, APIRoute) and "<locals>" not in route.endpoint.__qualname__
        for route in router.routes
    )
