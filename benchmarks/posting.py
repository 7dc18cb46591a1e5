"""Posts notifications over connections that are kept alive, and tells how fast they are answered.

``python posting.py PORT PATH CONNECTIONS SECONDS ACCOUNTS`` prints a ``Posted`` as JSON. A process of its
own, and HTTP written by hand: a client library takes longer for a request than what is measured.
"""

import asyncio
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

WARM_UP_SECONDS = 0.3
WINDOWS = 8
"""Weighings that are announced of each account again and again: fewer than are kept apart."""
AT = 1_768_462_241


@dataclass(frozen=True, slots=True)
class Posted:
    """What a round of posts saw. Times in milliseconds."""

    per_second: float
    p50: float
    p99: float
    unkept: int = 0
    """How many were not answered with 200, which a busy machine may cause; they count for nothing else."""


def account(number: int) -> str:
    """The userid of the account with this number."""
    return str(10_000_000 + number)


def post(port: int, path: str, *, connections: int, seconds: float, accounts: int) -> Posted:
    """A round, in a process of its own."""
    arguments = [str(Path(__file__)), *map(str, (port, path, connections, seconds, accounts))]
    told = subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    return Posted(**json.loads(told.stdout))


class _Connection(asyncio.Protocol):
    """Posts, waits for the 200, posts the next."""

    def __init__(self, requests: Iterator[bytes], answered: Callable[[float, float, bool], None]) -> None:
        self._requests = requests
        self._answered = answered
        self._heard = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._heard = b""
        self._answered(self._began, time.perf_counter(), head.startswith(b"HTTP/1.1 200 "))
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection was closed: {exc}")

    def close(self) -> None:
        """Post no more."""
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.close()

    def _next(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(next(self._requests))

    def _fail(self, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_exception(ConnectionError(reason))
        self._transport.close()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


def _requests(port: int, path: str, accounts: int) -> Iterator[bytes]:
    """Each for an account by chance, and one of its windows; the same ones in every round."""
    chance = random.Random(7)  # noqa: S311 - guards nothing
    while True:
        start = AT + 86_400 * chance.randrange(WINDOWS)
        body = f"userid={account(chance.randrange(accounts))}&appli=1&startdate={start}&enddate={start + 1}"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: withings\r\nAccept: */*\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield (head + body).encode()


async def _round(port: int, path: str, connections: int, seconds: float, accounts: int) -> Posted:
    loop = asyncio.get_running_loop()
    requests = _requests(port, path, accounts)
    times: list[float] = []
    counted_from = time.perf_counter() + WARM_UP_SECONDS

    unkept = 0

    def answered(began: float, ended: float, kept: bool) -> None:  # noqa: FBT001 - called by position
        nonlocal unkept
        unkept += not kept
        if kept and began >= counted_from:
            times.append(ended - began)

    opened = [
        (await loop.create_connection(lambda: _Connection(requests, answered), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.wait(
        [each.ended for each in opened],
        timeout=WARM_UP_SECONDS + seconds,
        return_when=asyncio.FIRST_EXCEPTION,
    )
    for connection in opened:
        connection.close()
    await asyncio.gather(*(each.ended for each in opened))
    if len(times) < 2:  # noqa: PLR2004 - of fewer there are no quantiles
        return Posted(len(times) / seconds, 1000 * seconds, 1000 * seconds, unkept)
    hundredths = statistics.quantiles(times, n=100, method="inclusive")
    return Posted(len(times) / seconds, 1000 * hundredths[49], 1000 * hundredths[98], unkept)


def main() -> None:
    port, path, connections, seconds, accounts = sys.argv[1:]
    posted = asyncio.run(_round(int(port), path, int(connections), float(seconds), int(accounts)))
    print(json.dumps(asdict(posted)))


if __name__ == "__main__":
    main()
