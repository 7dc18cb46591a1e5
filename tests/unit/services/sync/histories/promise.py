"""What the bridge owes after all has come to rest, written down from what Withings had and announced.

The bridge promises a store equal to Withings: every record as Withings has it now, none that is gone.
It can keep that only as far as somebody told it, or it was time to look by itself, so the promise is
made of looks: windows in which the store is equal to Withings as of some time.

- a notification that arrived: its window, and what shows up to five minutes later;
- the import at the link: the windows of the contract;
- the sweep: recent weeks.

What was added or changed since the link needs no look where Withings offers ``lastupdate``. Only a
deletion, and an ECG, can be missed for good: when its notification was lost and it is older than the
recent weeks. Beyond the promise the store may still hold only what Withings once had.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import KIND_OF, TRACKED, Category
from withings_bridge.domain.deletions import LOOK_AGAIN_AFTER
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import Kind, Record
from withings_bridge.domain.row_keys import possible_keys
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night

FETCHED = (Kind.MEASURES, Kind.ACTIVITY, Kind.SLEEP, Kind.WORKOUT, Kind.HEART)
"""The kinds that a window is asked for; heights and devices are asked for as a whole."""

Stored = Mapping[Kind, Iterable[Record]]


@dataclass(slots=True)
class Life:
    """One record as Withings had it over time."""

    versions: list[Record]
    changed_at: datetime
    """When it came, was last edited, or was deleted."""
    looks_before: int
    """How many looks there had been by then."""
    gone_at: datetime | None = None
    """From when on it is no longer served."""


@dataclass(frozen=True, slots=True)
class Look:
    """A promise that the store is equal to Withings in a window, as of a time."""

    kind: Kind
    window: Window
    at: datetime
    by_day: bool = False
    """The announcement named a local day, and everything filed under it is meant."""
    patience: timedelta = timedelta()
    """How much later a deletion may show and is found nevertheless."""

    def holds(self, record: Record) -> bool:
        kind = Kind.MEASURES if record.kind is Kind.HEIGHT else record.kind
        if kind is not self.kind:
            return False
        if self.by_day and record.day is not None:
            return self.window.start.date() <= record.day <= self.window.end.date()
        return self.window.holds(record.at)


@dataclass
class Ledger:
    """What Withings had of one person, and what the bridge was told of it."""

    lives: dict[tuple[Kind, str], Life] = field(default_factory=dict)
    looks: list[Look] = field(default_factory=list)

    def served(self, records: Iterable[Record], *, now: datetime) -> None:
        """What Withings serves now; what it does not serve any more is gone."""
        here = set()
        for record in records:
            name = (record.kind, record.key)
            here.add(name)
            life = self.lives.setdefault(name, Life([], now, len(self.looks)))
            back = life.gone_at is not None and life.gone_at <= now
            if back or not life.versions or life.versions[-1].body != record.body:
                life.versions.append(record)
                self._changed(life, now)
                life.gone_at = None
        for name, life in self.lives.items():
            if name not in here and life.gone_at is None:
                self._changed(life, now)
                life.gone_at = now

    def deleted(self, record: Record, *, now: datetime, shows_at: datetime) -> None:
        """Its notification leaves now; the services notice only then."""
        life = self.lives[record.kind, record.key]
        self._changed(life, now)
        life.gone_at = min(life.gone_at or shows_at, shows_at)

    def _changed(self, life: Life, now: datetime) -> None:
        life.changed_at, life.looks_before = now, len(self.looks)

    def announced(self, category: Category, window: Window, *, by_day: bool, at: datetime) -> None:
        """A notification was acknowledged."""
        kind = KIND_OF.get(category)
        if kind is not None:
            self.looks.append(Look(kind, window, at, by_day, patience=LOOK_AGAIN_AFTER))

    def swept(self, window: Window, *, at: datetime) -> None:
        """The bridge had a look by itself, no earlier than ``at``."""
        self.looks += [Look(kind, window, at) for kind in FETCHED]


class Promise:
    """What is owed to one account at rest."""

    def __init__(
        self, ledger: Ledger, account: Account, windows: Mapping[Category, timedelta], now: datetime
    ) -> None:
        self._ledger = ledger
        self._linked_at = account.linked_at
        self._since = {KIND_OF[category]: self._linked_at - length for category, length in windows.items()}
        self._imports = [
            Look(kind, Window(since, self._linked_at), self._linked_at) for kind, since in self._since.items()
        ]
        self._current = {
            name: life.versions[-1]
            for name, life in ledger.lives.items()
            if life.gone_at is None or life.gone_at > now
        }

    def faults(self, stored: Stored) -> Iterator[str]:
        """In what the records are not as promised."""
        have = {(record.kind, record.key): record for records in stored.values() for record in records}
        for name, record in self._current.items():
            if self._owes(record) and (name not in have or have[name].body != record.body):
                yield f"{'stale' if name in have else 'missing'}: {_shown(record)}"
        for record in have.values():
            if record.kind in FETCHED:
                yield from self._faults_of(record)
        yield from self._faults_of_heights({key: r for (kind, key), r in have.items() if kind is Kind.HEIGHT})

    def faults_of_stages(
        self, stored: Stored, stages_of: Callable[[int, int, int], Iterable[Any]]
    ) -> Iterator[str]:
        """In what the stages of nights are not as promised: detail follows its summary."""
        nights = [night.body for night in stored[Kind.SLEEP]]
        have = {stage.body["startdate"] for stage in stored[Kind.SEGMENT]}
        for night in filter(self.owed, stored[Kind.SLEEP]):
            body = night.body
            stages = stages_of(body["id"], body["startdate"], body["enddate"])
            if lacking := {stage.start for stage in stages} - have:
                yield f"{len(lacking)} stages are missing: {_shown(night)}"
        for at in sorted(have):
            if not any(night["startdate"] <= at < night["enddate"] for night in nights):
                yield f"a stage of no night: {at}"

    def owed(self, record: Record) -> bool:
        """Whether the store must hold this very record."""
        return record == self._current.get((record.kind, record.key)) and self._owes(record)

    def _faults_of(self, record: Record) -> Iterator[str]:
        name = (record.kind, record.key)
        life = self._ledger.lives.get(name)
        if life is None or all(record.body != version.body for version in life.versions):
            yield f"invented: {_shown(record)}"
        elif name not in self._current and self._excludes(record, life):
            yield f"deleted, and still here: {_shown(record)}"

    def _faults_of_heights(self, have: Mapping[str, Record]) -> Iterator[str]:
        owed = {
            key: height
            for (kind, key), group in self._current.items()
            if kind is Kind.MEASURES and (height := height_of(group))
        }
        for key, height in owed.items():
            if key not in have or have[key].body != height.body:
                yield f"missing or stale in the index: {_shown(height)}"
        for key, height in have.items():
            group = self._current.get((Kind.MEASURES, key))
            life = self._ledger.lives.get((Kind.MEASURES, key))
            if life is None:
                yield f"invented: {_shown(height)}"
            elif key not in owed and (self._owes(group) if group else self._excludes(height, life)):
                yield f"no height any more, and still in the index: {_shown(height)}"

    def _owes(self, record: Record) -> bool:
        """Whether an import, ``lastupdate`` or a look must have brought this version."""
        life = self._ledger.lives[record.kind, record.key]
        if any(record.kind is KIND_OF[category] for category in TRACKED):
            return record.at >= self._since[record.kind] or life.changed_at > self._linked_at
        return any(look.holds(record) for look in self._looks_since(life))

    def _excludes(self, record: Record, life: Life) -> bool:
        """Whether some look must have noticed that the record is gone."""
        return life.gone_at is not None and any(
            look.holds(record) and look.at + look.patience >= life.gone_at for look in self._looks_since(life)
        )

    def _looks_since(self, life: Life) -> Iterator[Look]:
        """The looks at the account, as it is linked now, since something last happened to the record."""
        yield from (look for look in self._ledger.looks[life.looks_before :] if look.at >= self._linked_at)
        yield from (look for look in self._imports if look.at > life.changed_at)


def rows_of(stored: Stored) -> dict[str, VitalRow]:
    """The rows that the records yield, projected from nothing."""
    heights = Heights(stored[Kind.HEIGHT])
    rows = [row for group in stored[Kind.MEASURES] for row in rows_of_group(group, heights)]
    rows += [row for night in stored[Kind.SLEEP] for row in rows_of_night(night)]
    days: dict[date | None, list[Record]] = {}
    for record in stored[Kind.ACTIVITY]:
        days.setdefault(record.day, []).append(record)
    rows += [row for sources in days.values() for row in rows_of_day(sources)]
    return {row.item_key: row for row in rows}


def keys_ever(ledger: Ledger) -> set[str]:
    """All row keys that a person's records have ever had a claim to."""
    return {
        key for life in ledger.lives.values() for version in life.versions for key in possible_keys(version)
    }


def _shown(record: Record) -> str:
    return f"{record.name} at {record.at:%Y-%m-%d %H:%M:%S}, modified {record.modified}"
