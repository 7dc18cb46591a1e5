"""A user's rows in the shared tokens table: which of them are ours, what they say, how they are written.

Besides the row under ``{user}#withings`` there may be a bare one of the predecessor under the user's
id alone. Rows of other connectors are never read or touched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from withings_bridge.domain.links import Link, TokenPair
from withings_bridge.storage.dynamodb import writes
from withings_bridge.storage.dynamodb.engine import Engine
from withings_bridge.storage.dynamodb.items import Item, from_milliseconds, milliseconds
from withings_bridge.storage.dynamodb.writes import Write

API_NAME = "Withings"
PUSHED = "last_vitals7_push_at"
USUAL_LIFETIME = 10800
"""Seconds."""

_NOBODY = frozenset({"", "undefined"})
"""What the predecessor wrote in place of an owner when a refresh had failed."""

_AS_READ = ("withings_userid", "created_at")
"""What every change of a row's owner or pair changes. A push stamps the row without changing them."""


@dataclass(frozen=True, slots=True)
class TokenRows:
    """The rows of one user, as they were read."""

    user: str
    own: Item | None
    """Under ``{user}#withings``."""
    bare: Item | None
    """Under ``{user}``, where it is Withings'."""

    @property
    def link(self) -> Link | None:
        """The link in the first row that holds a pair."""
        for row in self._rows:
            if _holds_pair(row):
                stamps = [int(row[PUSHED]) for row in self._rows if row.get(PUSHED)]
                pushed_at = from_milliseconds(max(stamps)) if stamps else None
                return Link(user=self.user, account=_owner(row), pair=_pair(row), pushed_at=pushed_at)
        return None

    @property
    def owners(self) -> set[str]:
        """The Withings accounts that the rows name."""
        return {_owner(row) for row in self._rows} - _NOBODY

    def save(self, table: str, userid: str, pair: TokenPair) -> list[Write]:
        """Put the pair under the suffixed key, and take the bare row away.

        An update rather than a put: a push that stamps the row meanwhile is kept.
        """
        attributes = _attributes(self.user, userid, pair)
        changes = [f"#{name} = :{name}" for name in attributes]
        if self.bare and self.bare.get(PUSHED):
            attributes[PUSHED] = self.bare[PUSHED]
            changes.append(f"#{PUSHED} = if_not_exists(#{PUSHED}, :{PUSHED})")
        condition, values = _as_read(self.own or {})
        change = f"SET {', '.join(changes)}"
        write = writes.update(
            table, own_key(self.user), change, condition=condition, values=attributes | values
        )
        return [write, *(_removal(table, row) for row in (self.bare,) if row)]

    def remove(self, table: str, userid: str | None) -> list[Write]:
        """Take the rows away, except one that holds a pair of another Withings account."""
        return [
            _removal(table, row) for row in self._rows if not (_holds_pair(row) and _owner(row) != userid)
        ]

    @property
    def _rows(self) -> list[Item]:
        return [row for row in (self.own, self.bare) if row]


def own_key(user: str) -> Item:
    """The key of the row that is Withings' alone."""
    return {"userId": f"{user}#withings"}


async def read_rows(engine: Engine, table: str, users: Iterable[str]) -> dict[str, TokenRows]:
    """The rows of each of the users."""
    users = set(users)
    bare_keys: list[Item] = [{"userId": user} for user in users]
    rows = await engine.get_many(table, [*map(own_key, users), *bare_keys])
    by_key = {row["userId"]: row for row in rows}
    found = {}
    for user in users:
        bare = by_key.get(user)
        is_ours = bare is not None and str(bare.get("api_name")).casefold() == API_NAME.casefold()
        found[user] = TokenRows(user, by_key.get(own_key(user)["userId"]), bare if is_ours else None)
    return found


def _attributes(user: str, userid: str, pair: TokenPair) -> dict[str, Any]:
    """What a row says beside its key and the last push."""
    return {
        "cognito_user_id": user,
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_in": int(pair.lifetime.total_seconds()),
        "expires_at": milliseconds(pair.expires_at),
        "created_at": milliseconds(pair.saved_at),
        "updated_at": milliseconds(pair.saved_at),
        "api_name": API_NAME,
        "token_type": "bearer",
        "withings_userid": userid,
    }


def _pair(row: Item) -> TokenPair:
    """The pair in a row. A time that an old row does not tell counts as long ago."""
    return TokenPair(
        access_token=row.get("access_token", ""),
        refresh_token=row["refresh_token"],
        expires_at=from_milliseconds(int(row.get("expires_at") or 0)),
        saved_at=from_milliseconds(int(row.get("created_at") or 0)),
        lifetime=timedelta(seconds=int(row.get("expires_in") or USUAL_LIFETIME)),
    )


def _holds_pair(row: Item) -> bool:
    """Not so in a damaged row: the predecessor emptied the token when a refresh failed, and named nobody."""
    return bool(row.get("refresh_token")) and _owner(row) not in _NOBODY


def _owner(row: Item) -> str:
    return str(row.get("withings_userid", ""))


def _removal(table: str, row: Item) -> Write:
    condition, values = _as_read(row)
    return writes.delete(table, {"userId": row["userId"]}, condition=condition, values=values)


def _as_read(row: Item) -> tuple[str, dict[str, Any]]:
    """The condition that nobody has meanwhile given the row another owner or pair, or made it."""
    conditions = [
        f"#{name} = :read_{name}" if name in row else f"attribute_not_exists(#{name})" for name in _AS_READ
    ]
    return " AND ".join(conditions), {f"read_{name}": row[name] for name in _AS_READ if name in row}
