"""An operator's browser: a key in, a cookie out, and the end of that."""

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from withings_bridge.callers.sessions import COOKIE, HOST_COOKIE, LIFETIME, Sessions
from withings_bridge.domain.errors import StorageError
from withings_bridge.pages.failures import STORE_SILENT
from withings_bridge.pages.origins import origin_of
from withings_bridge.pages.rendering import SAFE_HEADERS, Renderer
from withings_bridge.pages.site import Site

MOST_BYTES = 1024


class Operators:
    """``/dashboard/login`` and ``/dashboard/logout``, and whether a browser is an operator's."""

    def __init__(self, site: Site, renderer: Renderer, *, sessions: Sessions) -> None:
        self._renderer = renderer
        self._sessions = sessions
        self._https = origin_of(site.redirect_uri).startswith("https:")
        self.cookie = HOST_COOKIE if self._https else COOKIE

    async def ask(self, request: Request) -> Response:
        """``GET /dashboard/login``: a form for the key; home, for who is in already."""
        return _home() if await self.knows(request) else self._form()

    async def login(self, request: Request) -> Response:
        """``POST /dashboard/login`` with the form's ``key``: home with a cookie, or the form with 401."""
        form = await request.form(max_files=0, max_fields=5, max_part_size=MOST_BYTES)
        key = form.get("key")
        try:
            session = await self._sessions.begin(key.strip()) if isinstance(key, str) else None
        except StorageError:
            return self._renderer.page("failed.html", status=STORE_SILENT.status, failure=STORE_SILENT)
        if session is None:
            return self._form(refused=True)
        home = _home()
        home.set_cookie(
            self.cookie,
            session,
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            secure=self._https,
            httponly=True,
            samesite="strict",
        )
        return home

    async def logout(self, request: Request) -> Response:
        """``POST /dashboard/logout``: home, as anybody sees it."""
        session = request.cookies.get(self.cookie)
        try:
            if session:
                await self._sessions.end(session)
        except StorageError:
            return self._renderer.page("failed.html", status=STORE_SILENT.status, failure=STORE_SILENT)
        home = _home()
        home.delete_cookie(self.cookie, path="/", secure=self._https, httponly=True, samesite="strict")
        return home

    async def knows(self, request: Request) -> bool:
        """Whether the browser has an operator's session. Without the store nobody has."""
        session = request.cookies.get(self.cookie)
        try:
            return bool(session) and await self._sessions.caller(session or "") is not None
        except StorageError:
            return False

    def _form(self, *, refused: bool = False) -> Response:
        return self._renderer.page("operator.html", status=401 if refused else 200, refused=refused)


def _home() -> RedirectResponse:
    return RedirectResponse("/", 303, SAFE_HEADERS)
