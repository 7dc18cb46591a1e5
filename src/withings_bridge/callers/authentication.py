"""Tells callers apart by what they bring along."""

from typing import TYPE_CHECKING

from withings_bridge.callers.api_keys import ApiKeys
from withings_bridge.callers.caller import ANYBODY, Caller
from withings_bridge.callers.sessions import Sessions
from withings_bridge.domain.errors import NotAuthenticated, TokenRefused, TwoProofs

if TYPE_CHECKING:
    from withings_bridge.callers.cognito import CognitoTokens


class Authentication:
    """Who a caller is. With nothing configured the bridge is open, and nobody is asked."""

    def __init__(
        self, *, keys: ApiKeys, sessions: Sessions | None = None, tokens: "CognitoTokens | None" = None
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._tokens = tokens

    @property
    def open(self) -> bool:
        """Whether everybody may do everything."""
        return not self._keys and self._tokens is None

    async def caller(self, *, api_key: str | None, token: str | None, session: str | None = None) -> Caller:
        """Who brings these proofs. The cookie of a session comes along unasked, so it counts where nothing
        else is brought.

        Raises NotAuthenticated for none and for one that is not accepted, TwoProofs for both, and
        IdentityUnavailable where a token cannot be checked.
        """
        if self.open:
            return ANYBODY
        if api_key is not None and token is not None:
            # Neither outranks the other: where a gateway adds its key to what users send, one of them
            # would act with the other's rights and nobody would notice.
            raise TwoProofs
        if token is not None:
            return await self._bearer(token)
        if api_key is not None:
            return self._holder(api_key)
        operator = await self._sessions.caller(session) if self._sessions and session else None
        if operator is None:
            raise NotAuthenticated
        return operator

    def _holder(self, api_key: str) -> Caller:
        entry = self._keys.entry_of(api_key)
        if entry is None:
            raise NotAuthenticated("This API key is not accepted; it may have been withdrawn.")
        return entry.holder

    async def _bearer(self, token: str) -> Caller:
        if self._tokens is None:
            raise TokenRefused("Tokens are not accepted here: no user pool is configured. Send an API key.")
        return await self._tokens.bearer(token)
