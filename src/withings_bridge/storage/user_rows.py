"""A user's rows in the shared tokens table: which hold a pair, which of those goes first, what is written.

A row is a mapping from the attributes of the wire contract, the same on every backend. Rows of other
connectors are never among a user's rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from withings_bridge.domain.links import API_NAME, Link, Place, RowName, TokenPair, TokenRow, row_name
from withings_bridge.domain.records import EPOCH
from withings_bridge.storage.base import Spelling

Row = Mapping[str, Any]

PUSHED = "last_vitals7_push_at"
TOKENS = ("access_token", "refresh_token")

USUAL_LIFETIME = timedelta(seconds=10800)
"""For rows of the predecessor that do not say."""

_NOBODY = frozenset({"", "undefined"})
"""What the predecessor wrote in place of an owner when a refresh had failed."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class UserRows:
    """The rows of one user, as they were read."""

    user: str
    found: Mapping[Place, Row]

    @classmethod
    def among(cls, user: str, rows: Mapping[str, Row]) -> Self:
        """Those of the user's rows that are among the given ones, which go by their keys."""
        found = {}
        for name in (RowName(user, place) for place in Place):
            row = rows.get(name.key)
            if row is not None and row_name(name.key, row.get("api_name")) == name:
                found[name.place] = row
        return cls(user, found)

    @property
    def link(self) -> Link | None:
        """The link in the row whose pair is the newest."""
        return next((row.link for row in self.described), None)

    @property
    def described(self) -> list[TokenRow]:
        """What each row says, the newest pair first, and at the end the rows that hold none."""
        links = {place: link for place in self.found if (link := self._link(place))}
        newest_first = sorted(links, key=lambda place: links[place].pair.saved_at, reverse=True)
        damaged = [place for place in self.found if place not in links]
        return [TokenRow(RowName(self.user, place), links.get(place)) for place in (*newest_first, *damaged)]

    @property
    def named(self) -> set[str]:
        """The Withings accounts that the rows name."""
        return {_owner(row) for row in self.found.values()} - _NOBODY

    @property
    def pushed(self) -> int | None:
        """The last push that a row tells of, in epoch milliseconds."""
        stamps = [milliseconds(instant(row.get(PUSHED))) for row in self.found.values()]
        return max(stamps, default=0) or None

    @property
    def agree(self) -> bool:
        """Whether all pairs in the rows are one and the same."""
        return (
            len({self.found[place]["refresh_token"] for place in self.found if self.holds_pair(place)}) == 1
        )

    def holds_pair(self, place: Place) -> bool:
        """Whether the row there holds a pair of this user.

        Not so in a damaged row. Nor in a doubled one that names another account than the row it was
        refreshed from: a refresh never changes the account, so the pair is somebody else's, kept under
        this user by a process that knew one current user only.
        """
        row = self.found.get(place)
        if row is None or not _is_whole(row):
            return False
        own = self.found.get(Place.OWN)
        return place is not Place.DOUBLED or own is None or not _is_whole(own) or _owner(own) == _owner(row)

    def names_elsewhere(self, place: Place, userid: str | None) -> bool:
        """Whether the row there holds a pair of another Withings account than this one, or of any."""
        return self.holds_pair(place) and _owner(self.found[place]) != userid

    def _link(self, place: Place) -> Link | None:
        if not self.holds_pair(place):
            return None
        row = self.found[place]
        pushed_at = instant(self.pushed) if self.pushed else None
        return Link(user=self.user, account=_owner(row), pair=_pair(row), pushed_at=pushed_at)


def respelled(row: Row, spell: Spelling) -> dict[str, str]:
    """Those of the row's tokens that are spelled otherwise now, by their attributes."""
    stored = {name: row[name] for name in TOKENS if isinstance(row.get(name), str) and row[name]}
    spelled = {name: spell(token) for name, token in stored.items()}
    return {name: token for name, token in spelled.items() if token != stored[name]}


def attributes(user: str, userid: str, pair: TokenPair) -> dict[str, Any]:
    """What a row says beside its key and the last push."""
    return {
        "cognito_user_id": user,
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": pair.lifetime // timedelta(seconds=1),
        "expires_at": milliseconds(pair.expires_at),
        "created_at": milliseconds(pair.saved_at),
        "updated_at": milliseconds(pair.saved_at),
        "api_name": API_NAME,
        "token_type": "bearer",
        "withings_userid": userid,
    }


def milliseconds(at: datetime) -> int:
    """The instant in whole milliseconds since 1970, as the tokens table has it."""
    return (at - EPOCH) // _MILLISECOND


def instant(stored: Any) -> datetime:
    """The instant that ``milliseconds`` wrote. One that an old row does not tell counts as long ago."""
    try:
        return EPOCH + int(stored or 0) * _MILLISECOND
    except (TypeError, ValueError, OverflowError):
        return EPOCH


def _pair(row: Row) -> TokenPair:
    access_token = row.get("access_token")
    return TokenPair(
        access_token=access_token if isinstance(access_token, str) else "",
        refresh_token=row["refresh_token"],
        expires_at=instant(row.get("expires_at")),
        saved_at=instant(row.get("created_at")),
        lifetime=_lifetime(row.get("expires_in")),
    )


def _lifetime(stored: Any) -> timedelta:
    try:
        return timedelta(seconds=int(stored or 0)) or USUAL_LIFETIME
    except (TypeError, ValueError, OverflowError):
        return USUAL_LIFETIME


def _is_whole(row: Row) -> bool:
    """Not so where the predecessor emptied the token when a refresh had failed, or only stamped a push."""
    token = row.get("refresh_token")
    return isinstance(token, str) and bool(token) and _owner(row) not in _NOBODY


def _owner(row: Row) -> str:
    return str(row.get("withings_userid") or "")
