"""What the bridge counts, as a Prometheus fetches it."""

from prometheus_client.parser import text_string_to_metric_families

from api.running import Bridge


class TestMetrics:
    async def test_are_text_of_prometheus(self, lone: Bridge) -> None:
        lone.services.telemetry.unknown("appli", "77")
        reply = await lone.http.get("/metrics")
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/plain; version=")
        (family,) = text_string_to_metric_families(reply.text)
        (sample,) = family.samples
        assert (sample.name, sample.value) == ("withings_bridge_unknown_total", 1)
        assert sample.labels == {"what": "appli", "code": "77"}
