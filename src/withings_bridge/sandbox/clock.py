"""The sandbox's own time, which can be moved forward so that expiries need no sleeping."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """A source of seconds since the epoch, plus an offset that people and tests may enlarge."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """Seconds since the epoch, with fractions."""
        return self._source() + self.offset.total_seconds()

    def epoch(self) -> int:
        """Whole seconds since the epoch, as Withings writes times."""
        return int(self.timestamp())

    def unmoved(self) -> float:
        """Seconds since the epoch as a caller outside the sandbox sees them."""
        return self._source()

    def advance(self, by: timedelta) -> None:
        self.offset += by
