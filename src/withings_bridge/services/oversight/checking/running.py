"""Whether a bridge runs here: some checks can be made beside one alone."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.services.oversight.checking.asking import Silence, ask

NAME = "bridge"
WITHIN_SECONDS = 5.0

OF_A_BRIDGE = frozenset({200, 421})
"""What ``/health`` answers, the second where only loopback names are served and this one is not."""

START = "Start it with `withings-bridge serve`, and run this again."


class Running:
    """Asks the bridge at its own port, as this environment has it."""

    name = NAME

    def __init__(self, http: httpx.AsyncClient, *, url: str) -> None:
        self._http = http
        self._url = url

    async def look(self) -> Sequence[Checkup]:
        """See ``Check``. That none runs is no fault."""
        if await self.here():
            return [Checkup(NAME, Result.OK, f"One runs at {self._url}.")]
        return [Checkup(NAME, Result.UNKNOWN, f"None runs at {self._url}.", START)]

    async def here(self) -> bool:
        """Whether one answers."""
        return await is_bridge(self._http, self._url)


async def is_bridge(http: httpx.AsyncClient, url: str) -> bool:
    """Whether a bridge answers at the origin of this address."""
    parts = urlsplit(url)
    try:
        answer = await ask(http, "GET", f"{parts.scheme}://{parts.netloc}/health", within=WITHIN_SECONDS)
    except Silence:
        return False
    return answer.status in OF_A_BRIDGE
