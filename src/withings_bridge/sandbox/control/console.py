"""The page where a person plays with the sandbox: one person at a time, and what passes meanwhile.

Whole without a script; with one it keeps itself current (``/sandbox/events``). What its forms do is in
``forms``.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response

from withings_bridge.sandbox.control import people
from withings_bridge.sandbox.control.kept import KeptShown, latest
from withings_bridge.sandbox.control.refusals import Refusal
from withings_bridge.sandbox.control.troubles import others, troubles
from withings_bridge.sandbox.control.words import of_delivery, of_request
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.same_origin import is_loopback
from withings_bridge.sandbox.templating import page
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Service

router = APIRouter(prefix="/sandbox", include_in_schema=False)

PASSED = 8
"""So many calls, and so many notifications, are shown."""

LATEST = 5
"""So many records of each service."""

TITLES = {Service.MEASURES: "Measures", Service.NIGHTS: "Nights", Service.ACTIVITY: "Days"}


@dataclass(frozen=True, slots=True)
class Shelf:
    """The latest records of a service, and how many there are."""

    title: str
    latest: list[KeptShown]
    count: int


@router.get("")
async def show(request: Request, sandbox: CurrentSandbox, person: str = "", said: str = "") -> Response:
    """``GET /sandbox?person=``: by default the first who is linked, else the first."""
    everybody = sandbox.world.people.all()
    now = sandbox.clock.timestamp()
    named = (each for each in everybody if str(each.userid) == person)
    linked = (each for each in everybody if sandbox.world.grants.linked(each.userid, now=now))
    chosen = next(named, None) or next(linked, None) or next(iter(everybody), None)
    return console(request, sandbox, chosen, said=sandbox.remarks.find(said))


def console(
    request: Request,
    sandbox: RunningSandbox,
    person: Person | None,
    *,
    said: str | None = None,
    refused: Refusal | None = None,
    status_code: int = 200,
) -> Response:
    """The page, with what was said of a deed or what was wrong with its form."""
    everybody = sandbox.world.people.all()
    names = {each.userid: each.name for each in everybody}
    calls = sandbox.journal.last(PASSED)
    deliveries = reversed(sandbox.world.deliveries.all(limit=PASSED))
    return page(
        request,
        "console.html",
        {
            "now": sandbox.clock.now(),
            "people": everybody,
            "person": people.shown(sandbox, person) if person else None,
            "bridge": _bridge(sandbox, person) if person else None,
            "shelves": _shelves(sandbox, person) if person else [],
            "said": said,
            "refused": refused,
            "troubles": troubles(sandbox),
            "mishaps": others(sandbox),
            "calls": [of_request(each, names) for each in calls],
            "deliveries": [of_delivery(each, names) for each in deliveries],
        },
        status_code=status_code,
    )


def _shelves(sandbox: RunningSandbox, person: Person) -> list[Shelf]:
    counts = sandbox.world.records.counts(person.userid, at=sandbox.clock.epoch())
    return [
        Shelf(title, latest(sandbox, person, (service,), most=LATEST), counts[service])
        for service, title in TITLES.items()
        if service in counts
    ]


def _bridge(sandbox: RunningSandbox, person: Person) -> str | None:
    """Where those who are told of the person live, or were, if that is on this machine: a way to them."""
    last = sandbox.world.deliveries.last_of(person.userid)
    told = [each.url for each in sandbox.world.subscriptions.find(person.userid)]
    for url in [*told, *([last.url] if last else [])]:
        parts = urlsplit(url)
        if is_loopback(parts.hostname or ""):
            return f"{parts.scheme}://{parts.netloc}/"
    return None
