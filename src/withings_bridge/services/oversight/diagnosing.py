"""Whether this bridge is well, and if not, why: as far as this process knows, for people who look."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from withings_bridge.domain.errors import StorageError
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.pacing import Pacing
from withings_bridge.storage.base import Storage
from withings_bridge.withings import WithingsOAuth


class Ailment(StrEnum):
    """What keeps a bridge from its work, and does not mend itself."""

    STORE = "store"
    """The store does not answer."""
    WORKER = "worker"
    """What is announced is stored, and nobody fetches it."""
    CREDENTIALS = "credentials"
    """Withings refused the application itself when it was asked for tokens last."""


@dataclass(frozen=True, slots=True)
class Health:
    """How this bridge is."""

    ailments: tuple[Ailment, ...]
    paused_until: datetime | None
    """Withings asked everybody to wait until then, which passes by itself; None: nobody waits."""


class Diagnosing:
    """Looks at the parts of this process and at the store; Withings is not asked."""

    def __init__(self, *, storage: Storage, working: Working, oauth: WithingsOAuth, pacing: Pacing) -> None:
        self._storage = storage
        self._working = working
        self._oauth = oauth
        self._pacing = pacing

    async def health(self) -> Health:
        """How it is now. Raises nothing."""
        answers, paused_until = await self._store()
        found = {
            Ailment.STORE: not answers,
            Ailment.WORKER: self._working.stands_still,
            Ailment.CREDENTIALS: self._oauth.refused,
        }
        return Health(tuple(each for each, holds in found.items() if holds), paused_until)

    async def _store(self) -> tuple[bool, datetime | None]:
        """Whether it answers, and the pause that is noted there."""
        try:
            await self._storage.ping()
            return True, (await self._pacing.usage()).paused_until
        except StorageError:
            return False, None
