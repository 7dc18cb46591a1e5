"""The realtime gateway, told over real HTTP; whatever becomes of it, no sync fails."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone

import httpx
import pytest

from builders import NOON
from collector import traced
from unit.services.listener import listening
from withings_bridge.services.sync.publishing import HttpGateway, NoGateway


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


class TestHttpGateway:
    async def test_says_whose_data_changed_and_when(self, http: httpx.AsyncClient) -> None:
        async with listening() as gateway:
            await HttpGateway(http, url=f"{gateway.url}/", secret="s3cret").publish("user-1", at=NOON)
            (request,) = gateway.received
        assert (request.method, request.path) == ("POST", "/internal/publish")
        assert request.headers["x-gateway-secret"] == "s3cret"
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body) == {
            "userId": "user-1",
            "type": "vitals7_refresh",
            "source": "withings",
            "data": {"at": "2026-03-02T12:00:00.000Z"},
        }

    async def test_hands_the_trace_on_where_there_is_one(self, http: httpx.AsyncClient) -> None:
        async with listening() as gateway, listening(status=500) as broken:
            await HttpGateway(http, url=gateway.url, secret="s").publish("user-1", at=NOON)
            with traced() as collector:
                await HttpGateway(http, url=gateway.url, secret="s").publish("user-1", at=NOON)
                await HttpGateway(http, url=broken.url, secret="s").publish("user-1", at=NOON)
        before, within = gateway.received
        told, untold = collector.spans
        assert "traceparent" not in before.headers
        assert within.headers["traceparent"].startswith(f"00-{told.trace_id}-{told.span_id}-")
        assert (told.name, told.kind, told.failed, untold.failed) == ("tell gateway", "client", False, True)
        assert "user-1" not in str(collector.spans)

    async def test_writes_the_time_in_utc_with_milliseconds(self, http: httpx.AsyncClient) -> None:
        at = datetime(2026, 3, 2, 14, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
        async with listening() as gateway:
            await HttpGateway(http, url=gateway.url, secret="s").publish("user-1", at=at)
            assert json.loads(gateway.received[0].body)["data"]["at"] == "2026-03-02T12:00:00.123Z"

    async def test_says_in_the_same_shape_whose_consent_is_needed(self, http: httpx.AsyncClient) -> None:
        async with listening() as gateway:
            told = HttpGateway(http, url=gateway.url, secret="s")
            await told.publish("user-1", at=NOON, consent_needed=True)
        assert json.loads(gateway.received[0].body) == {
            "userId": "user-1",
            "type": "vitals7_refresh",
            "source": "withings",
            "data": {"at": "2026-03-02T12:00:00.000Z", "consentNeeded": True},
        }

    @pytest.mark.parametrize("status", [401, 404, 500])
    async def test_does_not_fail_when_it_is_refused(self, http: httpx.AsyncClient, status: int) -> None:
        async with listening(status=status) as gateway:
            await HttpGateway(http, url=gateway.url, secret="wrong").publish("user-1", at=NOON)
            assert len(gateway.received) == 1

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://[::1", "", "ftp://x"])
    async def test_does_not_fail_when_nobody_is_there(self, http: httpx.AsyncClient, url: str) -> None:
        await HttpGateway(http, url=url, secret="s").publish("user-1", at=NOON)

    @pytest.mark.parametrize("secret", ["schlüssel", "two\nlines"])
    async def test_does_not_fail_of_a_secret_that_no_header_can_carry(
        self, http: httpx.AsyncClient, secret: str
    ) -> None:
        async with listening() as gateway:
            await HttpGateway(http, url=gateway.url, secret=secret).publish("user-1", at=NOON)

    async def test_does_not_fail_after_the_connections_were_closed(self, http: httpx.AsyncClient) -> None:
        await http.aclose()
        await HttpGateway(http, url="http://127.0.0.1:1", secret="s").publish("user-1", at=NOON)


class TestNoGateway:
    async def test_tells_nobody(self) -> None:
        await NoGateway().publish("user-1", at=NOON)
