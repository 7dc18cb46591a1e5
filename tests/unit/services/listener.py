"""A real HTTP server on a loopback port that remembers what it was sent."""

import asyncio
import atexit
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHUNK = 65_536

_PORTS: list[socket.socket] = []
"""Those free now, of this process. The next test gets them again: houses with the same address are alike."""


@dataclass
class Received:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """Answers every request with the same status."""

    url: str = ""
    status: int = 200
    received: list[Received] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Received(method, path, headers, body))
            answer = f"HTTP/1.1 {self.status} Answer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            writer.write(answer.encode())
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def listening(*, status: int = 200) -> AsyncIterator[Listener]:
    listener = Listener(status=status)
    port = _PORTS.pop() if _PORTS else socket.create_server(("127.0.0.1", 0))
    server = await asyncio.start_server(listener.serve, sock=port.dup())
    listener.url = f"http://127.0.0.1:{port.getsockname()[1]}"
    try:
        yield listener
    finally:
        server.close()
        await server.wait_closed()
        _PORTS.append(port)


@atexit.register
def _close() -> None:
    for port in _PORTS:
        port.close()
