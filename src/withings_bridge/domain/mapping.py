"""Which rows the records become: what the code says, and what the operator chose."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from withings_bridge.domain.extended import EXTENDED, NAMES, Extended
from withings_bridge.domain.records import Kind

MAPPING = 1
"""Raised by hand with every change of what rows records become, in ``vitals7`` or in ``extended``. Accounts
that were projected by another number are projected anew.
"""


class Sources(StrEnum):
    """Whose count of a day is believed, where watch, phone and imports counted the same steps.

    All rows of the day come from the one source that is chosen; nothing is ever added up.
    """

    TRACKERS_FIRST = "trackers-first"
    """A tracker of Withings. What phones and imports counted (``brand`` 18) speaks only on days on which no
    tracker counted a step. Of several of a sort, the largest count.
    """
    TRACKERS_ONLY = "trackers-only"
    """A tracker of Withings, or nobody. Of several, the largest count."""
    MOST_STEPS = "most-steps"
    """The largest count, whoever counted."""


@dataclass(frozen=True, slots=True)
class RowMapping:
    """One way from records to rows."""

    extended: frozenset[str] = frozenset()
    """Names of extended rows that are switched on."""
    sources: Sources = Sources.TRACKERS_FIRST

    def extended_of(self, kind: Kind) -> tuple[Extended, ...]:
        """The extended rows that records of the kind may yield."""
        return _chosen(self.extended, kind)

    @property
    def version(self) -> str:
        """Names the mapping: two that differ in any row they may yield have different ones."""
        names = "all" if self.extended >= set(NAMES) else ",".join(sorted(self.extended))
        return f"{MAPPING}/{names or 'none'}/{self.sources}"


CONTRACT = RowMapping()
"""The rows of the contract and no others."""


@cache
def _chosen(names: frozenset[str], kind: Kind) -> tuple[Extended, ...]:
    return tuple(entry for entry in EXTENDED if entry.kind is kind and entry.name in names)
