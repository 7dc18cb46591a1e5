"""Ranges of time as callers name them: by days of the person's calendar, or by instants."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from withings_bridge.domain.ranges import Range, moment_of
from withings_bridge.domain.records import Kind
from withings_bridge.services.history.browsing import Span

IN_A_URL = "{problem} (in a URL a plus is %2B)"
BACKWARDS = "This is after `to`; for the newest first say order=desc."

_LONGEST = 64

_OFFSET_OF_A_FORM = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")


def _moment(text: object) -> date | datetime:
    """The day or the instant that is meant."""
    shown = text[:_LONGEST] if isinstance(text, str) else ""
    try:
        # A plus that was not escaped arrives as a space.
        return moment_of(_OFFSET_OF_A_FORM.sub("+", shown))
    except ValueError as error:
        raise PydanticCustomError("moment", IN_A_URL, {"problem": str(error)}) from None


Moment = Annotated[date | datetime, PlainValidator(_moment, json_schema_input_type=str)]


@dataclass(frozen=True, slots=True)
class Asked:
    """From when to when, as it was asked."""

    range: Range

    def of(self, kind: Kind, zone: str | None) -> Span:
        """Where the kind's records of the range are filed; days are those of that zone."""
        try:
            return Span(*self.range.of(kind, zone))
        except ValueError:
            raise RequestValidationError(
                [{"type": "range", "loc": ("query", "from"), "msg": BACKWARDS}]
            ) from None


async def _range(
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
) -> Asked:
    return Asked(Range(start, end))


AskedRange = Annotated[Asked, Depends(_range)]
