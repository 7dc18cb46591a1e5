"""What the cloud was asked lately, without tokens or secrets, so that tests can count calls."""

import itertools
from collections import Counter, deque
from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from withings_bridge.sandbox.mishaps import Planned

KEPT = 50_000
_ACCOUNT_HOST = "/oauth2_user/"
"""What the paths of the consent page begin with; it is on another host and outside the quota."""
_MINUTE = timedelta(minutes=1)
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

    @property
    def at_api_host(self) -> bool:
        return not self.path.startswith(_ACCOUNT_HOST)


class Answers(BaseModel):
    """How many calls ended alike."""

    action: str
    status: int | None
    error: str
    mishap: str | None
    calls: int


class Totals(BaseModel):
    """The calls of the API host in numbers. The consent page is not one of them."""

    calls: int
    busiest_minute: int = Field(
        description="The most calls that any 60 s saw, those that were refused included."
    )
    first_at: datetime | None = Field(description="When the first of them came.")
    last_at: datetime | None
    answers: list[Answers]


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

    @property
    def newest(self) -> int:
        """The id of the newest entry; 0 without any."""
        return self._entries[-1].id if self._entries else 0

    def last(self, count: int) -> list[Entry]:
        """The last so many, newest first."""
        return list(itertools.islice(reversed(self._entries), count))

    def totals(self, *, after: int = 0) -> Totals:
        """The numbers of those entries with a higher id than ``after``."""
        calls = [entry for entry in self.entries(after=after) if entry.at_api_host]
        alike = Counter((entry.action, entry.status, entry.error, entry.mishap) for entry in calls)
        moments = sorted(entry.at for entry in calls)
        return Totals(
            calls=len(calls),
            busiest_minute=_busiest(moments),
            first_at=moments[0] if moments else None,
            last_at=moments[-1] if moments else None,
            answers=[
                Answers(action=action, status=status, error=error, mishap=mishap, calls=count)
                for (action, status, error, mishap), count in alike.most_common()
            ],
        )

    def clear(self) -> None:
        self._entries.clear()


def _busiest(moments: list[datetime]) -> int:
    """The most of these moments, in ascending order, that lie within less than a minute."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= _MINUTE:
            first += 1
        most = max(most, last - first + 1)
    return most


def _without_secrets(parameters: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value.partition("?")[0] if name in _URLS else value
        for name, value in parameters.items()
        if name not in _SECRET and name != "action"
    }
