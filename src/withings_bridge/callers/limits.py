"""How many calls a caller may make.

Each replica counts for itself, in memory: of N replicas a caller may get N times as much. Who proves nothing
is not counted: finding that out costs a hash or a signature and nothing is kept of it, while to count by
address would let one stranger shut out everybody behind the same proxy.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from withings_bridge.callers.caller import ANYBODY, Caller
from withings_bridge.domain.errors import TooManyCalls

if TYPE_CHECKING:
    from withings_bridge.services.clock import Clock

MOST_CALLERS = 10_000
"""Kept in mind at once. Who called longest ago is forgotten first, and then has all of its minute again."""

MINUTE = timedelta(minutes=1)


class CallLimit:
    """A bucket for every caller that holds a minute's calls, and fills up again within a minute.

    Of a bucket it is enough to know when it will be full (the generic cell rate algorithm).
    """

    def __init__(self, per_minute: int, *, clock: "Clock", most_callers: int = MOST_CALLERS) -> None:
        self._each = MINUTE // per_minute
        self._clock = clock
        self._most_callers = most_callers
        self._full_at: OrderedDict[str, datetime] = OrderedDict()

    def count(self, caller: Caller) -> None:
        """Count a call; raises TooManyCalls, and counts nothing, where it is one too many.

        Who reaches an open bridge cannot be told apart, and is not limited.
        """
        if caller is ANYBODY:
            return
        now = self._clock()
        # No later than a minute from now, or a clock that is set back would shut the caller out for as long.
        standing = min(max(self._full_at.get(caller.name, now), now), now + MINUTE)
        full_at = standing + self._each
        too_many = full_at > now + MINUTE
        self._full_at[caller.name] = standing if too_many else full_at
        self._full_at.move_to_end(caller.name)
        if len(self._full_at) > self._most_callers:
            self._full_at.popitem(last=False)
        if too_many:
            raise TooManyCalls(retry_after=full_at - (now + MINUTE))
