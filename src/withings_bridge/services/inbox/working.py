"""Who is next: claims due accounts, lane by lane, and gives each a turn; and the loop that never ends."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from withings_bridge.domain.accounts import LEASE, Account, due, tasks
from withings_bridge.domain.errors import StorageError
from withings_bridge.domain.inbox import Lane
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding
from withings_bridge.services.inbox.turning import Turn, Turning
from withings_bridge.services.pacing import Pacing
from withings_bridge.storage.base import Accounts

log = structlog.get_logger()

POLL_SECONDS = 2.0
IDLE_POLL_SECONDS = 5.0
IDLE_AFTER = timedelta(minutes=1)
"""How often to look at all that is due, and how often when for a while nothing was: a look costs money."""

STILL_AFTER = timedelta(minutes=1)
"""A loop that has not looked for so long stands still: with a store that is silent a look takes seconds."""

WAIT_SECONDS = 0.25
"""How often to look whether an account that somebody else works on is free."""

MOST_AT_ONCE = 12
MOST_IN_LANE = {Lane.LIVE: MOST_AT_ONCE, Lane.ERRAND: 4, Lane.RECONCILE: 1, Lane.BACKFILL: 3}
"""Turns of a lane at once: what nobody waits for leaves room for what comes back to be tried again."""


Claimed = tuple[Lane, str, Account]
"""A leased account, the lane it was due in, and whoever holds the lease."""


class Working:
    """Works off the inbox."""

    def __init__(
        self, *, accounts: Accounts, turning: Turning, holding: Holding, pacing: Pacing, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._turning = turning
        self._holding = holding
        self._pacing = pacing
        self._clock = clock
        self._poked = asyncio.Event()
        self._named: set[str] = set()
        """Accounts that may be due now: looked at by themselves, which costs next to nothing."""
        self._look_at = 0.0
        """When to look at all that is due, by the time of the loop."""
        self._stopping = False
        self._looked_at: datetime | None = None
        self._attended: set[str] = set()
        """Accounts that a ``work_off`` stays with."""

    async def run(self, stop: asyncio.Event, *, grace: float) -> None:
        """Work off whatever is due, until told to stop; then finish what is under way within the grace."""
        running: dict[asyncio.Task[Turn], Lane] = {}
        loop = asyncio.get_running_loop()
        busy_at = self._clock()
        while not stop.is_set():
            self._poked.clear()
            self._looked_at = self._clock()
            try:
                idle = self._clock() - busy_at >= IDLE_AFTER
                every = IDLE_POLL_SECONDS if idle else POLL_SECONDS
                for lane, holder, account in await self._claim(list(running.values()), every=every):
                    turn = self._turning.turn(account, holder, told=False)
                    running[asyncio.create_task(turn)] = lane
                    busy_at = self._clock()
            except Exception as error:
                # The loop is all that stands between an acknowledged notification and oblivion.
                log.exception("our bug", exc_info=error)
            await self._rest(set(running), stop, max(0.0, self._look_at - loop.time()))
            running = self._without_ended(running)
        self._stopping = True
        if running:
            _, unfinished = await asyncio.wait(running, timeout=grace)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    def poke(self, userid: str | None = None) -> None:
        """Something may be due now: of this account, or of any."""
        if userid is None:
            self._look_at = 0.0
        else:
            self._named.add(userid)
        self._poked.set()

    @property
    def stands_still(self) -> bool:
        """Whether the loop does not run, or hangs."""
        return self._looked_at is None or self._clock() - self._looked_at > STILL_AFTER

    @property
    def looked_at(self) -> datetime | None:
        """When the loop last looked for what is due; None: it never ran."""
        return self._looked_at

    async def work_off(self, userid: str) -> None:
        """Begin at once with what was just stored; imports, and all of it where the store falls silent,
        are left to the loop.

        While somebody else works on the account, wait for the end of that: whoever it is goes on to
        what has been due for longer. Of many who come for one account, one waits.
        """
        if userid in self._attended:
            self._turning.hurry(userid)
            self.poke(userid)
            return
        self._attended.add(userid)
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + LEASE.total_seconds()
        try:
            while not await self.drain(userid, imports=False) and loop.time() < give_up_at:
                account = await self._accounts.get(userid)
                if self._stopping or account is None or not tasks(account, self._clock(), imports=False):
                    break
                await asyncio.sleep(WAIT_SECONDS)
        except StorageError as error:
            log.warning("left to the loop", account=userid, reason=str(error))
        finally:
            self._attended.discard(userid)
        self.poke(userid)

    async def drain(self, userid: str, *, imports: bool = True) -> list[Turn]:
        """Turns for one account until nothing of it is due now, or somebody else works on it, who is
        told to hurry.
        """
        turns: list[Turn] = []
        while turn := await self.turn(userid, imports=imports):
            turns.append(turn)
            if turn.account is None or not tasks(turn.account, self._clock(), imports=imports):
                break
        return turns

    async def turn(self, userid: str, *, imports: bool = True) -> Turn | None:
        """One turn for one account, due or not; None when it is unknown, when we are stopping, or when
        somebody else works on it, who is told to hurry.
        """
        if self._stopping:
            return None
        holder = self._holding.name()
        account = await self._accounts.claim_one(userid, holder, now=self._clock(), lease=LEASE)
        if account is None:
            self._turning.hurry(userid)
            return None
        return await self._turning.turn(account, holder, imports=imports)

    async def _claim(self, running: Sequence[Lane], *, every: float) -> list[Claimed]:
        """Leased accounts: of those that were named, and after so many seconds of all that are due.

        A look at all is many queries, and what it finds beside those who were named is what another
        replica left, or what waited for its time: neither is in a hurry.
        """
        named, self._named = self._named, set()
        claimed: list[Claimed] = []
        for userid in named:
            claimed += await self._claim_named(userid, [*running, *(lane for lane, _, _ in claimed)])
        now = asyncio.get_running_loop().time()
        if now >= self._look_at:
            self._look_at = now + every
            claimed += await self._claim_due([*running, *(lane for lane, _, _ in claimed)])
        return claimed

    async def _claim_named(self, userid: str, running: Sequence[Lane]) -> list[Claimed]:
        """The account, leased, if it is due in a lane that has room."""
        now = self._clock()
        try:
            account = await self._accounts.get(userid)
            lanes = [lane for lane, at in due(account, now).items() if at <= now] if account else []
            for lane in lanes:
                if self._room(lane, running):
                    holder = self._holding.name()
                    leased = await self._accounts.claim_one(userid, holder, now=now, lease=LEASE)
                    return [(lane, holder, leased)] if leased else []
        except StorageError as error:
            log.warning("nothing claimed", account=userid, reason=str(error))
        return []

    async def _claim_due(self, running: Sequence[Lane]) -> list[Claimed]:
        """Leased accounts in the order of the lanes, as many as may have a turn beside those that run;
        none while the store is silent.
        """
        claimed: list[Claimed] = []
        try:
            for lane in Lane:
                taken = [*running, *(other for other, _, _ in claimed)]
                if room := self._room(lane, taken):
                    holder, now = self._holding.name(), self._clock()
                    found = await self._accounts.claim(holder, lane=lane, now=now, lease=LEASE, limit=room)
                    claimed += [(lane, holder, account) for account in found]
        except StorageError as error:
            log.warning("nothing claimed", reason=str(error))
        return claimed

    def _room(self, lane: Lane, taken: Sequence[Lane]) -> int:
        if lane is Lane.RECONCILE and not self._pacing.may_sweep():
            return 0
        return _places(lane, taken)

    def _without_ended(self, running: Mapping[asyncio.Task[Turn], Lane]) -> dict[asyncio.Task[Turn], Lane]:
        """The turns that still run. An account whose turn ended may go on at once; where a lane was full,
        all are looked at instead.
        """
        ended = [turn for turn in running if turn.done()]
        left = {account.userid for turn in ended if (account := _account_after(turn))}
        if all(_places(lane, list(running.values())) for lane in Lane):
            self._named |= left
        elif ended:
            self._look_at = 0.0
        return {turn: lane for turn, lane in running.items() if turn not in ended}

    async def _rest(self, running: set[asyncio.Task[Turn]], stop: asyncio.Event, seconds: float) -> None:
        """Wait until a turn ends, somebody says stop or that there is work, or it is time to look."""
        signs = {asyncio.create_task(stop.wait()), asyncio.create_task(self._poked.wait())}
        await asyncio.wait({*running, *signs}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for sign in signs:
            sign.cancel()


def _places(lane: Lane, taken: Sequence[Lane]) -> int:
    """How many more turns the lane may have beside these."""
    return max(0, min(MOST_AT_ONCE - len(taken), MOST_IN_LANE[lane] - taken.count(lane)))


def _account_after(turn: asyncio.Task[Turn]) -> Account | None:
    """The account as a turn that has ended left it; None where it did not settle."""
    if turn.cancelled():
        return None
    if error := turn.exception():
        log.error("turn failed", reason=type(error).__name__)
        return None
    return turn.result().account
