"""Detail of days and nights, which follows its summary.

What changed of a day or a night says where its samples or its stages changed. So a summary names the
windows to ask for; where there is none nothing is asked, but whether detail that was stored there is gone.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from withings_bridge.domain.notifications import DAY, SECOND, Window, fold
from withings_bridge.domain.records import Body, Kind, Record, instant, record_from
from withings_bridge.domain.zones import day_in

HOUR = timedelta(hours=1)

LONGEST_NIGHT = 2 * DAY
"""A night that says it was longer is wrong, and would be asked for a day at a time."""


def windows_of(summaries: Iterable[Record]) -> frozenset[Window]:
    """Where the detail of these days and nights lies, overlapping windows joined."""
    windows = (_night(each) if each.kind is Kind.SLEEP else _local_day(each) for each in summaries)
    return frozenset(fold(frozenset(window for window in windows if window)))


def extent_of(detail: Record) -> Window:
    """The time that an hour of samples, or a stretch of a night, is about."""
    if detail.kind is Kind.INTRADAY:
        return Window(detail.at, detail.at + HOUR - SECOND)
    end = instant(detail.body.get("enddate"))
    return Window(detail.at, max(detail.at + SECOND, min(end or detail.at, detail.at + LONGEST_NIGHT)))


def strays(stored: Iterable[Window], summaries: Sequence[Window]) -> list[Window]:
    """Where detail is stored that begins in no summary's window, in order; neighbours joined as far as a
    call reaches.

    Both come in order, and no two of the summaries' windows overlap.
    """
    starts = [window.start for window in summaries]
    found: list[Window] = []
    for window in stored:
        last = bisect_right(starts, window.start) - 1
        if last >= 0 and summaries[last].end >= window.start:
            continue
        before = found[-1] if found else None
        if before and window.start <= before.end + SECOND and window.end - before.start < DAY:
            found[-1] = Window(before.start, max(before.end, window.end))
        else:
            found.append(window)
    return found


def whole_hours(window: Window) -> Window:
    """The window, widened to whole hours of UTC: an hour is one record, which part of it must not replace."""
    start = window.start.replace(minute=0, second=0, microsecond=0)
    return Window(start, window.end.replace(minute=59, second=59, microsecond=0))


def hours_of(samples: Iterable[Body]) -> list[Record]:
    """The records of samples that each name their ``timestamp``: one an hour."""
    hours: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for sample in samples:
        at = sample["timestamp"]
        hours[at - at % 3600][str(at)] = {
            name: value for name, value in sample.items() if name != "timestamp"
        }
    return [
        record_from(Kind.INTRADAY, {"hour": hour, "series": series}) for hour, series in sorted(hours.items())
    ]


def _night(night: Record) -> Window | None:
    start, end = instant(night.body.get("startdate")), instant(night.body.get("enddate"))
    if start is None or start < _FIRST:
        return None
    latest = start + LONGEST_NIGHT
    return Window(start, min(end, latest) if end and end >= start else start + DAY)


def _local_day(day: Record) -> Window | None:
    """From midnight to midnight where the person was; of a zone that nobody knows, in UTC."""
    if day.day is None or not _FIRST.year < day.day.year < _LAST_YEAR:
        return None
    name = day.body.get("timezone")
    start, end = day_in(day.day, name if isinstance(name, str) else None)
    return Window(start, end - SECOND)


_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_YEAR = 2286
"""Ten digits of an epoch end in that year."""
