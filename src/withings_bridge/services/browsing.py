"""What is stored of a person, read by range, by change, or at its newest, without a call to Withings."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.bmi import Stature, bmi_of
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.mapping import Sources
from withings_bridge.domain.measures import WHOLE_BODY
from withings_bridge.domain.readings import Reading, counts, measures_of, readings
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record, RecordKey
from withings_bridge.domain.vitals7 import ranked
from withings_bridge.services.projecting import FOREVER
from withings_bridge.services.walking import PAGE, at_most, walk
from withings_bridge.storage.base import ALL_KINDS, Accounts, Changed, Links, Place, Records

DATED = (Kind.SLEEP, Kind.ACTIVITY)
"""Kinds whose records tell the zone they were taken in."""

NEWEST_OF = (Kind.ACTIVITY, Kind.SLEEP, Kind.HEART, Kind.STETHO, Kind.WORKOUT, Kind.GOALS)
"""Kinds of which the newest records tell the newest value of each of their metrics."""

LOOKED_BACK = 60
"""So many of them are looked at: a night may lack what the one before it had."""


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
        remembered: "Remembered | None" = None,
    ) -> None:
        self.account = account
        self.sources = sources
        self._records = records
        self._remembered = remembered or Remembered()

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
        history is gone through, since a type may have been taken once, years ago; what was found is
        remembered until a record changes.
        """
        version = await self.version()
        newest = self._remembered.get(self.account.userid, version)
        if newest is None:
            newest = await self._newest()
            self._remembered.put(self.account.userid, version, newest)
        return dict(newest)

    async def _newest(self) -> dict[str, Reading]:
        newest = await self._newest_measures()
        for height in await self._records.newest(self.account.userid, Kind.HEIGHT, limit=1):
            _keep_newest(newest, _of_whole_body(readings(height)))
        for kind in NEWEST_OF:
            records = await self._records.newest(self.account.userid, kind, limit=LOOKED_BACK)
            of_kind: dict[str, Reading] = {}
            for record in ranked(records, self.sources) if kind is Kind.ACTIVITY else records:
                of_kind = _of_whole_body(readings(record)) | of_kind
            _keep_newest(newest, of_kind)
        return newest

    async def _newest_measures(self) -> dict[str, Reading]:
        stature = await self.stature()
        newest: dict[str, Reading] = {}
        found: set[int | str] = set()
        seeks_bmi = stature.at(THE_END) is not None
        async for group in self.all(Kind.MEASURES, Span(), backward=True):
            types = {measure.type for measure in measures_of(group.body)}
            # Most groups of a long history hold nothing that is still looked for.
            if not counts(group.body) or (types <= found and not seeks_bmi):
                continue
            of_group = _of_whole_body(readings(group))
            found |= {reading.code for reading in of_group.values()}
            _keep_newest(newest, of_group)
            if seeks_bmi and (index := bmi_of(group, stature)):
                newest["bmi"], seeks_bmi = index, False
        return newest


class Remembered:
    """The newest values of the accounts that were asked for last."""

    def __init__(self, *, most: int = 256) -> None:
        self._found: OrderedDict[str, tuple[int, dict[str, Reading]]] = OrderedDict()
        self._most = most

    def get(self, userid: str, version: int) -> dict[str, Reading] | None:
        """What was found in just this version of the account's records."""
        known, found = self._found.get(userid, (None, None))
        if known != version:
            return None
        self._found.move_to_end(userid)
        return found

    def put(self, userid: str, version: int, found: dict[str, Reading]) -> None:
        self._found[userid] = (version, found)
        self._found.move_to_end(userid)
        if len(self._found) > self._most:
            self._found.popitem(last=False)


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
        self._remembered = Remembered()

    async def of(self, user: str) -> History:
        """What is stored of the user. Raises NotLinked.

        Also while Withings wants a new consent: what was brought before stays readable.
        """
        link = await self._links.get(user)
        account = await self._accounts.get(link.account) if link else None
        if account is None or user not in account.users:
            raise NotLinked
        return History(account, self._records, sources=self._sources, remembered=self._remembered)


def _of_whole_body(found: Iterable[Reading]) -> dict[str, Reading]:
    """A record's readings by metric; of two the last that Withings sent in it."""
    return {reading.metric: reading for reading in found if reading.position in (None, WHOLE_BODY)}


def _keep_newest(newest: dict[str, Reading], found: Mapping[str, Reading]) -> None:
    """Of each metric the newer one; of two of one time the one that was there."""
    for metric, reading in found.items():
        if metric not in newest or newest[metric].at < reading.at:
            newest[metric] = reading
