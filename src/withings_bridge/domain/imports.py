"""An import by dates: newest first, a chunk at a time, resumable where it stopped."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

CHUNK = timedelta(days=92)
"""The first chunk of an import: a quarter. Each one after it reaches as far back again as has been
imported by then (92 days, then 92, 184, 368, ...), so that a year is three chunks and half a century
nine. Old years hold little, and how much one turn fetches is bounded by pages anyhow.
"""

BEGINNING = datetime(1970, 2, 1, tzinfo=UTC)
"""From the beginning. A question by day reaches one day further, and one that is repeated soon another;
the dates of Withings begin with the first of January.
"""


@dataclass(frozen=True, slots=True)
class Backfill:
    """What is left of an import by dates, which goes from ``until`` back to ``since``."""

    since: datetime
    until: datetime
    began_at: datetime
    """When it began, and with that the newest instant it imports."""
    offset: int | None = None
    """Where the next page of the chunk starts, when a turn had to stop inside one."""

    @property
    def start(self) -> datetime:
        """Where the next chunk begins; it ends at ``until``."""
        return max(self.since, self.until - max(CHUNK, self.began_at - self.until))

    @property
    def begun(self) -> bool:
        """Whether any of it is done."""
        return self.until < self.began_at or self.offset is not None

    @property
    def done_from(self) -> datetime:
        """Since when all is imported, where ``offset`` counts the seconds that are done of a chunk."""
        return self.until - timedelta(seconds=self.offset or 0)

    @property
    def progress(self) -> float:
        """The share that is done, 0 to 1: of chunks and not of years.

        Nobody knows where a history begins, and most of a half century is empty: by years, a whole
        history would stand at a few per cent until all that there is has been imported.
        """
        whole = _chunks(self.began_at - self.since)
        return min(1.0, _chunks(self.began_at - self.until) / whole) if whole else 1.0

    def reaching(self, since: datetime) -> "Backfill":
        """The same import, to go back that far at least.

        Where the chunk that it is in then begins earlier, its pages are counted anew.
        """
        further = replace(self, since=min(since, self.since))
        return further if further.start == self.start else replace(further, offset=None)

    def after(self, begun: "Backfill", left: "Backfill | None") -> "Backfill | None":
        """What is left of it after a turn that took it on as ``begun`` and left so much.

        It may have been told to go further back meanwhile, or have made way for an import that
        began anew: neither is undone by the end of the chunk.
        """
        if (self.began_at, self.until) != (begun.began_at, begun.until):
            return self
        if left is not None and left.offset is not None:
            return replace(self, offset=left.offset) if self.start == begun.start else self
        until = left.until if left is not None else begun.since
        return replace(self, until=until, offset=None) if self.since < until else None


def _chunks(length: timedelta) -> float:
    """How many chunks so much time takes."""
    quarters = max(0.0, length / CHUNK)
    return quarters if quarters <= 1 else 1 + math.log2(quarters)
