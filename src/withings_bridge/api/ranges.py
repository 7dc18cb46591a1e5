"""Ranges of time as callers name them: by days of the person's calendar, or by instants."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from withings_bridge.domain.records import day_of, midnight
from withings_bridge.domain.zones import day_in, local
from withings_bridge.services.browsing import Span

NO_MOMENT = (
    "Give a day as YYYY-MM-DD, or an instant in ISO 8601 with Z or an offset, such as 2026-01-15T07:30:41Z."
)
NAIVE = (
    "This time could be any zone's: add Z or an offset such as +01:00 (in a URL %2B01:00), or give a day "
    "alone as YYYY-MM-DD, which is the person's own."
)
BACKWARDS = "This is after `to`; for the newest first say order=desc."

_LONGEST = 64

_INSTANT = timedelta(microseconds=1)

_OFFSET_OF_A_FORM = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")


def _moment(text: object) -> date | datetime:
    """The day or the instant that is meant."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise PydanticCustomError("moment", NO_MOMENT)
    if day := day_of(text):
        return day
    if "T" not in text.upper():
        raise PydanticCustomError("moment", NO_MOMENT)
    try:
        # A plus that was not escaped arrives as a space.
        at = datetime.fromisoformat(_OFFSET_OF_A_FORM.sub("+", text.upper()))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment", NO_MOMENT) from None
    raise PydanticCustomError("naive", NAIVE)


Moment = Annotated[date | datetime, PlainValidator(_moment, json_schema_input_type=str)]


@dataclass(frozen=True, slots=True)
class Range:
    """From when to when, both included; None where it is open."""

    start: date | datetime | None = None
    end: date | datetime | None = None

    def span(self, zone: str | None) -> Span:
        """The instants it spans; days are those of that zone."""
        whole = Span()
        start, end = self.start, self.end
        return _forward(
            Span(
                whole.start if start is None else _begin(start, zone),
                whole.end if end is None else _last(end, zone),
            )
        )

    def days(self, zone: str | None) -> Span:
        """The days it touches, as activity is filed: each under its midnight in UTC."""
        whole = Span()
        start, end = self.start, self.end
        return _forward(
            Span(
                whole.start if start is None else midnight(_day(start, zone)),
                whole.end if end is None else midnight(_day(end, zone)),
            )
        )


def _forward(span: Span) -> Span:
    if span.start > span.end:
        raise RequestValidationError([{"type": "range", "loc": ("query", "from"), "msg": BACKWARDS}])
    return span


def _begin(moment: date | datetime, zone: str | None) -> datetime:
    return moment if isinstance(moment, datetime) else day_in(moment, zone)[0]


def _last(moment: date | datetime, zone: str | None) -> datetime:
    if isinstance(moment, datetime):
        return moment
    begin, end = day_in(moment, zone)
    return end - _INSTANT if end > begin else Span().end  # the last day of the calendar has no next one


def _day(moment: date | datetime, zone: str | None) -> date:
    return local(moment, zone).date() if isinstance(moment, datetime) else moment


def _range(
    start: Annotated[
        Moment | None,
        Query(
            alias="from",
            description="The first day (`YYYY-MM-DD`, in the person's zone), or the first instant (ISO 8601 "
            "with `Z` or an offset). Left out: from the beginning.",
            examples=["2026-01-01"],
        ),
    ] = None,
    end: Annotated[
        Moment | None,
        Query(
            alias="to",
            description="The last day, which counts to its end, or the last instant. Left out: to the end.",
            examples=["2026-01-15T07:30:41Z"],
        ),
    ] = None,
) -> Range:
    return Range(start, end)


AskedRange = Annotated[Range, Depends(_range)]
