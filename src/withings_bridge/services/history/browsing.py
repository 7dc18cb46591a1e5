"""What is stored of a person, read by range, by change, or at its newest, without a call to Withings."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.bmi import Stature
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.mapping import Sources
from withings_bridge.domain.readings import Reading
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record, RecordKey
from withings_bridge.services.history.newest import Newest
from withings_bridge.services.history.walking import PAGE, at_most, walk
from withings_bridge.storage.base import ALL_KINDS, Accounts, Changed, Links, Place, Records

DATED = (Kind.SLEEP, Kind.ACTIVITY)
"""Kinds whose records tell the zone they were taken in."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, both ends included; from 1970, where what has no time is filed, to the end."""

    start: datetime = EPOCH
    end: datetime = THE_END


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one kind, and where the next ones begin."""

    records: list[Record]
    after: Place | None
    """Where to go on; None: that was the end."""


class History:
    """All that is stored of one Withings account."""

    def __init__(
        self,
        account: Account,
        records: Records,
        *,
        sources: Sources = Sources.TRACKERS_FIRST,
        newest: Newest | None = None,
    ) -> None:
        self.account = account
        self.sources = sources
        self._records = records
        self._newest = newest or Newest(records=records, sources=sources)

    async def page(
        self, kind: Kind, span: Span, *, limit: int, after: Place | None = None, backward: bool = False
    ) -> Page:
        """At most so many records of the kind, oldest first or ``backward``, behind ``after``.

        Of a kind whose records are large they are fewer.
        """
        limit = at_most(kind, limit)
        found = await self._records.page(
            self.account.userid, kind, span.start, span.end, limit=limit, after=after, backward=backward
        )
        last = found[-1] if len(found) == limit else None
        return Page(found, Place(last.at, last.key) if last else None)

    def all(
        self, kind: Kind, span: Span, *, backward: bool = False, at_once: int = PAGE
    ) -> AsyncIterator[Record]:
        """All records of the kind in the stretch, a page of so many in memory at a time."""
        userid = self.account.userid
        return walk(self._records, userid, kind, span.start, span.end, backward=backward, at_once=at_once)

    async def known(self, kind: Kind, keys: Collection[str]) -> set[str]:
        """Those of the keys under which a record of the kind is stored."""
        names = [RecordKey(kind, key) for key in keys]
        return {name.key for name in await self._records.get(self.account.userid, names)} if names else set()

    async def get(self, kind: Kind, key: str) -> Record | None:
        """One record by its natural key."""
        name = RecordKey(kind, key)
        return (await self._records.get(self.account.userid, [name])).get(name)

    async def changes(
        self, *, after: int, limit: int, bringing: Collection[Kind] = ALL_KINDS
    ) -> list[Changed]:
        """What changed since that number, oldest first, each record once in its last state; of kinds that are
        not among ``bringing`` the name alone.
        """
        return await self._records.changes(self.account.userid, after=after, limit=limit, bringing=bringing)

    async def version(self) -> int:
        """A number that grows with every change of any of the records."""
        return await self._records.through(self.account.userid)

    async def zone(self) -> str | None:
        """The name of the zone the person was in last, as far as any record tells, or else the one that
        Withings named for their measures.
        """
        newest = [await self._records.newest(self.account.userid, kind, limit=1) for kind in DATED]
        dated = sorted((record for found in newest for record in found), key=lambda record: record.at)
        devices = await self._records.between(self.account.userid, Kind.DEVICE, EPOCH, EPOCH)
        told = (record.body.get("timezone") for record in (*reversed(dated), *devices))
        return next((zone for zone in told if isinstance(zone, str) and zone), self.account.zone)

    async def stature(self) -> Stature:
        """The person's heights over all time."""
        return Stature(await self._records.between(self.account.userid, Kind.HEIGHT, EPOCH, THE_END))

    async def latest(self) -> dict[str, Reading]:
        """The newest value of each metric, by metric."""
        return await self._newest.of(self.account)


class Browsing:
    """Opens the history of a user's account."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        records: Records,
        sources: Sources = Sources.TRACKERS_FIRST,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._records = records
        self._sources = sources
        self._newest = Newest(records=records, sources=sources)

    async def of(self, user: str) -> History:
        """What is stored of the user. Raises NotLinked.

        Also while Withings wants a new consent: what was brought before stays readable.
        """
        link = await self._links.get(user)
        account = await self._accounts.get(link.account) if link else None
        if account is None or user not in account.users:
            raise NotLinked
        return History(account, self._records, sources=self._sources, newest=self._newest)
