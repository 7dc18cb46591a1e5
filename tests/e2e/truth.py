"""What a store must hold, worked out from what the pretend Withings holds, and how it differs.

The cloud is asked through its console, never through the services that the bridge uses. Rows are
projected by the domain's pure functions, whose digits the golden rows of the contract prove.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from e2e.stores import Row, Store
from withings_bridge.domain.readings import height_of
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.domain.vitals7 import Heights, VitalRow, rows_of_day, rows_of_group, rows_of_night

SERVICES = {
    Kind.MEASURES: "measures",
    Kind.ACTIVITY: "activity",
    Kind.SLEEP: "nights",
    Kind.WORKOUT: "workouts",
    Kind.HEART: "heart",
    Kind.STETHO: "stetho",
}
GIVEN_BY_THE_STORE = frozenset({"id", "created_at"})
MOST_SHOWN = 8

Tell = Callable[[str, str], Any]
"""Asks the cloud's console: method and path in, JSON out."""


@dataclass(frozen=True)
class Truth:
    """All that the store must hold of one person, and nothing more."""

    records: dict[str, Row]
    """Withings' JSON by kind and natural key, the index of heights included."""
    rows: dict[str, Row]
    """Rows without what the store gives them, by ``item_key``."""


def truth(tell: Tell, person: int, user: str, *, beyond: frozenset[str] = frozenset()) -> Truth:
    """The truth about a person, who linked as this user.

    ``beyond``: names of records that lay outside the import windows when the person linked, and that
    nothing has announced since; heights are known over all history all the same.
    """
    served = tell("GET", f"/people/{person}/records")
    records = {kind: _records(kind, served[service]) for kind, service in SERVICES.items()}
    groups = records[Kind.MEASURES]
    heights = [height for group in groups if (height := height_of(group))]
    imported = [
        record
        for found in (*records.values(), _devices(tell, person), _goals(tell, person), heights)
        for record in found
        if str(record.name) not in beyond
    ]
    kept = {kind: [record for record in imported if record.kind is kind] for kind in Kind}
    rows = [
        *(row for group in kept[Kind.MEASURES] for row in rows_of_group(group, Heights(heights))),
        *(row for days in _by_day(kept[Kind.ACTIVITY]) for row in rows_of_day(days)),
        *(row for night in kept[Kind.SLEEP] for row in rows_of_night(night)),
    ]
    return Truth(
        records={str(record.name): dict(record.body) for record in imported},
        rows={row.item_key: _as_stored(row, user) for row in rows},
    )


def differences(store: Store, person: int, user: str, expected: Truth) -> list[str]:
    """What the store has too much, too little or otherwise, a line each; nothing where it is equal."""
    stored = store.rows(user)
    rows = {
        row["item_key"]: {name: value for name, value in row.items() if name not in GIVEN_BY_THE_STORE}
        for row in stored
    }
    incomplete = [row["item_key"] for row in stored if not all(row.get(name) for name in GIVEN_BY_THE_STORE)]
    return [
        *_differences("record", store.records(str(person)), expected.records),
        *_differences("row", rows, expected.rows),
        *(f"row {key} lacks what the store gives" for key in incomplete),
    ]


def _records(kind: Kind, rows: Iterable[Row]) -> list[Record]:
    # Goals (category 2) are wishes, which the bridge does not ask for.
    return [record_from(kind, row) for row in rows if kind is not Kind.MEASURES or row["category"] == 1]


def _devices(tell: Tell, person: int) -> list[Record]:
    return [record_from(Kind.DEVICE, row) for row in tell("GET", f"/people/{person}/devices")["devices"]]


def _goals(tell: Tell, person: int) -> list[Record]:
    goals = tell("GET", f"/people/{person}")["goals"]
    return [record_from(Kind.GOALS, goals)] if goals else []


def _by_day(records: Iterable[Record]) -> Iterable[list[Record]]:
    days = defaultdict(list)
    for record in records:
        days[record.day].append(record)
    return days.values()


def _as_stored(row: VitalRow, user: str) -> Row:
    return {**row.attributes, "user_id": user, "created_by": user}


def _differences(what: str, found: Mapping[str, Row], expected: Mapping[str, Row]) -> list[str]:
    lines = [f"{what} {name} is missing" for name in sorted(expected.keys() - found.keys())]
    lines += [f"{what} {name} is too many" for name in sorted(found.keys() - expected.keys())]
    lines += [
        f"{what} {name} is {_short(found[name])} instead of {_short(expected[name])}"
        for name in sorted(expected.keys() & found.keys())
        if found[name] != expected[name]
    ]
    return lines if len(lines) <= MOST_SHOWN else [*lines[:MOST_SHOWN], f"... and {len(lines)} lines in all"]


def _short(row: Row) -> str:
    return json.dumps(row, sort_keys=True)[:300]
