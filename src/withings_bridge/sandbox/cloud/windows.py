"""What the paged services share: the window asked for, and one page of its rows."""

from dataclasses import dataclass, replace
from typing import Any

from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.envelope import invalid_params
from withings_bridge.sandbox.world.records import Portion, Record, Service

JsonObject = dict[str, Any]

_END_OF_TIME = 2**40
_DATES = ("startdate", "enddate", "startdateymd", "enddateymd")


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and where the next page starts."""

    rows: list[Record]
    more: bool
    offset: int
    first: bool

    def as_booleans(self) -> JsonObject:
        """``more`` and ``offset`` as all services but getmeas send them: always both, and the
        offset is not reset on the last page.
        """
        return {"more": self.more, "offset": self.offset}

    def as_integers(self) -> JsonObject:
        """``more`` and ``offset`` as getmeas sends them: missing when everything fits one page."""
        if self.first and not self.more:
            return {}
        return {"more": int(self.more), "offset": self.offset}


def page_of_epochs(
    call: Call,
    service: Service,
    *,
    lastupdate: bool = True,
    types: frozenset[int] | None = None,
    category: int | None = None,
) -> Page:
    """By ``startdate`` and ``enddate``, both optional and inclusive, or by ``lastupdate``."""
    portion = replace(_portion(call), types=types, category=category)
    if lastupdate and (moment := _lastupdate(call)) is not None:
        return _changed(call, service, moment, portion)
    first, last = call.integer("startdate"), call.integer("enddate")
    rows = call.sandbox.world.records.taken_between(
        call.person.userid,
        service,
        0 if first is None else first,
        _END_OF_TIME if last is None else last,
        at=call.now,
        portion=portion,
    )
    return _page(rows, portion)


def page_of_days(call: Call, service: Service) -> Page:
    """By ``startdateymd`` and ``enddateymd``, both needed, or by ``lastupdate``."""
    portion = _portion(call)
    if (moment := _lastupdate(call)) is not None:
        return _changed(call, service, moment, portion)
    rows = call.sandbox.world.records.of_days(
        call.person.userid,
        service,
        call.day("startdateymd"),
        call.day("enddateymd"),
        at=call.now,
        portion=portion,
    )
    return _page(rows, portion)


def _portion(call: Call) -> Portion:
    """The page that ``offset`` names, which counts rows, and one row more: it tells whether there are."""
    start = call.integer("offset") or 0
    if start < 0:
        raise invalid_params("offset")
    return Portion(start, call.sandbox.options.rows_per_page(call.action) + 1)


def _page(rows: list[Record], portion: Portion) -> Page:
    more = len(rows) == portion.most
    shown = rows[:-1] if more else rows
    return Page(shown, more, portion.start + len(shown), portion.start == 0)


def _lastupdate(call: Call) -> int | None:
    """It takes the place of dates and never stands beside them."""
    moment = call.integer("lastupdate")
    if moment is None:
        return None
    beside = any(name in call.parameters for name in _DATES)
    if beside and not call.sandbox.faults.dates_beside_lastupdate:
        raise invalid_params("lastupdate")
    return moment


def _changed(call: Call, service: Service, moment: int, portion: Portion) -> Page:
    rows = call.sandbox.world.records.changed_after(
        call.person.userid, service, moment, at=call.now, portion=portion
    )
    return _page(rows, portion)
