"""The console's forms: each is a control call, and comes back to the page with a word of what happened."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, status
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from withings_bridge.sandbox.control import operations, people, records
from withings_bridge.sandbox.control.asked import CurrentDoer, KnownPerson, epoch, known_record
from withings_bridge.sandbox.control.console import console
from withings_bridge.sandbox.control.kept import kept, local
from withings_bridge.sandbox.control.models import (
    ActivityDay,
    ActivityEdit,
    Asked,
    BloodPressure,
    ClockMove,
    MeasureGroupEdit,
    NewPerson,
    Night,
    NightEdit,
    Weighing,
)
from withings_bridge.sandbox.control.refusals import refusal
from withings_bridge.sandbox.control.troubles import end_all, switch
from withings_bridge.sandbox.control.words import of_new
from withings_bridge.sandbox.deeds import Doer
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Service

router = APIRouter(prefix="/sandbox/console", include_in_schema=False)
one_person = APIRouter(prefix="/sandbox/console/{userid}", include_in_schema=False)

Given = Mapping[str, str]
Whose = Annotated[str, Form()]
"""Whom the page was about, to come back to."""


class Edit(Asked):
    """Another value of a record."""

    service: Service
    key: str
    kg: float | None = None
    steps: int | None = None
    hours: float | None = None


class Named(Asked):
    """A record."""

    service: Service
    key: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What a deed may touch."""

    sandbox: RunningSandbox
    person: Person
    doer: Doer

    def when(self, moment: int | None) -> str:
        """For a late upload, of when."""
        return "" if moment is None else f", of {local(moment, self.person)}"


@router.post("/people")
async def add_person(sandbox: CurrentSandbox) -> Response:
    added = await people.add_person(NewPerson.model_validate({}), sandbox)
    return _back(sandbox, str(added.userid), f"{added.name} has an account now, and devices.")


@router.post("/clock")
async def move_clock(
    sandbox: CurrentSandbox, hours: Annotated[int, Form(ge=1, le=24 * 30)], person: Whose = ""
) -> Response:
    seconds = timedelta(hours=hours).total_seconds()
    moved = await operations.move_clock(ClockMove(advance_seconds=seconds), sandbox)
    return _back(sandbox, person, f"It is {moved.now:%d %b, %H:%M} UTC in the sandbox now.")


@router.post("/calm")
async def calm(sandbox: CurrentSandbox, person: Whose = "") -> Response:
    end_all(sandbox)
    return _back(sandbox, person, "Nothing goes wrong any more.")


@router.post("/troubles/{name}")
async def switch_trouble(
    name: str, sandbox: CurrentSandbox, on: Annotated[bool, Form()], person: Whose = ""
) -> Response:
    trouble = switch(sandbox, name, on=on)
    said = f"{trouble.label}: {trouble.what}" if on else f"{trouble.label} is switched off."
    return _back(sandbox, person, said)


@router.post("/mishaps/{mishap_id}")
async def drop_mishap(mishap_id: int, sandbox: CurrentSandbox, person: Whose = "") -> Response:
    sandbox.mishaps.remove(mishap_id)
    return _back(sandbox, person, "That will not go wrong.")


@one_person.post("/{deed}")
async def do(
    deed: str, request: Request, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Response:
    """A deed of a person. Wrong input comes back beside its form, with what was typed."""
    if deed not in DEEDS:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"Nobody can {deed} here.")
    form = await request.form()
    given = {name: value for name, value in form.items() if isinstance(value, str) and value.strip()}
    before = sandbox.world.deliveries.newest
    try:
        said = await DEEDS[deed](given, Scene(sandbox, person, doer))
    except (ValidationError, HTTPException) as error:
        return console(request, sandbox, person, refused=refusal(deed, given, error), status_code=422)
    told = of_new(sandbox.world.deliveries.all(after=before, limit=1000))
    return _back(sandbox, str(person.userid), f"{said} {told}")


async def _weigh(given: Given, scene: Scene) -> str:
    weighing = Weighing.model_validate(given)
    await people.weigh(weighing, scene.person, scene.doer)
    return f"{weighing.kg:g} kg recorded{scene.when(epoch(weighing.at, scene.person))}."


async def _take_pressure(given: Given, scene: Scene) -> str:
    pressure = BloodPressure.model_validate(given)
    await people.take_pressure(pressure, scene.person, scene.doer)
    when = scene.when(epoch(pressure.at, scene.person))
    return f"{pressure.systolic:g} over {pressure.diastolic:g} mmHg recorded{when}."


async def _sleep(given: Given, scene: Scene) -> str:
    slept = Night.model_validate(given)
    await people.sleep(slept, scene.person, scene.doer)
    return f"A night of {slept.hours:g} hours recorded{scene.when(epoch(slept.start, scene.person))}."


async def _walk(given: Given, scene: Scene) -> str:
    reply = await people.walk(ActivityDay.model_validate(given), scene.doer)
    return f"{reply.row['steps']:,} steps recorded of {reply.row['date']}."


async def _unlink(given: Given, scene: Scene) -> str:
    del given
    scene.doer.leave("unlink")
    return f"{scene.person.name} has removed the app: every token is dead, every subscription ended."


async def _forget_subscriptions(given: Given, scene: Scene) -> str:
    del given
    forgotten = await operations.forget_subscriptions(scene.person.userid, scene.sandbox)
    return f"Withings dropped {forgotten.deleted} subscriptions without a word."


async def _edit(given: Given, scene: Scene) -> str:
    edit = Edit.model_validate(given)
    person, doer, sandbox = scene.person, scene.doer, scene.sandbox
    before = known_record(sandbox, person, edit.service, edit.key)
    match edit.service:
        case Service.MEASURES:
            group = MeasureGroupEdit.model_validate({"kg": edit.kg})
            await records.edit_group(int(edit.key), group, person, doer, sandbox)
        case Service.ACTIVITY:
            walked = ActivityEdit.model_validate({"steps": edit.steps})
            await records.edit_day(before.day, walked, person, doer, sandbox)
        case Service.NIGHTS:
            night = NightEdit.model_validate({"hours": edit.hours})
            await records.edit_night(int(edit.key), night, person, doer, sandbox)
        case _:
            raise HTTPException(
                status.HTTP_422_UNPROCESSABLE_CONTENT, "No form changes such a record; PATCH and POST do."
            )
    after = known_record(sandbox, person, edit.service, edit.key)
    shown = kept(after, person)
    return f"{kept(before, person).what}, of {shown.when}, became {shown.what}."


async def _delete(given: Given, scene: Scene) -> str:
    named = Named.model_validate(given)
    record = known_record(scene.sandbox, scene.person, named.service, named.key)
    scene.doer.delete([record])
    shown = kept(record, scene.person)
    return f"Deleted: {shown.what}, of {shown.when}."


DEEDS: dict[str, Callable[[Given, Scene], Awaitable[str]]] = {
    "weigh": _weigh,
    "take-pressure": _take_pressure,
    "sleep": _sleep,
    "walk": _walk,
    "unlink": _unlink,
    "forget-subscriptions": _forget_subscriptions,
    "edit": _edit,
    "delete": _delete,
}


def _back(sandbox: RunningSandbox, person: str, said: str) -> Response:
    """To the person that was looked at, with a word of what happened."""
    whose = f"person={person}&" if person.isdecimal() else ""
    return RedirectResponse(f"/sandbox?{whose}said={sandbox.remarks.add(said)}", status_code=303)
