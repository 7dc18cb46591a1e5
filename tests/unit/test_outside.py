"""How a bridge reaches what lies outside: connections are made when the first call leaves."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from withings_bridge.bridge.outside import FirstCall

ASKED: list[bytes] = []


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    ASKED.append(await reader.readuntil(b"\r\n\r\n"))
    writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[str]:
    ASKED.clear()
    async with await asyncio.start_server(_answer, "127.0.0.1") as listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


class TestFirstCall:
    async def test_goes_by_the_proxy_of_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, server: str
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", server)
        async with httpx.AsyncClient(transport=FirstCall()) as http:
            reply = await http.get("http://withings.invalid/v2/measure")
        assert reply.status_code == httpx.codes.NO_CONTENT
        assert ASKED[0].startswith(b"GET http://withings.invalid/v2/measure HTTP/1.1\r\n")

    async def test_tells_where_the_environment_is_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "nonsense://127.0.0.1")
        async with httpx.AsyncClient(transport=FirstCall()) as http:
            with pytest.raises(httpx.ConnectError, match="proxy of the environment is wrong"):
                await http.get("https://withings.invalid/")

    async def test_is_closed_with_the_client_that_it_is_for(self, server: str) -> None:
        transport = FirstCall()
        async with httpx.AsyncClient(transport=transport) as http:
            await http.get(server)
        with pytest.raises(RuntimeError, match="closed"):
            await transport.handle_async_request(httpx.Request("GET", server))
