"""One path for each endpoint."""

from starlette.types import ASGIApp, Receive, Scope, Send


class PlainPaths:
    """Takes a path with a slash at its end for the one without, as the Node connector did.

    Starlette would redirect to it, at whatever host name the caller sent: with a ticket or a code in the
    query that is an address nobody but us may choose. Withings follows no redirect of a webhook either.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/":
            # In place, so that whoever stands outside finds the route that was taken.
            scope["path"] = scope["path"].removesuffix("/")
        await self._app(scope, receive, send)
