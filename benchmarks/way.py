"""The way between a bridge and a server it asks: as long as told, and every request on it is noted."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from e2e.stores import DynamoTables

Span = tuple[float, float]
"""From when to when, in seconds of ``time.perf_counter``."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One request and its answer."""

    head: bytes
    body: bytes
    span: Span
    """From its arrival here to its answer's."""
    served: Span
    """The part of it that the server took."""


class Way:
    """Forwards HTTP requests, ``seconds`` after they came, to the server at ``url``."""

    def __init__(self, url: str, *, seconds: float) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._seconds = seconds
        self.passed: list[Passed] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="way")

    def __enter__(self) -> Self:
        self._thread.start()
        opening = asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            back, forth = await asyncio.open_connection(*self._target)
            try:
                while True:
                    head, body = await _message(reader)
                    came = time.perf_counter()
                    await asyncio.sleep(self._seconds)
                    left = time.perf_counter()
                    forth.write(head + body)
                    answer = await _message(back)
                    answered = time.perf_counter()
                    self.passed.append(Passed(head, body, (came, answered), (left, answered)))
                    writer.writelines(answer)
                    await writer.drain()
            finally:
                forth.close()
                writer.close()

    async def _end(self) -> None:
        self._server.close()
        everyone = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everyone:
            task.cancel()
        await asyncio.gather(*everyone, return_exceptions=True)


class TablesOnAWay(DynamoTables):
    """Tables that a bridge reaches on a way; whoever measures goes past it."""

    def __init__(self, endpoint: str, way: Way, *, prefix: str) -> None:
        super().__init__(endpoint, prefix=prefix)
        self._way, self._prefix = way, prefix

    @property
    def env(self) -> Mapping[str, str]:
        tables = {**super().env, "TRAIL_TABLE": f"{self._prefix}-trail"}
        return {**tables, "AWS_DYNAMODB_ENDPOINT": self._way.url}

    def operations(self) -> Counter[tuple[str, str]]:
        """How many requests passed, by operation and table: ``("PutItem", "accounts")``."""
        return Counter(
            (operation, table.removeprefix(f"{self._prefix}-"))
            for passed in self._way.passed
            for operation, table in _operations(passed)
        )


def length(spans: Iterable[Span], *, outside: Iterable[Span] = ()) -> float:
    """Seconds that lie in at least one of the spans, and in none of the others."""
    edges = [(at, 0, step) for begin, end in spans for at, step in ((begin, 1), (end, -1))]
    edges += [(at, step, 0) for begin, end in outside for at, step in ((begin, 1), (end, -1))]
    total = since = 0.0
    inside = beside = 0
    for at, other, own in sorted(edges):
        if inside and not beside:
            total += at - since
        inside, beside, since = inside + own, beside + other, at
    return total


def _operations(passed: Passed) -> list[tuple[str, str]]:
    operation = _header(passed.head, b"x-amz-target").partition(b".")[2].decode()
    said: dict[str, Any] = json.loads(passed.body)
    if "RequestItems" in said:
        return [(operation, table) for table in said["RequestItems"]]
    return [(operation, said.get("TableName", "several"))]


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    return head, await reader.readexactly(int(_header(head, b"content-length") or 0))


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return b""
