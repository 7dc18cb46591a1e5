"""A running sandbox from a terminal: what people do there, what goes wrong, what passes."""

import json
import re
import shlex
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from processes import Process, free_port
from unit.cli.calling import PROGRAM, environment
from withings_bridge.cli.commands import cli

pytestmark = pytest.mark.e2e

GUIDE = Path(__file__).parents[3] / "docs/sandbox.md"
REDIRECT_URI = "http://localhost:5001/callback"
CLIENT = {"client_id": "sandbox", "redirect_uri": REDIRECT_URI}


class Ears(BaseHTTPRequestHandler):
    """A webhook that takes everything."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_HEAD()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing is said."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Sandbox:
    """One that runs, with two people, the second of whom is linked and subscribed to weights."""

    url: str

    def run(self, *arguments: str, **variables: str) -> Ran:
        """A command about it, in this process, which saves the time to start one."""
        env = {"SANDBOX_URL": self.url, "COLUMNS": "200"} | variables
        ended = CliRunner().invoke(cli, ["sandbox", *arguments], env=env)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return Ran(ended.exit_code, ended.stdout, ended.stderr)

    def say(self, *arguments: str) -> str:
        """What a command says that succeeds."""
        ran = self.run(*arguments)
        assert ran.code == 0, ran.err
        return ran.out

    def tell(self, *arguments: str) -> Any:
        """What it tells a script."""
        return json.loads(self.say(*arguments, "--json"))

    def link(self, person: int, ears: str) -> None:
        with httpx.Client(base_url=self.url, trust_env=False) as http:
            query = {"response_type": "code", "state": "s", "scope": "user.metrics", **CLIENT}
            asked = http.get("/oauth2_user/authorize2", params=query | {"sandbox_person": str(person)})
            code = httpx.URL(asked.headers["location"]).params["code"]
            wanted = {"action": "requesttoken", "grant_type": "authorization_code", "code": code, **CLIENT}
            tokens = http.post("/v2/oauth2", data=wanted | {"client_secret": "sandbox-secret"}).json()["body"]
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            subscription = {"action": "subscribe", "callbackurl": ears, "appli": "1"}
            assert http.post("/notify", data=subscription, headers=bearer).json()["status"] == 0


@pytest.fixture(scope="module")
def ears() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ears) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/in"
        server.shutdown()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, ears: str) -> Iterator[Sandbox]:
    port = free_port()
    folder = tmp_path_factory.mktemp("sandbox")
    options = ("--port", str(port), "--days", "0", "--people", "2", "--auto-approve")
    process = Process("sandbox", *options, env={}, folder=folder, url=f"http://localhost:{port}/sandbox")
    process.start()
    running = Sandbox(f"http://localhost:{port}")
    running.link(running.tell("people")[1]["userid"], ears)
    yield running
    process.kill()


@pytest.fixture(autouse=True)
def calm(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.say("calm")


class TestDeeds:
    @pytest.mark.parametrize(
        ("deed", "said", "service", "what"),
        [
            ("weigh 81.3", "81.3 kg recorded", "measures", "81.3 kg"),
            ("weigh 81.3 --fat 22 --pulse 61", "81.3 kg recorded", "measures", "81.3 kg, 22.0 % fat"),
            ("pressure 121 79 --pulse 62", "121 over 79 mmHg recorded", "measures", "121 over 79 mmHg"),
            ("sleep 7.5", "7.5 hours of sleep recorded", "nights", "7.5 hours asleep"),
            ("walk 8000", "8,000 steps recorded", "activity", "8,000 steps"),
            ("walk 900 --phone", "900 steps recorded", "activity", "900 steps by phone"),
        ],
    )
    def test_are_done_by_who_is_linked_and_can_be_found_again(
        self, sandbox: Sandbox, deed: str, said: str, service: str, what: str
    ) -> None:
        words = sandbox.say(*deed.split())
        assert words.startswith(f"{said} for Person 2: {service}/")
        kept = sandbox.tell("records", service)
        assert what in {each["what"] for each in kept}
        name = words.rpartition(": ")[2].split(",")[0].strip(".\n")
        assert name in sandbox.say("records", service)

    def test_may_be_uploaded_late(self, sandbox: Sandbox) -> None:
        # Far ahead, so that it is the latest whatever other tests do.
        sandbox.say("weigh", "77", "--at", "2036-01-15 07:10")
        latest = sandbox.tell("records", "measures", "--limit", "1")[0]
        assert (latest["what"], latest["when"]) == ("77 kg", "15 Jan 2036, 07:10")

    def test_may_be_those_of_somebody_who_is_named(self, sandbox: Sandbox) -> None:
        userid = str(sandbox.tell("people")[0]["userid"])
        for named in ("Person 1", userid):
            assert "for Person 1" in sandbox.say("weigh", "55", "--person", named)

    def test_of_nobody_are_refused_with_who_there_is(self, sandbox: Sandbox) -> None:
        ran = sandbox.run("weigh", "55", "--person", "Nobody")
        assert ran.code == 2
        assert "Nobody here is Nobody; there are 40000001 (Person 1), 40000002 (Person 2)" in ran.err

    def test_that_cannot_be_are_refused_in_words(self, sandbox: Sandbox) -> None:
        ran = sandbox.run("weigh", "5000")
        assert (ran.code, ran.out) == (1, "")
        assert "kg: Input should be less than 1000" in ran.err

    def test_are_told_as_the_sandbox_does_to_a_script(self, sandbox: Sandbox) -> None:
        assert sandbox.tell("weigh", "81.3")["measuregrps"][0]["measures"][0]["value"] == 81_300

    def test_lose_their_subscriptions_without_a_word(self, sandbox: Sandbox) -> None:
        assert "subscriptions dropped for Person" in sandbox.say("drop-subscriptions", "--person", "Person 1")

    def test_end_with_leaving_and_somebody_may_come(self, sandbox: Sandbox) -> None:
        assert "for Person 3" in sandbox.say("unlink", "--person", self.added(sandbox))

    @staticmethod
    def added(sandbox: Sandbox) -> str:
        return str(sandbox.tell("people", "--add")[-1]["userid"])


class TestRecords:
    @pytest.mark.parametrize(
        ("deed", "change", "what"),
        [
            ("weigh 70", "--kg 71.5", "71.5 kg"),
            ("sleep 7", "--hours 6.25", "6.25 hours asleep"),
            ("walk 100", "--steps 234", "234 steps"),
        ],
    )
    def test_are_changed_and_deleted_by_their_names(
        self, sandbox: Sandbox, deed: str, change: str, what: str
    ) -> None:
        name = sandbox.say(*deed.split()).rpartition(": ")[2].strip(".\n")
        service = name.partition("/")[0]
        assert sandbox.say("edit", name, *change.split()) == f"Changed {name}.\n"
        assert what in {each["what"] for each in sandbox.tell("records", service, "--limit", "20")}
        assert sandbox.say("delete", name) == f"Deleted {name}.\n"
        assert name not in sandbox.say("records", service, "--limit", "20")
        assert sandbox.run("delete", name).code == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            "edit measures/1",
            "edit measures/1 --steps 3",
            "edit heart/1 --kg 70",
            "edit 1 --kg 70",
            "delete x/1",
        ],
    )
    def test_named_or_changed_as_they_cannot_be_are_refused(self, sandbox: Sandbox, arguments: str) -> None:
        assert sandbox.run(*arguments.split()).code == 2


class TestFaults:
    def test_are_listed_with_how_they_stand(self, sandbox: Sandbox) -> None:
        assert "Every call fails" in sandbox.say("fault", "outage")
        sandbox.say("fault", "slow")
        stand = {each["name"]: each["on"] for each in sandbox.tell("faults")}
        assert {name for name, on in stand.items() if on} == {"outage", "slow"}
        assert "on, 5 to come" in sandbox.say("faults")

    def test_are_switched_off(self, sandbox: Sandbox) -> None:
        sandbox.say("fault", "held-notifications")
        assert sandbox.say("fault", "held-notifications", "off") == "Held notifications is switched off.\n"
        assert not any(each["on"] for each in sandbox.tell("faults"))

    def test_that_nobody_knows_are_refused_with_those_there_are(self, sandbox: Sandbox) -> None:
        assert "there are rate-limit, outage" in sandbox.run("fault", "rain").err

    def test_are_planned_to_the_point_as_mishaps(self, sandbox: Sandbox) -> None:
        assert "Nothing is to go wrong." in sandbox.say("mishaps")
        sandbox.say(*shlex.split("mishap http --status 503 --action getmeas --times 0 --skip 2"))
        sandbox.say(*shlex.split("mishap lost --action requesttoken"))
        first, second = (each["mishap"] for each in sandbox.tell("mishaps"))
        assert (first["http_status"], first["times"], first["skip"]) == (503, None, 2)
        assert (second["kind"], second["action"], second["times"]) == ("lost", "requesttoken", 1)
        assert "0 of all" in sandbox.say("mishaps")

    def test_are_taken_back_one_by_one(self, sandbox: Sandbox) -> None:
        sandbox.say("mishap", "cut")
        sandbox.say("mishap", "lost")
        first, second = (each["id"] for each in sandbox.tell("mishaps"))
        assert [each["id"] for each in sandbox.tell("mishaps", "--take-back", str(first))] == [second]
        assert f"There is no mishap {first}." in sandbox.run("mishaps", "--take-back", str(first)).err

    @pytest.mark.parametrize("wrong", ["status", "rain", "lost --status 601"])
    def test_that_make_no_sense_are_refused(self, sandbox: Sandbox, wrong: str) -> None:
        assert sandbox.run("mishap", *wrong.split()).code in {1, 2}
        assert sandbox.tell("mishaps") == []


class TestTheCloud:
    def test_has_a_clock_that_goes_on(self, sandbox: Sandbox) -> None:
        before = sandbox.tell("clock")["offset_seconds"]
        assert sandbox.tell("clock", "--forward", "1.5")["offset_seconds"] == before + 5400
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", sandbox.say("clock"))

    def test_tells_what_it_was_asked_in_the_words_of_the_console(self, sandbox: Sandbox) -> None:
        said = sandbox.say("requests")
        assert "Subscribes to notifications for 40000002 (/notify subscribe): answered" in said
        assert len(sandbox.say("requests", "--limit", "1").splitlines()) == 1
        assert [json.loads(line)["action"] for line in sandbox.say("requests", "--json").splitlines()][
            -1
        ] == ("subscribe")

    def test_goes_on_to_tell_what_it_sends_until_ctrl_c(self, sandbox: Sandbox, tmp_path: Path) -> None:
        sandbox.say("weigh", "70")
        follow = [*PROGRAM, "sandbox", "deliveries", "--follow", "--limit", "1"]
        with subprocess.Popen(  # noqa: S603 - our own program
            follow,
            env=environment({"SANDBOX_URL": sandbox.url}),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        ) as following:
            try:
                assert following.stdout
                assert "Weight for 40000002 (appli 1" in following.stdout.readline()
                sandbox.say("fault", "held-notifications")
                sandbox.say("weigh", "71")
                while "held back" not in (line := following.stdout.readline()):
                    assert line
                following.send_signal(signal.SIGINT)
                assert following.wait(30) == 0
            finally:
                following.kill()


class TestWhereItIs:
    def test_is_said_where_none_answers(self, sandbox: Sandbox) -> None:
        url = f"http://localhost:{free_port()}"
        ran = sandbox.run("people", "--url", url)
        assert ran.code == 1
        assert f"No sandbox answers at {url}." in ran.err
        assert "withings-bridge serve" in ran.err

    def test_is_beside_the_bridge_where_nothing_is_said(self, sandbox: Sandbox) -> None:
        port = int(sandbox.url.rpartition(":")[2])
        assert "Person 1" in sandbox.run("people", SANDBOX_URL="", PORT=str(port - 1)).out

    @pytest.mark.parametrize("url", ["https://wbsapi.withings.net", "https://withings.net/x"])
    def test_is_never_the_real_withings(self, sandbox: Sandbox, url: str) -> None:
        ran = sandbox.run("weigh", "70", "--url", url)
        assert (ran.code, "is the real Withings" in ran.err) == (2, True)

    def test_is_asked_for_where_the_environment_is_wrong(self, sandbox: Sandbox) -> None:
        ran = sandbox.run("people", SANDBOX_URL="", STORAGE="paper")
        assert (ran.code, "STORAGE" in ran.err, "--url" in ran.err) == (2, True, True)


class TestTheGuide:
    def test_has_commands_that_work(self, sandbox: Sandbox) -> None:
        name = sandbox.say("weigh", "80").rpartition(": ")[2].strip(".\n")
        lines = re.findall(r"^withings-bridge sandbox ([a-z][^#\n]*)", GUIDE.read_text(), re.MULTILINE)
        assert len(lines) > 10
        for line in lines:
            if "--follow" not in line:
                sandbox.say(*shlex.split(line.replace("measures/5100000123", name)))
