"""The newest value of each metric, remembered and kept current by what changed since.

Of measures the whole history is gone through once, since a type may have been taken once, years ago. After
that a new measure is looked at alone; only where one that told a newest value has gone, or tells less, is it
gone through again.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.bmi import Stature, bmi_of
from withings_bridge.domain.known import unknown_fields
from withings_bridge.domain.mapping import Sources
from withings_bridge.domain.measures import WHOLE_BODY
from withings_bridge.domain.readings import Reading, counts, measures_of, odd_measures, readings
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record
from withings_bridge.domain.vitals7 import ranked
from withings_bridge.services.history.walking import PAGE, walk
from withings_bridge.storage.base import Changed, Records

NEWEST_OF = (Kind.ACTIVITY, Kind.SLEEP, Kind.HEART, Kind.STETHO, Kind.WORKOUT, Kind.GOALS)
"""Kinds of which the newest records tell the newest value of each of their metrics."""

LOOKED_BACK = 60
"""So many of them are looked at: a night may lack what the one before it had."""

Values = Mapping[str, Reading]
"""Readings by metric."""


class Measured:
    """The newest value of each metric among measure groups, the bmi of the last weighing among them."""

    def __init__(self, stature: Stature) -> None:
        self.values: dict[str, Reading] = {}
        self._stature = stature
        self._seeks_bmi = stature.at(THE_END) is not None
        self._found: set[int | str] = set()

    def copy(self) -> "Measured":
        """Another one that knows the same."""
        other = Measured(self._stature)
        other.values, other._found = dict(self.values), set(self._found)
        return other

    @classmethod
    async def of(cls, records: Records, userid: str) -> "Measured":
        """Of the whole history."""
        heights = await records.between(userid, Kind.HEIGHT, EPOCH, THE_END)
        measured = cls(Stature(heights))
        async for group in walk(records, userid, Kind.MEASURES, backward=True):
            if not measured.knows_newer(group):
                measured.take(group)
        # The index of heights knows groups from before the import.
        for height in heights[-1:]:
            _keep_newest(measured.values, _of_whole_body(readings(height)))
        return measured

    def knows_newer(self, group: Record) -> bool:
        """Whether newer groups tell all that it can tell, as is so of most groups of a long history."""
        codes: set[int | str] = {measure.type for measure in measures_of(group.body)}
        codes |= {name for name, _ in unknown_fields(group.kind, group.body)}
        codes |= {str(odd.get("type")) for odd in odd_measures(group.body)}
        return codes <= self._found and ("bmi" in self.values or not self._seeks_bmi)

    def take(self, group: Record) -> bool:
        """Make it true after a group was found, is new, or was edited.

        False where it told a newest value and does so no more: who does now, only the history knows.
        """
        told = self._told(group)
        own = {metric for metric, reading in self.values.items() if reading.record.key == group.key}
        if any(metric not in told or told[metric].at < self.values[metric].at for metric in own):
            return False
        self._found |= {reading.code for reading in told.values()}
        for metric, reading in told.items():
            known = self.values.get(metric)
            if known is None or (known.at, known.record.key) <= (reading.at, reading.record.key):
                self.values[metric] = reading
        return True

    def tells(self, key: str) -> bool:
        """Whether a newest value is of the group with that key."""
        return any(reading.record.key == key for reading in self.values.values())

    def _told(self, group: Record) -> dict[str, Reading]:
        if not counts(group.body):
            return {}
        told = _of_whole_body(readings(group))
        index = bmi_of(group, self._stature) if self._seeks_bmi else None
        return told | {index.metric: index} if index else told


@dataclass(slots=True)
class Known:
    """The newest values of an account in one version of its records."""

    version: int
    measured: Measured
    of_kind: dict[Kind, Values]

    def values(self) -> dict[str, Reading]:
        newest = dict(self.measured.values)
        for kind in NEWEST_OF:
            _keep_newest(newest, self.of_kind[kind])
        return newest


class Newest:
    """Tells the newest values, and remembers those of the accounts that were asked for last."""

    def __init__(self, *, records: Records, sources: Sources, most: int = 256) -> None:
        self._records = records
        self._sources = sources
        self._most = most
        self._known: OrderedDict[str, Known] = OrderedDict()

    async def of(self, account: Account) -> dict[str, Reading]:
        """The newest value of each metric, by metric; of the whole body where there are positions.

        Samples within a day or a night are no news beside these, and are left out.
        """
        version = await self._records.through(account.userid)
        known = self._known.get(account.history)
        if known is None or known.version != version:
            known = await self._brought_to(version, account.userid, known)
            self._known[account.history] = known
        self._known.move_to_end(account.history)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return known.values()

    async def _brought_to(self, version: int, userid: str, known: Known | None) -> Known:
        changes = await self._changes(userid, since=known.version) if known else None
        if known is None or changes is None:
            found = {kind: await self._of_kind(userid, kind) for kind in NEWEST_OF}
            return Known(version, await Measured.of(self._records, userid), found)
        touched = {change.name.kind for change in changes}
        # A copy: somebody else may be bringing it to another version.
        measured = known.measured.copy()
        groups = [change for change in changes if change.name.kind is Kind.MEASURES]
        if Kind.HEIGHT in touched or not all(_taken(measured, change) for change in groups):
            measured = await Measured.of(self._records, userid)
        found = {kind: await self._of_kind(userid, kind) for kind in NEWEST_OF if kind in touched}
        reached = changes[-1].number if changes else version
        return Known(reached, measured, {**known.of_kind, **found})

    async def _changes(self, userid: str, *, since: int) -> list[Changed] | None:
        """What changed since; None where it is so much that the history is sooner gone through again."""
        changes = await self._records.changes(userid, after=since, limit=PAGE, bringing={Kind.MEASURES})
        return changes if len(changes) < PAGE else None

    async def _of_kind(self, userid: str, kind: Kind) -> Values:
        records = await self._records.newest(userid, kind, limit=LOOKED_BACK)
        found: dict[str, Reading] = {}
        for record in ranked(records, self._sources) if kind is Kind.ACTIVITY else records:
            found = _of_whole_body(readings(record)) | found
        return found


def _taken(measured: Measured, change: Changed) -> bool:
    """Whether the newest values are true to the change now."""
    if change.record is None:
        return not measured.tells(change.name.key)
    return measured.take(change.record)


def _of_whole_body(found: Iterable[Reading]) -> dict[str, Reading]:
    """A record's readings by metric; of two the last that Withings sent in it."""
    return {reading.metric: reading for reading in found if reading.position in (None, WHOLE_BODY)}


def _keep_newest(newest: dict[str, Reading], found: Values) -> None:
    """Of each metric the newer one; of two of one time the one that was there."""
    for metric, reading in found.items():
        if metric not in newest or newest[metric].at < reading.at:
            newest[metric] = reading
