"""What the bridge counts, as a Prometheus fetches it."""

from pathlib import Path
from typing import Any

import pytest

from api.running import Bridge, alone, given_links
from scrape import Scrape

WEIGHING = {"userid": "1234", "appli": "1", "startdate": "1772452799", "enddate": "1772452800"}


async def scraped(bridge: Bridge) -> Scrape:
    reply = await bridge.http.get("/metrics")
    assert reply.status_code == 200, reply.text
    return Scrape(reply.text)


class TestMetrics:
    async def test_are_text_of_prometheus(self, lone: Bridge) -> None:
        lone.services.telemetry.unknown("appli", "77")
        reply = await lone.http.get("/metrics")
        assert reply.headers["content-type"].startswith("text/plain; version=")
        assert Scrape(reply.text).of("unknown_total", what="appli", code="77") == 1

    async def test_tell_of_the_process_and_of_the_store(self, lone: Bridge) -> None:
        scrape = await scraped(lone)
        assert scrape.of("store_up") == 1
        assert scrape.of("worker_beat_timestamp_seconds") > 0
        assert "process_resident_memory_bytes" in scrape.samples
        assert "process_open_fds" in scrape.samples


class TestAcknowledgements:
    async def test_are_timed_by_their_status(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path, withings_webhook_secret="a-secret-of-some-length") as bridge:
            for secret in ("a-secret-of-some-length", "a-secret-of-some-length", "wrong"):
                await bridge.http.post("/webhook/withings", params={"secret": secret}, data=WEIGHING)
            await bridge.http.post("/webhook/withings/", params={"secret": "wrong"}, data=WEIGHING)
            await bridge.http.head("/webhook/withings", params={"secret": "a-secret-of-some-length"})
            await bridge.http.get("/health")
            scrape = await scraped(bridge)
        assert scrape.of("acknowledgement_seconds_count", status="200") == 2
        assert scrape.of("acknowledgement_seconds_count", status="403") == 2
        assert scrape.of("acknowledgement_seconds_count") == 4
        assert scrape.of("acknowledgement_seconds_sum", status="200") > 0
        assert scrape.of("notifications_total", appli="1", outcome="stored") == 2

    async def test_that_a_bug_prevents_are_counted_as_500(
        self, lone: Bridge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError

        monkeypatch.setattr(lone.services.receiving, "receive", broken)
        assert (await lone.http.post("/webhook/withings", data=WEIGHING)).status_code == 500
        assert (await scraped(lone)).of("acknowledgement_seconds_count", status="500") == 1
