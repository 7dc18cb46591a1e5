"""The three ways to say which data is meant. Which service offers which stands in ``client``'s signatures."""

import math
from dataclasses import dataclass
from datetime import date, datetime


def _aware(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError("A moment for Withings needs a time zone.")


@dataclass(frozen=True, slots=True)
class Between:
    """What was taken from ``start`` to ``end``, both included, to whole seconds outwards."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        _aware(self.start)
        _aware(self.end)
        if self.end < self.start:
            raise ValueError("A window cannot end before it starts.")

    def parameters(self) -> dict[str, str]:
        return {
            "startdate": str(math.floor(self.start.timestamp())),
            "enddate": str(math.ceil(self.end.timestamp())),
        }


@dataclass(frozen=True, slots=True)
class Days:
    """What belongs to the local calendar days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("A window cannot end before it starts.")

    def parameters(self) -> dict[str, str]:
        return {"startdateymd": f"{self.first:%Y-%m-%d}", "enddateymd": f"{self.last:%Y-%m-%d}"}


@dataclass(frozen=True, slots=True)
class Since:
    """What was created or changed since a moment. Deletions never show in it.

    Whether Withings includes the very second is not documented; overlap by some minutes.
    """

    at: datetime

    def __post_init__(self) -> None:
        _aware(self.at)

    def parameters(self) -> dict[str, str]:
        return {"lastupdate": str(math.floor(self.at.timestamp()))}
