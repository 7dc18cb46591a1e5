"""Marks: that something was announced of an account nobody knows yet, while a scan still looks for the
predecessor's users.

Anybody can post a notification, so marks are bounded in number and in time: each has one of ten thousand
slots, which others cannot take from it while it lasts. One that finds no slot is no loss, since the
import of an adopted account brings what was announced too, only later.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from withings_bridge.domain.categories import Category
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Ephemera

SCAN = "adopting"
"""The lock that whoever scans for the predecessor's users holds."""

MOST = 10_000
LASTS = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Mark:
    """What was announced of one account."""

    account: str
    categories: frozenset[Category]
    at: datetime
    """When the first of it was announced."""

    @property
    def value(self) -> dict[str, str]:
        """As it is stored."""
        return {
            "account": self.account,
            "categories": " ".join(sorted(self.categories)),
            "at": self.at.isoformat(),
        }

    @classmethod
    def of(cls, value: Mapping[str, str]) -> "Mark":
        """The mark in a stored value."""
        named = frozenset(value["categories"].split())  # by a newer version too, at a rolling deploy
        categories = frozenset(category for category in Category if category in named)
        return cls(value["account"], categories, datetime.fromisoformat(value["at"]))


class Marking:
    """Leaves marks, and finds them again."""

    def __init__(self, *, ephemera: Ephemera, clock: Clock, most: int = MOST) -> None:
        self._ephemera = ephemera
        self._clock = clock
        self._most = most

    async def leave(self, account: str, categories: Iterable[Category]) -> bool:
        """Mark that something was announced of the account, if a scan runs now; whether it is marked."""
        now = self._clock()
        if not await self._ephemera.held(SCAN, now=now):
            return False
        key = self._slot(account)
        standing = await self._ephemera.get(key, now=now)
        before = Mark.of(standing) if standing else Mark(account, frozenset(), now)
        if before.account != account:
            return False
        mark = Mark(account, before.categories | frozenset(categories), before.at)
        if mark != before:
            await self._ephemera.swap(key, mark.value, instead_of=standing, until=now + LASTS, now=now)
        return True

    async def seen(self, account: str) -> Mark | None:
        """The account's mark."""
        value = await self._ephemera.get(self._slot(account), now=self._clock())
        return Mark.of(value) if value and value["account"] == account else None

    async def take(self, account: str) -> Mark | None:
        """The account's mark, gone from then on."""
        if await self.seen(account) is None:
            return None
        value = await self._ephemera.take(self._slot(account), now=self._clock())
        return Mark.of(value) if value and value["account"] == account else None

    def _slot(self, account: str) -> str:
        return f"mark#{zlib.crc32(account.encode()) % self._most}"
