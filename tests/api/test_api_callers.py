"""Each call by each kind of caller: who is let in, who is told what is missing, who is kept out."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.running import OTHER_USER, USER, Bridge, alone, given_links
from builders import an_account
from withings_bridge.callers import ApiKey, Scope

MADE = {scope.word: ApiKey.made(scope.word, scope) for scope in Scope}
KEYS = {word: key for word, (key, _) in MADE.items()}
ENTRIES = ",".join(str(entry) for _, entry in MADE.values())

CALLS = [
    ("GET", f"/api/status?userId={USER}", None, Scope.READ),
    ("GET", f"/api/withings/status?userId={USER}", None, Scope.READ),
    ("GET", f"/api/withings/data?userId={USER}", None, Scope.READ),
    ("GET", f"/api/withings/auth/initiate?userId={USER}", None, Scope.SYNC),
    ("POST", "/api/vitals7/configure", {"cognitoUserId": USER}, Scope.SYNC),
    ("POST", "/api/withings/register-webhooks", {"cognitoUserId": USER}, Scope.SYNC),
    ("POST", "/api/withings/sync", {"cognitoUserId": USER}, Scope.SYNC),
    ("POST", "/api/withings/disconnect", {"cognitoUserId": USER}, Scope.SYNC),
    ("GET", "/api/withings/inbox", None, Scope.ADMIN),
    ("GET", "/api/withings/inbox/1234", None, Scope.ADMIN),
    ("POST", "/api/withings/inbox/replay", {}, Scope.ADMIN),
    ("POST", "/api/withings/inbox/1234/replay", {}, Scope.ADMIN),
    ("POST", "/api/withings/inbox/1234/drop", {"categories": ["measures"]}, Scope.ADMIN),
]
NAMES = [f"{method} {path}" for method, path, _, _ in CALLS]


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge with keys, on which two users share an account."""
    await given_links(tmp_path, an_account("1234", USER, OTHER_USER))
    async with alone(tmp_path, api_keys=ENTRIES) as bridge:
        yield bridge


@pytest.mark.parametrize(("method", "path", "body", "wanted"), CALLS, ids=NAMES)
class TestEachCall:
    @pytest.mark.parametrize("key", [None, "", "wb_nobody-made-it"])
    async def test_is_refused_to_who_brings_no_key_that_is_known(
        self, guarded: Bridge, method: str, path: str, body: object, wanted: Scope, key: str | None
    ) -> None:
        headers = {} if key is None else {"X-API-Key": key}
        reply = await guarded.http.request(method, path, json=body, headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (401, "not_authenticated")
        assert reply.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("held", Scope)
    async def test_takes_its_scope(
        self, guarded: Bridge, method: str, path: str, body: object, wanted: Scope, held: Scope
    ) -> None:
        headers = {"X-API-Key": KEYS[held.word]}
        reply = await guarded.http.request(method, path, json=body, headers=headers)
        if held >= wanted:
            assert reply.status_code not in {401, 403}
        else:
            assert (reply.status_code, reply.json()["code"]) == (403, "scope_missing")
            assert wanted.word in reply.json()["error"]


class TestWithoutAKey:
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
