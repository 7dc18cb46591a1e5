"""Through all that is stored of a kind, a page in memory at a time."""

from collections.abc import AsyncGenerator
from datetime import datetime

from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record
from withings_bridge.storage.base import Place, Records

PAGE = 500
"""Records that are held at once where a whole history is gone through."""

MOST_OF = {Kind.SIGNAL: 10}
"""The same of a kind whose records are large: a curve or a sound takes some 300 KB."""


def at_most(kind: Kind, limit: int) -> int:
    """How many records of the kind may be held at once where so many were wanted."""
    return min(limit, MOST_OF.get(kind, limit))


async def walk(
    records: Records,
    userid: str,
    kind: Kind,
    start: datetime = EPOCH,
    end: datetime = THE_END,
    *,
    backward: bool = False,
    at_once: int = PAGE,
) -> AsyncGenerator[Record]:
    """All records of the kind in the stretch, both ends included, oldest first or ``backward``."""
    limit = at_most(kind, at_once)
    after: Place | None = None
    while True:
        page = await records.page(userid, kind, start, end, limit=limit, after=after, backward=backward)
        for record in page:
            yield record
        if len(page) < limit:
            return
        after = Place(page[-1].at, page[-1].key)
