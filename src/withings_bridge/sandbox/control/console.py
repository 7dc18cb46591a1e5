"""The page where a person plays with the sandbox: one person at a time, and what passes meanwhile.

Each form is a deed of the person; wrong input comes back beside the form, with what was typed. The page
is whole without a script; with one it keeps itself current (``/sandbox/events``).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request, status
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from withings_bridge.sandbox.control import people, records
from withings_bridge.sandbox.control.asked import CurrentDoer, KnownPerson, known_record
from withings_bridge.sandbox.control.models import (
    ActivityDay,
    ActivityEdit,
    Asked,
    BloodPressure,
    MeasureGroupEdit,
    Night,
    NightEdit,
    Weighing,
)
from withings_bridge.sandbox.control.switches import PRESETS, label_of, switches
from withings_bridge.sandbox.control.words import of_delivery, of_record, of_request
from withings_bridge.sandbox.deeds import Doer
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.same_origin import is_loopback
from withings_bridge.sandbox.templating import page
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Service

router = APIRouter(prefix="/sandbox", include_in_schema=False)
forms = APIRouter(prefix="/sandbox/console/{userid}", include_in_schema=False)

PASSED = 8
"""So many calls, and so many notifications, are shown."""

LATEST = {Service.MEASURES: 6, Service.NIGHTS: 3, Service.ACTIVITY: 3}

SAID = {
    "weigh": "Stepped on the scale.",
    "take-pressure": "Took a blood pressure.",
    "sleep": "Slept.",
    "walk": "Walked.",
    "edit": "Changed it.",
    "delete": "Deleted it; Withings says nothing of that but an announcement of its time.",
    "unlink": "Removed the app: all tokens are dead, and appli 46 says so.",
}


class Edit(Asked):
    """Another value of a record."""

    service: Service
    key: str
    kg: float | None = None
    steps: int | None = None
    hours: float | None = None


class Named(Asked):
    """A record by its name."""

    service: Service
    key: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What a deed may touch."""

    sandbox: RunningSandbox
    person: Person
    doer: Doer


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that came with something wrong in it."""

    deed: str
    problems: tuple[str, ...]
    given: Mapping[str, str]


@router.get("")
async def show(request: Request, sandbox: CurrentSandbox) -> Response:
    everybody = sandbox.world.people.all()
    asked = request.query_params.get("person", "")
    chosen = next((each for each in everybody if str(each.userid) == asked), None)
    said = SAID.get(request.query_params.get("said", ""))
    return _console(request, sandbox, chosen or _first(sandbox, everybody), said=said)


@forms.post("/{deed}")
async def do(
    deed: str, request: Request, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Response:
    if deed not in DEEDS:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"Nobody can {deed} here.")
    form = await request.form()
    given = {name: value for name, value in form.items() if isinstance(value, str) and value.strip()}
    try:
        await DEEDS[deed](given, Scene(sandbox, person, doer))
    except ValidationError as error:
        problems = tuple(_problem(each) for each in error.errors())
        refused = Refused(deed, problems, given)
        return _console(request, sandbox, person, refused=refused, status_code=422)
    return RedirectResponse(f"/sandbox?person={person.userid}&said={deed}", status_code=303)


async def _weigh(given: Mapping[str, str], scene: Scene) -> None:
    await people.weigh(Weighing.model_validate(given), scene.person, scene.doer)


async def _take_pressure(given: Mapping[str, str], scene: Scene) -> None:
    await people.take_pressure(BloodPressure.model_validate(given), scene.person, scene.doer)


async def _sleep(given: Mapping[str, str], scene: Scene) -> None:
    await people.sleep(Night.model_validate(given), scene.person, scene.doer)


async def _walk(given: Mapping[str, str], scene: Scene) -> None:
    await people.walk(ActivityDay.model_validate(given), scene.doer)


async def _unlink(given: Mapping[str, str], scene: Scene) -> None:
    del given
    scene.doer.leave("unlink")


async def _edit(given: Mapping[str, str], scene: Scene) -> None:
    edit = Edit.model_validate(given)
    before = known_record(scene.sandbox, scene.person, edit.service, edit.key)
    match edit.service:
        case Service.MEASURES:
            group = MeasureGroupEdit.model_validate({"kg": edit.kg})
            await records.edit_group(int(edit.key), group, scene.person, scene.doer, scene.sandbox)
        case Service.ACTIVITY:
            walked = ActivityEdit.model_validate({"steps": edit.steps})
            await records.edit_day(before.day, walked, scene.person, scene.doer, scene.sandbox)
        case Service.NIGHTS:
            night = NightEdit.model_validate({"hours": edit.hours})
            await records.edit_night(int(edit.key), night, scene.person, scene.doer, scene.sandbox)


async def _delete(given: Mapping[str, str], scene: Scene) -> None:
    named = Named.model_validate(given)
    scene.doer.delete([known_record(scene.sandbox, scene.person, named.service, named.key)])


DEEDS: dict[str, Callable[[Mapping[str, str], Scene], Awaitable[None]]] = {
    "weigh": _weigh,
    "take-pressure": _take_pressure,
    "sleep": _sleep,
    "walk": _walk,
    "unlink": _unlink,
    "edit": _edit,
    "delete": _delete,
}


def _console(
    request: Request,
    sandbox: RunningSandbox,
    chosen: Person | None,
    *,
    said: str | None = None,
    refused: Refused | None = None,
    status_code: int = 200,
) -> Response:
    everybody = sandbox.world.people.all()
    shown = people.shown(sandbox, chosen) if chosen else None
    if said and shown:
        said += " It is announced." if shown.subscriptions else " Nobody asked to be told of it."
    return page(
        request,
        "console.html",
        {
            "now": sandbox.clock.now(),
            "people": everybody,
            "person": shown,
            "bridge": _bridge(sandbox, chosen) if chosen else None,
            "said": said,
            "refused": refused,
            "given": refused.given if refused else {},
            "kept": _kept(sandbox, chosen) if chosen else [],
            "presets": PRESETS,
            "switches": switches(sandbox),
            "mishaps": [(label_of(each.mishap), each) for each in sandbox.mishaps.all()],
            "requests": [of_request(entry) for entry in sandbox.journal.last(PASSED)],
            "deliveries": [
                of_delivery(each) for each in reversed(sandbox.world.deliveries.all(limit=PASSED))
            ],
        },
        status_code=status_code,
    )


def _first(sandbox: RunningSandbox, everybody: list[Person]) -> Person | None:
    """Who is shown unless somebody is named: the first who is linked, else the first."""
    now = sandbox.clock.timestamp()
    linked = (each for each in everybody if sandbox.world.grants.linked(each.userid, now=now))
    return next(linked, everybody[0] if everybody else None)


def _bridge(sandbox: RunningSandbox, person: Person) -> str | None:
    """Where those who are told of the person live, if that is on this machine: a way back to them."""
    for subscription in sandbox.world.subscriptions.find(person.userid):
        parts = urlsplit(subscription.url)
        if is_loopback(parts.hostname or ""):
            return f"{parts.scheme}://{parts.netloc}/"
    return None


def _kept(sandbox: RunningSandbox, person: Person) -> list[Any]:
    """The latest records, by service."""
    at = sandbox.clock.epoch()
    return [
        of_record(record, person)
        for service, most in LATEST.items()
        for record in sandbox.world.records.latest(person.userid, service, at=at, most=most)
    ]


def _problem(error: Any) -> str:
    field = ".".join(str(part) for part in error["loc"]) or "The form"
    return f"{field}: {error['msg'][:1].lower()}{error['msg'][1:]}"
