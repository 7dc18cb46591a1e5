"""The package's own files under ``/static``: each at an address that names its content.

An address with the right version may be kept by a browser for ever; any other is asked about each time.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import cast

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"


def asset(name: str) -> str:
    """The address of a static file; FileNotFoundError when there is none of that name."""
    return f"/static/{name}?{_version(name)}"


def mount_static(app: FastAPI) -> None:
    """Serves the package's static files."""
    app.mount("/static", _Versioned(directory=STATIC), name="static")


@cache
def _version(name: str) -> str:
    return f"v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


class _Versioned(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = cast(bytes, scope["query_string"]).decode("latin-1")
        forever = asked == _version(path)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if forever else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
