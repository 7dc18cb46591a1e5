"""A server on a loopback port that plays Withings from a script: whole replies, cut ones, silence."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

SILENCE = None
"""A script line: take the request and never answer."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


def page(
    body: bytes, *, status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> bytes:
    """A whole HTTP reply; ``Retry_After="5"`` becomes a header."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def envelope(body: Any, status: int = 0, **more: Any) -> bytes:
    """A reply in Withings' envelope."""
    return page(json.dumps({"status": status, "body": body, **more}).encode())


class ScriptedWithings:
    """Answers each request with the next line of the script and keeps what it received."""

    def __init__(self) -> None:
        self.script: deque[bytes | None] = deque()
        self.received: list[Received] = []
        self.url = ""
        self._closing = asyncio.Event()

    def replies(self, *lines: bytes | None) -> None:
        self.script.extend(lines)

    @property
    def last(self) -> Received:
        return self.received[-1]

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["ScriptedWithings"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            self._closing.set()
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            content = await reader.readexactly(int(headers.get("content-length", "0")))
            form = dict(parse_qsl(content.decode(), keep_blank_values=True))
            self.received.append(Received(method, path, headers, form))
            line = self.script.popleft()
            if line is SILENCE:
                await self._closing.wait()
            else:
                writer.write(line)
                await writer.drain()
        finally:
            writer.close()
