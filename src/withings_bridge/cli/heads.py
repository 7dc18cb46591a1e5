"""How large the head of a request may be: uvicorn's fast parser has no limit, and keeps it all in memory."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 64 * 1024
"""Of all that is no body: request line, headers, trailers, sizes of chunks. What one packet brings beyond
that is let pass.
"""


class SmallHeads(HttpToolsProtocol):
    """Uvicorn's protocol, which gives up a request whose head is too large."""

    _bytes = 0

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes > MOST_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        self._bytes = 0
        super().on_message_begin()

    def on_body(self, body: bytes) -> None:
        self._bytes -= len(body)
        super().on_body(body)
