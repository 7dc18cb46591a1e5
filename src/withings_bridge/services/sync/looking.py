"""What a look at a category of an account found."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from withings_bridge.domain.deletions import CONFIRM_AFTER, digest
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import ASKED, Done, News, Recheck, Task, Unread
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.records import Record
from withings_bridge.services.sync.fetching import Reply


def second_look(window: Window, missing: Iterable[Record], *, announced: bool, now: datetime) -> Recheck:
    """A second look at a window, which these records go by if they are still missing then."""
    lacking = digest([record.name for record in missing])
    return Recheck(window, now + CONFIRM_AFTER, lacking, announced)


@dataclass(slots=True)
class Look:
    """The task's end, and the records as Withings sent them."""

    task: Task
    fetched: list[Record] = field(default_factory=list)
    told: list[Record] = field(default_factory=list)
    """Those that somebody who waits for the sync is told of."""
    rechecks: list[Recheck] = field(default_factory=list)
    cursor: datetime | None = None
    unread: Unread | None = None
    again_at: datetime | None = None
    """When to ask once more for all that changed, as the list was changing while it was read."""
    backfill: Backfill | None = None
    zone: str | None = None

    def take(self, reply: Reply) -> None:
        """Add what Withings answered."""
        self.fetched += reply.records
        self.zone = reply.zone or self.zone

    @property
    def done(self) -> Done:
        return Done(
            self.task,
            cursor=self.cursor,
            unread=self.unread,
            rechecks=tuple(self.rechecks),
            backfill=self.backfill,
            news=ASKED if self.again_at or self.unread else News(),
            pause_until=self.again_at,
            zone=self.zone,
        )
