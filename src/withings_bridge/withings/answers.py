"""Answers of the list services: rows as Withings sent them, typed on demand, gathered over pages."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from withings_bridge.domain.errors import Malformed

Row = dict[str, Any]
"""One record as Withings sent it."""

ModelT = TypeVar("ModelT", bound=BaseModel)

MAX_PAGES = 100
_MOST_DIGITS = 19  # of 64 bits; Python refuses to read thousands of them


@dataclass(frozen=True, slots=True)
class Answer(Generic[ModelT]):
    """What a list service returned. The rows stay out of its ``repr``: they are people's readings."""

    rows: tuple[Row, ...] = field(repr=False)
    model: type[ModelT]
    updatetime: datetime | None = None
    """Withings' own time of the answer, of the first page where there are several."""
    timezone: str | None = None
    """The zone that the reply names for all its rows; other services name one in each row."""
    complete: bool = True
    """Whether the last page was reached. An incomplete answer proves nothing about what is missing."""
    next_offset: int | None = None
    """Where to go on; None when complete."""
    pages: int = 1
    """How many it took."""

    @property
    def models(self) -> tuple[ModelT, ...]:
        """The rows, typed. Raises Malformed for a row that lacks what makes it one."""
        return tuple(read(self.model, row) for row in self.rows)


def read(model: type[ModelT], value: Any) -> ModelT:
    """The value as a model; a misfit is Malformed and told by field name, never by content."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        where = error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"]
        raise Malformed(f"A {model.__name__} of Withings does not fit: {(*where, 'object')[0]}.") from None


def single(body: Row, key: str, model: type[ModelT]) -> Answer[ModelT]:
    """The answer of a service that has no pages."""
    return Answer(
        rows=_rows(body, key),
        model=model,
        updatetime=_moment(body.get("updatetime")),
        timezone=_text(body.get("timezone")),
    )


def keyed(body: Row, key: str, model: type[ModelT]) -> Answer[ModelT]:
    """The answer of a service that files its rows under epochs; each row gains that as ``timestamp``."""
    filed = body.get(key)
    if filed == []:
        filed = {}
    if not isinstance(filed, dict):
        raise Malformed(f"Withings answered without {key}.")
    rows = []
    for epoch, row in filed.items():
        if not isinstance(row, dict) or (timestamp := whole(epoch)) is None:
            raise Malformed(f"Withings answered with {key} that are not samples by time.")
        rows.append({**row, "timestamp": timestamp})
    return Answer(rows=tuple(rows), model=model)


def mapped(body: Row, key: str, model: type[ModelT]) -> Answer[ModelT]:
    """The answer of a service that gives one object, or nothing."""
    found = body.get(key)
    if found == []:
        found = {}
    if not isinstance(found, dict):
        raise Malformed(f"Withings answered without {key}.")
    return Answer(rows=(found,) if found else (), model=model)


async def paged(
    fetch: Callable[[int], Awaitable[Row]], key: str, model: type[ModelT], *, offset: int, max_pages: int
) -> Answer[ModelT]:
    """The rows of up to ``max_pages`` pages, begun at ``offset``.

    Raises Malformed when Withings announces more without an offset that grew, for the loop would not end.
    """
    if max_pages < 1:
        raise ValueError("At least one page must be allowed.")
    body = await fetch(offset)
    first = single(body, key, model)
    rows, next_offset, pages = list(first.rows), _next_offset(body, offset), 1
    while next_offset is not None and pages < max_pages:
        pages += 1
        body = await fetch(next_offset)
        rows.extend(_rows(body, key))
        next_offset = _next_offset(body, next_offset)
    return Answer(
        rows=tuple(rows),
        model=model,
        updatetime=first.updatetime,
        timezone=first.timezone,
        complete=next_offset is None,
        next_offset=next_offset,
        pages=pages,
    )


def whole(value: Any) -> int | None:
    """The whole number that Withings sent as an integer or as digits; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _rows(body: Row, key: str) -> tuple[Row, ...]:
    rows = body.get(key)
    if rows == {}:
        # PHP does not tell an empty list from an empty map.
        return ()
    # A missing list is not an empty one: taken for empty, it would look like a deletion of everything.
    if not isinstance(rows, list):
        raise Malformed(f"Withings answered without {key}.")
    if not set(map(type, rows)) <= {dict}:
        raise Malformed(f"Withings answered with {key} that are not objects.")
    return tuple(rows)


def _next_offset(body: Row, offset: int) -> int | None:
    """``more`` is an integer in getmeas, a boolean elsewhere, and missing from a single page."""
    if not body.get("more"):
        return None
    grown = whole(body.get("offset"))
    if grown is None or grown <= offset:
        raise Malformed("Withings announced more pages, but not where they begin.")
    return grown


def _moment(value: Any) -> datetime | None:
    epoch = whole(value)
    try:
        return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
