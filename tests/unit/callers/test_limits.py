"""How many calls a caller may make."""

from datetime import datetime, timedelta

import pytest

from builders import NOON, SECOND
from withings_bridge.callers import Caller, CallLimit, Scope
from withings_bridge.callers.caller import ANYBODY
from withings_bridge.domain.errors import TooManyCalls

APP = Caller("user:u-1", Scope.SYNC, user="u-1")
OTHER = Caller("user:u-2", Scope.SYNC, user="u-2")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(limit: CallLimit, caller: Caller, *, tries: int = 1000) -> int:
    """How many calls in a row are taken before one is refused."""
    for count in range(tries):
        try:
            limit.count(caller)
        except TooManyCalls:
            return count
    return tries


class TestCallLimit:
    @pytest.mark.parametrize("per_minute", [1, 7, 600])
    def test_takes_a_minute_s_calls_at_once_and_no_more(self, clock: Clock, per_minute: int) -> None:
        assert taken(CallLimit(per_minute, clock=clock), APP) == per_minute

    def test_says_when_the_next_is_taken(self, clock: Clock) -> None:
        limit = CallLimit(20, clock=clock)
        taken(limit, APP)
        with pytest.raises(TooManyCalls) as refused:
            limit.count(APP)
        assert refused.value.retry_after == 3 * SECOND
        clock.now += 3 * SECOND
        assert taken(limit, APP) == 1

    def test_is_whole_again_a_minute_later(self, clock: Clock) -> None:
        limit = CallLimit(20, clock=clock)
        taken(limit, APP)
        clock.now += timedelta(hours=5)
        assert taken(limit, APP) == 20

    def test_takes_calls_in_their_pace_for_ever(self, clock: Clock) -> None:
        limit = CallLimit(20, clock=clock)
        for _ in range(200):
            limit.count(APP)
            clock.now += 3 * SECOND

    def test_what_is_refused_is_not_counted(self, clock: Clock) -> None:
        limit = CallLimit(20, clock=clock)
        taken(limit, APP)
        for _ in range(100):
            with pytest.raises(TooManyCalls):
                limit.count(APP)
        clock.now += 3 * SECOND
        limit.count(APP)

    def test_leaves_others_theirs(self, clock: Clock) -> None:
        limit = CallLimit(5, clock=clock)
        assert taken(limit, APP) == taken(limit, OTHER) == 5

    def test_does_not_limit_an_open_bridge(self, clock: Clock) -> None:
        assert taken(CallLimit(5, clock=clock), ANYBODY) == 1000

    def test_keeps_no_more_callers_in_mind_than_told(self, clock: Clock) -> None:
        limit = CallLimit(5, clock=clock, most_callers=3)
        for number in range(50):
            limit.count(Caller(f"user:{number}", Scope.READ))
        assert len(limit._full_at) == 3
        assert taken(limit, Caller("user:49", Scope.READ)) == 4
        assert taken(limit, Caller("user:0", Scope.READ)) == 5

    def test_survives_a_clock_that_is_set_back(self, clock: Clock) -> None:
        limit = CallLimit(20, clock=clock)
        taken(limit, APP)
        clock.now -= timedelta(hours=1)
        assert taken(limit, APP) == 0
        clock.now += 3 * SECOND
        assert taken(limit, APP) == 1
