"""Templates into replies that carry the same strict headers everywhere."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from withings_bridge.pages.assets import asset
from withings_bridge.pages.site import Site

if TYPE_CHECKING:
    from jinja2 import Environment

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

# No Cross-Origin-Opener-Policy here: it would cut a pop-up off from the app that opened it.
SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Renderer:
    """Makes pages from the package's templates.

    ``referrer``: to our own pages a page is named where forms go from one to the other, so that a browser
    says of a form that it is ours; none is, whose address holds a secret.
    """

    def __init__(self, site: Site, *, referrer: str = "same-origin") -> None:
        self._headers = {**SAFE_HEADERS, "Referrer-Policy": referrer}
        self._site = site

    @cached_property
    def _templates(self) -> "Environment":
        from jinja2 import Environment, PackageLoader, StrictUndefined

        templates = Environment(
            loader=PackageLoader("withings_bridge.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        templates.globals.update(site=self._site, asset=asset)
        templates.filters["sentence"] = lambda words: words[:1].upper() + words[1:]
        return templates

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        policy: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """The reply. ``policy`` replaces directives of the Content-Security-Policy by name."""
        csp = "; ".join(f"{name} {sources}" for name, sources in {**_POLICY, **(policy or {})}.items())
        return HTMLResponse(
            self._templates.get_template(template).render(context),
            status_code=status,
            headers={**self._headers, "Content-Security-Policy": csp, **(headers or {})},
            background=background,
        )
