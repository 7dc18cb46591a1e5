"""Connecting Withings, as a browser walks it: ask for a user, off to Withings, and back.

Whether a flow may begin, and whether it ended well, is decided by ``services.linking``; here is
what the browser carries (a cookie) and sees (a page for each end).
"""

import asyncio
import logging
from datetime import UTC
from urllib.parse import urlencode, urlsplit

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from withings_bridge.domain.errors import (
    ConsentRefused,
    StateRefused,
    StorageError,
    TicketRefused,
    WithingsError,
)
from withings_bridge.domain.links import can_be_user
from withings_bridge.pages.failures import (
    NOT_ALLOWED,
    STORE_SILENT,
    TICKET_REFUSED,
    Failure,
    Return,
    failure_of,
)
from withings_bridge.pages.origins import is_elsewhere, origin_of
from withings_bridge.pages.rendering import SAFE_HEADERS, Renderer
from withings_bridge.pages.site import Site
from withings_bridge.services.clock import Clock
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.links.leaving import Leaving
from withings_bridge.services.links.linking import Joined, Linking

FLOW_SECONDS = 600

MOVED = "moved"
MOVED_SECONDS = 10

_log = logging.getLogger(__name__)


class Connect:
    """``/connect``, ``/login`` and ``/callback``."""

    def __init__(
        self,
        site: Site,
        renderer: Renderer,
        *,
        linking: Linking,
        leaving: Leaving,
        working: Working,
        clock: Clock,
    ) -> None:
        self._site = site
        self._renderer = renderer
        self._linking = linking
        self._leaving = leaving
        self._working = working
        self._clock = clock
        self._origin = origin_of(site.redirect_uri)
        self._https = self._origin.startswith("https:")
        # The prefix keeps a neighbour on the same domain from planting the cookie; it works on https only.
        self._cookie = "__Host-connect" if self._https else "connect"
        self._app = origin_of(site.frontend_url)
        # Beside the sandbox the app may not run, and a page that is done here would lead nowhere: it looks
        # first, and for that may ask the app's origin.
        self._policy = {"connect-src": self._app} if site.sandbox_url else {}

    async def form(self, request: Request) -> Response:
        """``GET /connect?user=``: what the form without a script leads to, a step from here to ``/login``.

        Chromium holds a form's policy (``form-action``) against every redirect that follows, and
        Withings may redirect to hosts we don't know. A page that moves on by itself ends that.
        """
        user = request.query_params.get("user", "").strip()
        if not can_be_user(user):
            return self._ask(user)
        return self._renderer.page("leaving.html", login=f"/login?{urlencode({'state': user})}")

    async def login(self, request: Request) -> Response:
        """``GET /login?ticket=``, on an open server also ``?state={user}``: 302 to Withings; from another
        host name, first to the redirect URI's.

        400 for a ticket that is spent or an id that cannot be one, 401 without a ticket where callers must
        prove who they are, 503 without a store.
        """
        if is_elsewhere(request, self._origin) and MOVED not in request.cookies:
            return self._move(request)
        ticket = request.query_params.get("ticket")
        user = request.query_params.get("state", "").strip()
        if not ticket and not self._site.open:
            return self._failed(NOT_ALLOWED, headers={"WWW-Authenticate": "Bearer"})
        if not ticket and not can_be_user(user):
            return self._ask(user)
        try:
            whom = await self._linking.redeem(ticket) if ticket else user
            begun = await self._linking.begin(whom, browser=self._browser(request))
        except TicketRefused:
            return self._failed(TICKET_REFUSED)
        except StorageError as error:
            _log.warning("A connect flow could not begin: %s", error)
            return self._failed(STORE_SILENT)
        response = RedirectResponse(begun.authorize_url, 302, SAFE_HEADERS)
        response.set_cookie(
            self._cookie,
            begun.browser,
            max_age=FLOW_SECONDS,
            path="/",
            secure=self._https,
            httponly=True,
            samesite="lax",
        )
        return response

    def _move(self, request: Request) -> Response:
        """To the redirect URI's origin, once.

        A proxy may hide under which name it is reached, and then every request seems to come from
        elsewhere. The cookie is for the redirect URI's host: only a browser that is there already keeps
        it, and it is not moved again.
        """
        query = request.scope["query_string"].decode("latin-1")
        moved = f"{self._origin}{request.scope['path']}{'?' if query else ''}{query}"
        response = RedirectResponse(moved, 302, SAFE_HEADERS)
        response.set_cookie(
            MOVED,
            "1",
            max_age=MOVED_SECONDS,
            path=request.scope["path"],
            domain=urlsplit(self._origin).hostname,
            secure=self._https,
            httponly=True,
            samesite="lax",
        )
        return response

    async def callback(self, request: Request) -> Response:
        """``GET /callback``: the page for how it ended, at once; the first sync starts after the reply."""
        back = Return(
            state=request.query_params.get("state"),
            code=request.query_params.get("code"),
            error=request.query_params.get("error"),
        )
        try:
            joined = await self._linking.complete(
                state=back.state, code=back.code, error=back.error, browser=self._browser(request)
            )
        except (StateRefused, ConsentRefused, WithingsError, StorageError) as error:
            failure = failure_of(error, back)
            if failure.status >= STORE_SILENT.status:
                _log.warning("A connect flow could not be completed: %s", error)
            return self._failed(failure)
        timestamp = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return self._renderer.page(
            "connected.html",
            policy=self._policy,
            background=BackgroundTask(self._afterwards, joined),
            message={"type": "WITHINGS_AUTH_COMPLETE", "success": True, "timestamp": timestamp},
            opener=self._app,
            account=joined.account,
            moved=joined.left is not None,
        )

    async def _afterwards(self, joined: Joined) -> None:
        """What nobody waits for: the first sync, and taking leave of an account that was linked before."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._working.work_off(joined.account))
            if joined.left:
                together.create_task(self._leaving.let_go(joined.left))

    def _ask(self, refused: str) -> Response:
        return self._renderer.page("login.html", status=400 if refused else 200, refused=bool(refused))

    def _failed(self, failure: Failure, headers: dict[str, str] | None = None) -> Response:
        return self._renderer.page(
            "failed.html", status=failure.status, headers=headers, policy=self._policy, failure=failure
        )

    def _browser(self, request: Request) -> str | None:
        return request.cookies.get(self._cookie)
