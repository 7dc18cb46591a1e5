"""How long Withings waits for an answer."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Acknowledgements:
    """Counts the answers to what is posted to one path: status, and seconds from the request's head to the
    end of the answer. What goes on in the background after it is nobody's waiting time.
    """

    def __init__(self, app: ASGIApp, *, path: str, count: Callable[[int, float], None]) -> None:
        self._app = app
        self._path = path
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not self._is_ours(scope["path"]):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._count(status, time.perf_counter() - began)

        try:
            await self._app(scope, receive, send_counted)
        except Exception:
            if not status:  # else it failed in the background
                self._count(500, time.perf_counter() - began)
            raise

    def _is_ours(self, path: str) -> bool:
        return path.removesuffix("/") == self._path
