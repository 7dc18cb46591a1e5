"""What the cloud was asked lately, without tokens or secrets, so that tests can count calls."""

import itertools
from collections import deque
from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, Field

from withings_bridge.sandbox.mishaps import Planned

KEPT = 50_000
_SECRET = frozenset(
    {"access_token", "client_secret", "code", "csrf_token", "nonce", "refresh_token", "signature"}
)
_URLS = frozenset({"callbackurl", "new_callbackurl", "redirect_uri"})


class Entry(BaseModel):
    """One request that the pretend cloud received, noted when its work was done."""

    id: int
    at: datetime = Field(description="When it took its place in the quota, to the microsecond.")
    method: str
    path: str
    action: str
    parameters: dict[str, str] = Field(
        description="Without tokens, codes and secrets; URLs are shown without their query."
    )
    userid: int | None = Field(description="Whose token or code was sent, good or not.")
    status: int | None = Field(
        description="Withings' status in the envelope, also of a reply that a mishap lost; for pages and for "
        "the front end, the HTTP status; null where a mishap left no reply."
    )
    error: str = Field(description="Withings' text beside the status; empty on success.")
    mishap: str | None = Field(description="The kind of the mishap that hit the call.")
    mishap_id: int | None


class Journal:
    """The last requests, oldest first; in memory only."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._ids = itertools.count(1)

    def note(
        self,
        *,
        at: datetime,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        userid: int | None,
        status: int | None,
        error: str = "",
        mishap: Planned | None = None,
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
                error=error,
                mishap=mishap.mishap.kind if mishap else None,
                mishap_id=mishap.id if mishap else None,
            )
        )

    def entries(self, *, after: int = 0) -> list[Entry]:
        """Those with a higher id than ``after``, oldest first."""
        newer = itertools.takewhile(lambda entry: entry.id > after, reversed(self._entries))
        return list(newer)[::-1]

    def last(self, count: int) -> list[Entry]:
        """The last so many, newest first."""
        return list(itertools.islice(reversed(self._entries), count))

    def clear(self) -> None:
        self._entries.clear()


def _without_secrets(parameters: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value.partition("?")[0] if name in _URLS else value
        for name, value in parameters.items()
        if name not in _SECRET and name != "action"
    }
