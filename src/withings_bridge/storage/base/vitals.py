"""Rows of ``user_vitals``."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any, Protocol

from withings_bridge.domain.vitals7 import VitalRow


class Vitals(Protocol):
    """The rows of ``user_vitals``, read by Vitals7."""

    async def write(
        self, user: str, rows: Sequence[VitalRow], *, gone: Collection[str] = (), now: datetime
    ) -> int:
        """Upsert rows and delete those whose ``item_key`` is in ``gone``; how many changed.

        A row that exists keeps ``id``, ``created_at`` and ``created_by``; one whose attributes are
        all as stored is not written. Of two rows with one key the last counts, and a key that is
        both written and gone stays.
        """

    async def forget(self, user: str) -> None:
        """Remove the user's rows that Withings recorded; those of other sources stay.

        Not atomic as a whole: a crash leaves some of them, and repeating it completes it.
        """

    def rows(self, user: str, *, vital_type: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """The user's rows of every source in key order, under their wire names, whole numbers as int."""
