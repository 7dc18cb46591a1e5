"""What follows a failure: when the work is tried again, and when it is buried."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import HOUR, MINUTE, NOON, SECOND
from withings_bridge.domain.errors import (
    ApplicationRefused,
    BadParameters,
    BadScope,
    CallbackRefused,
    Malformed,
    RateLimited,
    StorageUnavailable,
    Transient,
)
from withings_bridge.domain.troubles import Trouble, jitter, trouble_after

JITTER = st.floats(-1, 1)


def failing(times: int, error: Exception, *, spread: float = 0) -> list[Trouble]:
    """What each of so many failures in a row leads to, every try being made when it is due."""
    found: list[Trouble] = []
    now, previous = NOON, None
    for _ in range(times):
        previous = trouble_after(previous, error, announced=1, now=now, jitter=spread)
        found.append(previous)
        now = previous.retry_at or now
    return found


def delays(troubles: list[Trouble]) -> list[timedelta | None]:
    times = [NOON, *(trouble.retry_at for trouble in troubles)]
    return [after - before if before and after else None for before, after in itertools.pairwise(times)]


class TestSchedule:
    def test_is_fourteen_delays_and_then_the_grave(self) -> None:
        expected = [2, 4, 8, 15, 30, 60, 2 * 60, 5 * 60, 15 * 60, 30 * 60, 3600, 2 * 3600, 4 * 3600, 8 * 3600]
        assert delays(failing(15, Transient())) == [*(timedelta(seconds=s) for s in expected), None]

    def test_holds_for_our_own_bugs_and_for_a_silent_store_too(self) -> None:
        for error in (KeyError("date"), StorageUnavailable(), Malformed()):
            assert delays(failing(15, error)) == delays(failing(15, Transient()))

    def test_counts_attempts_and_remembers_since_when(self) -> None:
        troubles = failing(3, Transient())
        assert [trouble.attempts for trouble in troubles] == [1, 2, 3]
        assert {trouble.since for trouble in troubles} == {NOON}

    @given(JITTER, st.integers(1, 14))
    def test_is_spread_by_a_fifth_either_way(self, spread: float, times: int) -> None:
        exact = delays(failing(times, Transient()))[-1]
        spread_out = delays(failing(times, Transient(), spread=spread))[-1]
        assert exact
        assert spread_out
        assert exact * 0.8 - SECOND <= spread_out <= exact * 1.2 + SECOND

    def test_is_spread_anew_each_time(self) -> None:
        drawn = {jitter() for _ in range(50)}
        assert len(drawn) == 50
        assert all(-1 <= value <= 1 for value in drawn)


class TestARefusedApplication:
    def test_asks_again_after_as_long_as_it_was_refused_within_a_minute_and_an_hour(self) -> None:
        minutes = [1, 1, 2, 4, 8, 16, 32, 60, 60]
        troubles = failing(len(minutes), ApplicationRefused())
        assert delays(troubles) == [timedelta(minutes=each) for each in minutes]

    def test_is_never_given_up_and_leaves_the_work_its_schedule(self) -> None:
        last = failing(100, ApplicationRefused())[-1]
        assert (last.attempts, last.buried) == (1, False)
        assert last.retry_at
        after = trouble_after(last, Transient(), announced=1, now=last.retry_at, jitter=0)
        assert (after.attempts, after.buried) == (2, False)


class TestGivingUp:
    @pytest.mark.parametrize("error", [BadParameters(), BadScope()])
    def test_is_at_once_when_repeating_cannot_help(self, error: Exception) -> None:
        assert trouble_after(None, error, announced=1, now=NOON, jitter=0).retry_at is None

    def test_comes_after_fewer_attempts_where_the_error_says_so(self) -> None:
        troubles = failing(3, CallbackRefused(max_attempts=3))
        assert [trouble.retry_at is None for trouble in troubles] == [False, False, True]

    def test_leaves_the_reason_to_be_read(self) -> None:
        trouble = trouble_after(None, BadScope(status=277), announced=1, now=NOON, jitter=0)
        assert trouble.reason.startswith("BadScope: The person's consent")

    def test_tells_no_more_than_the_kind_of_an_error_that_is_not_ours(self) -> None:
        trouble = trouble_after(None, KeyError("72.5"), announced=1, now=NOON, jitter=0)
        assert trouble.reason == "KeyError"


class TestBeingToldToSlowDown:
    def test_is_no_attempt(self) -> None:
        troubles = failing(20, RateLimited())
        assert {trouble.attempts for trouble in troubles} == {0}
        assert delays(troubles) == [MINUTE] * 20

    def test_is_followed_by_the_schedule_from_its_start(self) -> None:
        first = trouble_after(None, RateLimited(), announced=1, now=NOON, jitter=0)
        assert first.retry_at
        second = trouble_after(first, Transient(), announced=1, now=first.retry_at, jitter=0)
        assert second.retry_at == first.retry_at + 2 * SECOND

    @given(JITTER)
    def test_is_never_answered_too_soon(self, spread: float) -> None:
        for error in (RateLimited(retry_after=68 * SECOND), Transient(retry_after=68 * SECOND)):
            trouble = trouble_after(None, error, announced=1, now=NOON, jitter=spread)
            assert trouble.retry_at
            assert 68 * SECOND <= trouble.retry_at - NOON <= 1.2 * 68 * SECOND

    def test_puts_off_a_schedule_that_would_be_sooner_and_no_other(self) -> None:
        asked = failing(12, Transient(retry_after=timedelta(minutes=10)))
        assert delays(asked)[:10] == [10 * MINUTE] * 8 + [15 * MINUTE, 30 * MINUTE]


class TestATryThatNewsBroughtAbout:
    def test_before_its_time_is_no_attempt(self) -> None:
        hours = failing(11, Transient())[-1]
        assert hours.retry_at
        early = hours.retry_at - 59 * MINUTE
        again = trouble_after(hours, Transient(), announced=2, now=early, jitter=0)
        assert (again.attempts, again.retry_at) == (hours.attempts, early + HOUR)

    def test_before_its_time_waits_at_least_the_first_delay(self) -> None:
        slowed = trouble_after(None, RateLimited(), announced=1, now=NOON, jitter=0)
        early = trouble_after(slowed, Transient(), announced=2, now=NOON + SECOND, jitter=0)
        assert (early.attempts, early.retry_at) == (0, NOON + 3 * SECOND)

    def test_of_what_was_buried_has_the_whole_schedule_again(self) -> None:
        buried = failing(15, Transient())[-1]
        assert buried.retry_at is None
        revived = trouble_after(buried, Transient(), announced=2, now=NOON + 48 * HOUR, jitter=0)
        assert (revived.attempts, revived.since) == (1, NOON + 48 * HOUR)
        assert revived.retry_at == NOON + 48 * HOUR + 2 * SECOND
