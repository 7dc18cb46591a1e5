"""All rows of an account anew from its records, without a call to Withings."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record, RecordKey
from withings_bridge.domain.row_keys import PROJECTED, Standing, source_of, source_of_gone
from withings_bridge.domain.vitals7 import RECORDED_BY, Heights, VitalRow
from withings_bridge.services.sync.projecting import Projecting, Projection
from withings_bridge.storage.base import Place, Records, Vitals

SLICE = 200
"""Records that are read at once, and rows that are written at once, so that on the embedded store no
acknowledgement waits behind a whole history.
"""

Told = Callable[[int, int], None]
"""Hears how many more records were looked at, and how many more rows changed."""


class Rebuilding:
    """Makes the rows of whole accounts true to the records."""

    def __init__(self, *, records: Records, vitals: Vitals, projecting: Projecting) -> None:
        self._records = records
        self._vitals = vitals
        self._projecting = projecting

    @property
    def version(self) -> str:
        """Of the mapping that it goes by."""
        return self._projecting.mapping.version

    async def rebuild(self, account: Account, *, told: Told = lambda _records, _rows: None) -> None:
        """Make the rows those of all stored records: for a user who joined, or by another mapping.

        Who was away and came back may have rows of records that are gone since, and another mapping left rows
        that this one does not know: of a record that is stored, or was, no other rows stay than it yields.
        Rows of what was never stored stay as they are.

        The gateway is told once of each user. Raises LeaseLost, a StorageError, or what ``told`` raises;
        repeating it does no harm.
        """
        changed: Counter[str] = Counter()

        def note(records: int, rows: Counter[str]) -> None:
            changed.update(rows)
            told(records, rows.total())

        try:
            await self._rebuild(account, note)
        finally:
            await self._projecting.tell(account, changed)

    async def _rebuild(self, account: Account, note: Callable[[int, Counter[str]], None]) -> None:
        standing = Standing()
        heights = Heights((await self._projecting.heights(account)).values())
        for kind in PROJECTED:
            async with aclosing(self._pages(account.userid, kind)) as pages:
                async for page in pages:
                    rows = self._projecting.rows(kind, page, heights)
                    standing.yields(row.item_key for row in rows)
                    for record in page:
                        standing.speaks_for(kind, source_of(record))
                    note(len(page), await self._put(account, rows))
        async for name in self._gone(account):
            standing.speaks_for(name.kind, source_of_gone(name))
        for user in sorted(account.users):
            note(0, await self._clear(account, user, standing))

    async def _put(self, account: Account, rows: Sequence[VitalRow]) -> Counter[str]:
        changed: Counter[str] = Counter()
        for first in range(0, len(rows), SLICE):
            some = Projection(rows=list(rows[first : first + SLICE]))
            changed += await self._projecting.put(account, some)
        return changed

    async def _clear(self, account: Account, user: str, standing: Standing) -> Counter[str]:
        """Remove those of a user's rows that their records no longer stand behind; how many."""
        alone = replace(account, users=frozenset({user}))
        changed: Counter[str] = Counter()
        gone: set[str] = set()
        async for row in self._vitals.rows(user):
            if row.get("recordedBy") == RECORDED_BY and standing.disowns(row["item_key"]):
                gone.add(row["item_key"])
            if len(gone) == SLICE:
                changed += await self._projecting.put(alone, Projection(gone=gone))
                gone = set()
        if gone:
            changed += await self._projecting.put(alone, Projection(gone=gone))
        return changed

    async def _pages(self, userid: str, kind: Kind) -> AsyncGenerator[list[Record], None]:
        """All records of a kind, a page at a time. Those of one instant come on one page, for a day's rows
        rest on all its sources.
        """
        after: Place | None = None
        kept: list[Record] = []
        while page := await self._records.page(userid, kind, EPOCH, THE_END, limit=SLICE, after=after):
            last = page[-1]
            after = Place(last.at, last.key)
            found = kept + page
            kept = [record for record in found if record.at == last.at]
            if whole := found[: len(found) - len(kept)]:
                yield whole
        if kept:
            yield kept

    async def _gone(self, account: Account) -> AsyncGenerator[RecordKey, None]:
        """The names of all records that were stored once."""
        after = 0
        while changes := await self._records.changes(account.userid, after=after, limit=SLICE, bringing=()):
            for change in changes:
                if change.removed:
                    yield change.name
            after = changes[-1].number
