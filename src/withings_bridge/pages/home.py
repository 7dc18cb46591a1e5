"""The home page: is the server well, which Withings does it talk to, who is linked."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from withings_bridge.domain.errors import StorageError
from withings_bridge.pages.moments import ago, day
from withings_bridge.pages.operators import Operators
from withings_bridge.pages.rendering import Renderer
from withings_bridge.services.clock import Clock
from withings_bridge.services.reporting import LinkedUser, Reporting

SHOWN = 50
"""Linked users on the page; the API lists them all."""


class Home:
    """``/``, and its list of linked users for the script that keeps it current."""

    def __init__(
        self,
        renderer: Renderer,
        *,
        operators: Operators,
        reporting: Reporting,
        clock: Clock,
    ) -> None:
        self._renderer = renderer
        self._operators = operators
        self._reporting = reporting
        self._clock = clock

    async def page(self, request: Request) -> Response:
        """``GET /``. People are shown on an open server, and to operators."""
        healthy = await self._reporting.store_answers()
        seeing = await self._operators.admits(request)
        users = await self._linked() if seeing and healthy else None
        return self._renderer.page(
            "home.html", healthy=healthy, seeing=seeing, signed_out=False, **self._told(users)
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
