"""Times as people say them."""

from datetime import UTC, datetime, timedelta

_STEPS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)


def ago(moment: datetime, now: datetime) -> str:
    """How long ago in the largest whole unit; under a minute, or ahead of our clock, it is just now."""
    length = _length(now - moment)
    return f"{length} ago" if length else "just now"


def ahead(moment: datetime, now: datetime) -> str:
    """How far ahead in the largest whole unit; under a minute, or past, it is any moment now."""
    length = _length(moment - now)
    return f"in {length}" if length else "any moment"


def day(moment: datetime) -> str:
    """The day, such as "3 Nov 2026"."""
    return f"{moment.day} {moment:%b %Y}"


def moment(at: datetime) -> str:
    """The day and the time, such as "3 Nov 2026, 12:00 UTC"."""
    return f"{day(at)}, {at.astimezone(UTC):%H:%M} UTC"


def clock_time(at: datetime, now: datetime) -> str:
    """The time of day to the second, in UTC; of another day than today with the day."""
    time = f"{at.astimezone(UTC):%H:%M:%S}"
    today = at.astimezone(UTC).date() == now.astimezone(UTC).date()
    return time if today else f"{at.day} {at:%b}, {time}"


def _length(length: timedelta) -> str:
    for step, name in _STEPS:
        if count := max(length, timedelta()) // step:
            return f"{count} {name}{'s' if count > 1 else ''}"
    return ""
