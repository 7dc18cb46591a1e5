"""Failed work: why it failed, when it is tried again, and when it is given up."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from withings_bridge.domain.errors import ApplicationRefused, BridgeError, RateLimited, Retry, WithingsError

RETRY_DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (2, 4, 8, 15, 30, 60, 120, 300, 900, 1800, 3600, 7200, 14400, 28800)
)
"""How long after each failure in a row the work is tried again; after the last it is buried."""

JITTER = 0.2
RATE_LIMIT_PAUSE = timedelta(seconds=60)

REFUSED_PAUSE = (timedelta(minutes=1), timedelta(hours=1))
"""The shortest and the longest while after which an application that is refused asks again: as long as it
has been refused already.
"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why work was not done, and when it is tried again."""

    attempts: int
    reason: str
    since: datetime
    retry_at: datetime | None
    """None: buried. It stays as a dead letter until a person, or new news, brings it back."""
    announced: int = 0
    """How much had been announced by then; anything later is tried without waiting."""

    @property
    def buried(self) -> bool:
        """Whether it was given up."""
        return self.retry_at is None


def trouble_after(
    previous: Trouble | None, error: Exception, *, announced: int, now: datetime, jitter: float
) -> Trouble:
    """The decision after a failure: when to try again, or to bury the work.

    ``jitter`` in -1..1 spreads the delay by a fifth either way, but never below what Withings asked
    for. Being told to slow down says nothing about the work, so it does not count as an attempt, and that
    the application is refused counts once; nor does a try count that news brought about before its time, or
    one busy hour would use up the schedule of a day. Work that was buried, and that news brought back, has
    the whole schedule again.
    """
    due_at = previous.retry_at if previous else None
    earlier = previous if due_at else None
    early = due_at is not None and now < due_at
    attempts = earlier.attempts if earlier else 0
    if isinstance(error, ApplicationRefused):
        attempts = max(attempts, 1)
    elif not early and not isinstance(error, RateLimited):
        attempts += 1
    since = earlier.since if earlier else now
    delay = _delay(error, attempts, lasting=now - since)
    asked = (error.retry_after if isinstance(error, WithingsError) else None) or timedelta()
    return Trouble(
        attempts=attempts,
        reason=_reason(error),
        since=since,
        retry_at=now + max(delay * (1 + JITTER * jitter), asked) if delay is not None else None,
        announced=announced,
    )


def jitter() -> float:
    """A fresh value for the functions above."""
    return random.uniform(-1, 1)  # noqa: S311 - spreads load, guards nothing


def _delay(error: Exception, attempts: int, *, lasting: timedelta) -> timedelta | None:
    if isinstance(error, ApplicationRefused):
        shortest, longest = REFUSED_PAUSE
        return min(max(lasting, shortest), longest)
    if isinstance(error, RateLimited):
        return error.retry_after or RATE_LIMIT_PAUSE
    if isinstance(error, WithingsError) and (
        error.retry is Retry.NEVER or (error.max_attempts and attempts >= error.max_attempts)
    ):
        return None
    return RETRY_DELAYS[max(attempts, 1) - 1] if attempts <= len(RETRY_DELAYS) else None


def _reason(error: Exception) -> str:
    """Errors of our own tree are written to be shown; of any other only the kind is safe to tell."""
    return f"{type(error).__name__}: {error}" if isinstance(error, BridgeError) else type(error).__name__
