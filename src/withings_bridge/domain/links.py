"""The link between a Vitals7 user and a Withings account, and the token pair that carries it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

LONGEST_USER = 128


def can_be_user(text: str) -> bool:
    """Whether it can be a user's id. ``#`` cannot be in one: the tokens table divides its keys there."""
    return 0 < len(text) <= LONGEST_USER and text.isprintable() and "#" not in text


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What Withings gave us to act for one account. Its tokens never show in a repr."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    """When the access token ends."""
    saved_at: datetime
    """When this pair was first stored: each save has its own, so it also names the pair."""
    lifetime: timedelta = timedelta(seconds=10800)
    """The access token's life as Withings stated it."""

    def fresh_at(self, now: datetime, *, margin: timedelta = timedelta()) -> bool:
        """Whether the access token still works then, and for the margin after."""
        return now + margin < self.expires_at


@dataclass(frozen=True, slots=True)
class Link:
    """One Vitals7 user joined to one Withings account: a row of the tokens table."""

    user: str
    """Cognito ``sub``."""
    account: str
    """Withings userid, opaque."""
    pair: TokenPair
    pushed_at: datetime | None = None
    """Last successful write to this user's rows."""
