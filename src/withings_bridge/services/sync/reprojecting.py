"""Rows brought to the bridge's own mapping: announced when it starts, or done at once on demand.

Each account carries the version of the mapping that its rows follow. A turn that finds another one there
rebuilds the rows beside its other work (``turning``); the walk here brings a turn to accounts that have
nothing else to do.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from withings_bridge.domain.accounts import Account, following, follows
from withings_bridge.domain.errors import AccountUnknown, BridgeError, LeaseLost, NotLinked
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding
from withings_bridge.services.sync.rebuilding import Rebuilding, Told
from withings_bridge.storage.base import Accounts, Links

log = structlog.get_logger()

POLL_SECONDS = 2.0
LONGEST_POLL_SECONDS = 300.0
"""How long after the store was found silent the walk is begun anew, at first and at last."""

REST_SECONDS = 0.05
"""Of the walk, after each page of accounts: there may be 100,000, and acknowledgements come first."""

TELL_SECONDS = 0.2
"""How often it is told how far a rebuild is."""


@dataclass(frozen=True, slots=True)
class Reprojection:
    """How far a reprojection on demand has come."""

    accounts: int
    """How many are to be done."""
    done: int = 0
    records: int = 0
    """Records looked at."""
    changed: int = 0
    """Rows written or removed, of all users."""
    left: tuple[str, ...] = ()
    """Withings userids of accounts that somebody else took over meanwhile."""


class Reprojecting:
    """Has rows follow the bridge's mapping."""

    def __init__(
        self, *, accounts: Accounts, links: Links, holding: Holding, rebuilding: Rebuilding, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._holding = holding
        self._rebuilding = rebuilding
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Announce the rows of all accounts that follow another mapping, over and over until the store has
        answered to the end, or told to stop. Turns work them off.
        """
        walking = asyncio.create_task(self._until_done(), name="reprojection")
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({walking, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (walking, stopping):
            task.cancel()
        await asyncio.gather(walking, stopping, return_exceptions=True)

    async def announce(self) -> int:
        """Go through the accounts once; how many were announced. Raises a StorageError."""
        version, count = self._rebuilding.version, 0
        async for accounts in self._pages():
            for account in accounts:
                if not follows(account, version):
                    with suppress(AccountUnknown):  # its last user has left just now
                        await self._accounts.change(
                            account.userid, lambda stored: following(stored, version), now=self._clock()
                        )
                        count += 1
            await asyncio.sleep(REST_SECONDS)
        return count

    async def reproject(self, user: str | None) -> AsyncGenerator[Reprojection, None]:
        """Rebuild the rows of a user's account, or of all accounts, now: how far it is, at last the outcome.

        Each account is held meanwhile. A turn under way may end by itself for some seconds, else it is cut
        off, and repeated later. Raises NotLinked, or a StorageError; repeating it does no harm.
        """
        userids = (
            [account.userid async for accounts in self._pages() for account in accounts]
            if user is None
            else [await self._of(user)]
        )
        state = Reprojection(len(userids))
        yield state

        def told(records: int, changed: int) -> None:
            nonlocal state
            state = replace(state, records=state.records + records, changed=state.changed + changed)

        for userid in userids:
            rebuilding = asyncio.create_task(self._rebuild(userid, told))
            try:
                while not (await asyncio.wait({rebuilding}, timeout=TELL_SECONDS))[0]:
                    yield state
                left = () if await rebuilding else (userid,)
            finally:
                rebuilding.cancel()
            state = replace(state, done=state.done + 1, left=state.left + left)
            yield state

    async def _rebuild(self, userid: str, told: Told) -> bool:
        """Rebuild the rows of one account; False where somebody took it over meanwhile."""
        version = self._rebuilding.version
        try:
            async with self._holding.taken(userid) as held:
                if held is None or held.lease is None:
                    return True  # nobody is linked any more
                await self._rebuilding.rebuild(held, told=told)
                await self._accounts.change(
                    userid,
                    lambda stored: replace(stored, projected=version),
                    now=self._clock(),
                    holder=held.lease.holder,
                )
        except (LeaseLost, AccountUnknown):
            return await self._accounts.get(userid) is None
        return True

    async def _of(self, user: str) -> str:
        link = await self._links.get(user)
        if link is None:
            raise NotLinked
        return link.account

    async def _pages(self) -> AsyncGenerator[Sequence[Account], None]:
        after: str | None = None
        while accounts := await self._accounts.list(after=after):
            yield accounts
            after = accounts[-1].userid

    async def _until_done(self) -> None:
        failures = 0
        while True:
            try:
                count = await self.announce()
            except Exception as error:  # noqa: BLE001 - whatever it is, rows wait to be projected
                failures += 1
                _log_interruption(error)
                await asyncio.sleep(min(POLL_SECONDS * 2**failures, LONGEST_POLL_SECONDS))
                continue
            if count:
                log.info("rows to be projected anew", accounts=count, mapping=self._rebuilding.version)
            return


def _log_interruption(error: Exception) -> None:
    if isinstance(error, BridgeError):
        log.warning("walk over accounts interrupted", reason=f"{type(error).__name__}: {error}")
    else:
        log.error("our bug", exc_info=error)
