"""Traces on or off, as OpenTelemetry's standard variables say."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from withings_bridge import tracing

log = structlog.get_logger()

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


@contextmanager
def exported(environ: Mapping[str, str], *, last_seconds: float) -> Iterator[None]:
    """Spans go to the collector that the environment names, if it names one; at the end those that are left,
    for which it gets so many seconds.
    """
    variable = next((name for name in ENDPOINTS if environ.get(name, "").strip()), None)
    if variable is None or environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        yield
        return
    try:
        from withings_bridge.tracing.otlp import OtlpTracer
    except ModuleNotFoundError as missing:
        log.warning(
            "%s is set, but nothing is traced: install withings-bridge[otel]", variable, missing=missing.name
        )
        yield
        return
    tracer = OtlpTracer()
    tracing.use(tracer)
    try:
        yield
    finally:
        tracing.use(None)
        tracer.close(last_seconds)
