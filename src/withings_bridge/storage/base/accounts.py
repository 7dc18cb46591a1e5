"""Account items: users, pending work, cursors, lease."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import Lane, News

Change = Callable[[Account], Account]
"""A pure step from the account as stored to the account to store."""

JoinChange = Callable[[Account | None], Account]
"""The same where there may be no account yet."""


class Accounts(Protocol):
    """The account items: users, pending work, cursors, lease."""

    async def get(self, userid: str) -> Account | None:
        """The account as it is stored, or None. Reads what was last written."""

    async def announce(
        self, userid: str, news: Mapping[Category, News], *, now: datetime, trace: str | None = None
    ) -> bool:
        """Add news to an account, and the trace it belongs to; False, and nothing stored, when the account is
        unknown.

        This is the acknowledgement's one small write: it costs the same however many accounts
        there are. The effect is that of ``domain.accounts.announce``, and the account becomes due
        in the live lane now, unless it already was due earlier. Durable when it returns.
        """

    async def claim(
        self, worker: str, *, lane: Lane, now: datetime, lease: timedelta, limit: int
    ) -> list[Account]:
        """Lease at most ``limit`` accounts that are due in the lane, longest due first.

        Qualified is an account whose due time in the lane is not after ``now`` and that nobody
        holds: no lease, or one whose ``until`` is not after ``now``. No two callers ever get the
        same account from claims whose leases overlap. Fewer than the limit, even none, may come
        back while others claim at the same time.
        """

    async def earliest_due(self, lane: Lane) -> datetime | None:
        """When the next account is due in the lane, or since when the first one has been; None when
        none is. May be some seconds behind.
        """

    async def claim_one(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> Account | None:
        """Lease this account, due or not; None when it is unknown or somebody holds it."""

    async def renew(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> None:
        """Extend the worker's lease to ``now + lease``, also an expired one that nobody took over.

        Raises ``LeaseLost`` when another worker holds the account or nobody does.
        """

    async def change(
        self, userid: str, change: Change, *, now: datetime, holder: str | None = None
    ) -> Account:
        """Apply a pure change and return the account as it is stored then.

        With a ``holder``, only while that worker's lease stands (even expired, so long as nobody
        took it over); else ``LeaseLost``. Due times are recomputed from the result with
        ``domain.accounts.due``. An announcement that arrives in between is never overwritten.
        Raises ``AccountUnknown``.
        """

    async def list(self, *, after: str | None = None, limit: int = 100) -> list[Account]:
        """Accounts in a stable order of the backend's own, those behind the userid ``after``.

        An empty list means the end; a page may be shorter than the limit before that.
        """
