"""What changed since somebody looked: for who keeps a copy of all that is stored of a person."""

from dataclasses import dataclass, field

from withings_bridge.domain.errors import FeedRestarted
from withings_bridge.domain.readings import GOAL, Reading, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.services.history.browsing import History
from withings_bridge.services.history.paging import AT_ONCE, MOST_RECORDS, MOST_VALUES
from withings_bridge.storage.base import ALL_KINDS, Changed

FOLLOWED = ALL_KINDS - {Kind.SIGNAL}
"""All but recordings, which are large and never change."""


@dataclass(slots=True)
class Feed:
    """Some changes in the order in which they were made, and how far they go."""

    through: int
    """The number of the last change that was looked at."""
    changes: list[tuple[Changed, list[Reading]]] = field(default_factory=list)
    """Each with what it says now; nothing where the record is gone."""
    more: bool = True
    values: int = 0


async def follow(history: History, *, after: int, limit: int) -> Feed:
    """At most so many changes behind that number.

    Who takes them in, upserts and removals in their order, and goes on from ``through`` has all that is
    stored when no more follow, whatever was written between two pages: a record that changes again comes
    again, under its new number. Raises FeedRestarted for a number that is yet to come.
    """
    if after > await history.version():
        raise FeedRestarted
    feed, read = Feed(after), 0
    while True:
        changes = await history.changes(after=feed.through, limit=AT_ONCE, bringing=FOLLOWED)
        for change in changes:
            read += 1
            feed.through = change.number
            if change.name.kind in FOLLOWED:
                found = _values(change.record)
                feed.changes.append((change, found))
                feed.values += len(found)
            if len(feed.changes) >= limit or feed.values >= MOST_VALUES or read >= MOST_RECORDS:
                feed.more = change is not changes[-1] or len(changes) == AT_ONCE
                return feed
        if len(changes) < AT_ONCE:
            feed.more = False
            return feed


def _values(record: Record | None) -> list[Reading]:
    """What a record says now. A wish is told as Withings keeps it, and is no value that was measured."""
    if record is None or (record.body.get("category") == GOAL and record.kind is Kind.MEASURES):
        return []
    return list(readings(record))
