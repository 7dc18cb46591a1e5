"""Control calls about people: who is there, and what they do."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, HTTPException, status

from withings_bridge.sandbox.announcing import Appli
from withings_bridge.sandbox.control.asked import CurrentDoer, KnownPerson, epoch
from withings_bridge.sandbox.control.models import (
    ActivityDay,
    BedEvent,
    BloodPressure,
    Devices,
    Groups,
    NewPerson,
    Night,
    PersonShown,
    Row,
    Weighing,
)
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.seeding.character import KITS, devices_of
from withings_bridge.sandbox.world.people import Person

router = APIRouter(prefix="/sandbox/people", tags=["people"])
one_person = APIRouter(prefix="/sandbox/people/{userid}", tags=["people"])

_BED_EVENTS = {"in": Appli.BED_IN, "out": Appli.BED_OUT, "inflated": Appli.INFLATED}


def shown(sandbox: RunningSandbox, person: Person) -> PersonShown:
    world = sandbox.world
    return PersonShown(
        userid=person.userid,
        name=person.name,
        timezone=person.timezone,
        linked=world.grants.linked(person.userid, now=sandbox.clock.timestamp()),
        subscriptions=len(world.subscriptions.find(person.userid)),
        goals=person.goals,
        records=world.records.counts(person.userid, at=sandbox.clock.epoch()),
    )


@router.get("")
async def list_people(sandbox: CurrentSandbox) -> list[PersonShown]:
    return [shown(sandbox, person) for person in sandbox.world.people.all()]


@router.post("", status_code=201)
async def add_person(new: NewPerson, sandbox: CurrentSandbox) -> PersonShown:
    try:
        ZoneInfo(new.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT, f"{new.timezone!r} is no IANA time zone."
        ) from None
    person = sandbox.world.people.add(timezone=new.timezone, goals={}, name=new.name)
    if new.devices:
        owned = devices_of(f"{sandbox.options.seed}:added:{person.userid}", KITS[0])
        sandbox.world.people.set_devices(
            person.userid,
            [
                device.as_listed(timezone=new.timezone, battery="high", first=None, last=None)
                for device in owned.values()
            ],
        )
    return shown(sandbox, person)


@one_person.get("")
async def show_person(person: KnownPerson, sandbox: CurrentSandbox) -> PersonShown:
    return shown(sandbox, person)


@one_person.get("/devices")
async def show_devices(person: KnownPerson, sandbox: CurrentSandbox) -> Devices:
    """As getdevice shows them."""
    return Devices(devices=sandbox.world.people.devices(person.userid))


@one_person.delete("", status_code=204)
async def delete_person(doer: CurrentDoer) -> None:
    """The account is closed: its tokens die and appli 46 announces ``delete``."""
    doer.leave("delete")


@one_person.post("/unlink", status_code=204)
async def unlink(doer: CurrentDoer) -> None:
    """The person removes the app: its tokens die and appli 46 announces ``unlink``."""
    doer.leave("unlink")


@one_person.post("/weighings", status_code=201)
async def weigh(weighing: Weighing, person: KnownPerson, doer: CurrentDoer) -> Groups:
    """Steps on the scale."""
    groups = doer.weigh(
        weighing.kg,
        fat_percent=weighing.fat_percent,
        pulse=weighing.pulse,
        at=epoch(weighing.at, person),
        attrib=weighing.attrib,
    )
    return Groups(measuregrps=groups)


@one_person.post("/blood-pressures", status_code=201)
async def take_pressure(pressure: BloodPressure, person: KnownPerson, doer: CurrentDoer) -> Groups:
    groups = doer.take_pressure(
        pressure.systolic,
        pressure.diastolic,
        pulse=pressure.pulse,
        at=epoch(pressure.at, person),
        attrib=pressure.attrib,
    )
    return Groups(measuregrps=groups)


@one_person.post("/nights", status_code=201)
async def sleep(slept: Night, person: KnownPerson, doer: CurrentDoer) -> Row:
    return Row(row=doer.sleep(start=epoch(slept.start, person), hours=slept.hours))


@one_person.post("/activity-days", status_code=201)
async def walk(walked: ActivityDay, doer: CurrentDoer) -> Row:
    """A day's steps so far; a second call for the day takes the place of the first."""
    return Row(row=doer.walk(walked.steps, day=walked.date, phone=walked.phone))


@one_person.post("/bed-events", status_code=204)
async def meet_bed(bed: BedEvent, doer: CurrentDoer) -> None:
    """Gets into or out of bed (appli 50, 51), or the mat inflates (52)."""
    doer.meet_bed(_BED_EVENTS[bed.event])
