"""One turn: claim an account, do what is pending, settle or retry or bury. And the loop around it.

Nothing here is kept in memory that the store does not know: a process that dies in mid-turn leaves a
lease that ends by itself, and the next turn begins the same work again.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from withings_bridge.domain.accounts import (
    LEASE,
    RENEW_EVERY,
    Account,
    needing_consent,
    settled,
    tasks,
)
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import (
    AccountUnknown,
    BadGrant,
    BadScope,
    BridgeError,
    ConsentNeeded,
    LeaseLost,
    NotLinked,
    RateLimited,
    RepeatedTooSoon,
    StorageError,
    StorageUnavailable,
)
from withings_bridge.domain.inbox import Done, Failed, Lane, Task, jitter
from withings_bridge.domain.records import Record
from withings_bridge.services.clock import Clock
from withings_bridge.services.projecting import Projecting
from withings_bridge.services.subscriptions import Subscribing
from withings_bridge.services.syncing import Syncing
from withings_bridge.services.tokens import Tokens
from withings_bridge.storage.base import Accounts, Links
from withings_bridge.withings import WithingsClient

log = structlog.get_logger()

POLL_SECONDS = 2.0
MOST_AT_ONCE = 8


@dataclass(slots=True)
class Turn:
    """What a turn did, and the account as it left it."""

    account: Account | None
    results: list[Done | Failed] = field(default_factory=list)
    fetched: list[Record] = field(default_factory=list)


class Working:
    """Works off the inbox."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        tokens: Tokens,
        client: WithingsClient,
        syncing: Syncing,
        projecting: Projecting,
        subscribing: Subscribing,
        clock: Clock,
        renew_every: timedelta = RENEW_EVERY,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._tokens = tokens
        self._client = client
        self._syncing = syncing
        self._projecting = projecting
        self._subscribing = subscribing
        self._clock = clock
        self._renew_every = renew_every
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    async def run(self, stop: asyncio.Event, *, grace: float) -> None:
        """Work off whatever is due, until told to stop; then finish what is under way within the grace."""
        running: set[asyncio.Task[Turn]] = set()
        while not stop.is_set():
            try:
                for holder, account in await self._claim_due(MOST_AT_ONCE - len(running)):
                    running.add(asyncio.create_task(self._turn(account, holder)))
            except Exception as error:
                # The loop is all that stands between an acknowledged notification and oblivion.
                log.exception("our bug", exc_info=error)
            running = await _rest(running, stop, POLL_SECONDS)
        if running:
            _, unfinished = await asyncio.wait(running, timeout=grace)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    async def work_off(self, userid: str) -> None:
        """Begin at once with what was just stored; where the store falls silent, the loop begins later."""
        try:
            await self.drain(userid)
        except StorageError as error:
            log.warning("left to the loop", account=userid, reason=str(error))

    async def drain(self, userid: str) -> list[Turn]:
        """Turns for one account until nothing of it is due now, or somebody else works on it."""
        turns: list[Turn] = []
        while True:
            holder = self._holder()
            account = await self._accounts.claim_one(userid, holder, now=self._clock(), lease=LEASE)
            if account is None:
                return turns
            turn = await self._turn(account, holder)
            turns.append(turn)
            if turn.account is None or not tasks(turn.account, self._clock()):
                return turns

    async def _claim_due(self, limit: int) -> list[tuple[str, Account]]:
        """Leased accounts in the order of the lanes; none while the store is silent."""
        claimed: list[tuple[str, Account]] = []
        try:
            for lane in Lane:
                if len(claimed) < limit:
                    holder = self._holder()
                    found = await self._accounts.claim(
                        holder, lane=lane, now=self._clock(), lease=LEASE, limit=limit - len(claimed)
                    )
                    claimed += [(holder, account) for account in found]
        except StorageError as error:
            log.warning("nothing claimed", reason=str(error))
        return claimed

    async def _turn(self, account: Account, holder: str) -> Turn:
        """Do what is pending, then settle. A lost lease ends it without a word to the store."""
        turn = Turn(account=None)
        try:
            async with self._renewed(account.userid, holder):
                try:
                    await self._work(account, turn)
                except ConsentNeeded as error:
                    turn.account = await self._without_consent(account, holder, error)
                    return turn
            turn.account = await self._accounts.change(
                account.userid,
                lambda stored: settled(stored, turn.results, now=self._clock(), jitter=jitter()),
                now=self._clock(),
                holder=holder,
            )
        except (LeaseLost, AccountUnknown) as error:
            log.warning("turn abandoned", account=account.userid, reason=str(error))
        except StorageError as error:
            # Not settled, so it will be done again when the lease has ended.
            log.warning("turn not settled", account=account.userid, reason=str(error))
        except asyncio.CancelledError:
            await asyncio.shield(self._release(account.userid, holder))
            raise
        return turn

    async def _work(self, account: Account, turn: Turn) -> None:
        todo = tasks(account, self._clock())
        for index, task in enumerate(todo):
            try:
                done, fetched = await self._do(account, task)
            except NotLinked as error:
                raise ConsentNeeded from error
            except (ConsentNeeded, StorageUnavailable, LeaseLost, AccountUnknown):
                # Nothing can be settled now. Any other error of the store is about this task.
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the decision to retry is stored
                _log_failure(account, task, error)
                if _spent(error):
                    # The rest would be refused too.
                    turn.results += [Failed(waiting, error) for waiting in todo[index:]]
                    return
                turn.results.append(Failed(task, error))
            else:
                turn.results.append(done)
                turn.fetched += fetched

    async def _do(self, account: Account, task: Task) -> tuple[Done, Sequence[Record]]:
        match task.category:
            case Category.LINK:
                with suppress(BadScope):  # what is refused then is the call and not the token
                    await self._tokens.call(account, self._client.devices)
                log.info("the link still stands", account=account.userid)
                return Done(task), ()
            case Category.SUBSCRIPTIONS:
                return await self._subscribing.step(account, task), ()
            case Category.ROWS:
                await self._projecting.everything(account)
                return Done(task), ()
            case Category.HEIGHTS:
                look = await self._syncing.heights(account, task)
            case Category.DEVICES:
                look = await self._syncing.devices(account, task)
            case _ if task.backfill:
                look = await self._syncing.fill(account, task, task.backfill)
            case _:
                look = await self._syncing.look(account, task)
        log.info(
            "synced",
            account=account.userid,
            category=task.category,
            records=len(look.fetched),
            backfill=bool(task.backfill),
        )
        return look.done, look.fetched

    async def _without_consent(self, account: Account, holder: str, error: ConsentNeeded) -> Account | None:
        """Withings refuses us: an announced end of the link was true, else the user must consent again.

        The end is believed when the grant is refused; an access token alone may be refused by a fault.
        """
        current = await self._accounts.get(account.userid)
        refused = isinstance(error.__cause__, BadGrant)
        if refused and current and current.of(Category.LINK).news and current.consents == account.consents:
            for user in sorted(current.users):
                await self._links.leave(user, account.userid)
            log.info("link ended by the user", account=account.userid)
            return None
        log.warning("consent needed", account=account.userid)
        now = self._clock()
        return await self._accounts.change(
            account.userid,
            lambda stored: needing_consent(stored, now, refused=account),
            now=now,
            holder=holder,
        )

    async def _release(self, userid: str, holder: str) -> None:
        with suppress(BridgeError):
            await self._accounts.change(
                userid, lambda stored: replace(stored, lease=None), now=self._clock(), holder=holder
            )

    @asynccontextmanager
    async def _renewed(self, userid: str, holder: str) -> AsyncIterator[None]:
        """Hold the lease while the body runs; a lost one raises LeaseLost out of the body."""
        lost: list[LeaseLost] = []
        body = asyncio.current_task()

        async def renew() -> None:
            while True:
                await asyncio.sleep(self._renew_every.total_seconds())
                try:
                    await self._accounts.renew(userid, holder, now=self._clock(), lease=LEASE)
                except LeaseLost as error:
                    lost.append(error)
                    if body:
                        body.cancel()
                    return
                except StorageError:
                    continue

        renewing = asyncio.create_task(renew())
        try:
            yield
        except asyncio.CancelledError:
            if lost and body and body.uncancel() == 0:
                raise lost[0] from None
            raise
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    def _holder(self) -> str:
        """A name of its own for every claim: two turns of one process are two holders."""
        return f"{self._name}:{secrets.token_hex(4)}"


async def _rest(
    running: set[asyncio.Task[Turn]], stop: asyncio.Event, seconds: float
) -> set[asyncio.Task[Turn]]:
    """Wait until a turn ends, somebody says stop, or the time is up; the turns that still run."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({*running, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for turn in running:
        if turn.done() and not turn.cancelled() and (error := turn.exception()):
            log.error("turn failed", reason=type(error).__name__)
    return {turn for turn in running if not turn.done()}


def _spent(error: Exception) -> bool:
    """Whether the whole application has to wait, rather than this one call."""
    return isinstance(error, RateLimited) and not isinstance(error, RepeatedTooSoon)


def _log_failure(account: Account, task: Task, error: Exception) -> None:
    about = {"account": account.userid, "category": task.category}
    if isinstance(error, BridgeError):
        log.warning("not done", **about, reason=f"{type(error).__name__}: {error}")
    else:
        log.error("our bug", **about, exc_info=error)
