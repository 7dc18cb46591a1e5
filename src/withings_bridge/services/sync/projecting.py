"""Records to the rows of every user of their account.

A row may rest on several records: a day's steps on all sources of that day, a bmi on a height of
years ago. So each changed record is projected together with what its rows rest on.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from withings_bridge import tracing
from withings_bridge.domain.accounts import Account
from withings_bridge.domain.mapping import RowMapping
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record, RecordKey, midnight
from withings_bridge.domain.row_keys import possible_keys
from withings_bridge.domain.trail import What
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding
from withings_bridge.services.noting import Noting
from withings_bridge.services.sync.publishing import RealtimeGateway
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.base import Links, Records, Vitals

ROWS_AT_ONCE = 500
"""Rows of one write. An acknowledgement may wait behind it, and a user may leave."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a fetch found, against what was stored."""

    kind: Kind
    fetched: Collection[Record]
    before: Mapping[RecordKey, Record]
    """Those of the fetched ones that were stored already, as they were."""
    removed: Collection[Record] = ()


@dataclass(slots=True)
class Projection:
    """What a change means for the rows, and for the index of heights."""

    rows: list[VitalRow] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """Keys that the records can no longer stand behind."""
    heights: list[Record] = field(default_factory=list)
    lost_heights: list[RecordKey] = field(default_factory=list)

    def add(self, rows: Iterable[VitalRow], *, instead_of: Iterable[Record], by: RowMapping) -> None:
        """Rows that take the place of all that these records may have yielded before, by the same mapping:
        to look for what another one may have left would cost a read each. That goes by ``rebuilding``.
        """
        rows = list(rows)
        self.rows += rows
        for record in instead_of:
            self.gone |= possible_keys(record, by)
        self.gone -= {row.item_key for row in rows}


class Projecting:
    """Keeps ``user_vitals`` true to the records."""

    def __init__(
        self,
        *,
        records: Records,
        vitals: Vitals,
        links: Links,
        holding: Holding,
        gateway: RealtimeGateway,
        noting: Noting,
        telemetry: Telemetry,
        mapping: RowMapping,
        clock: Clock,
    ) -> None:
        self.mapping = mapping
        self._records = records
        self._vitals = vitals
        self._links = links
        self._holding = holding
        self._gateway = gateway
        self._noting = noting
        self._telemetry = telemetry
        self._clock = clock

    async def project(self, account: Account, change: Change) -> Projection:
        """What the change means. Nothing is written.

        The fetched records are stored by now, and the removed ones still are; of heights neither is
        so, for they are an index that is written last.
        """
        match change.kind:
            case Kind.MEASURES:
                return await self._measures(account, change)
            case Kind.HEIGHT:
                return await self._heights_alone(account, change)
            case Kind.ACTIVITY:
                return await self._activity(account, change)
            case Kind.SLEEP:
                return self._sleep(change)
            case _:
                return Projection()

    async def write(self, account: Account, projection: Projection) -> None:
        """Bring the rows of every user of the account up to date, and tell the gateway whose changed. Raises
        what ``put`` does.
        """
        await self.tell(account, await self.put(account, projection))

    async def put(self, account: Account, projection: Projection) -> Counter[str]:
        """The same without a word to the gateway: how many rows changed, by user.

        Of a user who has left since the account was claimed nothing is written; nor of anybody, but
        LeaseLost raised, once the lease is another's. Both are looked at before each part.
        """
        changed: Counter[str] = Counter()
        for user in sorted(account.users):
            link = await self._links.get(user)
            if link is not None and link.account != account.userid:
                # Whatever this account says of them, another one's readings are theirs.
                continue
            count, now = 0, self._clock()
            with tracing.span("write rows", {"rows": len(projection.rows)}) as here:
                for rows, gone in _parts(projection):
                    if user not in (await self._holding.check(account)).users:
                        break
                    count += await self._vitals.write(user, rows, gone=gone, now=now)
                here.say({"changed": count})
            if count:
                changed[user] = count
                self._telemetry.wrote(count)
                self._noting.note(account.userid, What.WROTE, user=user, number=count)
                await self._links.pushed(user, at=now)
        return changed

    async def tell(self, account: Account, users: Iterable[str]) -> None:
        """Tell the gateway whose rows changed."""
        for user in sorted(users):
            heard = await self._gateway.publish(user, at=self._clock())
            if heard.told:
                self._noting.note(account.userid, What.TOLD, user=user)
            elif heard.reason:
                self._noting.note(account.userid, What.UNTOLD, user=user, reason=heard.reason)

    def rows(self, kind: Kind, records: Iterable[Record], heights: Heights) -> list[VitalRow]:
        """The rows of some records; of a day all its sources must be among them."""
        match kind:
            case Kind.MEASURES:
                return [row for group in records for row in rows_of_group(group, heights, self.mapping)]
            case Kind.SLEEP:
                return [row for night in records for row in rows_of_night(night, self.mapping)]
            case _:
                days = _by_day(records).items()
                return [row for day, sources in days if day for row in rows_of_day(sources, self.mapping)]

    async def _measures(self, account: Account, change: Change) -> Projection:
        found = {group.key: height_of(group) for group in change.fetched}
        lost = [key for key, height in found.items() if height is None] + [g.key for g in change.removed]
        index = await self.heights(account)
        heights = [
            height for height in found.values() if height and not height.same_as(index.get(height.name))
        ]
        projection = Projection(
            heights=heights,
            lost_heights=[name for key in lost if (name := RecordKey(Kind.HEIGHT, key)) in index],
        )
        gone = {record.name for record in change.removed}
        view = Heights(_overlaid(index, heights, projection.lost_heights).values())
        projection.add(
            self.rows(Kind.MEASURES, change.fetched, view),
            instead_of=(*change.before.values(), *change.removed),
            by=self.mapping,
        )
        before = {
            name: index[name]
            for name in (*projection.lost_heights, *(h.name for h in heights))
            if name in index
        }
        return await self._reprojected(account, projection, heights, before, gone)

    async def _heights_alone(self, account: Account, change: Change) -> Projection:
        heights = [height for height in change.fetched if not height.same_as(change.before.get(height.name))]
        before = {h.name: change.before[h.name] for h in heights if h.name in change.before}
        return await self._reprojected(account, Projection(heights=heights), heights, before, ())

    async def _reprojected(
        self,
        account: Account,
        projection: Projection,
        heights: Collection[Record],
        before: Mapping[RecordKey, Record],
        gone: Collection[RecordKey],
    ) -> Projection:
        """With the rows of all weighings since the first height that is new, other, or lost."""
        times = [record.at for record in (*heights, *before.values())]
        if not times:
            return projection
        index = await self.heights(account)
        view = Heights(_overlaid(index, heights, projection.lost_heights).values())
        weighed = await self._records.between(account.userid, Kind.MEASURES, min(times), THE_END)
        for group in weighed:
            if group.name not in gone:
                projection.add(rows_of_group(group, view, self.mapping), instead_of=[group], by=self.mapping)
        return projection

    async def _activity(self, account: Account, change: Change) -> Projection:
        projection = Projection()
        days = {record.day for record in (*change.fetched, *change.removed) if record.day}
        if not days:
            return projection
        gone = {record.name for record in change.removed}
        seen = {record.day for record in (*change.before.values(), *change.removed)}
        stored = await self._records.between(
            account.userid, Kind.ACTIVITY, midnight(min(days)), midnight(max(days))
        )
        by_day = _by_day(stored)
        for day in days:
            sources = by_day.get(day, [])
            standing = [record for record in sources if record.name not in gone]
            projection.add(
                rows_of_day(standing, self.mapping),
                instead_of=sources if day in seen else (),
                by=self.mapping,
            )
        return projection

    def _sleep(self, change: Change) -> Projection:
        projection = Projection()
        projection.add(
            self.rows(Kind.SLEEP, change.fetched, Heights([])),
            instead_of=(*change.before.values(), *change.removed),
            by=self.mapping,
        )
        return projection

    async def heights(self, account: Account) -> dict[RecordKey, Record]:
        """The index of heights as it is stored."""
        stored = await self._records.between(account.userid, Kind.HEIGHT, EPOCH, THE_END)
        return {record.name: record for record in stored}


def _parts(projection: Projection) -> Iterator[tuple[list[VitalRow], list[str]]]:
    """Its rows and the keys that are gone, some at a time; of two rows with one key the last, and no key of a
    row. Once at least.
    """
    wanted = {row.item_key: row for row in projection.rows}
    rows, gone = list(wanted.values()), sorted(projection.gone - wanted.keys())
    for first in range(0, max(len(rows), len(gone), 1), ROWS_AT_ONCE):
        yield rows[first : first + ROWS_AT_ONCE], gone[first : first + ROWS_AT_ONCE]


def _by_day(records: Iterable[Record]) -> dict[date | None, list[Record]]:
    """The records of activity by their local day, with all sources of each."""
    days: dict[date | None, list[Record]] = {}
    for record in records:
        days.setdefault(record.day, []).append(record)
    return days


def _overlaid(
    index: Mapping[RecordKey, Record], heights: Iterable[Record], lost: Iterable[RecordKey]
) -> dict[RecordKey, Record]:
    """The index of heights as it will be."""
    view = dict(index) | {height.name: height for height in heights}
    for name in lost:
        view.pop(name, None)
    return view
