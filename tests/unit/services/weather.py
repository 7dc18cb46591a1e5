"""The line between the bridge and the cloud, and what may happen on it."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx


class Weather(httpx.AsyncBaseTransport):
    """Passes calls on to the cloud, save those of an action that a test wants to go wrong."""

    def __init__(self, cloud: httpx.AsyncBaseTransport) -> None:
        self._cloud = cloud
        self._answers: dict[str, deque[httpx.Response]] = {}
        self._lost: Counter[str] = Counter()
        self._cut: Counter[str] = Counter()
        self._deeds: dict[str, Callable[[], Awaitable[object]]] = {}
        self._held: dict[str, tuple[asyncio.Event, asyncio.Event]] = {}

    def breaks(self, action: str, *, times: int = 1) -> None:
        """The front end answers with a page of HTML."""
        for _ in range(times):
            self._answer(action, httpx.Response(502, html="<h1>Bad Gateway</h1>"))

    def refuses(self, action: str, status: int, *, text: str = "refused", times: int = 1) -> None:
        """Withings answers with a status of its own."""
        for _ in range(times):
            envelope = json.dumps({"status": status, "body": {}, "error": text})
            self._answer(action, httpx.Response(200, content=envelope))

    def answers(self, action: str, body: dict[str, Any]) -> None:
        """Withings answers with this body once."""
        self._answer(action, httpx.Response(200, content=json.dumps({"status": 0, "body": body})))

    def cuts_off(self, action: str) -> None:
        """The next call of the action does not even leave."""
        self._cut[action] += 1

    def meanwhile(self, action: str, deed: Callable[[], Awaitable[object]]) -> None:
        """Something happens in the cloud after its next answer to the action, before that arrives."""
        self._deeds[action] = deed

    def loses(self, action: str) -> None:
        """The call arrives, and its answer does not."""
        self._lost[action] += 1

    @property
    def threatens(self) -> bool:
        """Whether anything is to go otherwise than by itself."""
        return any((self._answers, self._lost, self._cut, self._deeds, self._held))

    def ahead(self, action: str) -> int:
        """How many calls of the action will be answered by something else than the cloud."""
        return len(self._answers.get(action, ()))

    def clears(self) -> None:
        """From now on all goes well."""
        self._answers.clear()
        self._lost.clear()

    @asynccontextmanager
    async def holding(self, action: str) -> AsyncIterator[asyncio.Event]:
        """Calls of the action wait until the block ends; the event says that one has arrived."""
        arrived, released = self._held[action] = asyncio.Event(), asyncio.Event()
        try:
            yield arrived
        finally:
            del self._held[action]
            released.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        action = parse_qs(request.content.decode()).get("action", [""])[0]
        if action in self._held:
            arrived, released = self._held[action]
            arrived.set()
            await released.wait()
        if waiting := self._answers.get(action):
            return waiting.popleft()
        if self._cut[action]:
            self._cut[action] -= 1
            raise httpx.ConnectError("cut off", request=request)
        answer = await self._cloud.handle_async_request(request)
        await answer.aread()
        if deed := self._deeds.pop(action, None):
            await deed()
        if self._lost[action]:
            self._lost[action] -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def _answer(self, action: str, answer: httpx.Response) -> None:
        self._answers.setdefault(action, deque()).append(answer)
