"""Whether people come back from Withings' consent page to this bridge."""

from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from withings_bridge.domain.checkups import Checkup, Result
from withings_bridge.services.oversight.checking.rules import broken, is_loopback, shown
from withings_bridge.services.oversight.checking.running import START, Running, is_bridge

NAME = "redirect URI"
PATH = "/callback"

REGISTER = "Register an https address with Withings, letter by letter, and set WITHINGS_REDIRECT_URI to it."


class TheRedirect:
    """Looks at the redirect URI, and asks whether a bridge answers at its host."""

    name = NAME

    def __init__(self, http: httpx.AsyncClient, *, url: str, sandbox: bool, running: Running) -> None:
        self._http = http
        self._url = url
        self._shown = shown(url)
        self._sandbox = sandbox
        self._running = running

    async def look(self) -> Sequence[Checkup]:
        """See ``Check``."""
        found = [*self._by_itself(), *await self._host()]
        registered = "" if self._sandbox else "; it must stand so among those registered with Withings"
        return found or [Checkup(NAME, Result.OK, f"{self._shown} leads to this bridge{registered}.")]

    def _by_itself(self) -> list[Checkup]:
        found = []
        path = urlsplit(self._url).path
        if path != PATH:
            seen = f"Its path is {path or '/'}, and the bridge takes people back at {PATH}."
            mend = f"End WITHINGS_REDIRECT_URI in {PATH}, unless a proxy in front changes the path."
            found.append(Checkup(NAME, Result.WARNING, seen, mend))
        if self._sandbox:
            return found
        if is_loopback(self._url):
            seen = (
                f"{self._shown} takes browsers of this machine alone back; Withings has it for development."
            )
            found.append(Checkup(NAME, Result.WARNING, seen, REGISTER))
        elif reasons := broken(self._url):
            # The code that makes a link travels there.
            result = Result.WARNING if urlsplit(self._url).scheme == "https" else Result.WRONG
            found.append(Checkup(NAME, result, f"{self._shown}: {', '.join(reasons)}.", REGISTER))
        return found

    async def _host(self) -> list[Checkup]:
        if await is_bridge(self._http, self._url):
            return []
        host = urlsplit(self._shown).netloc
        seen = f"No bridge answers at {host}, where people come back to."
        if await self._running.here():
            mend = f"Lead {host} to this bridge, or set WITHINGS_REDIRECT_URI to an address that does."
            return [Checkup(NAME, Result.WRONG, seen, mend)]
        return [Checkup(NAME, Result.UNKNOWN, seen, START)]
