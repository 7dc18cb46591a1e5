"""Rows of ``user_vitals`` by Withings that no record of their user's account explains."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.astray import explained, judged, kind_of
from withings_bridge.domain.imports import CHUNK
from withings_bridge.domain.notifications import Window
from withings_bridge.domain.records import EPOCH, THE_END, Kind
from withings_bridge.domain.vitals7 import Heights
from withings_bridge.services.holding import Holding
from withings_bridge.services.oversight.examining.finding import Finding, State
from withings_bridge.services.sync.projecting import Projecting, Projection
from withings_bridge.storage.base import Accounts, Links, Records, Vitals

ASTRAY = "rows under a wrong user"


class AstrayRows:
    """Finds rows without a record, and removes them. Rows of other sources are never among them."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        links: Links,
        records: Records,
        vitals: Vitals,
        holding: Holding,
        projecting: Projecting,
    ) -> None:
        self._accounts = accounts
        self._links = links
        self._records = records
        self._vitals = vitals
        self._holding = holding
        self._projecting = projecting

    async def findings(self, *, fix: bool) -> AsyncGenerator[Finding, None]:
        """See ``Check``."""
        after: str | None = None
        while accounts := await self._accounts.list(after=after):
            for account in accounts:
                for user in sorted(account.users) if judged(account) else ():
                    keys = await self._astray(account, user)
                    if keys and fix:
                        keys = await self._remove(account, user, keys)
                    if keys:
                        yield _finding(account, user, keys, removed=fix)
            after = accounts[-1].userid

    async def _remove(self, account: Account, user: str, keys: set[str]) -> set[str]:
        """Remove those of the rows that have no record while nobody else writes either; their keys."""
        async with self._holding.taken(account.userid) as held:
            if held is None or user not in held.users:
                return set()
            keys &= await self._astray(held, user)
            if keys:
                alone = replace(held, users=frozenset({user}))
                await self._projecting.write(alone, Projection(gone=set(keys)))
            return keys

    async def _astray(self, account: Account, user: str) -> set[str]:
        """The keys of the user's rows that have no record.

        Rows are read before records: a record is stored before its rows, so that what comes in
        meanwhile is never missed.
        """
        link = await self._links.get(user)
        if link is None or link.account != account.userid:
            return set()
        windows = judged(account)
        unexplained: dict[Kind, set[str]] = {kind: set() for kind in windows}
        async for row in self._vitals.rows(user):
            if kind := kind_of(row, windows):
                unexplained[kind].add(row["item_key"])
        heights = Heights(await self._records.between(account.userid, Kind.HEIGHT, EPOCH, THE_END))
        for kind, window in windows.items():
            for stretch in _stretches(window):
                if not unexplained[kind]:
                    break
                records = await self._records.between(account.userid, kind, stretch.start, stretch.end)
                unexplained[kind] -= explained(kind, records, heights)
        return set().union(*unexplained.values())


def _stretches(window: Window) -> Iterator[Window]:
    """The window in parts of a quarter, newest first: so much is held in memory."""
    end = window.end
    while end > window.start:
        yield Window(max(window.start, end - CHUNK), end)
        end -= CHUNK


def _finding(account: Account, user: str, keys: set[str], *, removed: bool) -> Finding:
    rows = "a row" if len(keys) == 1 else f"{len(keys)} rows"
    return Finding(
        check=ASTRAY,
        user=user,
        account=account.userid,
        what=f"{rows} by Withings that no record explains",
        fate="removed" if removed else "removed with --fix",
        state=State.DONE if removed else State.OPEN,
        keys=tuple(sorted(keys)),
    )
