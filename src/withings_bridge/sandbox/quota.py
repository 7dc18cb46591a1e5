"""The two reasons for status 601: too many calls in a minute, and the same call again within 10 s."""

import math
from collections import deque
from collections.abc import Hashable

from withings_bridge.sandbox.clock import Clock

_MINUTE = 60.0
_ECHO_SECONDS = 10.0


class Quota:
    """At most so many calls in any 60 s, for the whole application. Refused calls do not count."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._spent: deque[float] = deque()

    def spend(self, *, now: float) -> int:
        """Takes one call from the budget and returns 0, or returns the seconds to wait."""
        if self._per_minute == 0:
            return 0
        while self._spent and self._spent[0] <= now - _MINUTE:
            self._spent.popleft()
        if len(self._spent) >= self._per_minute:
            return max(1, math.ceil(self._spent[0] + _MINUTE - now))
        self._spent.append(now)
        return 0


class Echoes:
    """Remembers calls for 10 s, so that an identical one can be refused."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: dict[Hashable, float] = {}
        """Oldest first."""

    def repeat(self, call: Hashable) -> int:
        """Notes the call and returns 0, or returns the seconds until it may be sent again."""
        now = self._clock.timestamp()
        while self._heard and (oldest := next(iter(self._heard.items())))[1] <= now - _ECHO_SECONDS:
            del self._heard[oldest[0]]
        heard = self._heard.get(call)
        if heard is not None:
            return max(1, math.ceil(heard + _ECHO_SECONDS - now))
        self._heard[call] = now
        return 0
