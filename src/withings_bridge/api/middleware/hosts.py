"""By which names an open bridge is served."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from withings_bridge.api.middleware.refusing import Refused, refuse

LOOPBACK_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", re.IGNORECASE)

FROM_OUTSIDE = ("/webhook/withings", "/callback", "/login", "/connect", "/static/")
"""Paths that Withings, or a browser on its way back from there, reaches by a public name."""


HOST_REFUSED = (421, "host_refused", "This bridge is open, so it answers to localhost alone.")


class LoopbackOnly:
    """Serves loopback host names alone, against DNS rebinding.

    An open bridge trusts whoever can reach this machine. A web page elsewhere can make a browser
    here reach it too, under a name of its own that points to this machine; that name is refused. So is one
    under which a tunnel was reached, whatever it calls us.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._allowed(scope):
            await refuse(scope, send, Refused(*HOST_REFUSED))
            return
        await self._app(scope, receive, send)

    @staticmethod
    def _allowed(scope: Scope) -> bool:
        path: str = scope["path"]
        if path.startswith(FROM_OUTSIDE):
            return True
        headers = Headers(scope=scope)
        # A tunnel may call us localhost, and tells here by which name it was reached itself.
        outside = ",".join(headers.getlist("x-forwarded-host"))
        names = [headers.get("host", ""), *filter(None, outside.split(","))]
        return all(LOOPBACK_HOST.fullmatch(name.strip()) for name in names)
