"""Times as people say them."""

from datetime import datetime, timedelta

_STEPS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
)


def ago(moment: datetime, now: datetime) -> str:
    """How long ago in the largest whole unit; under a minute, or ahead of our clock, it is just now."""
    passed = now - moment
    for step, name in _STEPS:
        if count := max(passed, timedelta()) // step:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def day(moment: datetime) -> str:
    """The day, such as "3 Nov 2026"."""
    return f"{moment.day} {moment:%b %Y}"
