"""A page of what is stored, decoded and filtered: however much is passed over, little is read at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

from withings_bridge.domain.readings import Reading, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.services.history.browsing import History, Page, Span
from withings_bridge.storage.base import Place

AT_ONCE = 100
"""Records that are read in one go."""

MOST_RECORDS = 2000
"""Records that are read for a page. Behind a filter that lets little through it may be short, even empty."""

MOST_VALUES = 5000
"""Values with which a page is full, however many items were asked for: an hour of samples has hundreds."""

Turn = Callable[..., Awaitable[Page]]
"""``History.page`` of some kind."""

Decode = Callable[[Record], list[Reading] | None]
"""What of a record is wanted; None: the record is not."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record, and what was wanted of it."""

    record: Record
    readings: list[Reading]


@dataclass(slots=True)
class Leaf:
    """A page, and where the next one begins."""

    found: list[Found] = field(default_factory=list)
    after: Place | None = None
    """Where to go on; None: that was the end."""
    values: int = 0


async def leaf(
    history: History,
    kind: Kind,
    span: Span,
    *,
    limit: int,
    after: Place | None = None,
    backward: bool = False,
    decode: Decode | None = None,
    by_value: bool = False,
    turn: Turn | None = None,
) -> Leaf:
    """The page behind ``after``, with ``limit`` records, or values if it is ``by_value``.

    A record is never split: of values there may be some more than the limit. ``turn`` turns the pages where
    they are more than those of the kind.
    """
    turned = turn or partial(history.page, kind)
    decoded = decode or (lambda record: list(readings(record)))
    at_once = AT_ONCE if decode else min(limit, AT_ONCE)
    page, read = Leaf(after=after), 0
    while True:
        records = await turned(span, limit=at_once, after=page.after, backward=backward)
        for record in records.records:
            read += 1
            if (wanted := decoded(record)) is not None:
                page.found.append(Found(record, wanted))
                page.values += len(wanted)
            items = page.values if by_value else len(page.found)
            if items >= limit or page.values >= MOST_VALUES or read >= MOST_RECORDS:
                last = records.after is None and record is records.records[-1]
                page.after = None if last else Place(record.at, record.key)
                return page
        page.after = records.after
        if page.after is None:
            return page
