"""Every request is a span where there are traces: by its route, since a path or a query may tell too much."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api.running import USER, Bridge, beside, pretend_withings
from collector import Collector, Told, traced
from withings_bridge import tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def requests(collector: Collector) -> list[Told]:
    return [span for span in collector.spans if span.kind == "server"]


class TestASpan:
    async def test_has_method_route_and_status(self, lone: Bridge) -> None:
        with traced() as collector:
            await lone.http.get("/api/status", params={"userId": USER, "secret": "hush"})
        (span,) = requests(collector)
        assert span.name == "GET /api/status"
        assert span.attributes == {
            "http.request.method": "GET",
            "http.route": "/api/status",
            "http.response.status_code": 200,
        }

    async def test_has_the_route_in_place_of_a_path_that_may_name_a_person(self, lone: Bridge) -> None:
        with traced() as collector:
            await lone.http.post(f"/api/withings/inbox/{USER}/replay")
        (span,) = requests(collector)
        assert span.name == "POST /api/withings/inbox/{account}/replay"
        assert USER not in str(span)

    async def test_finds_the_route_also_behind_a_slash_too_many(self, lone: Bridge) -> None:
        with traced() as collector:
            await lone.http.post("/webhook/withings/", data={})
        assert [span.name for span in requests(collector)] == ["POST /webhook/withings"]

    async def test_of_no_route_has_the_method_alone(self, lone: Bridge) -> None:
        with traced() as collector:
            await lone.http.get(f"/nothing/{USER}")
        (span,) = requests(collector)
        assert (span.name, span.failed) == ("GET", False)
        assert USER not in str(span)

    async def test_lies_below_that_of_the_caller(self, lone: Bridge) -> None:
        with traced() as collector:
            await lone.http.get("/api/status", headers={"traceparent": PARENT})
            await lone.http.get("/api/status", headers={"traceparent": "hush"})
        below, of_its_own = requests(collector)
        assert f"00-{below.trace_id}-{below.parent}-01" == PARENT
        assert of_its_own.parent == ""

    async def test_of_our_own_bug_has_failed_and_is_found_from_the_log(
        self, lone: Bridge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(_: object) -> None:
            raise ValueError("weighed 81.3")

        monkeypatch.setattr(lone.services.reporting, "the_user", broken)
        with traced() as collector, capture_logs() as lines:
            assert (await lone.http.get("/api/status")).status_code == 500
        (span,) = requests(collector)
        assert span.failed
        assert span.attributes["http.response.status_code"] == 500
        assert "81.3" not in str(span)
        (bug,) = [line for line in lines if line["event"] == "our bug"]
        assert (bug["trace_id"], bug["span_id"]) == (span.trace_id, span.span_id)

    async def test_of_a_stream_ends_with_whoever_reads_it(self, tmp_path: Path) -> None:
        with traced() as collector:
            async with (
                pretend_withings() as cloud,
                beside(cloud, tmp_path) as bridge,
                bridge.http.stream("GET", "/dashboard/events") as events,
            ):
                await anext(events.aiter_lines())
        (span,) = requests(collector)
        assert (span.name, span.failed) == ("GET /dashboard/events", False)

    async def test_of_a_health_check_is_not_made(self, lone: Bridge) -> None:
        with traced() as collector:
            await lone.http.get("/health")
        assert requests(collector) == []

    async def test_has_ended_when_the_work_in_the_background_begins(
        self, lone: Bridge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def received(_: object, **_more: object) -> str:
            return "1234"

        async def worked_off(_: str) -> None:
            with tracing.span("work"):
                pass

        monkeypatch.setattr(lone.services.receiving, "receive", received)
        monkeypatch.setattr(lone.services.working, "work_off", worked_off)
        with traced() as collector:
            await lone.http.post("/webhook/withings", data={"userid": "1234", "appli": "1"})
        request, work = collector.spans
        assert (request.name, work.name) == ("POST /webhook/withings", "work")
        assert work.parent == request.span_id


class TestTheFramework:
    async def test_sends_nothing_of_its_own(self, lone: Bridge) -> None:
        """Its spans would have the query, and its logs the texts of exceptions."""
        assert not lone.app._native_telemetry.enabled()
        told = {"tracing", "metrics", "logs", "auto_configure"}
        assert {name for name in told if lone.app._telemetry[name]} == set()  # type: ignore[literal-required]
