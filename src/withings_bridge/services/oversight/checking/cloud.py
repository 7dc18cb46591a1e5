"""Whether Withings can be reached, whether it knows our application, and whether our clock goes right.

One plain request, which names no application and so costs nothing of its budget, and one signed call that
gives a nonce: its signature shows whether Withings and we have the same client id and secret.
"""

from collections.abc import Sequence
from datetime import timedelta

import httpx

from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.domain.errors import (
    Malformed,
    NotImplementedByWithings,
    RateLimited,
    Transient,
    WithingsError,
)
from withings_bridge.services.clock import Clock
from withings_bridge.services.oversight.checking.asking import Answer, Silence, ask
from withings_bridge.services.oversight.checking.rules import shown
from withings_bridge.withings import WithingsOAuth

CLOUD, CREDENTIALS, CLOCK = "Withings", "credentials", "clock"

WITHIN_SECONDS = 10.0

OUT_OF_STEP = timedelta(seconds=30)
"""So far off is too much for a clock that is set by the network."""

REFUSED = timedelta(minutes=5)
"""So far off, Withings may refuse what is signed. It does not publish how far."""

WHY_THE_CLOCK = "by it tokens are refreshed in time, signed calls are dated, and days begin and end"


class TheCloud:
    """Asks Withings twice."""

    name = CLOUD

    def __init__(
        self, http: httpx.AsyncClient, *, oauth: WithingsOAuth, api_url: str, sandbox: bool, clock: Clock
    ) -> None:
        self._http = http
        self._oauth = oauth
        self._api_url = api_url
        self._shown = shown(api_url)
        self._sandbox = sandbox
        self._clock = clock

    async def look(self) -> Sequence[Checkup]:
        """See ``Check``."""
        before = self._clock()
        try:
            answer = await ask(self._http, "GET", self._api_url, within=WITHIN_SECONDS)
        except Silence as reason:
            unasked = Checkup(CREDENTIALS, Result.UNKNOWN, f"{CLOUD} was not reached.")
            return [self._unreached(reason), unasked]
        now = before + (self._clock() - before) / 2
        skew = now - answer.date if answer.date else None
        return [self._reached(answer), _clock(skew), await self._credentials(skew)]

    def _unreached(self, reason: Silence) -> Checkup:
        if self._sandbox:
            seen = f"The sandbox does not answer at {self._shown}: it runs beside the bridge."
            return Checkup(CLOUD, Result.UNKNOWN, seen, "Start the bridge with `withings-bridge serve`.")
        seen = f"{self._shown} cannot be reached: {reason}."
        mend = "Look at WITHINGS_API_URL, and whether this machine may reach the internet."
        return Checkup(CLOUD, Result.WRONG, seen, mend)

    def _reached(self, answer: Answer) -> Checkup:
        name = "The sandbox" if self._sandbox else self._shown
        return Checkup(CLOUD, Result.OK, f"{name} answers, in {answer.seconds * 1000:.0f} ms.")

    async def _credentials(self, skew: timedelta | None) -> Checkup:
        try:
            await self._oauth.nonce()
        except (RateLimited, Transient, Malformed) as error:
            return Checkup(CREDENTIALS, Result.UNKNOWN, f"{error}", "Run this again in a minute.")
        except NotImplementedByWithings as error:
            return Checkup(
                CREDENTIALS, Result.WRONG, f"{error}", "Set WITHINGS_API_URL to Withings' API host."
            )
        except WithingsError as error:
            return Checkup(CREDENTIALS, Result.WRONG, f"{error}", _as_in_the_dashboard(skew))
        whose = "the sandbox's own" if self._sandbox else "WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET"
        return Checkup(CREDENTIALS, Result.OK, f"Withings takes {whose}.")


def _as_in_the_dashboard(skew: timedelta | None) -> str:
    if skew is not None and abs(skew) >= REFUSED:
        return "Set the clock first: a signature with a wrong time is refused, too."
    return (
        "Set WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET as Withings' developer dashboard shows them, of "
        "an application in the cloud of WITHINGS_API_URL."
    )


def _clock(skew: timedelta | None) -> Checkup:
    if skew is None:
        return Checkup(CLOCK, Result.UNKNOWN, "Withings did not say what time it is.")
    seconds = round(skew.total_seconds())
    if abs(skew) < OUT_OF_STEP:
        return Checkup(CLOCK, Result.OK, f"It agrees with Withings' within {max(2, abs(seconds))} s.")
    way = "fast" if seconds > 0 else "slow"
    seen = f"It is {abs(seconds)} s {way} by Withings'; {WHY_THE_CLOCK}."
    result = Result.WRONG if abs(skew) >= REFUSED else Result.WARNING
    return Checkup(CLOCK, result, seen, "Have this machine's time set by the network (NTP).")
