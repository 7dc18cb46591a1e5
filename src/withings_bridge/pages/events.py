"""What happens, told to a page that is looked at: server-sent events.

An event says that something happened, and to which account; never what a page would have to be drawn of.
Who is told asks for the page anew, so that there is one way in which a page comes about.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse

from withings_bridge.domain.errors import StorageError
from withings_bridge.pages.operators import Operators
from withings_bridge.pages.rendering import SAFE_HEADERS
from withings_bridge.services.oversight.watching import Watching

IDLE_SECONDS = 15
"""After so long without an event a comment is sent: proxies close what is silent."""

COME_BACK_MS = 2000
"""How soon a browser asks again after the connection broke."""


LOOK_AGAIN_SECONDS = 60
"""How often it is looked whether who listens still may."""


class Events:
    """``/dashboard/events``."""

    def __init__(self, *, operators: Operators, watching: Watching, ending: asyncio.Event) -> None:
        self._operators = operators
        self._watching = watching
        self._ending = ending

    def routes(self) -> APIRouter:
        """The one call."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/dashboard/events", self.stream)
        return router

    async def stream(self, request: Request) -> Response:
        """``GET /dashboard/events?account=``: an event ``news`` whenever something happens, of one account
        if it is named; ends when the server does, or the operator's session. 401 for who may not see it, 503
        while the store is silent.
        """
        try:
            if not await self._operators.recognises(request):
                return Response(status_code=401, headers=SAFE_HEADERS)
        except StorageError:
            return Response(status_code=503, headers=SAFE_HEADERS)
        headers = {**SAFE_HEADERS, "X-Accel-Buffering": "no"}
        return EventSourceResponse(self._told(request), headers=headers)

    async def _told(self, request: Request) -> AsyncGenerator[str, None]:
        account = request.query_params.get("account")
        time = asyncio.get_running_loop().time
        looked_at = time()
        yield f"retry: {COME_BACK_MS}\n: here\n\n"
        async with aclosing(self._watching.steps(until=self._ending, idle_seconds=IDLE_SECONDS)) as batches:
            async for batch in batches:
                if time() - looked_at >= LOOK_AGAIN_SECONDS:
                    looked_at = time()
                    if not await self._operators.admits(request):
                        return
                steps = [step for step in batch if account in (None, step.account)]
                told = [{"account": step.account, "what": step.what} for step in steps]
                yield f"event: news\ndata: {json.dumps(told)}\n\n" if told else ": here\n\n"
