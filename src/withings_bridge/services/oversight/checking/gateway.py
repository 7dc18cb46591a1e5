"""Whether the realtime gateway can be reached."""

from collections.abc import Sequence

import httpx

from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.services.oversight.checking.asking import Silence, ask
from withings_bridge.services.oversight.checking.rules import shown

NAME = "realtime gateway"
WITHIN_SECONDS = 5.0
BROKEN = 500


class TheGateway:
    """Asks for its front page: that it takes our secret only shows with news. ``url`` empty: none is set."""

    name = NAME

    def __init__(self, http: httpx.AsyncClient, *, url: str) -> None:
        self._http = http
        self._url = url
        self._shown = shown(url)

    async def look(self) -> Sequence[Checkup]:
        """See ``Check``."""
        if not self._url:
            return [Checkup(NAME, Result.OK, "None is set: apps see news when they ask for it.")]
        mend = (
            "Look at VITALS_REALTIME_GATEWAY_URL; until it answers, apps see news only when they ask for it."
        )
        try:
            answer = await ask(self._http, "GET", self._url, within=WITHIN_SECONDS)
        except Silence as reason:
            return [Checkup(NAME, Result.WRONG, f"{self._shown} cannot be reached: {reason}.", mend)]
        if answer.status >= BROKEN:
            return [Checkup(NAME, Result.WRONG, f"{self._shown} answers with {answer.status}.", mend)]
        seen = f"{self._shown} answers; whether it takes our secret shows with the next news."
        return [Checkup(NAME, Result.OK, seen)]
