"""Rows of ``user_vitals`` by Withings that no record explains.

The connector before the bridge kept one current user for the whole process, so that one person's
readings could land under another's id. Such a row has a record, but in somebody else's account; a row
whose reading was deleted at Withings has none at all.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.categories import KIND_OF
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.records import Kind, Record, instant
from withings_bridge.domain.vitals7 import RECORDED_BY, Heights, rows_of_day, rows_of_group, rows_of_night

EDGE = timedelta(days=2)
"""An import begins in the middle of a day, and days are local at Withings: what lies so near to where it
began is not judged.
"""


@dataclass(frozen=True, slots=True)
class _Form:
    """What the rows look like that records of one kind yield."""

    source: re.Pattern[str]
    vital_types: frozenset[str]


_FORMS = {
    Kind.MEASURES: _Form(
        re.compile("withings_(?:weight|height|bp|hr|spo2|temp)_"),
        frozenset(
            {
                *("weight", "body-fat-percentage", "bmi", "height", "body-temperature", "oxygen-saturation"),
                *("blood-pressure-systolic", "blood-pressure-diastolic", "heart-rate"),
            }
        ),
    ),
    Kind.ACTIVITY: _Form(re.compile("withings_activity_"), frozenset({"steps"})),
    Kind.SLEEP: _Form(
        re.compile("withings_sleep_"), frozenset({"sleep-hours", "respiratory-rate", "oxygen-saturation"})
    ),
}
"""A row of any other form is not judged: who wrote it, and from what, is not known here."""


def judged(account: Account) -> dict[Kind, Window]:
    """The stretch of time, by kind, in which every row must have a record; none while an import runs."""
    if account.importing:
        return {}
    found = {}
    for category, kind in KIND_OF.items():
        work = account.of(category)
        if kind in _FORMS and work.imported_since and work.cursor and account.may(category):
            start = work.imported_since + EDGE
            if start < work.cursor:
                found[kind] = Window(start, work.cursor)
    return found


def kind_of(row: Mapping[str, Any], windows: Mapping[Kind, Window]) -> Kind | None:
    """The kind of record that has to explain a row; None for a row that is not to be judged."""
    source, at = row.get("sourceId"), instant(row.get("recordedAt"))
    if row.get("recordedBy") != RECORDED_BY or not isinstance(source, str) or at is None:
        return None
    for kind, window in windows.items():
        form = _FORMS[kind]
        if form.source.match(source) and row.get("vitalType") in form.vital_types and window.holds(at):
            return kind
    return None


def explained(kind: Kind, records: Iterable[Record], heights: Heights) -> set[str]:
    """The keys of the rows that these records yield. Of a day the records of all its sources are needed."""
    match kind:
        case Kind.MEASURES:
            rows = [row for record in records for row in rows_of_group(record, heights)]
        case Kind.SLEEP:
            rows = [row for record in records for row in rows_of_night(record)]
        case Kind.ACTIVITY:
            days: dict[date | None, list[Record]] = {}
            for record in records:
                days.setdefault(record.day, []).append(record)
            rows = [row for sources in days.values() for row in rows_of_day(sources)]
        case _:
            rows = []
    return {row.item_key for row in rows}
