"""Tell the realtime gateway that a user's data changed, so that an open app refreshes itself.

That Withings wants a consent anew is news in the same shape, with a word more in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import httpx
import structlog

from withings_bridge import tracing
from withings_bridge.tracing import Kind, Span

log = structlog.get_logger()

TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a word to the gateway."""

    told: bool = False
    """Whether it took the news. Where none is configured nobody did."""
    reason: str | None = None
    """Why it did not."""


class RealtimeGateway(Protocol):
    """Where an open app listens."""

    async def publish(self, user: str, *, at: datetime, consent_needed: bool = False) -> Heard:
        """Say that the user's data changed, or that Withings wants their consent anew.

        Never raises: an app that is not told asks later.
        """


class NoGateway:
    """Tells nobody, where no gateway is configured."""

    async def publish(self, user: str, *, at: datetime, consent_needed: bool = False) -> Heard:
        """Do nothing."""
        del user, at, consent_needed
        return Heard()


class HttpGateway:
    """The realtime gateway of Vitals7."""

    def __init__(self, http: httpx.AsyncClient, *, url: str, secret: str) -> None:
        self._http = http
        self._url = f"{url.rstrip('/')}/internal/publish"
        self._secret = secret

    async def publish(self, user: str, *, at: datetime, consent_needed: bool = False) -> Heard:
        """See ``RealtimeGateway``."""
        data: dict[str, object] = {
            "at": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        }
        if consent_needed:
            data["consentNeeded"] = True
        message = {"userId": user, "type": "vitals7_refresh", "source": "withings", "data": data}
        with tracing.span("tell gateway", kind=Kind.CLIENT) as here:
            try:
                await self._post(message, here)
            except Exception as error:  # noqa: BLE001 - whatever it is, a sync must not fail of it
                log.warning("gateway not told", user=user, reason=type(error).__name__)
                here.fail(type(error).__name__)
                return Heard(reason=type(error).__name__)
        return Heard(told=True)

    async def _post(self, message: Mapping[str, object], here: Span) -> None:
        headers = {"X-Gateway-Secret": self._secret}
        if parent := tracing.traceparent():
            headers["traceparent"] = parent
        response = await self._http.post(self._url, json=message, headers=headers, timeout=TIMEOUT_SECONDS)
        here.say({"http.response.status_code": response.status_code})
        response.raise_for_status()
