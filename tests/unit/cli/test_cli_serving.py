"""Servers as processes: what they say, how they start and end."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from processes import Process, eventually, free_port
from unit.cli.calling import call, free_neighbours
from withings_bridge.cli import serving

pytestmark = pytest.mark.e2e

Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a server that is ended with the test."""
    started = []

    def starting(*arguments: str, url: str, **variables: str) -> Process:
        process = Process(*arguments, env=variables, folder=tmp_path, url=url)
        started.append(process)
        process.start()
        return process

    yield starting
    for process in started:
        process.kill()


@pytest.fixture
def port() -> int:
    return free_neighbours()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens, and nobody on the one before it."""
    with socket.create_server(("127.0.0.1", free_neighbours() + 1)) as listening:
        yield listening.getsockname()[1]


class TestAConnection:
    def test_lets_no_half_of_an_answer_wait_for_the_other(self) -> None:
        with (
            serving._listening("127.0.0.1", 0, "") as listening,
            socket.create_connection(listening.getsockname()),
        ):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class TestServe:
    def test_without_credentials_the_sandbox_runs_beside_it(self, start: Start, port: int) -> None:
        bridge = start("serve", url=f"http://localhost:{port}/health", PORT=str(port))
        assert httpx.get(f"http://localhost:{port + 1}/sandbox").status_code == 200
        assert f"http://127.0.0.1:{port}/" in bridge.log
        assert "SANDBOX" in bridge.log
        assert bridge.stop() == 0
        # Nobody reads along at a terminal.
        assert [json.loads(line)["event"] for line in bridge.log.splitlines()]

    def test_with_credentials_it_runs_alone(self, start: Start, port: int) -> None:
        bridge = start(
            "serve",
            url=f"http://localhost:{port}/health",
            PORT=str(port),
            WITHINGS_CLIENT_ID="id",
            WITHINGS_CLIENT_SECRET="hush",
        )
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"http://localhost:{port + 1}/sandbox")
        assert "hush" not in bridge.log
        assert bridge.stop() == 0

    def test_it_believes_no_proxy_that_it_was_not_told_of(self, start: Start, port: int) -> None:
        url = f"http://localhost:{port}/health"
        start("serve", url=url, PORT=str(port))
        reply = httpx.get(url, headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in reply.headers

    def test_options_go_before_the_environment(self, start: Start, port: int) -> None:
        start("serve", "--port", str(port), url=f"http://localhost:{port}/health", PORT="1")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_told_to_stop_it_ends_with_0_and_says_nothing_bad(
        self, start: Start, port: int, number: signal.Signals
    ) -> None:
        bridge = start("serve", url=f"http://localhost:{port}/health", PORT=str(port))
        bridge.signal(number)
        assert bridge.await_end() == 0
        assert {json.loads(line)["level"] for line in bridge.log.splitlines()} <= {"info", "warning"}
        assert "Traceback" not in bridge.log

    def test_told_to_stop_it_waits_for_nobody_who_looks_at_the_dashboard(
        self, start: Start, port: int
    ) -> None:
        url = f"http://localhost:{port}"
        bridge = start("serve", url=f"{url}/health", PORT=str(port), SHUTDOWN_GRACE_SECONDS="25")
        with httpx.stream("GET", f"{url}/dashboard/events") as looking:
            lines = looking.iter_lines()
            assert next(lines).startswith("retry: ")
            bridge.signal(signal.SIGTERM)
            # To its proper end, which no connection that was cut off has.
            assert [line for line in lines if line.startswith("data: ")] == []
        assert bridge.await_end() == 0
        assert "timeout" not in bridge.log

    def test_told_to_stop_it_answers_while_it_drains_and_closes_each_connection(
        self, start: Start, port: int
    ) -> None:
        url = f"http://localhost:{port}"
        bridge = start("serve", url=f"{url}/health", PORT=str(port), SHUTDOWN_DRAIN_SECONDS="120")
        with httpx.Client(base_url=url) as kept:
            assert "connection" not in kept.get("/health").headers
            bridge.signal(signal.SIGTERM)
            eventually("it says so", lambda: kept.get("/ready").json()["status"] == "stopping")
            told = kept.get("/health")
            assert (told.status_code, told.headers["connection"]) == (200, "close")
        bridge.signal(signal.SIGINT)  # somebody who will not wait
        assert bridge.await_end() == 0

    def test_in_production_logs_are_lines_of_json(self, start: Start, port: int) -> None:
        bridge = start(
            "serve",
            url=f"http://localhost:{port}/health",
            PORT=str(port),
            ENVIRONMENT="production",
            WITHINGS_CLIENT_ID="id",
            WITHINGS_CLIENT_SECRET="hush",
            WITHINGS_REDIRECT_URI="https://bridge.example.org/callback",
            WITHINGS_WEBHOOK_URL="https://bridge.example.org/webhook/withings",
            WITHINGS_WEBHOOK_SECRET="hush-hush",
            FRONTEND_URL="https://app.example.org/vitals",
            ALLOWED_ORIGINS="https://app.example.org",
            ALLOW_UNAUTHENTICATED="true",
        )
        bridge.stop()
        assert "whoever reaches this address can read health data" in bridge.log
        assert [json.loads(line)["event"] for line in bridge.log.splitlines()]

    def test_neither_secrets_nor_codes_in_addresses_are_logged(self, start: Start, port: int) -> None:
        base = f"http://localhost:{port}"
        bridge = start("serve", url=f"{base}/health", PORT=str(port), WITHINGS_WEBHOOK_SECRET="hush-secret")
        httpx.post(f"{base}/webhook/withings?secret=hush-secret", data={"userid": "1", "appli": "1"})
        httpx.post(f"{base}/webhook/withings?secret=hush-wrong")
        httpx.get(f"{base}/callback?code=hush-code&state=hush-state")
        httpx.get(f"{base}/nothing?token=hush-token")
        bridge.stop()
        assert "notification received" in bridge.log
        assert "hush" not in bridge.log

    def test_a_port_in_use_is_told_in_one_line(self, tmp_path: Path, taken: int) -> None:
        ended = call(
            "serve",
            folder=tmp_path,
            PORT=str(taken),
            WITHINGS_CLIENT_ID="id",
            WITHINGS_CLIENT_SECRET="secret",
        )
        assert ended.code == 1
        assert ended.err.strip() == (
            f"Cannot listen on 127.0.0.1:{taken}: Address already in use. Set another PORT."
        )

    def test_so_is_the_sandboxs(self, tmp_path: Path, taken: int) -> None:
        ended = call("serve", folder=tmp_path, PORT=str(taken - 1))
        assert ended.code == 1
        assert f"Cannot listen on 127.0.0.1:{taken}" in ended.err
        assert "sandbox" in ended.err
        assert "PORT" in ended.err
        assert "Traceback" not in ended.err

    def test_open_doors_are_announced_loudly(self, start: Start, port: int) -> None:
        bridge = start(
            "serve",
            url=f"http://127.0.0.2:{port}/health",
            PORT=str(port),
            HOST="127.0.0.2",
            ALLOW_UNAUTHENTICATED="true",
        )
        assert "ALLOW_UNAUTHENTICATED" in bridge.log


class TestSandbox:
    def test_it_says_what_a_client_needs(self, start: Start) -> None:
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        sandbox = start("sandbox", "--port", str(port), "--days", "0", url=f"{base}/sandbox/people")
        for said in (
            f"WITHINGS_API_URL={base}",
            f"WITHINGS_AUTH_URL={base}/oauth2_user/authorize2",
            "WITHINGS_CLIENT_ID=sandbox",
            "WITHINGS_CLIENT_SECRET=sandbox-secret",
        ):
            assert said in sandbox.log
        assert sandbox.stop() == 0

    def test_your_own_credentials_are_taken_and_the_secret_is_kept(self, start: Start) -> None:
        port = free_port()
        sandbox = start(
            *("sandbox", "--port", str(port), "--days", "0"),
            url=f"http://127.0.0.1:{port}/sandbox/people",
            WITHINGS_CLIENT_ID="mine",
            WITHINGS_CLIENT_SECRET="hush",
        )
        assert "WITHINGS_CLIENT_ID=mine" in sandbox.log
        assert "hush" not in sandbox.log

    def test_people_are_as_many_as_asked(self, start: Start) -> None:
        port = free_port()
        url = f"http://127.0.0.1:{port}/sandbox/people"
        start("sandbox", "--port", str(port), "--days", "0", "--people", "3", url=url)
        assert len(httpx.get(url).json()) == 3

    def test_the_quota_and_the_pages_are_as_big_as_asked(self, start: Start) -> None:
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        start(
            *("sandbox", "--port", str(port), "--days", "9", "--auto-approve"),
            *("--quota", "2", "--page-size", "3"),
            url=f"{base}/sandbox/people",
        )
        known = {"client_id": "sandbox", "redirect_uri": "http://localhost:5001/callback"}
        asked = known | {"response_type": "code", "state": "s", "scope": "user.metrics"}
        consented = httpx.get(f"{base}/oauth2_user/authorize2", params=asked)
        exchange = known | {
            "action": "requesttoken",
            "grant_type": "authorization_code",
            "client_secret": "sandbox-secret",
            "code": httpx.URL(consented.headers["location"]).params["code"],
        }
        tokens = httpx.post(f"{base}/v2/oauth2", data=exchange).json()["body"]
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        first, refused = (
            httpx.post(
                f"{base}/measure", data={"action": "getmeas", "lastupdate": str(since)}, headers=bearer
            ).json()
            for since in range(2)
        )
        assert (len(first["body"]["measuregrps"]), first["body"]["more"]) == (3, 1)
        assert (refused["status"], refused["error"]) == (601, "Too Many Requests")

    def test_a_port_in_use_is_told_in_one_line(self, tmp_path: Path, taken: int) -> None:
        ended = call("sandbox", "--port", str(taken), folder=tmp_path)
        assert ended.code == 1
        assert ended.err.strip().endswith("Address already in use. Choose another with --port.")

    @pytest.mark.parametrize("port", ["0", "65536"])
    def test_a_port_that_cannot_be_is_a_wrong_command(self, tmp_path: Path, port: str) -> None:
        assert call("sandbox", "--port", port, folder=tmp_path).code == 2
