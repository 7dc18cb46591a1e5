"""Tokens of a pool that really signs them: whose are accepted, as whom, and which are not."""

import base64
import hashlib
import hmac
import json
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from builders import NOON
from fakes import FakeClock
from identity import CLIENT_ID, OPERATOR_SCOPE, OPERATORS, PretendPool, by_hand, signing_key
from withings_bridge.callers import Caller, Scope, UserPool
from withings_bridge.callers.cognito import LEEWAY, CognitoTokens
from withings_bridge.callers.jwks import PAUSE, Jwks
from withings_bridge.domain.errors import NotAuthenticated, TokenRefused

USER = "0f9d3c1e-7a55-4a0e-9a55-2d1f8b6c7e21"
A_SECOND = timedelta(seconds=1)
KINDS = ["access_token", "id_token"]
HEADERS = ["alg", "kid", "crit", "b64", "typ", "jwk", "x5c", "RS256"]

Make = Callable[..., str]


@pytest.fixture
def tokens(pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock) -> CognitoTokens:
    return accepting(pool, http, clock)


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, pool: PretendPool) -> Make:
    """Makes a token of either kind for the user."""
    made: Make = getattr(pool, request.param)
    return lambda **changes: made(USER, **changes)


def accepting(pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock, **changes: Any) -> CognitoTokens:
    given = {"client_ids": (CLIENT_ID,), "operator_group": OPERATORS, "operator_scope": OPERATOR_SCOPE}
    known = UserPool(pool.issuer, **(given | changes))
    return CognitoTokens(known, keys=Jwks(http, known.keys_url, clock=clock), clock=clock)


async def refusal(tokens: CognitoTokens, token: str) -> str:
    """What the bearer of a token that is not accepted is told. Nothing of the token is in it."""
    with pytest.raises(TokenRefused) as caught:
        await tokens.bearer(token)
    for part in token.split("."):
        assert len(part) < 5 or part not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


class TestAUser:
    async def test_is_let_in_with_either_kind_as_who_they_are(
        self, tokens: CognitoTokens, make: Make
    ) -> None:
        assert await tokens.bearer(make()) == Caller(f"user:{USER}", Scope.SYNC, user=USER)

    async def test_of_any_app_client_that_is_named_is_let_in(
        self, pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock
    ) -> None:
        tokens = accepting(pool, http, clock, client_ids=("another", CLIENT_ID))
        assert (await tokens.bearer(pool.access_token(USER))).user == USER
        assert (await tokens.bearer(pool.id_token(USER, aud="another"))).user == USER

    async def test_in_other_groups_and_with_other_scopes_is_no_operator(
        self, tokens: CognitoTokens, pool: PretendPool
    ) -> None:
        groups: list[object] = [[], ["users", f"{OPERATORS}-emeritus"], OPERATORS, {OPERATORS: 1}, None, 1]
        for named in groups:
            caller = await tokens.bearer(pool.id_token(USER, **{"cognito:groups": named}))
            assert caller.scope is Scope.SYNC
        for scope in ("openid", f"{OPERATOR_SCOPE}s", "", [OPERATOR_SCOPE], 1):
            assert (await tokens.bearer(pool.access_token(USER, scope=scope))).scope is Scope.SYNC


class TestAnOperator:
    async def test_is_a_member_of_the_group(self, tokens: CognitoTokens, make: Make) -> None:
        token = make(**{"cognito:groups": ["users", OPERATORS]})
        assert await tokens.bearer(token) == Caller(f"operator:{USER}", Scope.ADMIN)

    async def test_may_be_a_machine_with_the_scope(self, tokens: CognitoTokens, pool: PretendPool) -> None:
        """Client credentials: ``sub`` is the client, and nobody has a name."""
        token = pool.access_token(CLIENT_ID, scope=f"openid {OPERATOR_SCOPE}", username=None)
        assert await tokens.bearer(token) == Caller(f"operator:{CLIENT_ID}", Scope.ADMIN)

    async def test_shows_the_scope_on_an_access_token(self, tokens: CognitoTokens, pool: PretendPool) -> None:
        assert (await tokens.bearer(pool.id_token(USER, scope=OPERATOR_SCOPE))).scope is Scope.SYNC

    async def test_is_nobody_unless_group_or_scope_are_named(
        self, pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock
    ) -> None:
        tokens = accepting(pool, http, clock, operator_group="", operator_scope="")
        for groups in ([""], [OPERATORS]):
            caller = await tokens.bearer(pool.access_token(USER, scope="", **{"cognito:groups": groups}))
            assert caller.scope is Scope.SYNC


class TestTheTimes:
    @pytest.mark.parametrize(
        ("name", "accepted", "refused", "said"),
        [
            ("exp", -LEEWAY + A_SECOND, -LEEWAY, "expired"),
            ("nbf", LEEWAY, LEEWAY + A_SECOND, "not valid yet"),
            ("iat", LEEWAY, LEEWAY + A_SECOND, "not valid yet"),
        ],
    )
    async def test_are_those_of_the_bridges_clock_with_a_leeway(
        self,
        tokens: CognitoTokens,
        make: Make,
        pool: PretendPool,
        name: str,
        accepted: timedelta,
        refused: timedelta,
        said: str,
    ) -> None:
        assert (await tokens.bearer(make(**{name: pool.moment(accepted)}))).user == USER
        assert said in await refusal(tokens, make(**{name: pool.moment(refused)}))

    async def test_that_pass_end_a_token(self, tokens: CognitoTokens, make: Make, clock: FakeClock) -> None:
        token = make()
        clock.advance(timedelta(hours=1))
        assert (await tokens.bearer(token)).user == USER
        clock.advance(LEEWAY)
        assert await refusal(tokens, token) == "This token has expired; sign in again or refresh it."

    @pytest.mark.parametrize("exp", [None, "tomorrow", True, [9], float("inf"), float("nan")])
    async def test_must_hold_an_end(self, tokens: CognitoTokens, make: Make, exp: object) -> None:
        assert "has no end" in await refusal(tokens, make(exp=exp))


class TestClaims:
    @pytest.mark.parametrize(
        "iss",
        [
            None,
            "",
            "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_another",
            "http://127.0.0.1/local_1",
            ["{issuer}"],
            "{issuer}/",
        ],
    )
    async def test_name_the_pool_that_issued_it(
        self, tokens: CognitoTokens, make: Make, pool: PretendPool, iss: object
    ) -> None:
        named = json.loads(json.dumps(iss).replace("{issuer}", pool.issuer))
        assert "another user pool" in await refusal(tokens, make(iss=named))

    @pytest.mark.parametrize("client", [None, "", "another", [CLIENT_ID], CLIENT_ID.upper(), {}])
    async def test_name_one_of_our_app_clients(
        self, tokens: CognitoTokens, pool: PretendPool, client: object
    ) -> None:
        assert "another app client" in await refusal(tokens, pool.access_token(USER, client_id=client))
        assert "another app client" in await refusal(tokens, pool.id_token(USER, aud=client))

    async def test_name_it_where_this_kind_does(self, tokens: CognitoTokens, pool: PretendPool) -> None:
        access = pool.access_token(USER, client_id=None, aud=CLIENT_ID)
        assert "another app client" in await refusal(tokens, access)
        identity = pool.id_token(USER, aud=None, client_id=CLIENT_ID)
        assert "another app client" in await refusal(tokens, identity)

    @pytest.mark.parametrize("use", [None, "", "refresh", "ACCESS", ["access"], {}])
    async def test_say_which_kind_it_is(self, tokens: CognitoTokens, make: Make, use: object) -> None:
        told = await refusal(tokens, make(token_use=use, aud=CLIENT_ID, client_id=CLIENT_ID))
        assert "neither an access nor an id token" in told

    @pytest.mark.parametrize("sub", [None, "", 7, ["user-1"], "a" * 129, "user\n1", "user#withings"])
    async def test_say_whose_it_is(self, tokens: CognitoTokens, make: Make, sub: object) -> None:
        assert "does not say whose" in await refusal(tokens, make(sub=sub))


class TestTheSignature:
    async def test_is_by_the_pools_own_key(
        self, tokens: CognitoTokens, make: Make, pool: PretendPool
    ) -> None:
        """A stranger's key under the name of the pool's."""
        claims = pool.claims({"sub": USER, "token_use": "access", "client_id": CLIENT_ID})
        stranger = signing_key("stranger")
        forged = by_hand({"alg": "RS256", "kid": "key-1"}, claims, signing(stranger, hashes.SHA256()))
        assert "did not sign" in await refusal(tokens, forged)
        genuine = by_hand(
            {"alg": "RS256", "kid": "key-1"}, claims, signing(signing_key("key-1"), hashes.SHA256())
        )
        assert (await tokens.bearer(genuine)).user == USER

    async def test_covers_what_is_claimed(self, tokens: CognitoTokens, make: Make) -> None:
        head, _, signature = make().split(".")
        _, body, _ = make(sub="another").split(".")
        assert "did not sign" in await refusal(tokens, f"{head}.{body}.{signature}")
        assert "did not sign" in await refusal(tokens, f"{head}.{body}.")

    async def test_is_by_rs256_whatever_the_token_says(
        self, tokens: CognitoTokens, pool: PretendPool
    ) -> None:
        claims = pool.claims({"sub": USER, "token_use": "access", "client_id": CLIENT_ID})
        key = signing_key("key-1")
        public = key.as_pem(private=False)

        def by_public_key(message: bytes) -> bytes:
            return hmac.digest(public, message, hashlib.sha256)

        for alg, sign in [
            ("none", lambda _: b""),
            ("None", lambda _: b""),
            ("HS256", by_public_key),
            ("HS256", lambda message: hmac.digest(b"", message, hashlib.sha256)),
            ("RS512", signing(key, hashes.SHA512())),
            ("RS384", signing(key, hashes.SHA384())),
            ("rs256", signing(key, hashes.SHA256())),
            (["RS256"], signing(key, hashes.SHA256())),
            (None, signing(key, hashes.SHA256())),
        ]:
            forged = by_hand({"alg": alg, "kid": "key-1"}, claims, sign)
            assert "did not sign" in await refusal(tokens, forged)
        assert pool.asked == 0

    @pytest.mark.parametrize("extra", [{"crit": ["b64"], "b64": False}, {"crit": 1}, {"crit": []}])
    async def test_has_no_extensions(
        self, tokens: CognitoTokens, pool: PretendPool, extra: dict[str, object]
    ) -> None:
        forged = by_hand({"alg": "RS256", "kid": "key-1"} | extra, {})
        assert "did not sign" in await refusal(tokens, forged)

    async def test_brings_no_key_of_its_own(self, tokens: CognitoTokens, pool: PretendPool) -> None:
        stranger = signing_key("stranger")
        header = {"alg": "RS256", "kid": "key-1", "jku": "http://127.0.0.1:9/keys"}
        claims = pool.claims({"sub": USER, "token_use": "access", "client_id": CLIENT_ID})
        forged = by_hand(header, claims, signing(stranger, hashes.SHA256()))
        assert "did not sign" in await refusal(tokens, forged)


class TestTheKey:
    @pytest.mark.parametrize("kid", [{}, {"kid": None}, {"kid": 1}, {"kid": ["key-1"]}])
    async def test_is_named(self, tokens: CognitoTokens, pool: PretendPool, kid: dict[str, object]) -> None:
        """Also where the pool has one alone."""
        claims = pool.claims({"sub": USER, "token_use": "access", "client_id": CLIENT_ID})
        header = {"alg": "RS256"} | kid
        forged = by_hand(header, claims, signing(signing_key("key-1"), hashes.SHA256()))
        assert "did not sign" in await refusal(tokens, forged)
        assert pool.asked == 0

    async def test_is_one_of_the_pools(self, tokens: CognitoTokens, pool: PretendPool) -> None:
        pool.kid = "stranger"
        assert "did not sign" in await refusal(tokens, pool.access_token(USER))

    async def test_may_be_a_new_one(
        self, tokens: CognitoTokens, make: Make, pool: PretendPool, clock: FakeClock
    ) -> None:
        old = make()
        assert (await tokens.bearer(old)).user == USER
        pool.publish("key-2")
        clock.advance(PAUSE)
        assert (await tokens.bearer(make())).user == USER
        assert "did not sign" in await refusal(tokens, old)


class TestWhatIsNoToken:
    @pytest.mark.parametrize(
        "token",
        [
            "",
            ".",
            "..",
            "a.b",
            "a.b.c.d.e",
            "wb_an-api-key",
            "e30.e30.e30",
            by_hand(["alg", "kid"], {}),
            by_hand("alg and b64", {}),
            by_hand("alg", {}),
            by_hand(7, {}),
            "é.ü.ß",
            "a" * 200_000,
            f"{'a' * 60_000}.{'b' * 60_000}.{'c' * 60_000}",
        ],
    )
    async def test_is_refused_in_the_same_words(
        self, tokens: CognitoTokens, pool: PretendPool, token: str
    ) -> None:
        assert "did not sign" in await refusal(tokens, token)
        assert pool.asked == 0

    @pytest.mark.slow
    @given(
        header=st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(HEADERS) | st.text(), inner),
        ),
        payload=st.binary(),
    )
    async def test_is_never_our_bug(self, header: object, payload: bytes) -> None:
        class OneKey:
            async def key(self, kid: str) -> RSAKey | None:
                return signing_key("key-1")

        tokens = CognitoTokens(UserPool("http://pool", (CLIENT_ID,)), keys=OneKey(), clock=lambda: NOON)
        encoded = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
        for token in (by_hand(header, {}) + encoded, payload.decode("latin-1")):
            with pytest.raises(NotAuthenticated):
                await tokens.bearer(token)


def signing(key: RSAKey, digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    """Signs with RSA as told, which no library would on a pool's behalf."""
    private = key.private_key
    assert private is not None
    return lambda message: private.sign(message, PKCS1v15(), digest)
