"""The public keys of a user pool, as it publishes them: a JSON Web Key Set (RFC 7517)."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from withings_bridge.domain.errors import IdentityUnavailable
from withings_bridge.services.clock import Clock

log = structlog.get_logger()

FRESH = timedelta(hours=1)
"""How long a set serves before the pool is asked again."""

KEPT = timedelta(hours=24)
"""How long a set goes on serving while the pool gives no other."""

PAUSE = timedelta(seconds=10)
"""Between two fetches, so that made-up key ids cannot make us hammer the pool."""

TIMEOUT = timedelta(seconds=5)
"""For a whole fetch, however its answer drips."""

MOST_BYTES = 64 * 1024
"""Cognito's sets have about one thousand."""

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "withings-bridge"}


class KeySetUnusable(Exception):
    """The answer is no key set; the message says why, and quotes nothing of it."""


class Jwks:
    """The keys of one pool, fetched when they are wanted and kept for as long as they serve."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, *, clock: Clock, timeout: timedelta = TIMEOUT
    ) -> None:
        self._http = http
        self._url = url
        self._clock = clock
        self._timeout = timeout
        self._keys: dict[str, RSAKey] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failing = False
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> RSAKey | None:
        """The key of this id; None where the pool has none.

        The pool is asked when the id is unknown or the set no longer fresh, once for all who wait. A pool
        in trouble delays nobody whose key is at hand. Raises IdentityUnavailable where only the pool could
        tell, and does not.
        """
        known = kid in self._keys and self._within(KEPT, self._fetched_at)
        if not known or not self._within(FRESH, self._fetched_at):
            fetching = self._fetch()
            if fetching and not (known and self._failing):
                await asyncio.shield(fetching)  # it is not only this caller's
        key = self._keys.get(kid)
        if not self._within(KEPT, self._fetched_at) or (key is None and self._failing):
            raise IdentityUnavailable
        return key

    def _within(self, span: timedelta, since: datetime | None) -> bool:
        """Whether it happened so lately. A clock that was set back makes nothing last longer."""
        return since is not None and timedelta() <= self._clock() - since < span

    def _fetch(self) -> asyncio.Task[None] | None:
        """The fetch that is under way, or a new one; None where the last was just now."""
        if self._fetching is None and not self._within(PAUSE, self._tried_at):
            self._fetching = asyncio.create_task(self._renew(), name="jwks")
        return self._fetching

    async def _renew(self) -> None:
        """Take the pool's set in place of ours, whole; keep ours where it gives none."""
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                self._keys = keys_in(await self._body())
        except (httpx.HTTPError, TimeoutError, KeySetUnusable) as error:
            self._failing = True
            reason = str(error) if isinstance(error, KeySetUnusable) else type(error).__name__
            log.warning("keys of the user pool not fetched", reason=reason)
        else:
            self._failing = False
            self._fetched_at = self._clock()
        finally:
            self._tried_at = self._clock()
            self._fetching = None

    async def _body(self) -> bytes:
        """What the pool answers, if it can be a key set by its status and size."""
        # A request of its own, so that no cookie of the shared client travels; raw, so that nothing unpacks.
        request = httpx.Request("GET", self._url, headers=_HEADERS)
        response = await self._http.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            if response.status_code != 200:  # noqa: PLR2004 - an HTTP status
                raise KeySetUnusable(f"status {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise KeySetUnusable(f"more than {MOST_BYTES} bytes")
            return bytes(body)
        finally:
            await response.aclose()


def keys_in(body: bytes) -> dict[str, RSAKey]:
    """The keys that sign by RS256, by their ids; others may stand beside them. Raises KeySetUnusable."""
    try:
        published = json.loads(body)
    except (ValueError, RecursionError):
        raise KeySetUnusable("no JSON") from None
    entries = published.get("keys") if isinstance(published, dict) else None
    if not isinstance(entries, list):
        raise KeySetUnusable("no key set")
    keys = {key.kid: key for key in map(_signing_key, entries) if key and key.kid}
    if not keys:
        raise KeySetUnusable("no key for RS256")
    return keys


def _signing_key(entry: Any) -> RSAKey | None:
    if not isinstance(entry, dict) or entry.get("kty") != "RSA" or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("use", "sig") != "sig" or entry.get("alg", "RS256") != "RS256":
        return None
    try:
        return RSAKey.import_key({name: entry[name] for name in ("kty", "kid", "n", "e")})
    except (JoseError, KeyError, ValueError):
        return None
