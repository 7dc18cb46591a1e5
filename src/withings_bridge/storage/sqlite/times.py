"""Instants as the integers that stand in columns: exact, and in the order of time."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Epoch microseconds, all that a datetime knows."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(column: int) -> datetime:
    """The instant that ``micros`` wrote."""
    return _EPOCH + column * _MICROSECOND
