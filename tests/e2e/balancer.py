"""A load balancer as it stands before replicas: every request goes to the next one that is there."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})

LOOK_SECONDS = 0.1
"""How often it asks the replicas whether they are ready."""


class Balancer(ThreadingHTTPServer):
    """Forwards to servers on loopback ports, in turn; one that refuses the connection is passed over.

    With ``looking`` it is one that asks whether they are ready, prefers those that are, and keeps connections
    to them: what a restart of one after another counts on, and must not lose a request by.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ports: Sequence[int], *, looking: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), _Forwarding)
        self._urls = [f"http://127.0.0.1:{port}" for port in ports]
        self._unready: frozenset[str] = frozenset()
        self._numbers = itertools.count()
        self._ended = threading.Event()
        limits = httpx.Limits() if looking else httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(timeout=90, limits=limits)
        self._own_threads = [threading.Thread(target=self.serve_forever, args=(0.05,), name="balancer")]
        if looking:
            self._own_threads.append(threading.Thread(target=self._look, name="balancer's looks"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        for thread in self._own_threads:
            thread.start()

    def end(self) -> None:
        self._ended.set()
        if self._own_threads[0].is_alive():
            self.shutdown()
            for thread in self._own_threads:
                thread.join()
        self.server_close()
        self.http.close()

    def in_turn(self) -> Iterator[str]:
        """Every server once, beginning with the next; those that are not ready last."""
        first = next(self._numbers) % len(self._urls)
        urls = [*self._urls[first:], *self._urls[:first]]
        return iter(sorted(urls, key=self._unready.__contains__))

    def _look(self) -> None:
        with httpx.Client(timeout=5) as asking:
            while not self._ended.wait(LOOK_SECONDS):
                self._unready = frozenset(url for url in self._urls if not _ready(asking, url))


def _ready(asking: httpx.Client, url: str) -> bool:
    try:
        return asking.get(f"{url}/ready").status_code == HTTPStatus.OK
    except httpx.HTTPError:
        return False


class _Forwarding(BaseHTTPRequestHandler):
    server: Balancer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._forward()

    do_HEAD = do_POST = do_GET  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the base class
        pass

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        for url in self.server.in_turn():
            request = httpx.Request(self.command, url + self.path, headers=headers, content=body)
            try:
                answered = self.server.http.send(request)
            except httpx.ConnectError:
                continue
            except httpx.HTTPError:
                break
            self._answer(answered)
            return
        self.send_error(HTTPStatus.BAD_GATEWAY)

    def _answer(self, answered: httpx.Response) -> None:
        self.send_response(answered.status_code)
        for name, value in answered.headers.multi_items():
            if name.lower() not in HOP_BY_HOP and name.lower() != "content-encoding":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answered.content)))
        self.end_headers()
        self.wfile.write(answered.content)
