"""The API's documentation: Swagger UI from the package, which therefore works offline."""

from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse

from withings_bridge.pages.rendering import Renderer

# Swagger UI's stylesheet draws its arrows and locks from data: URLs.
_POLICY = {"img-src": "'self' data:"}


def _parameter(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


LOGIN: dict[str, Any] = {
    "tags": ["connect"],
    "operation_id": "login",
    "summary": "Start linking",
    "description": (
        "Open this in a pop-up: it leads to Withings' consent page and comes back to `/callback`. "
        "It is a page: *Try it out* cannot follow it, a new tab can."
    ),
    "status_code": 302,
    "response_class": HTMLResponse,
    "responses": {
        302: {"description": "To Withings, with a cookie that binds the flow to this browser."},
        400: {"description": "A page that asks for a user id."},
        503: {"description": "A page that says the store is silent."},
    },
    "openapi_extra": {"parameters": [_parameter("state", "Cognito `sub` of the user.", "demo-user")]},
}

CALLBACK: dict[str, Any] = {
    "tags": ["connect"],
    "operation_id": "callback",
    "summary": "End linking",
    "description": (
        "Withings sends the browser back here. The page posts "
        "`{type: 'WITHINGS_AUTH_COMPLETE', success: true, timestamp}` to the origin of `FRONTEND_URL` and "
        "closes after three seconds; without an opener it goes to `FRONTEND_URL`."
    ),
    "response_class": HTMLResponse,
    "responses": {
        400: {"description": "A page that explains: refused, expired, spent, or another browser."},
        503: {"description": "A page that explains: Withings or the store is silent."},
    },
    "openapi_extra": {
        "parameters": [
            _parameter("state", "What `/login` sent along.", "..."),
            _parameter("code", "Withings' authorization code.", "..."),
            _parameter("error", "Set when the person refused.", "access_denied"),
        ]
    },
}


class Docs:
    """``/docs``."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def page(self) -> Response:
        """``GET /docs``."""
        return self._renderer.page("docs.html", policy=_POLICY)
