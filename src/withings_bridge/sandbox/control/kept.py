"""Records of a person as people call them, and what of them can be changed in one go."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from withings_bridge.domain import measures as m
from withings_bridge.sandbox.control.asked import KnownPerson
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Record, Service

router = APIRouter(prefix="/sandbox/people/{userid}", tags=["records"])

SERVICES = (Service.MEASURES, Service.NIGHTS, Service.ACTIVITY)
"""Those of which the console shows the latest."""


MOST_EXPONENT = 12
"""Beyond it a value is none that a person would know."""


class KeptShown(BaseModel):
    service: Service
    key: str = Field(description="What the service knows it by, as DELETE .../records/{service}/{key} wants.")
    when: str = Field(description="In the person's zone.")
    what: str = Field(description="In plain words.")
    field: str | None = Field(None, description="What of it a number changes: kg, hours or steps.")
    value: int | float | None = Field(None, description="What that is now.")

    @property
    def name(self) -> str:
        """As commands and the console name it."""
        return f"{self.service}/{self.key}"


@router.get("/latest")
async def show_latest(
    person: KnownPerson,
    sandbox: CurrentSandbox,
    service: Service | None = None,
    most: Annotated[int, Query(ge=1, le=1000)] = 5,
) -> list[KeptShown]:
    """The latest records in plain words, by service, each the latest first: measures, nights and days of
    activity, or those of the service that is named. At most so many of each.
    """
    return latest(sandbox, person, (service,) if service else SERVICES, most=most)


def latest(
    sandbox: RunningSandbox, person: Person, services: tuple[Service, ...] = SERVICES, *, most: int
) -> list[KeptShown]:
    """The same, for the page."""
    at = sandbox.clock.epoch()
    return [
        kept(record, person)
        for service in services
        for record in sandbox.world.records.latest(person.userid, service, at=at, most=most)
    ]


def kept(record: Record, person: Person) -> KeptShown:
    """A record as a person would call it."""
    body = record.body
    when, what, field, value = local(record.taken, person), record.service.value, None, None
    match record.service:
        case Service.MEASURES:
            what, field, value = _group(body)
        case Service.ACTIVITY:
            when, steps, tracker = record.day, body.get("steps") or 0, bool(body.get("is_tracker"))
            what = f"{steps:,} steps" if tracker else f"{steps:,} steps by phone"
            # An edit goes to the tracker's row of a day, if there is one.
            field, value = ("steps", steps) if tracker else (None, None)
        case Service.NIGHTS:
            value = round((body.get("enddate", record.taken) - record.taken) / 3600, 2)
            what, field = f"{value:g} hours asleep", "hours"
        case Service.WORKOUTS:
            what = "a workout"
        case Service.HEART:
            what = "an ECG"
        case Service.STETHO:
            what = "a stethoscope recording"
        case Service.SEGMENTS:
            what = "a part of a night"
    return KeptShown(service=record.service, key=record.key, when=when, what=what, field=field, value=value)


def local(moment: int, person: Person) -> str:
    """A time where the person is; as a number where no calendar goes, which given records may hold."""
    try:
        return f"{datetime.fromtimestamp(moment, person.zone):%d %b %Y, %H:%M}"
    except (OverflowError, ValueError, OSError):
        return str(moment)


def _group(body: dict[str, Any]) -> tuple[str, str | None, float | None]:
    values = {
        each["type"]: round(each["value"] * 10.0 ** each["unit"], 3)
        for each in body.get("measures", ())
        if all(isinstance(each.get(name), int) for name in ("type", "value", "unit"))
        and abs(each["unit"]) <= MOST_EXPONENT
    }
    if m.WEIGHT in values:
        fat = f", {values[m.FAT_RATIO]:.1f} % fat" if m.FAT_RATIO in values else ""
        return f"{values[m.WEIGHT]:g} kg{fat}", "kg", values[m.WEIGHT]
    if m.SYSTOLIC in values and m.DIASTOLIC in values:
        return f"{values[m.SYSTOLIC]:.0f} over {values[m.DIASTOLIC]:.0f} mmHg", None, None
    if len(values) == 1:
        ((number, value),) = values.items()
        known = m.MEASURE_TYPES.get(number)
        if known is None:
            return f"{value:g}, of type {number}", None, None
        unit = "" if known.classification else f" {known.unit}"
        return f"{known.name} {value:g}{unit}", None, None
    names = [m.MEASURE_TYPES[each].name if each in m.MEASURE_TYPES else f"type {each}" for each in values]
    return ", ".join(names) or "nothing", None, None
