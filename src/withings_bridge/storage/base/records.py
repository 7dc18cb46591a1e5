"""Withings' records: by name, by time, by change."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from withings_bridge.domain.records import Kind, Record, RecordKey

ALL_KINDS = frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Changed:
    """One entry of an account's change feed: the record now, or that it is gone."""

    number: int
    """Grows with every change of the account's records; a later change has a larger number."""
    name: RecordKey
    record: Record | None
    """None: removed, or of a kind that was not to be brought."""
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: behind the record of this time and key."""

    at: datetime
    key: str


class Records(Protocol):
    """Withings' records, as Withings sent them, by account."""

    async def save(
        self, userid: str, records: Sequence[Record], *, removed: Collection[RecordKey] = (), now: datetime
    ) -> None:
        """Store records under their natural keys, and turn removed ones into tombstones.

        Called by the holder of the account's lease only, so there is one writer an account. Not
        atomic as a whole: a crash leaves some of it, and repeating it completes it.
        """

    async def catch_up(self, userid: str) -> None:
        """Let ``changes`` and ``through`` show all that is stored, also what a ``save`` left unshown that was
        cut off at its end.

        Called by the holder of the account's lease only. Costs little where nothing was cut off.
        """

    async def get(self, userid: str, names: Iterable[RecordKey]) -> dict[RecordKey, Record]:
        """Those of the named records that exist."""

    async def between(self, userid: str, kind: Kind, start: datetime, end: datetime) -> list[Record]:
        """The kind's records whose time is in the stretch, both ends included, oldest first.

        Records of one time come in the order of their keys. Holds all of them at once: for a stretch
        that is short, or a kind that has few.
        """

    async def page(
        self,
        userid: str,
        kind: Kind,
        start: datetime,
        end: datetime,
        *,
        limit: int,
        after: Place | None = None,
        backward: bool = False,
    ) -> list[Record]:
        """At most ``limit`` of the kind's records whose time is in the stretch, both ends included.

        Oldest first, and those of one time in the order of their keys, which is that of their characters'
        code points; or ``backward``, all of that reversed. With ``after`` only those behind that place on
        the way; it holds also when its record has gone or moved. Fewer than the limit means the end.
        Costs the same wherever in a history the page lies. A record that is written meanwhile in front
        of the place does not shift the rest.
        """

    async def newest(
        self, userid: str, kind: Kind, *, limit: int, before: datetime | None = None
    ) -> list[Record]:
        """The kind's latest records, newest first, those before an instant if one is given."""

    async def changes(
        self, userid: str, *, after: int, limit: int, bringing: Collection[Kind] = ALL_KINDS
    ) -> list[Changed]:
        """What changed since the given number, oldest first, each record once in its last state.

        Of kinds that are not among ``bringing`` only the name comes, and whether it was removed: for who
        wants no more, or would hold too much.
        """

    async def through(self, userid: str) -> int:
        """The number of the account's latest change that ``changes`` shows; 0 when there is none.

        It grows with every change of any record.
        """

    async def forget(self, userid: str) -> None:
        """Remove all of the account's records without a trace, the change feed included.

        Called by the holder of the account's lease, or when there is no such account. Not atomic as
        a whole: a crash leaves some of them, and repeating it completes it. Numbers of changes go on
        to grow for whoever links the account again.
        """
