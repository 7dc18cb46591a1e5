"""The read side: what the API, the CLI and the pages tell about users, from what is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from withings_bridge.domain.accounts import SWEEP_EVERY, Account
from withings_bridge.domain.bmi import bmi
from withings_bridge.domain.categories import KIND_OF, Category
from withings_bridge.domain.entries import entries
from withings_bridge.domain.errors import ConsentNeeded, NotLinked, UserUnknown
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.links import Link
from withings_bridge.domain.origins import held_back
from withings_bridge.domain.readings import Reading, latest
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record
from withings_bridge.services.clock import Clock
from withings_bridge.storage.base import Links, Storage

NEWEST_GROUPS = 1000
"""How far back the latest value of a type is looked for."""

NEWEST_HELD_BACK = 200
"""Among so many of the newest groups those that are held back are counted: a status is asked for often,
and must not read a whole history each time.
"""

PREVIEW = 12


@dataclass(frozen=True, slots=True)
class LinkedUser:
    """One linked user, for people to look at."""

    user: str
    account: str
    linked_at: datetime
    synced_at: datetime | None
    importing: float | None
    """The share of the import that is done, 0 to 1, while one runs."""
    consent_needed: bool
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """Whether and how a user is linked."""

    user: str
    account: str
    access_token_preview: str
    token_age: timedelta
    expires_in: timedelta
    synced_at: datetime | None
    fetched_at: datetime | None
    has_data: bool
    importing: float | None
    """The share of the import that is done, 0 to 1, while one runs."""
    held_back: "HeldBack"


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Measure groups of the import window that may be another person's, among the newest ones: they
    are stored, and no row comes of them until Withings settles whose they are.
    """

    groups: int
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A user's latest body, and records as Withings sent them."""

    account: str
    synced_at: datetime | None
    weight: Reading | None
    composition: dict[str, Decimal]
    """Latest values by metric, metric units; ``bmi`` among them where a height is known."""
    records: dict[Kind, list[dict[str, Any]]]


class Reporting:
    """Answers questions about users."""

    def __init__(
        self,
        *,
        storage: Storage,
        links: Links,
        windows: Mapping[Category, timedelta],
        clock: Clock,
        sweep_every: timedelta = SWEEP_EVERY,
    ) -> None:
        self._accounts = storage.accounts
        self._records = storage.records
        self._links = links
        self._windows = windows
        self._clock = clock
        self._sweep_every = sweep_every

    async def the_user(self, named: str | None) -> str:
        """The user that is named, else the only linked one.

        Raises NotLinked when nobody is linked, UserUnknown when several are.
        """
        if named:
            return named
        users = [entry.user for entry in await self.linked_users(limit=2)]
        if not users:
            raise NotLinked(
                "Nobody has linked a Withings account yet; connect one by way of /api/withings/auth/initiate."
            )
        if len(users) > 1:
            raise UserUnknown
        return users[0]

    async def linked_users(self, *, limit: int) -> list[LinkedUser]:
        """Linked users, at most so many."""
        found: list[LinkedUser] = []
        after: str | None = None
        while len(found) < limit and (accounts := await self._accounts.list(after=after, limit=limit)):
            now = self._clock()
            found += [
                _linked_user(user, account, now) for account in accounts for user in sorted(account.users)
            ]
            after = accounts[-1].userid
        return found[:limit]

    async def sweep_interval(self) -> timedelta:
        """How often accounts are compared with Withings at present: as often as is configured, or less
        where their share of the budget does not suffice for all.
        """
        due_at = await self._accounts.earliest_due(Lane.RECONCILE)
        overdue = self._clock() - due_at if due_at else timedelta()
        return self._sweep_every + max(overdue, timedelta())

    async def status(self, user: str) -> Status:
        """The user's link. Raises NotLinked, or ConsentNeeded where Withings no longer honours it."""
        link, account = await self._linked(user)
        if account.consent_needed_at:
            raise ConsentNeeded
        now = self._clock()
        return Status(
            user=user,
            account=account.userid,
            access_token_preview=f"{link.pair.access_token[:PREVIEW]}...",
            token_age=now - link.pair.saved_at,
            expires_in=max(link.pair.expires_at - now, timedelta()),
            synced_at=account.synced_at,
            fetched_at=account.fetched_at,
            has_data=await self._has_data(account),
            importing=account.imported,
            held_back=await self._held_back(account, since=now - self._windows[Category.MEASURES]),
        )

    async def importing(self, user: str) -> float | None:
        """The share of the user's import that is done, 0 to 1; None when none runs."""
        _, account = await self._linked(user)
        return account.imported

    async def summary(self, user: str, fetched: Iterable[Record]) -> Summary:
        """The user's latest body from all that is stored, with the given records beside it."""
        _, account = await self._linked(user)
        groups = await self._records.newest(account.userid, Kind.MEASURES, limit=NEWEST_GROUPS)
        heights = await self._records.newest(account.userid, Kind.HEIGHT, limit=1)
        values = latest([*heights, *groups])
        devices = await self._records.between(account.userid, Kind.DEVICE, EPOCH, THE_END)
        by_kind: dict[Kind, list[dict[str, Any]]] = {Kind.DEVICE: [dict(record.body) for record in devices]}
        for record in sorted(
            {record.name: record for record in fetched}.values(), key=lambda r: (r.at, r.key)
        ):
            if record.kind is not Kind.DEVICE:
                by_kind.setdefault(record.kind, []).append(dict(record.body))
        composition = {metric: reading.value for metric, reading in values.items()}
        if (weight := values.get("weight")) and (height := values.get("height")):
            index = bmi(weight.value, height.value)
            composition |= {"bmi": index} if index is not None else {}
        return Summary(
            account=account.userid,
            synced_at=account.synced_at,
            weight=values.get("weight"),
            composition=composition,
            records=by_kind,
        )

    async def recent(self, user: str) -> list[Record]:
        """All measure groups, activity days and nights of the import windows."""
        _, account = await self._linked(user)
        now = self._clock()
        found = [
            await self._records.between(
                account.userid, KIND_OF[category], now - self._windows[category], THE_END
            )
            for category in (Category.MEASURES, Category.ACTIVITY, Category.SLEEP)
        ]
        return [record for records in found for record in records]

    async def _linked(self, user: str) -> tuple[Link, Account]:
        link = await self._links.get(user)
        account = await self._accounts.get(link.account) if link else None
        if link is None or account is None or user not in account.users:
            raise NotLinked
        return link, account

    async def _held_back(self, account: Account, *, since: datetime) -> HeldBack:
        newest = await self._records.newest(account.userid, Kind.MEASURES, limit=NEWEST_HELD_BACK)
        found = [group.at for group in newest if group.at >= since and held_back(group.body)]
        return HeldBack(len(found), max(found, default=None))

    async def _has_data(self, account: Account) -> bool:
        for kind in (Kind.MEASURES, Kind.ACTIVITY, Kind.SLEEP):
            if await self._records.newest(account.userid, kind, limit=1):
                return True
        return False


def _linked_user(user: str, account: Account, now: datetime) -> LinkedUser:
    return LinkedUser(
        user=user,
        account=account.userid,
        linked_at=account.linked_at,
        synced_at=account.synced_at,
        importing=account.imported,
        consent_needed=account.consent_needed_at is not None,
        troubles=tuple(f"{entry.name}: {entry.reason}" for entry in entries(account, now) if entry.stuck),
    )
