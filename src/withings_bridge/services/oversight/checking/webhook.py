"""Whether Withings can announce news: the callback URL by its rules, and asked as Withings asks it.

Withings probes it with HEAD before it subscribes, and waits two seconds for each answer. The secret in it
is sent, and never told.
"""

from collections.abc import Sequence

import httpx

from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.services.oversight.checking.asking import Answer, Silence, ask
from withings_bridge.services.oversight.checking.rules import MOST_LETTERS, broken, shown
from withings_bridge.services.oversight.checking.running import START, Running

NAME = "webhook URL"

WITHIN_SECONDS = 5.0
IN_TIME_SECONDS = 2.0
"""Withings waits no longer."""

FORBIDDEN, NO_METHOD, REDIRECTS = 403, 405, range(300, 400)


class TheWebhook:
    """Looks at the callback URL, and sends a HEAD and an empty POST there.

    ``callback_url`` None: none is configured. ``allow_list``: only Withings' addresses may call.
    """

    name = NAME

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        callback_url: str | None,
        sandbox: bool,
        allow_list: bool,
        running: Running,
    ) -> None:
        self._http = http
        self._callback_url = callback_url
        self._sandbox = sandbox
        self._allow_list = allow_list
        self._running = running

    async def look(self) -> Sequence[Checkup]:
        """See ``Check``."""
        url = self._callback_url
        if url is None:
            seen = "None is set, so Withings announces nothing, and readings come with the next sweep alone."
            return [
                Checkup(NAME, Result.WARNING, seen, "Set WITHINGS_WEBHOOK_URL to a public https address.")
            ]
        found = [] if self._sandbox else _by_itself(url)
        for method in ("HEAD", "POST"):
            if trouble := await self._asked(method, url):
                return [*found, trouble]
        letters = f"; with its query it has {len(url)} of {MOST_LETTERS} letters"
        well = f"{shown(url)} answers HEAD and POST in time{letters}."
        return found or [Checkup(NAME, Result.OK, well)]

    async def _asked(self, method: str, url: str) -> Checkup | None:
        try:
            answer = await ask(self._http, method, url, within=WITHIN_SECONDS)
        except Silence as reason:
            return await self._unanswered(f"{shown(url)} did not answer {method}: {reason}.")
        if answer.ok:
            if answer.seconds <= IN_TIME_SECONDS:
                return None
            took = f"took {answer.seconds:.1f} s for {method}"
            seen = f"{shown(url)} {took}; Withings waits {IN_TIME_SECONDS:g} s."
            return Checkup(NAME, Result.WRONG, seen, "Look what holds it up: a proxy, or the store.")
        if answer.status == FORBIDDEN and self._allow_list:
            seen = f"{shown(url)} refuses our address, as WITHINGS_WEBHOOK_ALLOW_LIST has it."
            return Checkup(NAME, Result.UNKNOWN, seen, "Have Withings' developer dashboard test the URL.")
        if answer.status in {502, 503, 504}:
            return await self._unanswered(f"{shown(url)} answered {method} with {answer.status}.")
        return Checkup(
            NAME, Result.WRONG, f"{shown(url)} answered {method} with {answer.status}.", _way_out(answer)
        )

    async def _unanswered(self, seen: str) -> Checkup:
        if await self._running.here():
            mend = "Lead that address to this bridge, by a certificate that is trusted everywhere."
            return Checkup(NAME, Result.WRONG, seen, mend)
        return Checkup(NAME, Result.UNKNOWN, seen, START)


def _by_itself(url: str) -> list[Checkup]:
    reasons = broken(url)
    if not reasons:
        return []
    seen = f"Withings would not take {shown(url)}: {', '.join(reasons)}."
    mend = "Set WITHINGS_WEBHOOK_URL to a public https address on port 443, of a name in DNS."
    return [Checkup(NAME, Result.WRONG, seen, mend)]


def _way_out(answer: Answer) -> str:
    if answer.status == FORBIDDEN:
        return (
            "Give the bridge that answers there the same WITHINGS_WEBHOOK_SECRET, or look at what guards it."
        )
    if answer.status == NO_METHOD:
        return "Have whatever is in front of the bridge let HEAD and POST through."
    if answer.status in REDIRECTS:
        return "Set WITHINGS_WEBHOOK_URL to the address that it redirects to; Withings wants no redirect."
    return "Lead that address to the path /webhook/withings of this bridge."
