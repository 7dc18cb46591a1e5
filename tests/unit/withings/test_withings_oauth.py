"""Consent and tokens over a real connection."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from unit.withings.loopback import SILENCE, ScriptedWithings, envelope, page
from withings_bridge.domain.errors import (
    AlreadyAbsent,
    ApplicationRefused,
    BadGrant,
    Malformed,
    RateLimited,
    Retry,
    Transient,
)
from withings_bridge.withings import WithingsOAuth

CALLBACK = "https://bridge.example/callback"
SCOPES = ("user.info", "user.metrics")
PAIR: dict[str, Any] = {
    "userid": "363",
    "access_token": "a" * 40,
    "refresh_token": "b" * 40,
    "expires_in": 10800,
    "scope": "user.info,user.metrics",
    "csrf_token": "c" * 32,
    "token_type": "Bearer",
}


@pytest.fixture
def oauth(cloud: ScriptedWithings, http: httpx.AsyncClient) -> WithingsOAuth:
    return WithingsOAuth(
        http,
        client_id="app-1",
        client_secret=SecretStr("test-secret"),
        api_url=cloud.url,
        auth_url="https://account.example/oauth2_user/authorize2",
        timeout=httpx.Timeout(5, read=0.1),
        clock=lambda: 1700000000.9,
    )


def query(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, strict_parsing=True)


class TestAuthorizeUrl:
    def test_asks_for_a_code_with_scopes_joined_by_commas(self, oauth: WithingsOAuth) -> None:
        url = oauth.authorize_url("state-1", CALLBACK, SCOPES)
        assert url.startswith("https://account.example/oauth2_user/authorize2?")
        assert sorted(query(url)) == [
            ("client_id", "app-1"),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "user.info,user.metrics"),
            ("state", "state-1"),
        ]

    def test_can_lead_to_the_demo_user(self, oauth: WithingsOAuth) -> None:
        assert ("mode", "demo") in query(oauth.authorize_url("state-1", CALLBACK, SCOPES, demo=True))

    def test_escapes_what_it_is_given(self, oauth: WithingsOAuth) -> None:
        pairs = query(oauth.authorize_url("a&b=c #d", f"{CALLBACK}?x=1&y=2", SCOPES))
        assert ("state", "a&b=c #d") in pairs
        assert ("redirect_uri", f"{CALLBACK}?x=1&y=2") in pairs

    def test_keeps_a_query_of_the_address(self, cloud: ScriptedWithings, http: httpx.AsyncClient) -> None:
        oauth = WithingsOAuth(
            http, client_id="app-1", client_secret=SecretStr("s"), api_url=cloud.url,
            auth_url="https://account.example/authorize?b=partner",
        )  # fmt: skip
        assert ("b", "partner") in query(oauth.authorize_url("state-1", CALLBACK, SCOPES))


class TestExchange:
    async def test_sends_the_code_with_the_secret_and_no_bearer(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope(PAIR))
        await oauth.exchange("code-1", CALLBACK)
        assert (cloud.last.method, cloud.last.path) == ("POST", "/v2/oauth2")
        assert cloud.last.form == {
            "action": "requesttoken",
            "grant_type": "authorization_code",
            "client_id": "app-1",
            "client_secret": "test-secret",
            "code": "code-1",
            "redirect_uri": CALLBACK,
        }
        assert "authorization" not in cloud.last.headers

    async def test_yields_the_pair(self, cloud: ScriptedWithings, oauth: WithingsOAuth) -> None:
        cloud.replies(envelope(PAIR))
        reply = await oauth.exchange("code-1", CALLBACK)
        assert reply.access_token.get_secret_value() == "a" * 40
        assert reply.refresh_token.get_secret_value() == "b" * 40
        assert reply.scope == SCOPES
        assert reply.userid == "363"
        assert reply.lifetime == timedelta(hours=3)
        assert reply.token_type == "Bearer"

    async def test_needs_to_know_whose_the_tokens_are(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({**PAIR, "userid": None}))
        with pytest.raises(Malformed, match="whose"):
            await oauth.exchange("code-1", CALLBACK)

    async def test_of_a_spent_code_is_a_bad_grant(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({}, 503, error="Invalid Params: invalid code"))
        with pytest.raises(BadGrant, match="invalid code") as caught:
            await oauth.exchange("code-1", CALLBACK)
        assert caught.value.retry is Retry.RELINK


class TestRefused:
    async def test_is_an_application_that_withings_does_not_know(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        assert not oauth.refused
        cloud.replies(envelope({}, 503, error="Invalid Params: invalid client_secret"))
        with pytest.raises(ApplicationRefused):
            await oauth.refresh("token")
        assert oauth.refused

    async def test_lasts_while_withings_says_nothing_else(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({}, 401), envelope({}, 522), envelope(PAIR))
        with pytest.raises(ApplicationRefused):
            await oauth.refresh("token")
        with pytest.raises(Transient):
            await oauth.refresh("token")
        assert oauth.refused
        await oauth.refresh("token")
        assert not oauth.refused

    async def test_is_nobody_whose_token_alone_is_refused(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({}, 401), envelope({}, 503, error="Invalid Params: invalid refresh_token"))
        with pytest.raises(ApplicationRefused):
            await oauth.refresh("token")
        with pytest.raises(BadGrant):
            await oauth.refresh("token")
        assert not oauth.refused


class TestRefresh:
    async def test_sends_the_refresh_token_alone(self, cloud: ScriptedWithings, oauth: WithingsOAuth) -> None:
        cloud.replies(envelope(PAIR))
        await oauth.refresh("old-token")
        assert cloud.last.form == {
            "action": "requesttoken",
            "grant_type": "refresh_token",
            "client_id": "app-1",
            "client_secret": "test-secret",
            "refresh_token": "old-token",
        }

    @pytest.mark.parametrize(
        ("sent", "read"), [(363, "363"), ("363", "363"), (-5, "-5"), (None, None), ("", None)]
    )
    async def test_reads_the_user_id_in_any_shape(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth, sent: Any, read: str | None
    ) -> None:
        cloud.replies(envelope({**PAIR, "userid": sent}))
        assert (await oauth.refresh("old-token")).userid == read

    async def test_needs_no_more_than_a_pair_and_its_lifetime(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({"access_token": "a", "refresh_token": "b", "expires_in": "10800"}))
        reply = await oauth.refresh("old-token")
        assert (reply.scope, reply.userid, reply.expires_in) == ((), None, 10800)

    @pytest.mark.parametrize(
        "flaw",
        [
            {"access_token": ""},
            {"access_token": None},
            {"access_token": " "},
            {"access_token": "two words"},
            {"refresh_token": ""},
            {"refresh_token": None},
            {"refresh_token": 7},
            {"expires_in": 0},
            {"expires_in": -1},
            {"expires_in": None},
            {"expires_in": "soon"},
            {"expires_in": 10**12},
        ],
    )
    async def test_never_takes_a_partial_reply_for_a_pair(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth, flaw: dict[str, Any]
    ) -> None:
        cloud.replies(envelope({**PAIR, **flaw}))
        with pytest.raises(Malformed, match=next(iter(flaw))):
            await oauth.refresh("old-token")

    @pytest.mark.parametrize("missing", ["access_token", "refresh_token", "expires_in"])
    async def test_never_takes_a_shorter_reply_for_a_pair(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth, missing: str
    ) -> None:
        cloud.replies(envelope({name: value for name, value in PAIR.items() if name != missing}))
        with pytest.raises(Malformed, match=missing):
            await oauth.refresh("old-token")

    @pytest.mark.parametrize("line", [envelope({}), envelope([]), page(b""), page(b"{}")])
    async def test_never_takes_an_empty_reply_for_a_pair(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth, line: bytes
    ) -> None:
        cloud.replies(line)
        with pytest.raises(Malformed):
            await oauth.refresh("old-token")

    async def test_of_a_dead_token_is_a_bad_grant(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({}, 503, error="Invalid Params: invalid refresh_token"))
        with pytest.raises(BadGrant):
            await oauth.refresh("old-token")

    async def test_repeated_too_soon_is_no_dead_link(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({}, 601, error="Same arguments in less than 10 seconds"))
        with pytest.raises(RateLimited) as caught:
            await oauth.refresh("old-token")
        assert caught.value.retry_after == timedelta(seconds=10)

    async def test_with_a_wrong_secret_is_no_dead_link(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({}, 503, error="Invalid Params: invalid client_secret"))
        with pytest.raises(ApplicationRefused, match="WITHINGS_CLIENT_SECRET") as caught:
            await oauth.refresh("old-token")
        assert caught.value.retry is Retry.LATER

    async def test_whose_reply_is_lost_is_no_dead_link(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(SILENCE)
        with pytest.raises(Transient):
            await oauth.refresh("old-token")


class TestSignedCalls:
    """Signatures made with ``printf ... | openssl dgst -sha256 -hmac test-secret``."""

    async def test_begin_with_a_nonce_signed_by_time(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({"nonce": "nonce-1"}))
        assert await oauth.nonce() == "nonce-1"
        assert cloud.last.path == "/v2/signature"
        assert cloud.last.form == {
            "action": "getnonce",
            "client_id": "app-1",
            "timestamp": "1700000000",
            "signature": "96f77c447152ce06546c2e81ef283346c0cd478a39fc1075de242c79d0212f38",
        }

    @pytest.mark.parametrize("body", [{}, {"nonce": ""}, {"nonce": 5}])
    async def test_need_a_nonce(self, cloud: ScriptedWithings, oauth: WithingsOAuth, body: Any) -> None:
        cloud.replies(envelope(body))
        with pytest.raises(Malformed, match="nonce"):
            await oauth.revoke("363")
        assert len(cloud.received) == 1

    async def test_revoke_sends_the_user_unsigned(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(envelope({"nonce": "nonce-1"}), envelope({}))
        await oauth.revoke("363")
        assert cloud.last.path == "/v2/oauth2"
        assert cloud.last.form == {
            "action": "revoke",
            "client_id": "app-1",
            "nonce": "nonce-1",
            "signature": "c9bb8c1d07916cce817a2ecfc5f3611db61275b068eb51d0455e58e21f182d7b",
            "userid": "363",
        }

    async def test_revoke_of_nothing_says_so(self, cloud: ScriptedWithings, oauth: WithingsOAuth) -> None:
        cloud.replies(envelope({"nonce": "nonce-1"}), envelope({}, 343))
        with pytest.raises(AlreadyAbsent):
            await oauth.revoke("363")

    async def test_demo_access_yields_a_pair_of_nobody(
        self, cloud: ScriptedWithings, oauth: WithingsOAuth
    ) -> None:
        cloud.replies(
            envelope({"nonce": "nonce-1"}),
            envelope({"access_token": "a", "refresh_token": "b", "expires_in": 10800}),
        )
        reply = await oauth.demo_access(SCOPES)
        assert reply.userid is None
        assert cloud.last.form["action"] == "getdemoaccess"
        assert cloud.last.form["scope_oauth2"] == "user.info,user.metrics"
