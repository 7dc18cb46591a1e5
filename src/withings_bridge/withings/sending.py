"""Sends one call through the given ``httpx.AsyncClient`` and reads the reply.

Every failure leaves as one WithingsError. Nothing is repeated here: whoever keeps the work decides when.
"""

from datetime import timedelta
from typing import Any, Protocol

import httpx

from withings_bridge.domain.errors import Malformed, RateLimited, RepeatedTooSoon, Transient, Unreachable
from withings_bridge.withings.protocol import Call, decode

TIMEOUT = httpx.Timeout(connect=5, read=20, write=20, pool=20)
"""Seconds; ``read`` and ``write`` count from byte to byte."""

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


class Sender:
    """Sends calls with a pace and explicit timeouts."""

    def __init__(self, http: httpx.AsyncClient, *, pace: Pace, timeout: httpx.Timeout) -> None:
        self._http = http
        self._pace = pace
        self._timeout = timeout

    async def send(self, call: Call) -> dict[str, Any]:
        """The body of Withings' reply, or one error of the tree.

        Causes are named by their class alone, not chained: httpx quotes the header it could not send.
        """
        headers = _HEADERS | call.headers()
        await self._pace.wait(call)
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
            response = await self._http.send(request, auth=None, follow_redirects=False)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(f"Withings cannot be reached ({type(error).__name__}).") from None
        except httpx.TimeoutException as error:
            raise Transient(f"Withings did not answer in time ({type(error).__name__}).") from None
        except httpx.DecodingError:
            raise Malformed("Withings answered with a compressed page that cannot be read.") from None
        except httpx.HTTPError as error:
            raise Transient(f"Withings cannot be reached ({type(error).__name__}).") from None
        try:
            return decode(
                response.status_code,
                response.headers.get("content-type"),
                response.content,
                response.headers,
                at_token_endpoint=call.at_token_endpoint,
            )
        except RepeatedTooSoon:
            raise  # about this call alone
        except RateLimited as error:
            await self._pace.slow_down(error.retry_after)
            raise
