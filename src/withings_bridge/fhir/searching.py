"""The search parameters of Observation: what they say, and which Observations they find.

https://hl7.org/fhir/R4/search.html, token and date. All of them must hold. A date is a stretch as long as it
is precise, and so is the time of an Observation; one without an offset is read by the clock of the
Observation, so that a day is the person's own day wherever they were.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from withings_bridge.domain.codes import BLOOD_PRESSURE, LOINC, LOINC_SYSTEM, PULSE_OXIMETRY
from withings_bridge.domain.measures import HEIGHT, MEASURE_TYPES
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.records import EPOCH, THE_END, Kind
from withings_bridge.fhir.coding import EKG_STUDY, EXERCISE, system_of
from withings_bridge.fhir.datatypes import CodeableConcept
from withings_bridge.fhir.observations import SERVED
from withings_bridge.fhir.resources import Observation

FIRST, LAST = EPOCH, THE_END
"""Between which all records lie."""

SLACK = timedelta(days=7)
"""By which a record may lie outside the dates that are asked for: an offset, or the length of a stretch."""

_DATE = re.compile(
    r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb)?"
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?P<zone>Z|[ +-][0-9]{2}:[0-9]{2})?)?)?)?"
)

Stretch = tuple[datetime, datetime]
"""From the first instant to the one behind the last."""

_HOLDS: dict[str, Callable[[Stretch, Stretch], bool]] = {
    "eq": lambda asked, told: asked[0] <= told[0] and told[1] <= asked[1],
    "ne": lambda asked, told: not (asked[0] <= told[0] and told[1] <= asked[1]),
    "gt": lambda asked, told: told[1] > asked[1],
    "ge": lambda asked, told: told[1] > asked[0],
    "lt": lambda asked, told: told[0] < asked[0],
    "le": lambda asked, told: told[0] < asked[1],
    "sa": lambda asked, told: told[0] >= asked[1],
    "eb": lambda asked, told: told[1] <= asked[0],
}
"""Of a stretch that is asked for and the one that is told. ``ge`` and ``le`` hold where the two overlap."""

_BEGINS = frozenset({"eq", "gt", "ge", "sa"})
_ENDS = frozenset({"eq", "lt", "le", "eb"})


@dataclass(frozen=True, slots=True)
class Bound:
    """One value of a date parameter."""

    prefix: str
    begin: datetime
    end: datetime
    local: bool = False
    """Whether both are what a clock shows, in whichever zone the time that is compared is told."""

    @classmethod
    def parse(cls, text: str) -> "Bound":
        """Raises ValueError where it is no date of FHIR's."""
        found = _DATE.fullmatch(text)
        if found is None:
            raise ValueError("should be a date such as ge2026-01-15, 2026-01 or lt2026-01-15T07:30:00Z")
        known = [found[name] for name in _PARTS if found[name]]
        # A plus that a client forgot to escape arrives as a blank.
        zone = (found["zone"] or "Z").replace(" ", "+")
        try:
            begin = datetime.strptime("".join((*known, *_FIRST[len(known) :], zone)), "%Y%m%d%H%M%S%z")
        except ValueError:
            raise ValueError("should be a date that is in the calendar") from None
        end = _end(begin, _PARTS[len(known) - 1])
        return cls(found["prefix"] or "eq", begin, end, local=found["zone"] is None)

    def holds(self, begin: datetime, end: datetime) -> bool:
        """Whether it holds of that stretch."""
        if self.local:
            begin, end = begin.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
        return _HOLDS[self.prefix]((self.begin, self.end), (begin, end))

    @property
    def earliest(self) -> datetime:
        """No record from before this is meant."""
        return max(_moved(self.begin, -SLACK), FIRST) if self.prefix in _BEGINS else FIRST

    @property
    def latest(self) -> datetime:
        """No record from after this is meant."""
        return min(_moved(self.end, SLACK), LAST) if self.prefix in _ENDS else LAST


@dataclass(frozen=True, slots=True)
class Token:
    """One value of a token parameter; None stands for any."""

    system: str | None
    code: str | None

    @classmethod
    def parse(cls, text: str) -> "Token":
        """``code``, ``system|code`` or ``system|``. Raises ValueError for nothing."""
        system, bar, code = text.rpartition("|")
        if not system and not code:
            raise ValueError("should be a code, or a system and a code such as http://loinc.org|29463-7")
        return cls(system if bar else None, code or None)

    def names(self, concept: CodeableConcept) -> bool:
        """Whether it is one of the concept's codings."""
        return any(self.is_of(coding.system, coding.code) for coding in concept.coding or ())

    def is_of(self, system: str, code: str) -> bool:
        return self.system in (None, system) and self.code in (None, code)


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for; an empty one finds everything."""

    codes: tuple[Token, ...] = ()
    """Any of them; all when there are none."""
    categories: tuple[Token, ...] = ()
    tags: tuple[Token, ...] = ()
    dates: tuple[Bound, ...] = ()
    """All of them must hold of the time that an Observation is about."""
    updated: tuple[Bound, ...] = ()
    """And all of these of its ``lastUpdated``."""
    among: tuple[Kind, ...] = SERVED
    """Of records of these kinds alone."""

    def finds(self, observation: Observation) -> bool:
        """Whether the Observation is one that is asked for."""
        return (
            (not self.codes or any(token.names(observation.code) for token in self.codes))
            and (
                not self.categories
                or any(token.names(one) for token in self.categories for one in observation.category)
            )
            and (
                not self.tags
                or any(
                    token.is_of(tag.system, tag.code)
                    for token in self.tags
                    for tag in observation.meta.tag or ()
                )
            )
            and all(bound.holds(*_effective(observation)) for bound in self.dates)
            and all(bound.holds(*_updated(observation)) for bound in self.updated)
        )

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of records among which there may be any, in the order of ``SERVED``."""
        known = {kind for token in self.codes for kind in _kinds_of(token)} if self.codes else SERVED
        return tuple(kind for kind in SERVED if kind in known and kind in self.among)

    @property
    def span(self) -> Stretch:
        """The time in which records are to be read."""
        return (
            max((bound.earliest for bound in self.dates), default=FIRST),
            min((bound.latest for bound in self.dates), default=LAST),
        )


_PARTS = ("year", "month", "day", "hour", "minute", "second")
_FIRST = ("", "01", "01", "00", "00", "00")
_LENGTHS = {"day": timedelta(days=1), "minute": timedelta(minutes=1), "second": timedelta(seconds=1)}

_LOINC_CODE = re.compile(r"[0-9]{1,7}-[0-9]")


def _end(begin: datetime, part: str) -> datetime:
    """The instant behind the last of a stretch that is as long as the part."""
    match part:
        case "year":
            after = (begin.year + 1, 1)
        case "month":
            after = (begin.year + begin.month // 12, begin.month % 12 + 1)
        case _:
            return _moved(begin, _LENGTHS[part])
    year, month = after
    return begin.replace(year=year, month=month) if year <= LAST.year else LAST


def _moved(at: datetime, by: timedelta) -> datetime:
    """The time so much later; never beyond the calendar."""
    try:
        return at + by
    except OverflowError:
        return (datetime.max if by > timedelta() else datetime.min).replace(tzinfo=at.tzinfo)  # noqa: DTZ901


def _effective(observation: Observation) -> Stretch:
    """The time that it is about; an instant lasts a second."""
    period, instant = observation.effective_period, observation.effective_date_time
    begin = period.start if period else instant or LAST
    second = _moved(begin, _LENGTHS["second"])
    end = period.end if period and period.end else second
    return begin, max(end, second)


def _updated(observation: Observation) -> Stretch:
    updated = observation.meta.last_updated or LAST
    return updated, _moved(updated, _LENGTHS["second"])


def _kinds_by_loinc() -> dict[str, set[Kind]]:
    found = {BLOOD_PRESSURE.code: {Kind.MEASURES}, PULSE_OXIMETRY.code: {Kind.MEASURES}}
    found |= {EKG_STUDY.code: {Kind.HEART}, EXERCISE.code: {Kind.WORKOUT}}
    for metric, loinc in LOINC.items():
        kind = Kind.HEIGHT if metric == MEASURE_TYPES[HEIGHT].metric else METRICS[metric].kind
        found.setdefault(loinc.code, set()).add(kind)
    return found


_KINDS = _kinds_by_loinc()


def _kinds_of(token: Token) -> Collection[Kind]:
    """The kinds of records that may give Observations with the code."""
    if token.system in (None, LOINC_SYSTEM) and token.code and _LOINC_CODE.fullmatch(token.code):
        return _KINDS.get(token.code, ())
    if token.system and (of_system := [kind for kind in SERVED if system_of(kind) == token.system]):
        return of_system
    return SERVED
