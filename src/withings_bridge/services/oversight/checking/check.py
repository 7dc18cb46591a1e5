"""What a check is."""

from collections.abc import Sequence
from typing import Protocol

from withings_bridge.domain.checkups import Checkup


class Check(Protocol):
    """Looks at one thing, and changes nothing."""

    @property
    def name(self) -> str:
        """What is looked at."""

    async def look(self) -> Sequence[Checkup]:
        """What there is to tell. May raise what it does not expect."""
