"""What is stored of a person, read by range, by change, or at its newest, without a call to Withings."""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.bmi import Stature, bmi_of
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.measures import WHOLE_BODY
from withings_bridge.domain.readings import Reading, counts, readings
from withings_bridge.domain.records import EPOCH, Kind, Record, RecordKey
from withings_bridge.services.projecting import FOREVER
from withings_bridge.storage.base import Accounts, Changed, Links, Place, Records

PAGE = 500
"""Records that are held at once where a whole history is gone through."""

DATED = (Kind.SLEEP, Kind.ACTIVITY)
"""Kinds whose records tell the zone they were taken in."""

NEWEST_OF = (Kind.ACTIVITY, Kind.SLEEP, Kind.HEART, Kind.STETHO, Kind.WORKOUT, Kind.GOALS)
"""Kinds of which the newest record tells the newest value of each of its metrics."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, both ends included."""

    start: datetime = EPOCH
    end: datetime = FOREVER


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of one kind, and where the next ones begin."""

    records: list[Record]
    after: Place | None
    """Where to go on; None: that was the end."""


class History:
    """All that is stored of one Withings account."""

    def __init__(self, account: Account, records: Records) -> None:
        self.account = account
        self._records = records

    async def page(
        self, kind: Kind, span: Span, *, limit: int, after: Place | None = None, backward: bool = False
    ) -> Page:
        """At most so many records of the kind, oldest first or ``backward``, behind ``after``."""
        found = await self._records.page(
            self.account.userid, kind, span.start, span.end, limit=limit, after=after, backward=backward
        )
        last = found[-1] if len(found) == limit else None
        return Page(found, Place(last.at, last.key) if last else None)

    async def all(self, kind: Kind, span: Span, *, backward: bool = False) -> AsyncIterator[Record]:
        """All records of the kind in the stretch, a page of them in memory at a time."""
        after: Place | None = None
        while True:
            page = await self.page(kind, span, limit=PAGE, after=after, backward=backward)
            for record in page.records:
                yield record
            after = page.after
            if after is None:
                return

    async def get(self, kind: Kind, key: str) -> Record | None:
        """One record by its natural key."""
        name = RecordKey(kind, key)
        return (await self._records.get(self.account.userid, [name])).get(name)

    async def changes(self, *, after: int, limit: int) -> list[Changed]:
        """What changed since that number, oldest first, each record once in its last state."""
        return await self._records.changes(self.account.userid, after=after, limit=limit)

    async def version(self) -> int:
        """A number that grows with every change of any of the records."""
        return await self._records.through(self.account.userid)

    async def zone(self) -> str | None:
        """The name of the zone the person was in last, as far as any record tells."""
        newest = [await self._records.newest(self.account.userid, kind, limit=1) for kind in DATED]
        dated = sorted((record for found in newest for record in found), key=lambda record: record.at)
        devices = await self._records.between(self.account.userid, Kind.DEVICE, EPOCH, EPOCH)
        told = (record.body.get("timezone") for record in (*reversed(dated), *devices))
        return next((zone for zone in told if isinstance(zone, str) and zone), None)

    async def stature(self) -> Stature:
        """The person's heights over all time."""
        return Stature(await self._records.between(self.account.userid, Kind.HEIGHT, EPOCH, FOREVER))

    async def latest(self) -> dict[str, Reading]:
        """The newest value of each metric, by metric; of the whole body where there are positions.

        Samples within a day or a night are no news beside these, and are left out. Of measures the whole
        history is gone through, since a type may have been taken once, years ago.
        """
        stature = await self.stature()
        newest: dict[str, Reading] = {}
        async for group in self.all(Kind.MEASURES, Span(), backward=True):
            if counts(group.body):
                _keep_newest(newest, readings(group))
                if "bmi" not in newest and (index := bmi_of(group, stature)):
                    newest["bmi"] = index
        for height in await self._records.newest(self.account.userid, Kind.HEIGHT, limit=1):
            _keep_newest(newest, readings(height))
        for kind in NEWEST_OF:
            for record in await self._records.newest(self.account.userid, kind, limit=1):
                _keep_newest(newest, readings(record))
        return newest


class Browsing:
    """Opens the history of a user's account."""

    def __init__(self, *, accounts: Accounts, links: Links, records: Records) -> None:
        self._accounts = accounts
        self._links = links
        self._records = records

    async def of(self, user: str) -> History:
        """What is stored of the user. Raises NotLinked.

        Also while Withings wants a new consent: what was brought before stays readable.
        """
        link = await self._links.get(user)
        account = await self._accounts.get(link.account) if link else None
        if account is None or user not in account.users:
            raise NotLinked
        return History(account, self._records)


def _keep_newest(newest: dict[str, Reading], found: Iterable[Reading]) -> None:
    """Of each metric the newer one; of two of one time the last that Withings sent in its record."""
    of_record: Mapping[str, Reading] = {
        reading.metric: reading for reading in found if reading.position in (None, WHOLE_BODY)
    }
    for metric, reading in of_record.items():
        if metric not in newest or newest[metric].at < reading.at:
            newest[metric] = reading
