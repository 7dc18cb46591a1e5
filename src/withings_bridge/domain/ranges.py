"""Ranges of time as people name them: by days of the person's own calendar, or by instants."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from withings_bridge.domain.records import EPOCH, THE_END, Kind, day_of, midnight
from withings_bridge.domain.zones import day_in, local

Moment = date | datetime
"""A day, or an instant."""

Stretch = tuple[datetime, datetime]
"""From one instant to another, both included."""

WHOLE: Stretch = (EPOCH, THE_END)
"""Between which all records are filed."""

TIMELESS = frozenset({Kind.DEVICE, Kind.GOALS})
"""Kinds whose records have no time, and so are of every range."""

NO_MOMENT = "give a day such as 2026-01-15, or an instant with its offset such as 2026-01-15T07:30:41Z"
NAIVE = (
    "this time could be any zone's: add Z or an offset such as +01:00, or give a day such as 2026-01-15, "
    "which is the person's own"
)

_HOUR = timedelta(hours=1)
_LEAST = timedelta(microseconds=1)


def moment_of(text: str) -> Moment:
    """The day or the instant that is meant. Raises ValueError with what is right."""
    if day := day_of(text):
        return day
    if "T" not in text.upper():
        raise ValueError(NO_MOMENT)
    try:
        at = datetime.fromisoformat(text.upper())
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(NO_MOMENT) from None
    raise ValueError(NAIVE)


@dataclass(frozen=True, slots=True)
class Range:
    """From when to when, both included; None where it is open."""

    start: Moment | None = None
    end: Moment | None = None

    def stretch(self, zone: str | None) -> Stretch:
        """The instants it spans; days are those of that zone. Raises ValueError where it ends too early."""
        first, last = WHOLE
        start = first if self.start is None else _begin(self.start, zone)
        end = last if self.end is None else _end(self.end, zone)
        if start > end:
            raise ValueError("the range ends before it begins")
        return start, end

    def of(self, kind: Kind, zone: str | None) -> Stretch:
        """Where the kind's records of the range are filed. Raises ValueError as ``stretch`` does."""
        start, end = self.stretch(zone)
        match kind:
            case Kind.ACTIVITY:
                # Each under its day's midnight in UTC, wherever the person was.
                first = start if self.start is None else midnight(_day(self.start, zone))
                last = end if self.end is None else midnight(_day(self.end, zone))
                return first, last
            case Kind.INTRADAY:
                # An hour that began before may hold samples of the range.
                return max(start - _HOUR + _LEAST, EPOCH) if start > EPOCH else start, end
            case _ if kind in TIMELESS:
                return WHOLE
            case _:
                return start, end


def _begin(moment: Moment, zone: str | None) -> datetime:
    return moment if isinstance(moment, datetime) else day_in(moment, zone)[0]


def _end(moment: Moment, zone: str | None) -> datetime:
    if isinstance(moment, datetime):
        return moment
    begin, end = day_in(moment, zone)
    return end - _LEAST if end > begin else WHOLE[1]  # the last day of the calendar has no next one


def _day(moment: Moment, zone: str | None) -> date:
    return local(moment, zone).date() if isinstance(moment, datetime) else moment
