"""A user's rows in the shared tokens table, as DynamoDB reads and writes them.

Besides the row under ``{user}#withings`` there may be rows of the predecessor. Those of other
connectors are never written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from withings_bridge.domain.links import Place, RowName, TokenPair
from withings_bridge.storage.base import Spelling
from withings_bridge.storage.dynamodb import writes
from withings_bridge.storage.dynamodb.engine import Engine
from withings_bridge.storage.dynamodb.items import Item
from withings_bridge.storage.dynamodb.writes import Write
from withings_bridge.storage.user_rows import PUSHED, TOKENS, Row, UserRows, attributes, respelled

_AS_READ = ("withings_userid", "created_at")
"""What every change of a row's owner or pair changes. A push stamps the row without changing them."""


@dataclass(frozen=True, slots=True)
class TokenRows(UserRows):
    """The rows of one user, as they were read, and how to write them."""

    def save(self, table: str, userid: str, pair: TokenPair) -> list[Write]:
        """Put the pair under the suffixed key, and take the predecessor's rows away.

        An update rather than a put: a push that stamps the row meanwhile is kept.
        """
        values = attributes(self.user, userid, pair)
        changes = [f"#{name} = :{name}" for name in values]
        others = replace(self, found={place: self.found[place] for place in set(self.found) - {Place.OWN}})
        if pushed := others.pushed:
            values[PUSHED] = pushed
            changes.append(f"#{PUSHED} = if_not_exists(#{PUSHED}, :{PUSHED})")
        condition, as_read = _as_read(self.found.get(Place.OWN, {}))
        change = f"SET {', '.join(changes)}"
        key = _key(self.user, Place.OWN)
        write = writes.update(table, key, change, condition=condition, values=values | as_read)
        return [write, *(self._removal(table, place) for place in others.found)]

    def remove(self, table: str, userid: str | None) -> list[Write]:
        """Take the rows away, except one that holds a pair of another Withings account."""
        return [
            self._removal(table, place) for place in self.found if not self.names_elsewhere(place, userid)
        ]

    def respell(self, table: str, place: Place, spell: Spelling) -> Write | None:
        """Spell the tokens of the row there otherwise; None where nothing is to be changed.

        The condition names the tokens as they were read, beside owner and pair: another spelling changes
        neither of those.
        """
        row = self.found.get(place, {})
        tokens = respelled(row, spell)
        if not tokens:
            return None
        condition, values = _as_read(row, (*_AS_READ, *TOKENS))
        change = f"SET {', '.join(f'#{name} = :{name}' for name in tokens)}"
        return writes.update(
            table, _key(self.user, place), change, condition=condition, values=tokens | values
        )

    def unchanged(self, table: str) -> list[Write]:
        """Write nothing: what it is part of stands only while the rows name owner and pair as read."""
        checks = []
        for place in Place:
            # A bare row that is not ours says nothing about a link.
            if place in self.found or place is not Place.BARE:
                condition, values = _as_read(self.found.get(place, {}))
                checks.append(writes.check(table, _key(self.user, place), condition=condition, values=values))
        return checks

    def _removal(self, table: str, place: Place) -> Write:
        condition, values = _as_read(self.found[place])
        return writes.delete(table, _key(self.user, place), condition=condition, values=values)


async def read_rows(engine: Engine, table: str, users: Iterable[str]) -> dict[str, TokenRows]:
    """The rows of each of the users."""
    users = set(users)
    keys = {place.key(user) for user in users for place in Place}
    rows = {row["userId"]: row for row in await engine.get_many(table, [{"userId": key} for key in keys])}
    return {user: TokenRows.among(user, rows) for user in users}


def _key(user: str, place: Place) -> Item:
    return {"userId": RowName(user, place).key}


def _as_read(row: Row, names: Sequence[str] = _AS_READ) -> tuple[str, dict[str, Any]]:
    """The condition that nobody has meanwhile given the row another owner or pair, or made it."""
    conditions = [
        f"#{name} = :read_{name}" if name in row else f"attribute_not_exists(#{name})" for name in names
    ]
    return " AND ".join(conditions), {f"read_{name}": row[name] for name in names if name in row}
