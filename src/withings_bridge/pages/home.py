"""The home page: what this server is, is it well, which Withings does it talk to, who is linked."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from withings_bridge.domain.errors import StorageError
from withings_bridge.pages.moments import ago, ahead, day
from withings_bridge.pages.operators import Operators
from withings_bridge.pages.rendering import Renderer
from withings_bridge.pages.site import Site
from withings_bridge.services.clock import Clock
from withings_bridge.services.oversight.diagnosing import Ailment, Diagnosing
from withings_bridge.services.oversight.reporting import LinkedUser, Reporting

SHOWN = 50
"""Linked users on the page; the API lists them all."""

AILMENTS = {
    Ailment.STORE: "The store ({storage}) does not answer. Until it does, nobody can be connected, and "
    "Withings is asked to deliver its notifications again later.",
    Ailment.WORKER: "The worker stands still: what Withings announces is kept, but nobody fetches it. "
    "Restart this server; its log has the reason.",
    Ailment.CREDENTIALS: "Withings refuses this application, so nobody can be connected, and no tokens are "
    "renewed. Check WITHINGS_CLIENT_ID, WITHINGS_CLIENT_SECRET and WITHINGS_REDIRECT_URI; then restart this "
    "server.",
}
"""What is wrong, and what helps."""


class Home:
    """``/``, and its list of linked users for the script that keeps it current."""

    def __init__(
        self,
        site: Site,
        renderer: Renderer,
        *,
        operators: Operators,
        reporting: Reporting,
        diagnosing: Diagnosing,
        clock: Clock,
    ) -> None:
        self._storage = site.storage
        self._renderer = renderer
        self._operators = operators
        self._reporting = reporting
        self._diagnosing = diagnosing
        self._clock = clock

    async def page(self, request: Request) -> Response:
        """``GET /``. People are shown on an open server, and to operators."""
        health = await self._diagnosing.health()
        seeing = await self._operators.admits(request)
        users = await self._linked() if seeing and Ailment.STORE not in health.ailments else None
        return self._renderer.page(
            "home.html",
            reasons=[AILMENTS[each].format(storage=self._storage) for each in health.ailments],
            paused=ahead(health.paused_until, self._clock()) if health.paused_until else None,
            seeing=seeing,
            signed_out=False,
            **self._told(users),
        )

    async def links(self, request: Request) -> Response:
        """``GET /home/links``: the list alone, as HTML; 503, and a word in its place, without the store.
        401 for who may not see it.
        """
        if not await self._operators.admits(request):
            return self._renderer.page("links.html", status=401, signed_out=True, **self._told(None))
        users = await self._linked()
        status = 503 if users is None else 200
        return self._renderer.page("links.html", status=status, signed_out=False, **self._told(users))

    async def _linked(self) -> Sequence[LinkedUser] | None:
        try:
            return await self._reporting.linked_users(limit=SHOWN + 1)
        except StorageError:
            return None

    def _told(self, users: Sequence[LinkedUser] | None) -> dict[str, Any]:
        now = self._clock()
        return {
            "users": None if users is None else users[:SHOWN],
            "more": users is not None and len(users) > SHOWN,
            "ago": lambda moment: ago(moment, now),
            "day": day,
        }
