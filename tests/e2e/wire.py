"""The way between a bridge and its engine, which a test can cut: then nothing gets through or comes back."""

import asyncio
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Wire:
    """Forwards TCP connections to an address. Cut, it stays silent: whoever connects or has asked waits."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self._target = (parts.hostname, parts.port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire")
        self._whole, self._cut = asyncio.Event(), asyncio.Event()
        self._whole.set()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def start(self) -> None:
        self._thread.start()
        opening = asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()

    def cut(self) -> None:
        """Let nothing through from now on."""
        self._turn(off=self._whole, on=self._cut)

    def mend(self) -> None:
        """Let new connections through again."""
        self._turn(off=self._cut, on=self._whole)

    def _turn(self, *, off: asyncio.Event, on: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(off.clear)
        self._loop.call_soon_threadsafe(on.set)

    def end(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward until either side has enough or the wire is cut; then hold on to whoever waits."""
        try:
            if not self._cut.is_set():
                forwarding = asyncio.ensure_future(self._forward(reader, writer))
                cut = asyncio.ensure_future(self._cut.wait())
                await asyncio.wait({forwarding, cut}, return_when=asyncio.FIRST_COMPLETED)
                over = forwarding.done()
                for task in (forwarding, cut):
                    task.cancel()
                if over:
                    return
            await self._whole.wait()
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            back, forth = await asyncio.open_connection(*self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_pump(reader, forth))
                    both.create_task(_pump(back, writer))
            finally:
                forth.close()

    async def _end(self) -> None:
        self._server.close()
        everyone = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everyone:
            task.cancel()
        await asyncio.gather(*everyone, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
