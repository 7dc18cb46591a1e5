"""One turn over a claimed account: do what is pending, then settle or retry or bury.

Nothing here is kept in memory that the store does not know: a process that dies in mid-turn leaves a
lease that ends by itself, and the next turn begins the same work again.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from withings_bridge import tracing
from withings_bridge.domain.accounts import (
    SWEEP_EVERY,
    Account,
    end_was_announced,
    following,
    follows,
    needing_consent,
    settled,
    swept,
    tasks,
)
from withings_bridge.domain.categories import CATEGORY_OF, SUMMARY_OF, Category
from withings_bridge.domain.errors import (
    AccountUnknown,
    ApplicationRefused,
    BadGrant,
    BridgeError,
    ConsentNeeded,
    LeaseLost,
    NoLiveToken,
    NotLinked,
    RateLimited,
    RepeatedTooSoon,
    StorageError,
    StorageUnavailable,
    Unreachable,
)
from withings_bridge.domain.inbox import Done, Failed, Lane, Task
from withings_bridge.domain.records import Record
from withings_bridge.domain.trail import What
from withings_bridge.domain.troubles import jitter
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding, renewing
from withings_bridge.services.inbox.doing import Doing
from withings_bridge.services.noting import Noting
from withings_bridge.services.pacing import Pacing, Urgency, in_lane
from withings_bridge.services.sync.publishing import RealtimeGateway
from withings_bridge.services.telemetry import Telemetry, stopwatch
from withings_bridge.storage.base import Accounts, Links, Records
from withings_bridge.tracing import Kind, Span

log = structlog.get_logger()

LISTEN_EVERY = timedelta(seconds=1.5)
"""How often a turn that does what nobody waits for looks whether another replica received news."""

SWEEP_CALLS = 14
"""What a sweep of an account costs: two calls a tracked category, the ECGs, of few people the stethoscope,
the devices, the goals, the subscriptions, and some for pages and second looks.
"""

CHUNKS_AT_ONCE = 3
"""So many categories are imported at once: one is asked for while what came of another is stored."""

MOST_PUT_OFF = 3
"""So many turns in a row make room for news, before one does all that is pending all the same."""

_STORING = frozenset(CATEGORY_OF.values())
"""Categories whose tasks save records."""


@dataclass(slots=True)
class Turn:
    """What a turn did, and the account as it left it."""

    account: Account | None
    results: list[Done | Failed] = field(default_factory=list)
    fetched: list[Record] = field(default_factory=list)
    """What who waits for it is told of."""
    told: bool = True
    """Whether somebody waits. If not, nothing is kept to tell: an import may bring years in one turn."""
    urgency: Urgency = field(default_factory=lambda: Urgency(Lane.LIVE))
    firm: bool = False
    """Too many turns before it made room: this one does all that is pending."""
    hurried: bool = False
    """News came while it did what nobody waits for: it ends as soon as it can."""
    outcome: str = "failed"
    """How it ended, for who counts: see ``telemetry.catalogue``."""


class _MakesRoom(Exception):
    """News came while the turn did what nobody waits for."""


class Turning:
    """Works off what is pending of one account at a time."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        records: Records,
        doing: Doing,
        holding: Holding,
        gateway: RealtimeGateway,
        noting: Noting,
        pacing: Pacing,
        telemetry: Telemetry,
        windows: Mapping[Category, timedelta],
        clock: Clock,
        sweep_every: timedelta = SWEEP_EVERY,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._records = records
        self._doing = doing
        self._holding = holding
        self._gateway = gateway
        self._noting = noting
        self._pacing = pacing
        self._telemetry = telemetry
        self._windows = windows
        self._clock = clock
        self._sweep_every = sweep_every
        self._running: dict[str, Turn] = {}
        self._put_off: Counter[str] = Counter()

    async def turn(self, account: Account, holder: str, *, imports: bool = True, told: bool = True) -> Turn:
        """Do what is pending of an account that the holder has claimed, then settle.

        A lost lease ends it without a word to the store. Without ``imports`` what is left of an
        import stays for another turn. Not ``told``: nobody waits for the records.

        It belongs to the trace of the notification that has waited longest, whichever process took that,
        and names those of the others; without one to the trace of whoever asked for it.
        """
        about = {"account": account.userid}
        oldest, others = next(iter(account.traces), None), account.traces[1:]
        span = tracing.span("turn", about, kind=Kind.CONSUMER, parent=oldest, links=others)
        with structlog.contextvars.bound_contextvars(**about), span:
            return await self._turn(account, holder, span, imports=imports, told=told)

    async def _turn(self, account: Account, holder: str, span: Span, *, imports: bool, told: bool) -> Turn:
        turn, elapsed = Turn(account=None, told=told), stopwatch()
        self._running[account.userid] = turn
        try:
            listening = renewing(lambda: self._listen(account, turn), every=LISTEN_EVERY)
            async with self._holding.kept(account.userid, holder), listening:
                try:
                    account = await self._following(await self._swept(account, holder), holder)
                    traces = account.traces
                    await self._work(account, turn, imports=imports)
                except ConsentNeeded as error:
                    turn.account = await self._without_consent(account, holder, error)
                    turn.outcome = "consent needed"
                    return turn
            turn.account = await self._accounts.change(
                account.userid,
                lambda stored: settled(
                    stored, turn.results, now=self._clock(), jitter=jitter(), traces=traces
                ),
                now=self._clock(),
                holder=holder,
            )
            turn.outcome = "settled"
            self._note(turn.account, turn.results)
        except (LeaseLost, AccountUnknown) as error:
            turn.outcome = "abandoned"
            span.fail(type(error).__name__)
            log.warning("turn abandoned", reason=str(error))
        except StorageError as error:
            turn.outcome = "not settled"
            # Not settled, so it will be done again when the lease has ended.
            span.fail(type(error).__name__)
            log.warning("turn not settled", reason=str(error))
        except asyncio.CancelledError:
            turn.outcome = "cut off"
            await asyncio.shield(self._holding.release(account.userid, holder))
            raise
        finally:
            self._telemetry.turned(turn.outcome, elapsed())
            if self._running.get(account.userid) is turn:  # and not that of who has the lease by now
                del self._running[account.userid]
        return turn

    def hurry(self, userid: str) -> None:
        """Somebody waits for this account: a turn that does what nobody waits for makes room."""
        turn = self._running.get(userid)
        if turn is not None:
            turn.hurried = True
            self._pacing.hurry(turn.urgency)

    async def _swept(self, account: Account, holder: str) -> Account:
        """With its sweep among the pending work, where it is due and the budget of sweeps allows it."""
        now = self._clock()
        if account.sweep_at is None or account.sweep_at > now or not self._pacing.may_sweep():
            return account
        await self._pacing.sweeping(SWEEP_CALLS)
        return await self._accounts.change(
            account.userid,
            lambda stored: swept(stored, now, every=self._sweep_every, windows=self._windows),
            now=now,
            holder=holder,
        )

    async def _following(self, account: Account, holder: str) -> Account:
        """With its rows among the pending work, where they follow another mapping than this bridge's.

        While replicas with two mappings run, each brings an account that it works on wholly to its own. Once
        one mapping is left, the next turn of an account, that of a sweep at the latest, settles the matter.
        """
        version = self._doing.mapping
        if follows(account, version):
            return account
        return await self._accounts.change(
            account.userid, lambda stored: following(stored, version), now=self._clock(), holder=holder
        )

    async def _work(self, account: Account, turn: Turn, *, imports: bool) -> None:
        todo = tasks(account, self._clock(), imports=imports)
        turn.firm = self._put_off[account.userid] >= MOST_PUT_OFF
        if any(task.category in _STORING for task in todo):
            # What a turn that was cut off has stored is not fresh to this one, so no save of it follows.
            await self._records.catch_up(account.userid)
        groups = _groups(todo)
        for index, group in enumerate(groups):
            if group[0].lane is not Lane.LIVE and self._makes_room(account, turn):
                return
            turn.urgency.lane = group[0].lane
            try:
                results = await _all_of([self._attempt(account, task, turn) for task in group])
            except _MakesRoom:
                return
            turn.results += results
            for result in results:
                if isinstance(result, Failed) and _concerns_all(result.error):
                    # The rest would fail too.
                    left = [task for later in groups[index + 1 :] for task in later]
                    turn.results += [Failed(task, result.error) for task in left]
                    return
        self._put_off.pop(account.userid, None)

    async def _attempt(self, account: Account, task: Task, turn: Turn) -> Done | Failed:
        """What became of a task. Raises what lets nothing be settled now."""

        def interrupt() -> None:
            if self._makes_room(account, turn):
                raise _MakesRoom

        try:
            with in_lane(turn.urgency), tracing.span(f"sync {task.category}", {"lane": task.lane}):
                done, fetched = await self._doing.do(account, task, interrupt=interrupt)
        except NotLinked as error:
            raise ConsentNeeded from error
        except (_MakesRoom, ConsentNeeded, StorageUnavailable, LeaseLost, AccountUnknown):
            # Any other error of the store is about this task.
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the decision to retry is stored
            _log_failure(task, error)
            return Failed(task, error)
        if turn.told:
            turn.fetched += fetched
        return done

    def _makes_room(self, account: Account, turn: Turn) -> bool:
        """Whether a turn at what nobody waits for ends for news. Not for ever: anybody can post news, and
        with some in every turn nothing else would be done at all.
        """
        if not turn.hurried or turn.firm:
            return False
        self._put_off[account.userid] += 1
        return True

    def _note(self, account: Account, results: Sequence[Done | Failed]) -> None:
        """What the settled turn completed, and what it has in trouble."""
        for result in results:
            category, work = result.task.category, account.of(result.task.category)
            chunk = result.task.backfill is not None
            self._telemetry.did(result)
            if isinstance(result, Done):
                if chunk and work.backfill is None:
                    self._noting.note(account.userid, What.IMPORTED, category=category)
            elif trouble := work.backfill_trouble if chunk else work.trouble:
                if trouble.buried:
                    self._telemetry.buried(category)
                self._noting.note(
                    account.userid,
                    What.BURIED if trouble.buried else What.FAILED,
                    category=category,
                    reason=trouble.reason,
                    retry_at=trouble.retry_at,
                )

    async def _without_consent(self, account: Account, holder: str, error: ConsentNeeded) -> Account | None:
        """Withings refuses us: an announced end of the link was true, else the user must consent again.

        The end is believed when the grant is refused; an access token alone may be refused by a fault.
        """
        refused = isinstance(error.__cause__, BadGrant)
        if refused and await self._links.end(
            account.userid, lambda stored: end_was_announced(stored, refused=account)
        ):
            log.info("link ended by the user")
            self._noting.note(account.userid, What.ENDED)
            return None
        log.warning("consent needed")
        now = self._clock()
        changed = await self._accounts.change(
            account.userid,
            lambda stored: needing_consent(stored, now, refused=account),
            now=now,
            holder=holder,
        )
        if changed.consent_needed_at and not account.consent_needed_at:
            self._noting.note(account.userid, What.CONSENT_NEEDED)
            for user in sorted(changed.users):
                await self._gateway.publish(user, at=now, consent_needed=True)
        return changed

    async def _listen(self, account: Account, turn: Turn) -> None:
        """Hurry what nobody waits for when news came that another replica received."""
        if turn.urgency.lane is Lane.LIVE:
            return
        stored = await self._accounts.get(account.userid)
        if stored and any(
            # Detail is what this turn itself announces.
            category not in SUMMARY_OF and work.news.live and work.announced > account.of(category).announced
            for category, work in stored.work.items()
        ):
            self.hurry(account.userid)


def _groups(todo: Sequence[Task]) -> list[list[Task]]:
    """What is done one after another, and, of chunks of imports, at once."""
    one_by_one = [[task] for task in todo if task.backfill is None]
    chunks = [task for task in todo if task.backfill is not None]
    return one_by_one + [chunks[at : at + CHUNKS_AT_ONCE] for at in range(0, len(chunks), CHUNKS_AT_ONCE)]


async def _all_of(attempts: Sequence[Awaitable[Done | Failed]]) -> list[Done | Failed]:
    """The results of all attempts at once. If one raises the others are waited for: none runs on unseen."""
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]


def _concerns_all(error: Exception) -> bool:
    """Whether no other call for this account would go better: the whole application has to wait or is
    refused, Withings cannot be reached, or there is no token to ask with.
    """
    spent = isinstance(error, RateLimited) and not isinstance(error, RepeatedTooSoon)
    return spent or isinstance(error, (ApplicationRefused, Unreachable, NoLiveToken))


def _log_failure(task: Task, error: Exception) -> None:
    if isinstance(error, BridgeError):
        log.warning("not done", category=task.category, reason=f"{type(error).__name__}: {error}")
    else:
        log.error("our bug", category=task.category, exc_info=error)
