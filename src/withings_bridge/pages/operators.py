"""An operator's browser: a key in, a cookie out, and the end of that."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from withings_bridge.callers.sessions import COOKIE, HOST_COOKIE, LIFETIME, Sessions
from withings_bridge.domain.errors import NoSuchAccount, StorageError
from withings_bridge.pages.origins import origin_of
from withings_bridge.pages.rendering import SAFE_HEADERS, Renderer
from withings_bridge.pages.site import Site
from withings_bridge.storage.encryption import TokensUnreadable

MOST_BYTES = 1024

View = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Notice:
    """Why a page is not shown, and what helps."""

    title: str
    why: str
    what_helps: str


NO_SUCH_ACCOUNT = Notice(
    "Nobody of that name is linked",
    "No linked account has this Withings userid, and no linked user this id.",
    "Look for them on the dashboard; who was disconnected is not there any more.",
)
UNREADABLE = Notice(
    "The tokens of this user cannot be read",
    "They were stored under a key that TOKEN_ENCRYPTION_KEYS no longer holds. Nothing is lost.",
    "Give the bridge that key again, beside the newer ones, and restart it.",
)
SILENT = Notice(
    "The store does not answer",
    "All that is shown here is kept there. What Withings announces meanwhile it delivers again later.",
    "Try again in a moment.",
)


class Operators:
    """``/dashboard/login`` and ``/dashboard/logout``, and who may see what is not for everybody."""

    def __init__(self, site: Site, renderer: Renderer, *, sessions: Sessions) -> None:
        self._open = site.open
        self._renderer = renderer
        self._sessions = sessions
        self._https = origin_of(site.redirect_uri).startswith("https:")
        self.cookie = HOST_COOKIE if self._https else COOKIE

    async def ask(self, request: Request) -> Response:
        """``GET /dashboard/login``: a form for the key; the dashboard, for who is in already."""
        return _to("/dashboard") if await self.admits(request) else self._form()

    async def login(self, request: Request) -> Response:
        """``POST /dashboard/login`` with its ``key``: the dashboard with a cookie, or the form with 401."""
        form = await request.form(max_files=0, max_fields=5, max_part_size=MOST_BYTES)
        key = form.get("key")
        try:
            session = await self._sessions.begin(key.strip()) if isinstance(key, str) else None
        except StorageError:
            return self._renderer.page("notice.html", status=503, notice=SILENT)
        if session is None:
            return self._form(refused=True)
        dashboard = _to("/dashboard")
        dashboard.set_cookie(
            self.cookie,
            session,
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            secure=self._https,
            httponly=True,
            samesite="strict",
        )
        return dashboard

    async def logout(self, request: Request) -> Response:
        """``POST /dashboard/logout``: home, as anybody sees it."""
        session = request.cookies.get(self.cookie)
        try:
            if session:
                await self._sessions.end(session)
        except StorageError:
            return self._renderer.page("notice.html", status=503, notice=SILENT)
        home = _to("/")
        home.delete_cookie(self.cookie, path="/", secure=self._https, httponly=True, samesite="strict")
        return home

    def only(self, view: View) -> View:
        """The view, for who may see it: anybody on an open server, else operators; others are asked for
        their key first. What is in its way is told as a page.
        """

        async def guarded(request: Request) -> Response:
            try:
                return await view(request) if await self.recognises(request) else _to("/dashboard/login")
            except NoSuchAccount:
                return self._renderer.page("notice.html", status=404, notice=NO_SUCH_ACCOUNT)
            except TokensUnreadable:
                return self._renderer.page("notice.html", status=500, notice=UNREADABLE)
            except StorageError:
                return self._renderer.page("notice.html", status=503, notice=SILENT)

        return guarded

    async def recognises(self, request: Request) -> bool:
        """Whether the browser may see what is not for everybody. Raises StorageError."""
        session = request.cookies.get(self.cookie)
        return self._open or (bool(session) and await self._sessions.caller(session or "") is not None)

    async def admits(self, request: Request) -> bool:
        """The same; while the store is silent nobody may, but on an open server."""
        try:
            return await self.recognises(request)
        except StorageError:
            return False

    def _form(self, *, refused: bool = False) -> Response:
        return self._renderer.page("operator.html", status=401 if refused else 200, refused=refused)


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, SAFE_HEADERS)
