"""What can go wrong between here and Withings, over a real connection."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from unit.withings.loopback import SILENCE, ScriptedWithings, envelope, page
from withings_bridge.domain.errors import (
    Malformed,
    NotImplementedByWithings,
    RateLimited,
    Transient,
    WithingsError,
)
from withings_bridge.withings import TIMEOUT, Call, WithingsClient
from withings_bridge.withings.protocol import PATHS
from withings_bridge.withings.sending import Unpaced

TOKEN = "access-token"


class TestBrokenConnections:
    async def test_a_refused_connection_is_transient(self, http: httpx.AsyncClient) -> None:
        async with ScriptedWithings().listening() as closed:
            address = closed.url
        with pytest.raises(Transient, match="ConnectError"):
            await WithingsClient(http, address).devices(TOKEN)

    @pytest.mark.parametrize(
        "line",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b'{"status":0,"body":{"devices":[',
            b"SSH-2.0-nonsense\r\n\r\n",
        ],
    )
    async def test_a_connection_cut_anywhere_is_transient(
        self, cloud: ScriptedWithings, client: WithingsClient, line: bytes
    ) -> None:
        cloud.replies(line)
        with pytest.raises(Transient, match="cannot be reached"):
            await client.devices(TOKEN)

    async def test_silence_is_transient_after_the_read_timeout(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient
    ) -> None:
        cloud.replies(SILENCE)
        hasty = WithingsClient(http, cloud.url, timeout=httpx.Timeout(5, read=0.05))
        with pytest.raises(Transient, match="ReadTimeout"):
            await hasty.devices(TOKEN)

    def test_every_timeout_is_set(self) -> None:
        assert TIMEOUT.as_dict() == {"connect": 5, "read": 20, "write": 20, "pool": 20}


@dataclass
class Notebook:
    """Writes down how calls ended."""

    calls: list[tuple[str, str, int | str]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    put_off_calls: list[str] = field(default_factory=list)

    def waited(self, seconds: float) -> None:
        self.waits.append(seconds)

    def put_off(self, service: str) -> None:
        self.put_off_calls.append(service)

    def called(self, service: str, action: str, status: int | str, seconds: float) -> None:
        assert seconds >= 0
        self.calls.append((service, action, status))


class TestMeter:
    @pytest.mark.parametrize(
        ("line", "status"),
        [
            (envelope({"devices": []}), 0),
            (envelope({}, 401), 401),
            (envelope({}, 601), 601),
            (envelope("nonsense"), "malformed"),
            (page(b"<html>We are back soon</html>", content_type="text/html"), "malformed"),
            (page(b"not gzip", Content_Encoding="gzip"), "malformed"),
            (page(b"", status="429 Too Many Requests"), "http 429"),
            (page(b"<html>Bad gateway</html>", status="502 Bad Gateway"), "http 502"),
            (b"", "no answer"),
        ],
    )
    async def test_is_told_once_how_each_call_ended(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient, line: bytes, status: int | str
    ) -> None:
        cloud.replies(line)
        meter = Notebook()
        with suppress(WithingsError):
            await WithingsClient(http, cloud.url, meter=meter).devices(TOKEN)
        assert meter.calls == [("v2/user", "getdevice", status)]
        assert len(meter.waits) == 1

    async def test_is_told_of_a_call_that_is_cut_off_or_never_leaves(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient
    ) -> None:
        meter = Notebook()
        client = WithingsClient(http, cloud.url, meter=meter)
        cloud.replies(SILENCE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.goals(TOKEN)
        async with ScriptedWithings().listening() as closed:
            address = closed.url
        with pytest.raises(Transient):
            await WithingsClient(http, address, meter=meter).goals(TOKEN)
        assert [status for *_, status in meter.calls] == ["no answer", "unreachable"]

    @pytest.mark.parametrize("path", PATHS)
    def test_is_told_the_service_by_its_path(self, path: str) -> None:
        assert Call(f"https://wbsapi.withings.net{path}", "any").service == path[1:]

    def test_is_told_no_path_that_is_none_of_theirs(self) -> None:
        assert Call("https://proxy.example.org/somebody", "any").service == "other"


class TestBrokenReplies:
    async def test_a_body_cut_short_but_called_whole_is_malformed(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(page(b'{"status":0,"body":{"devices":[{"model"'))
        with pytest.raises(Malformed, match="cut short"):
            await client.devices(TOKEN)

    async def test_an_html_page_inside_http_200_is_malformed(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(page(b"<html>We are back soon</html>", content_type="text/html"))
        with pytest.raises(Malformed, match="HTML"):
            await client.devices(TOKEN)

    async def test_an_html_502_is_transient(self, cloud: ScriptedWithings, client: WithingsClient) -> None:
        cloud.replies(page(b"<html>Bad gateway</html>", status="502 Bad Gateway", content_type="text/html"))
        with pytest.raises(Transient, match="HTTP 502"):
            await client.devices(TOKEN)

    async def test_an_http_429_tells_when_to_come_back(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(page(b"", status="429 Too Many Requests", Retry_After="17"))
        with pytest.raises(RateLimited) as caught:
            await client.devices(TOKEN)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after.total_seconds() == 17

    async def test_a_404_points_at_the_address(self, cloud: ScriptedWithings, client: WithingsClient) -> None:
        cloud.replies(page(b"", status="404 Not Found"))
        with pytest.raises(NotImplementedByWithings, match="WITHINGS_API_URL"):
            await client.devices(TOKEN)

    async def test_garbage_called_gzip_is_malformed(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(page(b"not gzip", Content_Encoding="gzip"))
        with pytest.raises(Malformed, match="compressed"):
            await client.devices(TOKEN)

    async def test_a_redirect_is_not_followed_with_the_token(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(page(b"", status="307 Temporary Redirect", Location="/elsewhere"))
        with pytest.raises(Malformed):
            await client.devices(TOKEN)
        assert len(cloud.received) == 1


class TestOneUserAtATime:
    async def test_a_cookie_set_for_one_call_travels_with_no_other(
        self, cloud: ScriptedWithings, client: WithingsClient
    ) -> None:
        cloud.replies(page(b'{"status":0,"body":{"devices":[]}}', Set_Cookie="session=of-user-1"))
        cloud.replies(envelope({"devices": []}))
        await client.devices("token-of-user-1")
        await client.devices("token-of-user-2")
        assert "cookie" not in cloud.last.headers
        assert cloud.last.headers["authorization"] == "Bearer token-of-user-2"

    async def test_headers_and_login_of_the_given_client_stay_behind(self, cloud: ScriptedWithings) -> None:
        cloud.replies(envelope({"devices": []}))
        async with httpx.AsyncClient(
            headers={"X-Secret": "g"}, auth=("user", "pass"), trust_env=False
        ) as http:
            await WithingsClient(http, cloud.url).devices(TOKEN)
        assert "x-secret" not in cloud.last.headers
        assert cloud.last.headers["authorization"] == f"Bearer {TOKEN}"


class TestPace:
    async def test_is_asked_before_every_request(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient
    ) -> None:
        waited: list[tuple[Call, int]] = []

        class Counting(Unpaced):
            async def wait(self, call: Call) -> None:
                waited.append((call, len(cloud.received)))

        cloud.replies(envelope({"devices": []}), envelope({"goals": []}))
        client = WithingsClient(http, cloud.url, pace=Counting())
        await client.devices(TOKEN)
        await client.goals(TOKEN)
        assert [(call.action, before) for call, before in waited] == [("getdevice", 0), ("getgoals", 1)]

    async def test_can_hold_a_call_back(self, cloud: ScriptedWithings, http: httpx.AsyncClient) -> None:
        class Spent(Unpaced):
            async def wait(self, call: Call) -> None:
                raise RateLimited

        with pytest.raises(RateLimited):
            await WithingsClient(http, cloud.url, pace=Spent()).devices(TOKEN)
        assert cloud.received == []

    async def test_is_told_when_the_application_is_too_fast_and_not_when_one_call_came_twice(
        self, cloud: ScriptedWithings, http: httpx.AsyncClient
    ) -> None:
        told: list[timedelta | None] = []

        class Listening(Unpaced):
            async def slow_down(self, wait: timedelta | None) -> None:
                told.append(wait)

        cloud.replies(
            envelope({"wait_seconds": 68}, status=601, error="Too Many Requests"),
            envelope({}, status=601, error="Too Many Requests"),
            envelope({"wait_seconds": 9}, status=601, error="Same arguments in less than 10 seconds"),
        )
        client = WithingsClient(http, cloud.url, pace=Listening())
        for _ in range(3):
            with pytest.raises(RateLimited):
                await client.devices(TOKEN)
        assert told == [timedelta(seconds=68), timedelta(seconds=60)]


class TestDamagedTokens:
    async def test_are_never_sent(self, cloud: ScriptedWithings, client: WithingsClient) -> None:
        with pytest.raises(WithingsError, match="damaged"):
            await client.devices("undefined token\n")
        assert cloud.received == []
