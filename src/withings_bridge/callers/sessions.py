"""An operator's browser: an admin key traded for a cookie, which a script cannot read.

Stored is the cookie's SHA-256 beside the key's. A session ends after half a day, when it is ended, and
when its key is withdrawn.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from withings_bridge.callers.api_keys import ApiKeys
from withings_bridge.callers.caller import Caller, Scope
from withings_bridge.storage.base import Ephemera

if TYPE_CHECKING:
    from withings_bridge.services.clock import Clock

LIFETIME = timedelta(hours=12)

COOKIE = "operator"
HOST_COOKIE = f"__Host-{COOKIE}"
"""Its name on https: the prefix keeps a neighbour on the same domain from planting it."""


class Sessions:
    """Begins, knows and ends the sessions of operators."""

    def __init__(self, *, keys: ApiKeys, ephemera: Ephemera, clock: "Clock") -> None:
        self._keys = keys
        self._ephemera = ephemera
        self._clock = clock

    async def begin(self, key: str) -> str | None:
        """A session for who holds this key: what its cookie must hold. None unless it is an admin key."""
        entry = self._keys.entry_of(key)
        if entry is None or entry.scope is not Scope.ADMIN:
            return None
        session = secrets.token_urlsafe(32)
        now = self._clock()
        value = {"digest": entry.digest}
        await self._ephemera.put(_name(session), value, until=now + LIFETIME, now=now)
        return session

    async def caller(self, session: str) -> Caller | None:
        """Whose session it is; None where it has ended, or never began."""
        begun = await self._ephemera.get(_name(session), now=self._clock())
        if begun is None:
            return None
        entry = self._keys.known(begun["digest"])
        return entry.holder if entry and entry.scope is Scope.ADMIN else None

    async def end(self, session: str) -> None:
        """From now on the cookie opens nothing."""
        await self._ephemera.take(_name(session), now=self._clock())


def _name(session: str) -> str:
    return f"session#{hashlib.sha256(session.encode()).hexdigest()}"
