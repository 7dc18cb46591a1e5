"""Tokens of a Cognito user pool: whose they are, if the pool signed them for us and they still hold.

They are checked here, without asking the pool, so one that was revoked there holds until it expires.
"""

from datetime import timedelta
from typing import Any, Protocol

from joserfc import jws, jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import RSAKey

from withings_bridge.callers.caller import Caller, Scope
from withings_bridge.callers.user_pool import UserPool
from withings_bridge.domain.errors import TokenRefused
from withings_bridge.domain.links import can_be_user
from withings_bridge.services.clock import Clock

ALGORITHM = "RS256"
"""The only one. What a token says of its own algorithm chooses nothing."""

LEEWAY = timedelta(seconds=60)
"""By which the pool's clock and ours may differ."""

_ACCESS, _ID = "access", "id"

_NOT_SIGNED = "This token is not accepted: the user pool did not sign it."


class Keys(Protocol):
    """Where the pool's public keys come from."""

    async def key(self, kid: str) -> RSAKey | None:
        """The key of this id, if the pool has it. Raises IdentityUnavailable where that cannot be told."""


class CognitoTokens:
    """Access and id tokens of one pool."""

    def __init__(self, pool: UserPool, *, keys: Keys, clock: Clock) -> None:
        self._pool = pool
        self._keys = keys
        self._clock = clock

    async def bearer(self, token: str) -> Caller:
        """Who bears this token.

        Raises TokenRefused, which says why and repeats nothing of the token, and IdentityUnavailable.
        """
        claims = await self._signed(token)
        self._check(claims)
        sub = claims["sub"]
        if self._is_operator(claims):
            return Caller(f"operator:{sub}", Scope.ADMIN)
        return Caller(f"user:{sub}", Scope.SYNC, user=sub)

    async def _signed(self, token: str) -> dict[str, Any]:
        """What the token claims, once it is certain that the pool signed it."""
        key = await self._keys.key(_key_id(token))
        if key is None:
            raise TokenRefused(_NOT_SIGNED)
        try:
            return jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            raise TokenRefused(_NOT_SIGNED) from None

    def _check(self, claims: dict[str, Any]) -> None:
        """Raise TokenRefused unless it is a token for us that holds now and says whose it is."""
        use = claims.get("token_use")
        if use not in (_ACCESS, _ID):
            raise TokenRefused("This token is not accepted: it is neither an access nor an id token.")
        if claims.get("iss") != self._pool.issuer:
            raise TokenRefused("This token is not accepted: another user pool issued it.")
        if claims.get("client_id" if use == _ACCESS else "aud") not in self._pool.client_ids:
            raise TokenRefused("This token is not accepted: it was issued to another app client.")
        sub = claims.get("sub")
        if not isinstance(sub, str) or not can_be_user(sub):
            raise TokenRefused("This token is not accepted: it does not say whose it is.")
        now, leeway = int(self._clock().timestamp()), int(LEEWAY.total_seconds())
        try:
            jwt.JWTClaimsRegistry(now=now, leeway=leeway, exp={"essential": True}).validate(claims)
        except ExpiredTokenError:
            raise TokenRefused("This token has expired; sign in again or refresh it.") from None
        except ClaimError:
            raise TokenRefused("This token is not accepted: it is not valid yet, or has no end.") from None

    def _is_operator(self, claims: dict[str, Any]) -> bool:
        group, scope = self._pool.operator_group, self._pool.operator_scope
        groups = claims.get("cognito:groups")
        scopes = claims.get("scope") if claims["token_use"] == _ACCESS else None
        return bool(
            (group and isinstance(groups, list) and group in groups)
            or (scope and isinstance(scopes, str) and scope in scopes.split())
        )


def _key_id(token: str) -> str:
    """The id of the key that is said to have signed it. Raises TokenRefused where no key can have."""
    try:
        header: Any = jws.extract_compact(token.encode()).headers()
    except (JoseError, TypeError, ValueError):  # TypeError: the header is JSON, but no object
        raise TokenRefused(_NOT_SIGNED) from None
    kid = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(kid, str) or header.get("alg") != ALGORITHM or "crit" in header:
        raise TokenRefused(_NOT_SIGNED)
    return kid
