"""Small things that end by themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class Ephemera(Protocol):
    """Small things that end by themselves: sign-in states, tickets, locks, marks."""

    async def put(self, key: str, value: Mapping[str, str], *, until: datetime, now: datetime) -> bool:
        """Store a value that ends at ``until``; False, and nothing stored, while the key is alive."""

    async def get(self, key: str, *, now: datetime) -> dict[str, str] | None:
        """The value while it is alive. At the very instant it ends it is gone."""

    async def take(self, key: str, *, now: datetime) -> dict[str, str] | None:
        """The value while it is alive, and gone from then on: of many callers one gets it."""

    async def swap(
        self,
        key: str,
        value: Mapping[str, str],
        *,
        instead_of: Mapping[str, str] | None,
        until: datetime,
        now: datetime,
    ) -> dict[str, str] | None:
        """Store the value if ``instead_of`` is what is alive there (None: nothing is), and give what is
        alive there now: the value itself when it went in, else what was in its way.

        Each value must differ from what anybody else might store, or two callers with the same
        thought would both take it for their own.
        """

    async def acquire(self, name: str, holder: str, *, until: datetime, now: datetime) -> bool:
        """Take, keep or take over a lock: free, one's own, or expired; else False."""

    async def held(self, name: str, *, now: datetime) -> bool:
        """Whether somebody holds the lock. At the very instant it ends nobody does."""

    async def release(self, name: str, holder: str) -> None:
        """Give back a lock; one that is no longer the holder's is left alone."""
