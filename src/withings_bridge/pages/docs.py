"""The API's documentation: Swagger UI and ReDoc from the package, which therefore work offline."""

import secrets
from typing import Any

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse

from withings_bridge.pages.rendering import Renderer

# Swagger UI's stylesheet draws its arrows and locks from data: URLs.
_SWAGGER_UI = {"img-src": "'self' data:"}

# ReDoc writes its styles at run time, with a nonce; but for its scrollbar's, which are written before it is
# told of any, first empty and then with this text.
_REDOC_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='",
)


def _parameter(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


def _page(description: str, heading: str) -> dict[str, Any]:
    example = f"<!doctype html><html lang=en>...<h1>{heading}</h1>..."
    return {
        "description": description,
        "content": {"text/html": {"schema": {"type": "string"}, "example": example}},
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
    "response_class": RedirectResponse,
    "responses": {
        302: {
            "description": "To Withings, with a cookie that binds the flow to this browser.",
            "headers": {
                "Location": {
                    "description": "Withings' consent page.",
                    "schema": {"type": "string", "format": "uri"},
                    "example": "https://account.withings.com/oauth2_user/authorize2?response_type=code&state=...",
                }
            },
        },
        200: _page("Without a user, on an open bridge: a page that asks for one.", "Connect Withings"),
        400: _page(
            "A page that says that the ticket is spent or late, or, on an open bridge, that this cannot be "
            "a user id.",
            "This way in is no longer open",
        ),
        401: _page("A page that leads back to the app, which knows who is connecting.", "Start from Vitals7"),
        503: _page("A page that says the store is silent.", "We cannot save anything right now"),
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
        200: _page("A page that tells its opener, and closes.", "Withings is connected"),
        400: _page(
            "A page that explains: refused, expired, spent, or another browser.", "Nothing was connected"
        ),
        503: _page("A page that explains: Withings or the store is silent.", "Withings does not answer"),
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
    """``/docs`` and ``/redoc``."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def swagger_ui(self) -> Response:
        """``GET /docs``: every call, to read and to try."""
        return self._renderer.page("docs.html", policy=_SWAGGER_UI)

    async def redoc(self) -> Response:
        """``GET /redoc``: the same on one long page, to read."""
        nonce = secrets.token_urlsafe()
        styles = " ".join(("'self'", f"'nonce-{nonce}'", *_REDOC_STYLES))
        policy = {"style-src": styles, "img-src": "'self' data:"}
        return self._renderer.page("redoc.html", policy=policy, nonce=nonce)
