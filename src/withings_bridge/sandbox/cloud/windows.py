"""What the paged services share: the window asked for, and one page of its rows."""

from dataclasses import dataclass
from typing import Any

from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.envelope import invalid_params
from withings_bridge.sandbox.world.records import Record, Service

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


def page_of(call: Call, rows: list[Record]) -> Page:
    """The page that ``offset`` names; offsets count rows."""
    start = call.integer("offset") or 0
    if start < 0:
        raise invalid_params("offset")
    size = call.sandbox.options.rows_per_page(call.action)
    shown = rows[start : start + size]
    return Page(shown, start + size < len(rows), start + len(shown), start == 0)


def rows_of_epochs(call: Call, service: Service, *, lastupdate: bool = True) -> list[Record]:
    """Rows by ``startdate`` and ``enddate``, both optional and inclusive, or by ``lastupdate``."""
    if lastupdate and (changed := _changed(call, service)) is not None:
        return changed
    first, last = call.integer("startdate"), call.integer("enddate")
    return call.sandbox.world.records.taken_between(
        call.person.userid,
        service,
        0 if first is None else first,
        _END_OF_TIME if last is None else last,
        at=call.now,
    )


def rows_of_days(call: Call, service: Service) -> list[Record]:
    """Rows by ``startdateymd`` and ``enddateymd``, both needed, or by ``lastupdate``."""
    changed = _changed(call, service)
    if changed is not None:
        return changed
    return call.sandbox.world.records.of_days(
        call.person.userid, service, call.day("startdateymd"), call.day("enddateymd"), at=call.now
    )


def _changed(call: Call, service: Service) -> list[Record] | None:
    """Rows changed after ``lastupdate``, which takes the place of dates and never stands beside them."""
    moment = call.integer("lastupdate")
    if moment is None:
        return None
    beside = any(name in call.parameters for name in _DATES)
    if beside and not call.sandbox.faults.dates_beside_lastupdate:
        raise invalid_params("lastupdate")
    return call.sandbox.world.records.changed_after(call.person.userid, service, moment, at=call.now)
