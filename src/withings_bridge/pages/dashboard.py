"""The dashboard: the whole bridge at a glance, one account in full, and the way of a reading.

Every page is whole without a script. With one, ``live.js`` asks for the page it shows once more when
``/dashboard/events`` says that something happened, and puts what has changed in its place.
"""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from withings_bridge.domain.entries import Entry, Part
from withings_bridge.domain.notifications import APPLIS
from withings_bridge.domain.trail import SUBJECTS, in_words
from withings_bridge.pages.moments import ago, ahead, clock_time, day, moment
from withings_bridge.pages.operators import Operators
from withings_bridge.pages.rendering import SAFE_HEADERS, Renderer
from withings_bridge.services.inbox.tending import LONGEST_NAME
from withings_bridge.services.oversight.explaining import Explaining
from withings_bridge.services.oversight.overseeing import MOST_STEPS, AccountSeen, Overseeing, Overview
from withings_bridge.services.pacing import Usage

LANES = {
    "live": ("Live", "news, and what somebody waits for"),
    "errand": ("Errands", "what nobody waits for"),
    "reconcile": ("Sweeps", "comparing with Withings"),
    "backfill": ("Imports", "histories of people who connected"),
}
"""What the lanes are called for people, and what they are for."""

SAID = {
    "replayed": "What was stuck is tried again now.",
    "dropped": "What was stuck is let go of.",
    "nothing": "Nothing of it is stuck any more.",
    "syncing": "A sync has begun; what it brings shows below.",
}
"""What a page says after somebody did something on it, by the word in its address."""


class Dashboard:
    """``/dashboard`` and the pages behind it, for operators; for everybody on an open server."""

    def __init__(
        self, renderer: Renderer, *, operators: Operators, overseeing: Overseeing, explaining: Explaining
    ) -> None:
        self._renderer = renderer
        self._operators = operators
        self._overseeing = overseeing
        self._explaining = explaining

    def routes(self) -> APIRouter:
        """All pages, each for those who may see it alone."""
        router = APIRouter(include_in_schema=False)
        only = self._operators.only
        router.add_api_route("/dashboard", only(self.page))
        router.add_api_route("/dashboard/find", only(self.find))
        router.add_api_route("/dashboard/accounts/{userid}", only(self.account))
        router.add_api_route("/dashboard/explain", only(self.explain))
        return router

    async def page(self, request: Request) -> Response:
        """``GET /dashboard?after=&show=``: accounts, calls and what happened; ``show=stuck``: only those
        accounts that need a person.
        """
        troubled = request.query_params.get("show") == "stuck"
        after = request.query_params.get("after", "")[:LONGEST_NAME] or None
        overview = await self._overseeing.overview(after=after, troubled=troubled)
        return self._renderer.page(
            "dashboard.html",
            overview=overview,
            troubled=troubled,
            first=after is None,
            following=_following(overview, troubled=troubled),
            usage=_lanes(overview.usage),
            **_words(request, overview),
        )

    async def find(self, request: Request) -> Response:
        """``GET /dashboard/find?named=``: to the account of that userid or user."""
        named = request.query_params.get("named", "").strip()
        if not named:
            return RedirectResponse("/dashboard", 303, SAFE_HEADERS)
        seen = await self._overseeing.account(named, steps=1)
        return RedirectResponse(account_address(seen.account.userid), 303, SAFE_HEADERS)

    async def account(self, request: Request) -> Response:
        """``GET /dashboard/accounts/{userid}?before=``: with ``before``, what happened earlier than that."""
        before = _time(request.query_params.get("before", ""))
        seen = await self._overseeing.account(request.path_params["userid"], before=before)
        earlier = seen.steps[-1].at.isoformat() if len(seen.steps) >= MOST_STEPS else ""
        return self._renderer.page(
            "account.html",
            seen=seen,
            applis=APPLIS,
            newest=before is None,
            earlier=quote(earlier),
            **_words(request, seen),
        )

    async def explain(self, request: Request) -> Response:
        """``GET /dashboard/explain?user=&day=``: why a reading of that day is not in the app; 400 for a day
        that is none.
        """
        user = request.query_params.get("user", "").strip()[:LONGEST_NAME]
        asked = request.query_params.get("day", "").strip()
        wrong = None
        explained = None
        try:
            chosen = date.fromisoformat(asked) if asked else None
        except ValueError:
            chosen, wrong = None, "That is no day; write it as 2026-01-15."
        if user and not wrong:
            explained = await self._explaining.explain(user, chosen)
        return self._renderer.page(
            "explain.html",
            status=400 if wrong else 200,
            user=user,
            asked=asked,
            wrong=wrong,
            explained=explained,
            moment=moment,
        )


def account_address(userid: str, said: str | None = None) -> str:
    """Where an account is shown, with a word about what was just done there."""
    query = f"?{urlencode({'said': said})}" if said else ""
    return f"/dashboard/accounts/{quote(userid, safe='')}{query}"


def _time(text: str) -> datetime | None:
    """The time that an address names; None where it names none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _called(entry: Entry) -> str:
    """What pending work is about, for people."""
    subject = SUBJECTS[entry.category].removeprefix("the ")
    return subject if entry.part is Part.LIVE else f"import of {subject}"


def _following(overview: Overview, *, troubled: bool) -> str | None:
    """The address of the next page."""
    if overview.after is None:
        return None
    query = {"after": overview.after} | ({"show": "stuck"} if troubled else {})
    return f"/dashboard?{urlencode(query)}"


def _lanes(usage: Usage) -> dict[str, Any]:
    """The hour's calls, for the template: by lane, with its share of the busiest."""
    most = max(usage.by_lane.values(), default=0) or 1
    return {
        "lanes": [
            (*LANES[lane], calls, round(100 * calls / most, 1)) for lane, calls in usage.by_lane.items()
        ],
        "total": usage.total,
        "share": usage.total / usage.hourly,
        "per_minute": usage.per_minute,
        "paused_until": usage.paused_until,
    }


def _words(request: Request, seen: Overview | AccountSeen) -> dict[str, Any]:
    now = seen.at
    return {
        "said": SAID.get(request.query_params.get("said", "")),
        "ago": lambda at: ago(at, now),
        "ahead": lambda at: ahead(at, now),
        "clock_time": lambda at: clock_time(at, now),
        "day": day,
        "moment": moment,
        "in_words": in_words,
        "address": account_address,
        "subjects": SUBJECTS,
        "called": _called,
    }
