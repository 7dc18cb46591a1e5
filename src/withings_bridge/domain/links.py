"""The link between a Vitals7 user and a Withings account, the token pair that carries it, and the rows
of the tokens table that it may stand in.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

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


API_NAME = "Withings"
SUFFIX = "#withings"


class Place(StrEnum):
    """Where a row of a user stands in the tokens table. The bridge writes the first place alone."""

    OWN = "own"
    """``{user}#withings``."""
    DOUBLED = "doubled"
    """``{user}#withings#withings``: what the predecessor refreshed, where it never looked again."""
    BARE = "bare"
    """``{user}``, where ``api_name`` says that it is Withings'."""

    def key(self, user: str) -> str:
        """The row's key."""
        return {Place.OWN: user + SUFFIX, Place.DOUBLED: user + 2 * SUFFIX, Place.BARE: user}[self]


@dataclass(frozen=True, slots=True)
class RowName:
    """Names one row of Withings in the tokens table."""

    user: str
    place: Place

    @property
    def key(self) -> str:
        return self.place.key(self.user)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One row of a user in the tokens table, as it stands there."""

    name: RowName
    link: Link | None
    """What it says; None where it is damaged, and holds no pair."""
    unreadable: bool = False
    """It holds a pair that was encrypted with a key we no longer have."""


def row_name(key: str, api_name: object) -> RowName | None:
    """Whose row this is, by its key; None for a row of another connector.

    The attribute ``cognito_user_id`` does not tell: in doubled rows it carries a suffix too.
    """
    for place, ending in ((Place.DOUBLED, 2 * SUFFIX), (Place.OWN, SUFFIX)):
        if key.endswith(ending):
            user = key.removesuffix(ending)
            return RowName(user, place) if can_be_user(user) else None
    if not can_be_user(key) or not isinstance(api_name, str) or api_name.casefold() != API_NAME.casefold():
        return None
    return RowName(key, Place.BARE)
