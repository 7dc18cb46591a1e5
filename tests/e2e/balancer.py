"""A load balancer as it stands before replicas: every request goes to the next one that is there."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

HOP_BY_HOP = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class Balancer(ThreadingHTTPServer):
    """Forwards to servers on loopback ports, in turn; one that refuses the connection is passed over."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Forwarding)
        self._ports = ports
        self._numbers = itertools.count()
        self.http = httpx.Client(timeout=90, limits=httpx.Limits(max_keepalive_connections=0))
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="balancer")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        self.http.close()

    def in_turn(self) -> Iterator[str]:
        """Every server once, beginning with the next."""
        first = next(self._numbers)
        for number in range(len(self._ports)):
            yield f"http://127.0.0.1:{self._ports[(first + number) % len(self._ports)]}"


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
