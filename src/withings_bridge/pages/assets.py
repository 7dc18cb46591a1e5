"""The package's files under ``/static``: each at an address that names its content.

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

from withings_bridge.browser import BROWSER
from withings_bridge.vendor import REDOC, SWAGGER_UI

STATIC = Path(__file__).parent / "static"
FOLDERS = {"swagger-ui": SWAGGER_UI, "redoc": REDOC, "browser": BROWSER}
"""Folders that are not the pages' own, by the first part of the address."""


def asset(name: str) -> str:
    """The address of a static file; FileNotFoundError when there is none of that name."""
    return f"/static/{name}?{_version(name)}"


def mount_static(app: FastAPI) -> None:
    """Serves the package's static files."""
    for name, folder in FOLDERS.items():
        app.mount(f"/static/{name}", _Versioned(folder, prefix=f"{name}/"), name=name)
    app.mount("/static", _Versioned(STATIC), name="static")


@cache
def _version(name: str) -> str:
    first, _, rest = name.partition("/")
    path = FOLDERS[first] / rest if first in FOLDERS else STATIC / name
    return f"v={sha256(path.read_bytes()).hexdigest()[:12]}"


class _Versioned(StaticFiles):
    def __init__(self, folder: Path, *, prefix: str = "") -> None:
        super().__init__(directory=folder)
        self._prefix = prefix

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        asked = cast(bytes, scope["query_string"]).decode("latin-1")
        forever = asked == _version(self._prefix + path)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if forever else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
