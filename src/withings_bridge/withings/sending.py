"""Sends one call through the given ``httpx.AsyncClient`` and reads the reply.

Every failure leaves as one WithingsError. Nothing is repeated here: whoever keeps the work decides when.
"""

import time
from datetime import timedelta
from typing import Any, Protocol

import httpx

from withings_bridge import tracing
from withings_bridge.domain.errors import (
    Malformed,
    RateLimited,
    RepeatedTooSoon,
    Transient,
    Unreachable,
    WithingsError,
)
from withings_bridge.tracing import Kind
from withings_bridge.withings.protocol import Call, decode
from withings_bridge.withings.statuses import OK

TIMEOUT = httpx.Timeout(connect=5, read=20, write=20, pool=20)
"""Seconds; ``read`` and ``write`` count from byte to byte."""

NO_ANSWER = "no answer"
"""Instead of the status of a call that left, and that was not answered."""

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "withings-bridge",
}


class Pace(Protocol):
    """Where a shared quota plugs in."""

    async def wait(self, call: Call) -> None:
        """Return when the call may be sent; raise RateLimited where that is too far away."""

    async def slow_down(self, wait: timedelta | None) -> None:
        """Withings refused a call for the sake of the quota, and said how long to wait, or did not."""


class Unpaced:
    """Lets every call go at once."""

    async def wait(self, call: Call) -> None:
        """Do nothing."""

    async def slow_down(self, wait: timedelta | None) -> None:
        """Do nothing."""


class Meter(Protocol):
    """Where somebody counts the calls."""

    def waited(self, seconds: float) -> None:
        """A call waited so long until it could leave."""

    def put_off(self, service: str) -> None:
        """A call could not leave."""

    def called(self, service: str, action: str, status: int | str, seconds: float) -> None:
        """A call was answered with this status, or ended without one, which a word says."""


class Unmetered:
    """Counts nothing."""

    def waited(self, seconds: float) -> None:
        """Do nothing."""

    def put_off(self, service: str) -> None:
        """Do nothing."""

    def called(self, service: str, action: str, status: int | str, seconds: float) -> None:
        """Do nothing."""


class Sender:
    """Sends calls with a pace and explicit timeouts."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        pace: Pace | None = None,
        meter: Meter | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        self._http = http
        self._pace = pace or Unpaced()
        self._meter = meter or Unmetered()
        self._timeout = timeout

    async def send(self, call: Call) -> dict[str, Any]:
        """The body of Withings' reply, or one error of the tree."""
        headers = _HEADERS | call.headers()
        began = time.perf_counter()
        try:
            await self._pace.wait(call)
        except RateLimited:
            self._meter.put_off(call.service)
            raise
        left = time.perf_counter()
        self._meter.waited(left - began)
        response: httpx.Response | None = None
        status: int | str = NO_ANSWER
        about = {"withings.service": call.service, "withings.action": call.action}
        with tracing.span(f"Withings {call.action}", about, kind=Kind.CLIENT) as here:
            try:
                response = await self._post(call, headers)
                body = decode(
                    response.status_code,
                    response.headers.get("content-type"),
                    response.content,
                    response.headers,
                    at_token_endpoint=call.at_token_endpoint,
                )
            except WithingsError as error:
                status = _told(error, response)
                if isinstance(error, RateLimited) and not isinstance(error, RepeatedTooSoon):
                    # The other is about this call alone.
                    await self._pace.slow_down(error.retry_after)
                raise
            else:
                status = OK
                return body
            finally:
                self._meter.called(call.service, call.action, status, time.perf_counter() - left)
                here.say({"withings.status": status})

    async def _post(self, call: Call, headers: dict[str, str]) -> httpx.Response:
        """Whatever Withings answers, or one error of the tree.

        Causes are named by their class alone, not chained: httpx quotes the header it could not send.
        """
        # A request of our own rather than ``http.post``: the client's cookies, headers and login belong to
        # whoever made it, and a cookie that Withings set for one user must not travel with another.
        request = httpx.Request(
            "POST",
            call.url,
            data=call.form(),
            headers=headers,
            extensions={"timeout": self._timeout.as_dict()},
        )
        try:
            return await self._http.send(request, auth=None, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(f"Withings cannot be reached ({type(error).__name__}).") from None
        except httpx.TimeoutException as error:
            raise Transient(f"Withings did not answer in time ({type(error).__name__}).") from None
        except httpx.DecodingError:
            raise Malformed("Withings answered with a compressed page that cannot be read.") from None
        except httpx.HTTPError as error:
            raise Transient(f"Withings cannot be reached ({type(error).__name__}).") from None


def _told(error: WithingsError, response: httpx.Response | None) -> int | str:
    """How a failed call ended, for a meter."""
    if error.status:
        return error.status
    if response is not None and not response.is_success:
        return f"http {response.status_code}"
    if isinstance(error, Malformed):
        return "malformed"
    return "unreachable" if isinstance(error, Unreachable) else NO_ANSWER
