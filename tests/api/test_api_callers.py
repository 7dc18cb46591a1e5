"""Each call by each kind of caller: who is let in, who is told what is missing, who is kept out."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.running import OTHER_USER, USER, Bridge, alone, given_links
from builders import an_account
from fakes import FailingSyncs
from identity import CLIENT_ID, OPERATOR_SCOPE, OPERATORS, PretendPool, user_pool
from withings_bridge.callers import ApiKey, Scope
from withings_bridge.domain.errors import NotLinked, SyncFailed

MADE = {scope.word: ApiKey.made(scope.word, scope) for scope in Scope}
KEYS = {word: key for word, (key, _) in MADE.items()}
ENTRIES = ",".join(str(entry) for _, entry in MADE.values())

ACCOUNT = "1234"

NAMED = {"userId": USER}
BODY = {"cognitoUserId": USER}


@dataclass(frozen=True)
class Call:
    """An operation of the API, as somebody calls it for the user, or for nobody in particular."""

    operation: str
    wanted: Scope
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None

    @property
    def about_the_user(self) -> bool:
        return USER in (*self.query.values(), *(self.body or {}).values())

    async def by(self, bridge: Bridge, headers: dict[str, str]) -> httpx.Response:
        """The reply to whoever sends these headers."""
        method, _, path = self.operation.partition(" ")
        url = path.format(account=ACCOUNT, id="1", signalId="1")
        return await bridge.http.request(method, url, params=self.query, json=self.body, headers=headers)


CALLS = [
    Call("GET /api/status", Scope.READ, query=NAMED),
    Call("GET /api/withings/status", Scope.READ, query=NAMED),
    Call("GET /api/withings/data", Scope.READ, query=NAMED),
    Call("GET /api/withings/explain", Scope.READ, query=NAMED),
    Call("GET /api/withings/measurements", Scope.READ, query=NAMED),
    Call("GET /api/withings/latest", Scope.READ, query=NAMED),
    Call("GET /api/withings/activity", Scope.READ, query=NAMED),
    Call("GET /api/withings/activity/intraday", Scope.READ, query=NAMED),
    Call("GET /api/withings/sleep", Scope.READ, query=NAMED),
    Call("GET /api/withings/sleep/{id}/stages", Scope.READ, query=NAMED),
    Call("GET /api/withings/workouts", Scope.READ, query=NAMED),
    Call("GET /api/withings/ecg", Scope.READ, query=NAMED),
    Call("GET /api/withings/stetho", Scope.READ, query=NAMED),
    Call("GET /api/withings/ecg/{signalId}/signal", Scope.READ, query=NAMED),
    Call("GET /api/withings/stetho/{signalId}/signal", Scope.READ, query=NAMED),
    Call("GET /api/withings/devices", Scope.READ, query=NAMED),
    Call("GET /api/withings/goals", Scope.READ, query=NAMED),
    Call("GET /api/withings/events", Scope.READ, query=NAMED),
    Call("GET /api/withings/changes", Scope.READ, query=NAMED),
    Call("GET /api/withings/fhir/metadata", Scope.READ),
    Call("GET /api/withings/fhir/Observation", Scope.READ, query=NAMED),
    Call("GET /api/withings/fhir/Observation/{id}", Scope.READ, query=NAMED),
    Call("GET /api/withings/fhir/Device", Scope.READ, query=NAMED),
    Call("GET /api/withings/fhir/Device/{id}", Scope.READ, query=NAMED),
    Call("GET /api/withings/fhir/Patient/$everything", Scope.READ, query=NAMED),
    Call("GET /api/withings/fhir/Patient/{id}", Scope.READ, query=NAMED),
    Call("GET /api/withings/auth/initiate", Scope.SYNC, query=NAMED),
    Call("POST /api/vitals7/configure", Scope.SYNC, body=BODY),
    Call("POST /api/withings/register-webhooks", Scope.SYNC, body=BODY),
    Call("POST /api/withings/sync", Scope.SYNC, body=BODY),
    Call("POST /api/withings/disconnect", Scope.SYNC, body=BODY),
    Call("GET /api/withings/inbox", Scope.ADMIN),
    Call("GET /api/withings/inbox/{account}", Scope.ADMIN),
    Call("POST /api/withings/inbox/replay", Scope.ADMIN, body={}),
    Call("POST /api/withings/inbox/{account}/replay", Scope.ADMIN, body={}),
    Call("GET /metrics", Scope.ADMIN),
    Call("POST /api/withings/inbox/{account}/drop", Scope.ADMIN, body={"categories": ["measures"]}),
]
"""Every call that takes a proof; a new one is a line here."""

NOBODYS = {"GET /api/withings/fhir/metadata"}
"""What takes a proof and tells nothing of anybody."""

NO_PROOF = {
    "GET /login",
    "GET /callback",
    "GET /webhook/withings",
    "POST /webhook/withings",
    "GET /health",
    "GET /ready",
}
"""What people's browsers, Withings and watching machines call."""

TURNED_AWAY = {"not_authenticated", "token_refused", "two_proofs", "scope_missing", "not_yours"}
"""Codes of those whose call is not even looked at."""

Brought = Callable[[PretendPool], dict[str, str]]
"""What a kind of caller sends along."""


def key(name: str) -> Brought:
    return lambda _: {"X-API-Key": name}


def token(make: Callable[[PretendPool], str]) -> Brought:
    return lambda pool: {"Authorization": f"Bearer {make(pool)}"}


STRANGERS: dict[str, Brought] = {
    "nobody": lambda _: {},
    "an empty key": key(""),
    "a key that nobody made": key("wb_nobody-made-it"),
    "a name and a password": lambda _: {"Authorization": "Basic dXNlcjpwYXNz"},
    "an empty token": lambda _: {"Authorization": "Bearer "},
}
HOLDERS = {f"a key to {scope.word}": (scope, key(KEYS[scope.word])) for scope in Scope}
USERS: dict[str, Brought] = {
    "an access token": token(lambda pool: pool.access_token(USER)),
    "an id token": token(lambda pool: pool.id_token(USER)),
}
OTHERS: dict[str, Brought] = {
    "an access token": token(lambda pool: pool.access_token(OTHER_USER)),
    "an id token": token(lambda pool: pool.id_token(OTHER_USER)),
}
TENDERS: dict[str, Brought] = {
    "by group": token(lambda pool: pool.id_token(OTHER_USER, **{"cognito:groups": [OPERATORS]})),
    "by scope": token(lambda pool: pool.access_token(CLIENT_ID, scope=OPERATOR_SCOPE)),
}
REFUSED: dict[str, Brought] = {
    "an expired token": token(lambda pool: pool.access_token(USER, exp=pool.moment(timedelta(hours=-1)))),
    "another client's token": token(lambda pool: pool.id_token(USER, aud="another")),
    "another pool's token": token(lambda pool: pool.access_token(USER, iss="http://127.0.0.1/other")),
    "no token at all": token(lambda _: "forged"),
}


@pytest.fixture
async def pool() -> AsyncIterator[PretendPool]:
    async with user_pool() as pool:
        yield pool


@pytest.fixture
async def guarded(tmp_path: Path, pool: PretendPool) -> AsyncIterator[Bridge]:
    """A bridge with keys and a user pool, on which two users share an account."""
    await given_links(tmp_path, an_account(ACCOUNT, USER, OTHER_USER))
    async with alone(tmp_path, api_keys=ENTRIES, **pool.settings) as bridge:
        bridge.services = replace(bridge.services, requesting=FailingSyncs(SyncFailed()))
        yield bridge


def must_be_let_in(reply: httpx.Response) -> None:
    """Whatever became of the call, it was not for want of rights."""
    assert reply.status_code < 400 or reply.json()["code"] not in TURNED_AWAY, reply.text


def must_lack_scope(reply: httpx.Response, wanted: Scope) -> None:
    assert (reply.status_code, reply.json()["code"]) == (403, "scope_missing")
    assert wanted.word in reply.json()["error"]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
class TestEachCall:
    @pytest.mark.parametrize("who", STRANGERS)
    async def test_is_refused_to_who_proves_nothing(
        self, guarded: Bridge, pool: PretendPool, call: Call, who: str
    ) -> None:
        reply = await call.by(guarded, STRANGERS[who](pool))
        assert (reply.status_code, reply.json()["code"]) == (401, "not_authenticated")
        assert reply.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("who", REFUSED)
    async def test_is_refused_to_who_brings_a_token_that_is_not_accepted(
        self, guarded: Bridge, pool: PretendPool, call: Call, who: str
    ) -> None:
        reply = await call.by(guarded, REFUSED[who](pool))
        assert (reply.status_code, reply.json()["code"]) == (401, "token_refused")
        assert reply.headers["www-authenticate"] == 'Bearer error="invalid_token"'

    async def test_is_refused_to_who_brings_two_proofs(
        self, guarded: Bridge, pool: PretendPool, call: Call
    ) -> None:
        both = key(KEYS["admin"])(pool) | USERS["an id token"](pool)
        reply = await call.by(guarded, both)
        assert (reply.status_code, reply.json()["code"]) == (400, "two_proofs")

    @pytest.mark.parametrize("who", HOLDERS)
    async def test_takes_a_key_of_its_scope(
        self, guarded: Bridge, pool: PretendPool, call: Call, who: str
    ) -> None:
        held, brought = HOLDERS[who]
        reply = await call.by(guarded, brought(pool))
        if held >= call.wanted:
            must_be_let_in(reply)
        else:
            must_lack_scope(reply, call.wanted)

    @pytest.mark.parametrize("who", USERS)
    async def test_is_the_users_own_unless_it_takes_an_operator(
        self, guarded: Bridge, pool: PretendPool, call: Call, who: str
    ) -> None:
        reply = await call.by(guarded, USERS[who](pool))
        if call.wanted <= Scope.SYNC:
            must_be_let_in(reply)
        else:
            must_lack_scope(reply, call.wanted)

    @pytest.mark.parametrize("who", OTHERS)
    async def test_is_never_another_users(
        self, guarded: Bridge, pool: PretendPool, call: Call, who: str
    ) -> None:
        reply = await call.by(guarded, OTHERS[who](pool))
        if call.wanted > Scope.SYNC:
            must_lack_scope(reply, call.wanted)
        elif call.operation in NOBODYS:
            must_be_let_in(reply)
        else:
            assert call.about_the_user
            assert (reply.status_code, reply.json()["code"]) == (403, "not_yours")
        assert (await guarded.account(ACCOUNT)).users == {USER, OTHER_USER}

    @pytest.mark.parametrize("who", TENDERS)
    async def test_is_an_operators(self, guarded: Bridge, pool: PretendPool, call: Call, who: str) -> None:
        must_be_let_in(await call.by(guarded, TENDERS[who](pool)))

    async def test_waits_for_a_pool_that_does_not_answer(
        self, guarded: Bridge, pool: PretendPool, call: Call
    ) -> None:
        pool.answer.status = "503 Service Unavailable"
        reply = await call.by(guarded, USERS["an access token"](pool))
        assert (reply.status_code, reply.json()["code"]) == (503, "identity_unavailable")
        assert int(reply.headers["retry-after"]) > 0


class TestAUserWhoNamesNobody:
    async def test_means_themselves(self, guarded: Bridge, pool: PretendPool) -> None:
        """Two are linked, and a service would have to say whom it means."""
        mine = await guarded.http.get("/api/status", headers=USERS["an access token"](pool))
        assert mine.json()["authenticated"]
        anybodys = await guarded.http.get("/api/status", headers={"X-API-Key": KEYS["read"]})
        assert not anybodys.json()["authenticated"]

    @pytest.mark.parametrize(
        ("operation", "then"),
        [
            ("GET /api/withings/data", "sync_failed"),
            ("POST /api/withings/sync", "sync_failed"),
            ("POST /api/withings/register-webhooks", "no_webhook"),
        ],
    )
    async def test_means_themselves_where_a_service_must_name_one_of_several(
        self, guarded: Bridge, pool: PretendPool, operation: str, then: str
    ) -> None:
        call = Call(operation, Scope.READ)
        anybodys = await call.by(guarded, {"X-API-Key": KEYS["sync"]})
        assert (anybodys.status_code, anybodys.json()["code"]) == (400, "user_unknown")
        mine = await call.by(guarded, USERS["an access token"](pool))
        assert mine.json()["code"] == then

    async def test_is_let_in_as_themselves(self, guarded: Bridge, pool: PretendPool) -> None:
        call = Call("GET /api/withings/auth/initiate", Scope.SYNC)
        assert (await call.by(guarded, {"X-API-Key": KEYS["sync"]})).status_code == 400
        url = httpx.URL((await call.by(guarded, USERS["an id token"](pool))).json()["authUrl"])
        assert await guarded.services.linking.redeem(url.params["ticket"]) == USER

    @pytest.mark.parametrize("path", ["/api/vitals7/configure", "/api/withings/disconnect"])
    async def test_is_asked_for_a_name_where_the_app_always_gave_one(
        self, guarded: Bridge, pool: PretendPool, path: str
    ) -> None:
        for body in (None, {}, {"cognitoUserId": ""}):
            reply = await Call(f"POST {path}", Scope.SYNC, body=body).by(guarded, USERS["an id token"](pool))
            assert (reply.status_code, reply.json()["code"]) == (400, "user_unknown")

    async def test_is_told_of_their_own_link_alone(self, guarded: Bridge, pool: PretendPool) -> None:
        headers = token(lambda pool: pool.access_token("somebody-else"))(pool)
        reply = await guarded.http.get("/api/status", headers=headers)
        assert reply.json() == {"authenticated": False, "message": str(NotLinked())}


class TestTheTable:
    async def test_holds_every_operation_that_takes_a_proof(self, guarded: Bridge) -> None:
        paths = (await guarded.http.get("/openapi.json")).json()["paths"]
        operations = {
            f"{method.upper()} {path}": operation
            for path, methods in paths.items()
            for method, operation in methods.items()
        }
        guarded_ones = {name: operation for name, operation in operations.items() if name not in NO_PROOF}
        assert {call.operation for call in CALLS} == set(guarded_ones)
        for operation in guarded_ones.values():
            assert {name for proof in operation["security"] for name in proof} == {"ApiKey", "Cognito"}
            assert all(len(proof) == 1 for proof in operation["security"]), "either is enough"

    async def test_is_told_to_clients(self, guarded: Bridge) -> None:
        schemes = (await guarded.http.get("/openapi.json")).json()["components"]["securitySchemes"]
        assert (schemes["Cognito"]["type"], schemes["Cognito"]["scheme"]) == ("http", "bearer")
        assert (schemes["ApiKey"]["in"], schemes["ApiKey"]["name"]) == ("header", "X-API-Key")


class TestWithoutAProof:
    @pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/", "/webhook/withings"])
    async def test_what_is_everybodys_is_served(self, guarded: Bridge, path: str) -> None:
        assert (await guarded.http.get(path)).status_code == 200

    async def test_the_home_page_names_nobody(self, guarded: Bridge) -> None:
        assert USER not in (await guarded.http.get("/")).text
        reply = await guarded.http.get("/home/links")
        assert reply.status_code == 401
        assert USER not in reply.text

    async def test_nobody_is_linked_by_their_id_alone(self, guarded: Bridge) -> None:
        reply = await guarded.http.get("/login", params={"state": USER})
        assert reply.status_code == 401
        assert "location" not in reply.headers
