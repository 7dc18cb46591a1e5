"""Every request has an id, and a line in the log."""

from pathlib import Path

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api.running import USER, Bridge, alone
from withings_bridge.api.middleware import REQUEST_ID, requests
from withings_bridge.callers import ApiKey, Scope


async def line_of(lone: Bridge, method: str, path: str) -> dict[str, object]:
    with capture_logs() as lines:
        await lone.http.request(method, path)
    (line,) = [line for line in lines if line["event"] == "request"]
    return dict(line)


class TestRequestId:
    async def test_is_another_for_each(self, lone: Bridge) -> None:
        ids = {(await lone.http.get("/health")).headers[REQUEST_ID] for _ in range(5)}
        assert len(ids) == 5

    async def test_is_the_callers_where_that_is_sensible(self, lone: Bridge) -> None:
        reply = await lone.http.get("/health", headers={REQUEST_ID: "app-7f3a.29"})
        assert reply.headers[REQUEST_ID] == "app-7f3a.29"

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/health"), ("GET", "/api/nothing"), ("POST", "/webhook/withings")]
    )
    async def test_is_told_once(self, lone: Bridge, method: str, path: str) -> None:
        reply = await lone.http.request(method, path)
        assert len(reply.headers.get_list(REQUEST_ID)) == 1

    @pytest.mark.parametrize("name", ["", "short", "a" * 65, "two words", "id=1;drop", "line%0d%0abreak"])
    async def test_is_ours_where_that_is_not(self, lone: Bridge, name: str) -> None:
        reply = await lone.http.get("/health", headers={REQUEST_ID: name})
        assert reply.headers[REQUEST_ID] not in {name, ""}


class TestLine:
    async def test_says_what_was_asked_and_how_it_ended(self, lone: Bridge) -> None:
        line = await line_of(lone, "GET", "/api/nothing")
        assert (line["method"], line["path"], line["status"]) == ("GET", "/api/nothing", 404)
        assert isinstance(line["ms"], float)

    async def test_leaves_the_query_out(self, lone: Bridge) -> None:
        line = await line_of(lone, "GET", f"/api/status?userId={USER}&secret=hush")
        assert line["path"] == "/api/status"
        assert "hush" not in str(line)

    async def test_names_the_caller_of_this_request_and_not_of_the_one_before(self, tmp_path: Path) -> None:
        key, entry = ApiKey.made("app", Scope.READ)
        async with alone(tmp_path, api_keys=str(entry)) as bridge:
            with capture_logs(processors=[merge_contextvars]) as lines:
                await bridge.http.get("/api/status", headers={"X-API-Key": key})
                await bridge.http.get("/api/status")
        known, unknown = (line for line in lines if line["event"] == "request")
        assert known["caller"] == "key:app"
        assert "caller" not in unknown

    @pytest.mark.parametrize("path", ["/health", "/metrics"])
    async def test_of_what_a_machine_asks_all_the_time_is_not_written(self, lone: Bridge, path: str) -> None:
        with capture_logs() as lines:
            await lone.http.get(path)
        assert "request" not in [line["event"] for line in lines]

    async def test_of_a_notification_is_the_one_that_says_what_became_of_it(self, lone: Bridge) -> None:
        with capture_logs() as lines:
            await lone.http.post("/webhook/withings", data={"userid": "1234", "appli": "1"})
        told = {"request", "notification received"}  # beside what the bridge does by itself
        assert [line["event"] for line in lines if line["event"] in told] == ["notification received"]

    async def test_is_written_before_the_work_in_the_background(
        self, lone: Bridge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[str] = []

        async def received(_: object, **_more: object) -> str:
            return "1234"

        async def worked_off(_: str) -> None:
            written.extend(line["event"] for line in lines)

        monkeypatch.setattr(lone.services.receiving, "receive", received)
        monkeypatch.setattr(lone.services.working, "work_off", worked_off)
        monkeypatch.setattr(requests, "QUIET", frozenset())
        with capture_logs() as lines:
            await lone.http.post("/webhook/withings", data={"userid": "1234", "appli": "1"})
        assert written == ["request"]

    async def test_of_our_own_bug_is_written_too(self, lone: Bridge, monkeypatch: pytest.MonkeyPatch) -> None:
        async def broken(_: object) -> str:
            raise ZeroDivisionError

        monkeypatch.setattr(lone.services.receiving, "receive", broken)
        line = await line_of(lone, "POST", "/webhook/withings")
        assert line["status"] == 500
