"""What is done from the dashboard: replay, let go, sync; each a form, and back to the page it came from."""

from contextlib import suppress

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Part
from withings_bridge.domain.errors import BridgeError
from withings_bridge.pages.dashboard import account_address
from withings_bridge.pages.operators import MOST_BYTES, Operators
from withings_bridge.pages.rendering import SAFE_HEADERS
from withings_bridge.services.overseeing import Overseeing
from withings_bridge.services.requesting import Requesting
from withings_bridge.services.tending import Choice, Tending


class Deeds:
    """``/dashboard/replay``, ``/dashboard/drop`` and ``/dashboard/sync``."""

    def __init__(
        self, *, operators: Operators, overseeing: Overseeing, tending: Tending, requesting: Requesting
    ) -> None:
        self._operators = operators
        self._overseeing = overseeing
        self._tending = tending
        self._requesting = requesting

    def routes(self) -> APIRouter:
        """All of them, each for those who may see the dashboard alone."""
        router = APIRouter(include_in_schema=False)
        for name, deed in {"replay": self.replay, "drop": self.drop, "sync": self.sync}.items():
            router.add_api_route(f"/dashboard/{name}", self._operators.only(deed), methods=["POST"])
        return router

    async def replay(self, request: Request) -> Response:
        """``POST /dashboard/replay`` with ``account``, ``category`` and ``part``; without the last two, all
        of the account that is stuck.
        """
        account, choice = await _chosen(request)
        tended = await self._tending.replay(account, choice)
        return _back(tended.pending.account.userid, "replayed" if tended.chosen else "nothing")

    async def drop(self, request: Request) -> Response:
        """``POST /dashboard/drop``, as ``replay``."""
        account, choice = await _chosen(request)
        tended = await self._tending.drop(account, choice)
        return _back(tended.pending.account.userid, "dropped" if tended.chosen else "nothing")

    async def sync(self, request: Request) -> Response:
        """``POST /dashboard/sync`` with ``account``: begins a sync, which goes on behind the reply."""
        account, _ = await _chosen(request)
        seen = await self._overseeing.account(account, steps=1)
        user = min(seen.account.users)
        return _back(seen.account.userid, "syncing", BackgroundTask(self._synced, user))

    async def _synced(self, user: str) -> None:
        with suppress(BridgeError):  # the page shows what became of it
            await self._requesting.sync(user)


async def _chosen(request: Request) -> tuple[str, Choice]:
    """Which account, and what of it. A category that is none of ours chooses nothing."""
    form = await request.form(max_files=0, max_fields=5, max_part_size=MOST_BYTES)
    category, part = str(form.get("category", "")), str(form.get("part", ""))
    choice = Choice(
        categories=(Category(category),) if category in set(Category) else (),
        part=Part(part) if part in set(Part) else None,
    )
    return str(form.get("account", "")), choice


def _back(userid: str, said: str, afterwards: BackgroundTask | None = None) -> Response:
    return RedirectResponse(account_address(userid, said), 303, SAFE_HEADERS, background=afterwards)
