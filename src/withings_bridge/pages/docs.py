"""The API's documentation: Swagger UI from the package, which therefore works offline."""

from fastapi import Response

from withings_bridge.pages.rendering import Renderer

# Swagger UI's stylesheet draws its arrows and locks from data: URLs.
_POLICY = {"img-src": "'self' data:"}


class Docs:
    """``/docs``."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def page(self) -> Response:
        """``GET /docs``."""
        return self._renderer.page("docs.html", policy=_POLICY)
