"""Local time: Withings names zones as IANA does, now and then by a name that nobody knows."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=256)
def zone(name: str | None) -> tzinfo:
    """The zone of that name; UTC where there is none such."""
    try:
        return ZoneInfo(name) if name else UTC
    except (LookupError, ValueError, OSError):
        return UTC


def is_zone(name: str | None) -> bool:
    """Whether there is a zone of that name."""
    return zone(name) is not UTC


def local(at: datetime, name: str | None) -> datetime:
    """The instant as clocks in that zone show it, with their offset from UTC."""
    try:
        return at.astimezone(zone(name))
    except OverflowError:
        return at.astimezone(UTC)  # on the first or the last day of the calendar


def begin_of(day: date, name: str | None) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(name)).astimezone(UTC)


def day_in(day: date, name: str | None) -> tuple[datetime, datetime]:
    """The instants at which a local day begins and the next one does; 23 to 25 hours lie between."""
    try:
        return begin_of(day, name), begin_of(day + timedelta(days=1), name)
    except OverflowError:
        # The first and the last day of the calendar, in a zone that lies beyond it.
        return begin_of(day, None), begin_of(day, None)


def zone_told(*names: str | None) -> str:
    """The first of the names that is a zone's; UTC where none is."""
    return next((name for name in names if name and is_zone(name)), "UTC")
