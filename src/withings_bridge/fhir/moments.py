"""Times as FHIR writes them: by the person's clock, with its offset from UTC."""

from datetime import UTC, datetime, timedelta

from withings_bridge.domain.zones import local
from withings_bridge.fhir.datatypes import Period

_MINUTE = timedelta(minutes=1)


def moment(at: datetime, zone: str | None) -> datetime:
    """The instant as clocks in the zone show it.

    In UTC where FHIR has no way to write that: offsets had seconds a hundred years ago, and at the last day
    of the calendar it may be tomorrow.
    """
    try:
        told = local(at, zone)
        offset = told.utcoffset() or timedelta()
        return at.astimezone(UTC) if offset % _MINUTE else told
    except OverflowError:
        return at.astimezone(UTC)


def period(start: datetime, end: datetime, zone: str | None) -> Period:
    """The stretch between two instants; one that ends before it began has no end."""
    return Period(start=moment(start, zone), end=moment(end, zone) if end >= start else None)
