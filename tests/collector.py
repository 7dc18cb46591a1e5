"""A collector of traces: an HTTP server on a loopback port that takes spans as OTLP, and remembers them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from withings_bridge import tracing
from withings_bridge.tracing.otlp import OtlpTracer


@dataclass(frozen=True)
class Told:
    """A span as it arrived."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent: str
    """The id of the span it is below; empty for the first of a trace."""
    links: tuple[str, ...]
    """Ids of spans."""
    attributes: dict[str, Any]
    failed: bool
    service: str


@dataclass
class Collector:
    """What was told so far."""

    url: str = ""
    spans: list[Told] = field(default_factory=list)

    def named(self, name: str) -> list[Told]:
        return [span for span in self.spans if span.name == name]

    def trace(self, trace_id: str) -> set[str]:
        """The names of all spans of a trace."""
        return {span.name for span in self.spans if span.trace_id == trace_id}


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.spans += _spans(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
            """Nothing: the tests look at what came."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    serving.start()
    try:
        yield collector
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


@contextmanager
def traced() -> Iterator[Collector]:
    """What this process does: the spans that end inside are told when the body ends."""
    with collecting() as collector:
        tracer = OtlpTracer(OTLPSpanExporter(endpoint=f"{collector.url}/v1/traces"))
        tracing.use(tracer)
        try:
            yield collector
        finally:
            tracing.use(None)
            tracer.close(10)


def _spans(told: ExportTraceServiceRequest) -> list[Told]:
    return [
        _told(span, _values(resource.resource.attributes)["service.name"])
        for resource in told.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _told(span: Span, service: str) -> Told:
    return Told(
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        attributes=_values(span.attributes),
        failed=span.status.code == 2,
        service=service,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
