"""What is done from the dashboard: replay, let go, sync; each a form, and back to the page it came from."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from withings_bridge.domain.categories import Category
from withings_bridge.domain.entries import Part
from withings_bridge.domain.errors import BridgeError
from withings_bridge.pages.dashboard import account_address
from withings_bridge.pages.operators import MOST_BYTES, Operators
from withings_bridge.pages.rendering import SAFE_HEADERS
from withings_bridge.services.inbox.requesting import Requesting
from withings_bridge.services.inbox.tending import Choice, Tended, Tending

SOON = timedelta(seconds=1)
"""Nobody waits for a sync that a page began: it goes on in the inbox."""


class Deeds:
    """``/dashboard/replay``, ``/dashboard/drop`` and ``/dashboard/sync``."""

    def __init__(self, *, operators: Operators, tending: Tending, requesting: Requesting) -> None:
        self._operators = operators
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
        return await self._tend(request, self._tending.replay, "replayed")

    async def drop(self, request: Request) -> Response:
        """``POST /dashboard/drop``, as ``replay``."""
        return await self._tend(request, self._tending.drop, "dropped")

    async def sync(self, request: Request) -> Response:
        """``POST /dashboard/sync`` with ``account``: begins a sync, which goes on behind the reply."""
        form = await _form(request)
        account = (await self._tending.show(form.get("account", ""))).account
        user = min(account.users)
        return _back(account.userid, "syncing", BackgroundTask(self._synced, user))

    async def _tend(
        self, request: Request, tend: Callable[[str, Choice], Awaitable[Tended]], done: str
    ) -> Response:
        form = await _form(request)
        named, choice = form.get("account", ""), _choice(form)
        if choice is None:
            pending = await self._tending.show(named)
            return _back(pending.account.userid, "nothing")
        tended = await tend(named, choice)
        return _back(tended.pending.account.userid, done if tended.chosen else "nothing")

    async def _synced(self, user: str) -> None:
        with suppress(BridgeError):  # the page shows what became of it
            await self._requesting.sync(user, patience=SOON)


async def _form(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=5, max_part_size=MOST_BYTES)
    return {name: value for name, value in form.items() if isinstance(value, str) and value}


def _choice(form: Mapping[str, str]) -> Choice | None:
    """What is meant; None where it is named by a word that we do not know, as a page of a newer bridge may
    have been drawn: an empty choice would mean everything.
    """
    category, part = form.get("category"), form.get("part")
    if category not in {None, *Category} or part not in {None, *Part}:
        return None
    return Choice(categories=(Category(category),) if category else (), part=Part(part) if part else None)


def _back(userid: str, said: str, afterwards: BackgroundTask | None = None) -> Response:
    return RedirectResponse(account_address(userid, said), 303, SAFE_HEADERS, background=afterwards)
