"""What the cloud was asked lately, without tokens or secrets, so that tests can count calls."""

import itertools
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import BaseModel

_KEPT = 5000
_SECRET = frozenset(
    {"access_token", "client_secret", "code", "csrf_token", "nonce", "refresh_token", "signature"}
)
_URLS = frozenset({"callbackurl", "new_callbackurl", "redirect_uri"})


class Entry(BaseModel):
    """One request that the pretend cloud received."""

    id: int
    at: datetime
    method: str
    path: str
    action: str
    parameters: dict[str, str]
    """Without tokens, codes and secrets; URLs are shown without their query."""
    userid: int | None
    status: int
    """Withings' status in the envelope; for pages, the HTTP status."""


class Journal:
    """The last requests, oldest first; in memory only."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._ids = itertools.count(1)

    def note(
        self,
        *,
        at: datetime,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        userid: int | None,
        status: int,
    ) -> None:
        self._entries.append(
            Entry(
                id=next(self._ids),
                at=at,
                method=method,
                path=path,
                action=parameters.get("action", ""),
                parameters=_without_secrets(parameters),
                userid=userid,
                status=status,
            )
        )

    def entries(self, *, after: int = 0) -> Iterable[Entry]:
        """Those with a higher id than ``after``, oldest first."""
        return [entry for entry in self._entries if entry.id > after]

    def clear(self) -> None:
        self._entries.clear()


def _without_secrets(parameters: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value.partition("?")[0] if name in _URLS else value
        for name, value in parameters.items()
        if name not in _SECRET and name != "action"
    }
