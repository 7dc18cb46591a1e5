"""Replies that carry secrets. They are closed, unlike the others: what is not known is not kept or shown."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from withings_bridge.withings.protocol import SENDABLE


def _sendable(secret: SecretStr) -> SecretStr:
    if not SENDABLE.fullmatch(secret.get_secret_value()):
        raise ValueError("no token")
    return secret


def _scopes(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(scope.strip() for scope in value.split(",") if scope.strip())
    return () if value is None else value


def _user(value: Any) -> Any:
    """Withings sends the user id as text after a consent and as a number after a refresh."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value or None


Token = Annotated[SecretStr, AfterValidator(_sendable)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True)


class TokenReply(_Closed):
    """A token pair. Save it before its first use, which ends the pair before it."""

    access_token: Token
    refresh_token: Token
    expires_in: Annotated[int, Field(gt=0, le=10 * 365 * 86400)]
    """Seconds."""
    scope: Annotated[tuple[str, ...], BeforeValidator(_scopes)] = ()
    """What the person granted, which may be less than was asked; empty where Withings did not say."""
    userid: Annotated[str | None, BeforeValidator(_user)] = None
    """Withings' id of the person."""
    token_type: str | None = "Bearer"  # noqa: S105 -- a kind of token, not one

    @property
    def lifetime(self) -> timedelta:
        """How long the access token lives from now on."""
        return timedelta(seconds=self.expires_in)


class NonceReply(_Closed):
    """A nonce for one signed call within 30 minutes."""

    nonce: Annotated[str, Field(min_length=1, repr=False)]
