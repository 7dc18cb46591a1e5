"""When a record that Withings no longer returns counts as deleted.

Withings leaves a deleted record out of its answers, minutes after the deletion, and says nothing.
Only a complete answer may be compared; a short or mistaken one must never erase a history.
"""

import hashlib
from collections.abc import Collection
from datetime import timedelta

from withings_bridge.domain.records import RecordKey

MOST_AT_ONCE = 5
"""As many may vanish from an announced window on the word of one answer."""

CONFIRM_AFTER = timedelta(seconds=60)
"""How much later a second answer has to agree where one is not enough."""

LOOK_AGAIN_AFTER = timedelta(minutes=5)
"""When a window that showed no change is looked at once more, as a deletion may show late."""


def believed(missing: Collection[RecordKey], *, announced: bool, earlier: str | None) -> bool:
    """Whether the missing records are deleted.

    ``announced``: Withings named this window itself. ``earlier``: the digest of what an earlier
    answer lacked, if there was one.
    """
    if earlier is not None and earlier == digest(missing):
        return True
    return announced and len(missing) <= MOST_AT_ONCE


def digest(missing: Collection[RecordKey]) -> str:
    """Names a set of records in a few characters, the same whatever its order."""
    return hashlib.sha256("\n".join(sorted(map(str, missing))).encode()).hexdigest()[:16]
