"""Which proof is checked by whom, and what becomes of a caller who brings none, a wrong one, or two."""

import httpx
import pytest

from fakes import FakeClock
from identity import CLIENT_ID, PretendPool
from withings_bridge.callers import ApiKey, ApiKeys, Authentication, Scope, UserPool
from withings_bridge.callers.cognito import CognitoTokens
from withings_bridge.callers.jwks import Jwks
from withings_bridge.domain.errors import IdentityUnavailable, NotAuthenticated, TokenRefused, TwoProofs

KEY, ENTRY = ApiKey.made("reports", Scope.READ)


@pytest.fixture
def tokens(pool: PretendPool, http: httpx.AsyncClient, clock: FakeClock) -> CognitoTokens:
    known = UserPool(pool.issuer, (CLIENT_ID,))
    return CognitoTokens(known, keys=Jwks(http, known.keys_url, clock=clock), clock=clock)


class TestAnOpenBridge:
    async def test_asks_nobody(self) -> None:
        authentication = Authentication(keys=ApiKeys([]))
        assert authentication.open
        for proof in (None, "anything"):
            caller = await authentication.caller(api_key=proof, token=proof)
            assert (caller.scope, caller.user) == (Scope.ADMIN, None)


class TestWithKeysAlone:
    AUTHENTICATION = Authentication(keys=ApiKeys([ENTRY]))

    async def test_a_key_is_a_proof(self) -> None:
        assert not self.AUTHENTICATION.open
        caller = await self.AUTHENTICATION.caller(api_key=KEY, token=None)
        assert (caller.name, caller.scope) == ("key:reports", Scope.READ)

    @pytest.mark.parametrize("key", [None, "", "wb_another"])
    async def test_no_key_and_one_that_nobody_made_are_none(self, key: str | None) -> None:
        with pytest.raises(NotAuthenticated):
            await self.AUTHENTICATION.caller(api_key=key, token=None)

    async def test_a_token_is_none(self, pool: PretendPool) -> None:
        with pytest.raises(TokenRefused, match="API key"):
            await self.AUTHENTICATION.caller(api_key=None, token=pool.access_token("user-1"))


class TestWithAPoolAlone:
    async def test_a_token_is_a_proof(self, pool: PretendPool, tokens: CognitoTokens) -> None:
        authentication = Authentication(keys=ApiKeys([]), tokens=tokens)
        assert not authentication.open
        caller = await authentication.caller(api_key=None, token=pool.id_token("user-1"))
        assert (caller.name, caller.user) == ("user:user-1", "user-1")

    async def test_neither_nothing_nor_a_key_is_one(self, tokens: CognitoTokens) -> None:
        authentication = Authentication(keys=ApiKeys([]), tokens=tokens)
        for key in (None, "", KEY):
            with pytest.raises(NotAuthenticated):
                await authentication.caller(api_key=key, token=None)

    async def test_a_pool_that_never_answered_is_no_fault_of_the_callers(
        self, pool: PretendPool, tokens: CognitoTokens
    ) -> None:
        pool.answer.status = "503 Service Unavailable"
        with pytest.raises(IdentityUnavailable):
            await Authentication(keys=ApiKeys([]), tokens=tokens).caller(
                api_key=None, token=pool.id_token("user-1")
            )


class TestWithBoth:
    async def test_either_is_a_proof(self, pool: PretendPool, tokens: CognitoTokens) -> None:
        authentication = Authentication(keys=ApiKeys([ENTRY]), tokens=tokens)
        holder = await authentication.caller(api_key=KEY, token=None)
        bearer = await authentication.caller(api_key=None, token=pool.access_token("user-1"))
        assert (holder.name, bearer.name) == ("key:reports", "user:user-1")

    @pytest.mark.parametrize("key", [KEY, "", "wb_another"], ids=["its own", "empty", "another"])
    async def test_two_at_once_are_none(self, pool: PretendPool, tokens: CognitoTokens, key: str) -> None:
        authentication = Authentication(keys=ApiKeys([ENTRY]), tokens=tokens)
        for token in (pool.access_token("user-1"), "forged"):
            with pytest.raises(TwoProofs):
                await authentication.caller(api_key=key, token=token)
