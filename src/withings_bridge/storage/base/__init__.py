"""The promises of the store. Both backends keep them, and one contract suite holds both to it.

The protocols speak in intents, each of them atomic on every backend, rather than in rows and
transactions: DynamoDB has no cheap transaction and no compare-and-swap over a query. Time is always
an argument. A store that cannot answer raises ``StorageUnavailable`` and has changed nothing, or has
done all of what was asked: every intent is safe to repeat.

Policy lives in the domain: where an intent takes a ``Change``, the store reads the account, applies
the pure function, and writes the result on condition that nobody wrote in between, else it begins
again. The function may therefore run several times.
"""

from typing import Protocol, Self

from withings_bridge.domain.checkups import Inspection
from withings_bridge.storage.base.accounts import Accounts, Change, JoinChange
from withings_bridge.storage.base.ephemera import Ephemera
from withings_bridge.storage.base.links import Links, RowsPage, Spelling, StoredLinks
from withings_bridge.storage.base.records import ALL_KINDS, Changed, Place, Records
from withings_bridge.storage.base.trail import Trail
from withings_bridge.storage.base.vitals import Vitals

__all__ = [
    "ALL_KINDS",
    "Accounts",
    "Change",
    "Changed",
    "Ephemera",
    "JoinChange",
    "Links",
    "Place",
    "Records",
    "RowsPage",
    "Spelling",
    "Storage",
    "StoredLinks",
    "Trail",
    "Vitals",
]


class Storage(Protocol):
    """A store that is open: enter it to use it, leave it to close it."""

    @property
    def accounts(self) -> Accounts: ...

    @property
    def links(self) -> StoredLinks: ...

    @property
    def records(self) -> Records: ...

    @property
    def vitals(self) -> Vitals: ...

    @property
    def ephemera(self) -> Ephemera: ...

    @property
    def trail(self) -> Trail: ...

    async def __aenter__(self) -> Self:
        """Connect, and create what is missing (tables, the file and its folder)."""

    async def __aexit__(self, *exc_info: object) -> None:
        """Finish what was begun and let go of everything."""

    async def ping(self) -> None:
        """Raise ``StorageUnavailable`` unless the store answers."""

    async def inspect(self) -> Inspection:
        """How the store is: whether all is there, of the right shape, and can be used. It creates and
        changes nothing, need not be entered, and raises nothing: that there is no answer is told, too.
        """
