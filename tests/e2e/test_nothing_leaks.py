"""No token, code, secret, e-mail address or reading in a log, whatever comes in and whatever goes wrong."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.canaries import KG, WORD, Aviary, aviary
from e2e.world import USER
from processes import eventually

pytestmark = pytest.mark.e2e

LONG = 40
"""Characters of the secrets that Withings gives out."""

UPGRADE = """Host: localhost
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
""".replace("\n", "\r\n")

MAIL = f"{WORD}@mail.example.org"
HEADERS = {
    "User-Agent": WORD,
    "Referer": f"https://app.example.org/?token={WORD}",
    "Cookie": f"session={WORD}; withings_flow={WORD}",
    "X-Request-ID": f"{WORD} {MAIL}",
    "X-Forwarded-For": WORD,
}
JWT = ".".join(
    urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    for part in ({"alg": "RS256", "kid": WORD}, {"sub": MAIL, "token_use": "access"}, WORD)
)
CALLS = (
    "/api/status",
    "/api/withings/status",
    "/api/withings/data",
    "/api/withings/sync",
    "/api/withings/auth/initiate",
    "/api/withings/disconnect",
    "/api/withings/register-webhooks",
    "/api/withings/inbox",
    "/api/vitals7/configure",
)
QUERY = {"code": WORD, "state": WORD, "secret": WORD, "error_description": MAIL, "access_token": WORD}


@pytest.fixture(params=[True, False], ids=["json", "console"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Aviary]:
    """A world that logs in either form, with the last net taken away: no line may need it."""
    with aviary(tmp_path, as_json=request.param, net=False) as world:
        yield world


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Aviary]:
    """The same in one form alone."""
    with aviary(tmp_path, as_json=False, net=False) as world:
        yield world


class TestNothingLeaks:
    def test_while_all_goes_well(self, world: Aviary) -> None:
        live(world)
        assert "linked" in world.bridge.log
        assert "token pair refreshed" in world.bridge.log
        assert "gateway not told" in world.bridge.log
        assert world.sung() == []

    def test_of_what_callers_send(self, world: Aviary) -> None:
        live(world)
        statuses = pester(world)
        world.restart_with(world.closed)
        world.made.add(JWT)
        world.link_by_ticket()
        world.look_as_an_operator()
        for proof in (
            {},
            {"X_API_Key": world.key},
            {"X_API_Key": f"{WORD}-key"},
            {"Authorization": f"Bearer {WORD}"},
            {"Authorization": f"Bearer {JWT}"},
            {"Authorization": f"Bearer {JWT}", "X_API_Key": world.key},
        ):
            statuses |= pester(world, **proof)
        assert {200, 400, 401, 403, 404, 405, 413, 415, 422, 503} <= statuses
        assert world.sung() == []

    def test_of_a_mistake_of_ours(self, world: Aviary) -> None:
        live(world)
        world.damage_records()
        world.tell("POST", f"/people/{world.person}/weighings", {"kg": KG})
        eventually("it is noted", lambda: "our bug" in world.bridge.log)
        assert world.sung() == []

    def test_of_what_withings_answers(self, console: Aviary) -> None:
        live(console)
        error = f"Invalid token {WORD} {MAIL} {KG}"
        for status in (215, 401, 503, 9999, 601):
            mishap = {"kind": "status", "status": status, "error": error, "action": "getmeas"}
            console.tell("POST", "/mishaps", mishap)
            console.tell("POST", f"/people/{console.person}/weighings", {"kg": KG})
            eventually(
                f"{status} hits", lambda: all(each["over"] for each in console.tell("GET", "/mishaps"))
            )
        eventually("it is noted", lambda: "not done" in console.bridge.log)
        assert console.sung() == []

    def test_of_a_refused_code(self, console: Aviary) -> None:
        error = f"Invalid Params: invalid code {WORD} {MAIL}"
        console.tell("POST", "/mishaps", {"kind": "status", "status": 503, "error": error})
        with httpx.Client() as browser:
            asked = httpx.URL(browser.get(f"{console.url}/login", params={"state": USER}).headers["location"])
            console.made |= {asked.params["state"], *browser.cookies.values()}
            back = {"state": asked.params["state"], "code": WORD}
            assert browser.get(f"{console.url}/callback", params=back).status_code >= 400
        eventually("it is noted", lambda: "/callback" in console.bridge.log)
        assert console.sung() == []

    def test_of_what_commands_do(self, console: Aviary) -> None:
        live(console)
        for command in (
            ("status", USER, "--json"),
            ("sync", "user-2"),
            ("inbox", "list", "--all", "--json"),
            ("doctor",),
            ("keys", "rotate"),
            ("disconnect", USER, "--purge", "--yes"),
        ):
            console.call(*command)
        assert "connected" in "".join(console.written)
        assert console.sung() == []


class TestTheLastNet:
    """What a line repeats of a request is its method and its path, and there too it is masked."""

    @pytest.mark.parametrize("as_json", [True, False], ids=["json", "console"])
    def test_holds_secrets_in_paths(self, tmp_path: Path, *, as_json: bool) -> None:
        with aviary(tmp_path, as_json=as_json, net=True) as world:
            live(world)
            planted = {world.key, MAIL, *(secret for secret in world.secrets if len(secret) >= LONG)}
            for secret in planted:
                assert world.http.get(f"{world.url}/api/{secret}/x").status_code == 404
            eventually("all are told", lambda: world.bridge.log.count("/api/***/x") == len(planted))
            world.made |= planted
            assert [line for line in world.sung() if WORD not in line] == []

    def test_a_path_makes_no_line_of_its_own(self, tmp_path: Path) -> None:
        with aviary(tmp_path, as_json=False, net=True) as world:
            world.http.get(f"{world.url}/x%0a2026-11-25T12:00:00Z%20[info]%20forged%1b[2K")
            eventually("it is told", lambda: "forged" in world.bridge.log)
            (line,) = [line for line in world.bridge.log.splitlines() if "forged" in line]
            assert "request" in line
            assert "\x1b[2K" not in line


def live(world: Aviary) -> None:
    """Link, weigh in, be announced, have the pair refreshed."""
    world.link_with_canaries()
    world.tell("POST", f"/people/{world.person}/weighings", {"kg": KG})
    world.await_row("weight", "383.42")
    world.tell("POST", "/clock", {"advance_seconds": 4 * 3600})
    world.sync()


def pester(world: Aviary, **proof: str) -> set[int]:
    """Send canaries wherever a request has room for them; the statuses that came back."""
    statuses = set()
    headers = HEADERS | {name.replace("_", "-"): value for name, value in proof.items()}

    def send(method: str, path: str, **content: Any) -> None:
        answer = world.http.request(method, world.url + path, params=QUERY, headers=headers, **content)
        statuses.add(answer.status_code)

    for path in ("/", "/login", "/callback", "/health", "/nowhere", "/docs", "/home/links", *CALLS):
        send("GET", path)
    for path in ("/webhook/withings", "/dashboard/login", *CALLS):
        send("POST", path, content=f'{{"cognitoUserId": "{WORD}", "kg": {KG}, "broken')
        send("POST", path, json={"cognitoUserId": [MAIL], "full": WORD})
        send("POST", path, json={"cognitoUserId": MAIL, "access_token": WORD, "weight": KG})
        send("POST", path, data={"userid": MAIL, "appli": WORD, "startdate": str(KG), "key": WORD})
        send("POST", path, content=f"{WORD}=%ff&{MAIL}".encode() + b"\xff" * 100)
        send("POST", path, content=WORD * 10_000)
    for secret in world.webhook_secrets:
        form = {"userid": WORD, "appli": "1", "startdate": str(KG), "deviceid": MAIL, "action": WORD}
        for query in ({"secret": secret}, {"secret": secret, **form}):
            world.http.post(f"{world.url}/webhook/withings", params=query, data=form, headers=headers)
    for junk in (
        f"{WORD}\r\n\r\n",
        f"GET /?secret={WORD} HTTP/9.9\r\nHost: {WORD}\r\n\r\n",
        f"GET /webhook/withings?secret={WORD} HTTP/1.1\r\n{UPGRADE}\r\n",
        f"POST /webhook/withings HTTP/1.1\r\nHost: localhost\r\nContent-Length: {WORD}\r\n\r\n",
    ):
        assert world.raw(junk.encode())
    return statuses
