"""Requests whose head has no end, over real connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request

from withings_bridge.cli import serving
from withings_bridge.cli.heads import MOST_BYTES

REQUEST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = REQUEST + b"Transfer-Encoding: chunked\r\n\r\n"
PIECE = b"a" * 1024

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def read(request: Request) -> int:
    return len(await request.body())


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    """To a server that says how many bytes a body has."""
    app = FastAPI()
    app.state.ending = asyncio.Event()
    app.add_api_route("/", read, methods=["POST"])
    server = serving.Server(app, grace_seconds=1, level="critical")
    with serving._listening("127.0.0.1", 0, "") as listening:
        serving_on = asyncio.create_task(server.serve(sockets=[listening]))
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        async with asyncio.timeout(20):
            yield reader, writer
        writer.close()
        server.should_exit = True
        await serving_on


async def sent_until_refused(writer: asyncio.StreamWriter, piece: bytes, *, most: int) -> int:
    """How much was sent before the other side had enough."""
    sent = 0
    try:
        while sent < most:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


class TestAHeadWithoutAnEnd:
    @pytest.mark.parametrize(
        ("begin", "piece"),
        [
            pytest.param(b"POST /", PIECE, marks=pytest.mark.slow),
            pytest.param(REQUEST + b"X: ", PIECE, marks=pytest.mark.slow),
            (REQUEST, b"X: " + PIECE + b"\r\n"),
            pytest.param(CHUNKED + b"0\r\n", b"X: " + PIECE + b"\r\n", marks=pytest.mark.slow),
            pytest.param(CHUNKED + b"1;x=", PIECE, marks=pytest.mark.slow),
            pytest.param(b"", b"\r\n" * 512, marks=pytest.mark.slow),
        ],
        ids=["address", "header", "headers", "trailers", "chunk's extension", "blank lines"],
    )
    async def test_is_given_up(self, connection: Connection, begin: bytes, piece: bytes) -> None:
        _, writer = connection
        writer.write(begin)
        assert await sent_until_refused(writer, piece, most=400 * MOST_BYTES) < 400 * MOST_BYTES


class TestAUsualRequest:
    async def test_with_a_large_body_is_taken_and_so_is_the_next(self, connection: Connection) -> None:
        reader, writer = connection
        for size in (5 * MOST_BYTES, 10, 5 * MOST_BYTES):
            writer.write(REQUEST + b"X: " + PIECE * 40 + b"\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(size // len(PIECE)):
                writer.write(PIECE)
                await writer.drain()
            writer.write(b"a" * (size % len(PIECE)))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert (await reader.readexactly(len(str(size)))).decode() == str(size)
