"""Spans as a collector gets them; and where there is none, nothing at all."""

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from collector import Collector, collecting
from withings_bridge import tracing
from withings_bridge.tracing import Kind
from withings_bridge.tracing.exporting import exported

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
OTHER = f"00-{TRACE[::-1]}-00f067aa0ba902b7-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def traced(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Collector:
    """A collector that the standard variables name; what ended inside ``exporting`` it has afterwards."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    return collector


@contextmanager
def exporting(seconds: float = 10) -> Iterator[None]:
    with exported(os.environ, last_seconds=seconds):
        yield


class TestWithoutTheVariables:
    @pytest.mark.e2e
    def test_nothing_is_imported_that_sends_spans(self) -> None:
        """FastAPI itself imports OpenTelemetry's API, which does nothing."""
        program = textwrap.dedent("""
            import sys
            from withings_bridge.cli import serving
            with serving.exported({}, last_seconds=0):
                heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "google.protobuf", "requests")
                print([name for name in sys.modules if name.startswith(heavy)])
        """)
        ran = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert ran.stdout == "[]\n"

    def test_a_span_is_nothing_and_takes_everything(self) -> None:
        with tracing.span(
            "turn", {"account": "1234"}, kind=Kind.CONSUMER, parent=PARENT, links=[OTHER]
        ) as here:
            here.say({"records": 1})
            here.rename("other")
            here.fail("ValueError")
            here.end()
            assert tracing.traceparent() is None
            assert tracing.ids() == {}

    @pytest.mark.parametrize(
        "environ",
        [
            {},
            {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "True"},
        ],
    )
    def test_traces_are_off(self, environ: dict[str, str]) -> None:
        with exported(environ, last_seconds=0), tracing.span("turn"):
            assert tracing.traceparent() is None


class TestWithoutTheExtra:
    def test_what_to_install_is_said_and_the_bridge_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delitem(sys.modules, "withings_bridge.tracing.otlp", raising=False)
        monkeypatch.setitem(sys.modules, "opentelemetry", None)
        variable = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
        with capture_logs() as lines, exported({variable: "http://127.0.0.1:9"}, last_seconds=0):
            assert tracing.traceparent() is None
        (line,) = lines
        assert line["log_level"] == "warning"
        assert line["event"] == f"{variable} is set, but nothing is traced: install withings-bridge[otel]"


class TestASpan:
    def test_lies_below_the_one_that_is_entered(self, traced: Collector) -> None:
        with exporting(), tracing.span("turn"), tracing.span("sync measures"):
            assert tracing.ids().keys() == {"trace_id", "span_id"}
        inner, outer = traced.spans
        assert (outer.name, outer.parent) == ("turn", "")
        assert (inner.name, inner.parent, inner.trace_id) == ("sync measures", outer.span_id, outer.trace_id)

    def test_lies_below_another_where_one_is_named_and_links_to_more(self, traced: Collector) -> None:
        with exporting(), tracing.span("request"), tracing.span("turn", parent=PARENT, links=[OTHER, "what"]):
            assert tracing.ids()["trace_id"] == TRACE
        span = traced.named("turn")[0]
        assert (span.trace_id, span.parent) == (TRACE, "b7ad6b7169203331")
        assert span.links == ("00f067aa0ba902b7",)

    @pytest.mark.parametrize("nonsense", ["what", "", f"00-{'0' * 32}-b7ad6b7169203331-01", "é"])
    def test_begins_a_trace_where_what_is_named_makes_no_sense(
        self, traced: Collector, nonsense: str
    ) -> None:
        with exporting(), tracing.span("turn", parent=nonsense):
            pass
        assert traced.spans[0].parent == ""

    def test_goes_on_elsewhere_by_its_traceparent(self, traced: Collector) -> None:
        with exporting():
            with tracing.span("notification received"):
                left = tracing.traceparent()
            with tracing.span("turn", parent=left):
                pass
        before, after = traced.spans
        assert (after.trace_id, after.parent) == (before.trace_id, before.span_id)

    def test_tells_of_an_error_its_class_and_no_word(self, traced: Collector) -> None:
        with exporting(), pytest.raises(ValueError, match="81"), tracing.span("turn"):
            raise ValueError("weighed 81.3")
        (span,) = traced.spans
        assert span.failed
        assert span.attributes == {"error.type": "ValueError"}
        assert "81.3" not in str(span)

    def test_masks_what_looks_like_a_secret(self, traced: Collector) -> None:
        with exporting(), tracing.span("turn", {"records": 3, "said": f"token={'a4' * 20}"}) as here:
            here.say({"http.response.status_code": 200})
        assert traced.spans[0].attributes == {
            "records": 3,
            "said": "token=***",
            "http.response.status_code": 200,
        }

    def test_can_end_before_what_is_below_it(self, traced: Collector) -> None:
        with exporting(), tracing.span("request", kind=Kind.SERVER) as request:
            request.end()
            with tracing.span("turn"):
                pass
        request_told, turn = traced.spans
        assert (request_told.name, request_told.kind) == ("request", "server")
        assert turn.parent == request_told.span_id

    @pytest.mark.parametrize(
        ("variables", "name"),
        [
            ({}, "withings-bridge"),
            ({"OTEL_SERVICE_NAME": "bridge-eu"}, "bridge-eu"),
            ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=bridge-us"}, "bridge-us"),
        ],
    )
    def test_is_of_the_service_that_the_variables_name(
        self, traced: Collector, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
    ) -> None:
        for variable, value in variables.items():
            monkeypatch.setenv(variable, value)
        with exporting(), tracing.span("turn"):
            pass
        assert traced.spans[0].service == name


class TestTheEnd:
    def test_does_not_wait_for_a_collector_that_is_silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
            with exporting(0.1):
                with tracing.span("turn"):
                    pass
                began = time.monotonic()
            assert time.monotonic() - began < 5, "the SDK alone would wait for ten seconds and more"
