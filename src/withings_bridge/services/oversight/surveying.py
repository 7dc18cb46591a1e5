"""What an operator's Prometheus is told of the whole bridge: looked up when it asks, at a bounded cost.

However often it asks, the store is asked once a minute: for the schedule of calls, for the first account
that is due in each lane, and for a stretch of a census of all accounts, which goes on the next time. A store
that is silent delays the answer by two seconds, and takes away what only it knows.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import State, entries
from withings_bridge.domain.errors import StorageError
from withings_bridge.domain.inbox import Lane
from withings_bridge.services.clock import Clock
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.oversight.overseeing import Condition, Overseen
from withings_bridge.services.pacing import Pacing, Usage
from withings_bridge.services.telemetry import Metric, Telemetry, Values, catalogue
from withings_bridge.storage.base import Accounts
from withings_bridge.withings import WithingsOAuth

log = structlog.get_logger()

EVERY = timedelta(minutes=1)
PATIENCE_SECONDS = 2.0
"""How long who asks may wait: Prometheus gives up after ten seconds."""

SILENT_SECONDS = 10.0
"""How long the store may take before it is not waited for any more."""

PAGE = 100
MOST_PAGES = 5
"""So many pages of accounts are counted at once."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the store said."""

    at: datetime
    usage: Usage
    due_since: Mapping[Lane, datetime | None]
    """Since, or from, when the first account of a lane is due."""


@dataclass(slots=True)
class Count:
    """How many accounts are how, and what is pending in them."""

    conditions: Counter[Condition] = field(default_factory=Counter)
    states: Counter[State] = field(default_factory=Counter)
    buried: Counter[Category] = field(default_factory=Counter)
    ended_at: datetime | None = None
    after: str | None = None
    """The account that was counted last."""

    def add(self, seen: Overseen) -> None:
        """Count one more."""
        self.conditions[seen.condition] += 1
        self.states.update(entry.state for entry in seen.entries)
        self.buried.update(entry.category for entry in seen.entries if entry.state is State.BURIED)
        self.after = seen.account.userid


class Surveying:
    """Looks up what the counters of this process cannot know."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        working: Working,
        oauth: WithingsOAuth,
        pacing: Pacing,
        telemetry: Telemetry,
        sweep_every: timedelta,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._working = working
        self._oauth = oauth
        self._pacing = pacing
        self._telemetry = telemetry
        self._sweep_every = sweep_every
        self._clock = clock
        self._begun_at: datetime | None = None
        self._surveying: asyncio.Task[None] | None = None
        self._found: Findings | None = None
        self._counting, self._counted = Count(), Count()

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop: what is being looked up then is given up."""
        await stop.wait()
        if self._surveying:
            self._surveying.cancel()
            await asyncio.gather(self._surveying, return_exceptions=True)

    async def look(self) -> None:
        """Have the telemetry tell how the bridge is, as of a minute ago at most. Raises nothing."""
        now = self._clock()
        if self._is_idle and (self._begun_at is None or now - self._begun_at >= EVERY):
            self._begun_at, self._found = now, None
            self._surveying = asyncio.create_task(self._survey(), name="survey")
        if self._surveying:
            await asyncio.wait({self._surveying}, timeout=PATIENCE_SECONDS)
        self._telemetry.tell({**self._of_process(), **self._of_store(), **self._of_census()})

    @property
    def _is_idle(self) -> bool:
        return self._surveying is None or self._surveying.done()

    async def _survey(self) -> None:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                due = {lane: await self._accounts.earliest_due(lane) for lane in Lane}
                self._found = Findings(self._clock(), await self._pacing.usage(), due)
                await self._count()
        except (StorageError, TimeoutError) as error:
            log.warning("metrics are incomplete", reason=f"{type(error).__name__}: {error}")
        except Exception as error:
            log.exception("our bug", exc_info=error)

    async def _count(self) -> None:
        """Go on with the census, which begins anew with the first account once it has come to the last."""
        for _ in range(MOST_PAGES):
            accounts = await self._accounts.list(after=self._counting.after, limit=PAGE)
            now = self._clock()
            if not accounts:
                self._counting.ended_at = now
                self._counting, self._counted = Count(), self._counting
                return
            for account in accounts:
                self._counting.add(Overseen(account, entries(account, now)))

    def _of_process(self) -> dict[Metric, Values]:
        beat = self._working.looked_at
        return {
            catalogue.STORE: {(): self._found is not None},
            catalogue.WORKER: {(): beat.timestamp() if beat else 0},
            catalogue.CREDENTIALS: {(): self._oauth.refused},
            catalogue.SWEEP_EVERY: {(): self._sweep_every.total_seconds()},
        }

    def _of_store(self) -> dict[Metric, Values]:
        if self._found is None:
            return {}
        at, usage, due = self._found.at, self._found.usage, self._found.due_since
        swept = due[Lane.RECONCILE]
        return {
            catalogue.QUOTA_CALLS: {(lane,): calls for lane, calls in usage.by_lane.items()},
            catalogue.QUOTA_GRANTED: {(): usage.hourly},
            catalogue.QUOTA_PAUSED: {(): usage.paused_until is not None},
            catalogue.WAITING: {(lane,): _seconds(at - since) if since else 0 for lane, since in due.items()},
            # Its sweep before was due so much earlier.
            catalogue.STALEST: {(): _seconds(at - swept + self._sweep_every) if swept else 0},
        }

    def _of_census(self) -> dict[Metric, Values]:
        counted = self._counted
        if counted.ended_at is None:
            return {}
        return {
            catalogue.ACCOUNTS: {(each,): counted.conditions[each] for each in Condition},
            catalogue.PENDING: {(each,): counted.states[each] for each in State},
            catalogue.DEAD_LETTERS: {(each,): counted.buried[each] for each in Category},
            catalogue.CENSUS: {(): counted.ended_at.timestamp()},
        }


def _seconds(length: timedelta) -> float:
    return max(0.0, length.total_seconds())
