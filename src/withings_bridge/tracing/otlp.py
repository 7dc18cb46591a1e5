"""Spans by OpenTelemetry's SDK, sent as OTLP over HTTP. Wants the extra ``otel``.

Where to, with which headers, how many (``OTEL_TRACES_SAMPLER``) and under which name, the SDK reads from the
standard variables itself. Nothing of it is registered for the whole process.
"""

import threading
from collections.abc import Sequence
from contextvars import Token
from types import TracebackType
from typing import Self

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from withings_bridge import __version__
from withings_bridge.redaction import redacted
from withings_bridge.tracing import Attributes, Kind, Span

NAME = "withings-bridge"
"""What the service is called unless ``OTEL_SERVICE_NAME`` says otherwise."""

_KINDS = {
    Kind.INTERNAL: trace.SpanKind.INTERNAL,
    Kind.SERVER: trace.SpanKind.SERVER,
    Kind.CLIENT: trace.SpanKind.CLIENT,
    Kind.CONSUMER: trace.SpanKind.CONSUMER,
}
_FORMAT = TraceContextTextMapPropagator()


class OtlpTracer:
    """Gathers spans and sends them from a thread of its own; what the collector does not take is dropped."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._exporter = exporter or OTLPSpanExporter()
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer(NAME, __version__)

    def span(
        self, name: str, attributes: Attributes, kind: Kind, parent: str | None, links: Sequence[str]
    ) -> Span:
        """See ``tracing.span``."""
        return _OtlpSpan(self._tracer, name, attributes, kind, parent, links)

    def traceparent(self) -> str | None:
        """See ``tracing.traceparent``."""
        carrier: dict[str, str] = {}
        _FORMAT.inject(carrier)
        return carrier.get("traceparent")

    def close(self, seconds: float) -> None:
        """Send what is left. A collector that is silent for so long does not get it."""
        # The SDK would wait half a minute, so it does in a thread that ends with the process.
        closing = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        closing.start()
        closing.join(seconds)
        if closing.is_alive():
            self._exporter.shutdown()


class _OtlpSpan(Span):
    def __init__(
        self,
        tracer: trace.Tracer,
        name: str,
        attributes: Attributes,
        kind: Kind,
        parent: str | None,
        links: Sequence[str],
    ) -> None:
        self._tracer, self._name, self._attributes, self._kind = tracer, name, attributes, kind
        self._parent, self._links = parent, links
        self._span: trace.Span = trace.INVALID_SPAN
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        linked = [_read(link) for link in self._links]
        self._span = self._tracer.start_span(
            self._name,
            context=_context(self._parent) if self._parent else None,
            kind=_KINDS[self._kind],
            attributes=_shown(self._attributes),
            links=[trace.Link(context) for context in linked if context.is_valid],
        )
        self._token = attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind is not None:
            self.fail(kind.__name__)
        self.end()
        if self._token is not None:
            detach(self._token)

    def say(self, attributes: Attributes) -> None:
        if self._span.is_recording():
            self._span.set_attributes(_shown(attributes))

    def rename(self, name: str) -> None:
        if self._span.is_recording():
            self._span.update_name(name)

    def fail(self, reason: str) -> None:
        if self._span.is_recording():
            self._span.set_attribute("error.type", reason)
            self._span.set_status(trace.StatusCode.ERROR)

    def end(self) -> None:
        if self._span.is_recording():
            self._span.end()


def _resource() -> Resource:
    """What the standard variables say of this process, with our name where they name none."""
    found = Resource.create({"service.version": __version__})
    unnamed = str(found.attributes[SERVICE_NAME]).startswith("unknown_service")
    return found.merge(Resource({SERVICE_NAME: NAME})) if unnamed else found


def _context(traceparent: str) -> Context:
    return _FORMAT.extract({"traceparent": traceparent}, context=Context())


def _read(traceparent: str) -> trace.SpanContext:
    return trace.get_current_span(_context(traceparent)).get_span_context()


def _shown(attributes: Attributes) -> Attributes:
    return {name: redacted(value) for name, value in attributes.items()}
