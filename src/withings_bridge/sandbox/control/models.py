"""What the control calls take and return."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from withings_bridge.sandbox.world.deliveries import DeliveryState
from withings_bridge.sandbox.world.records import Service

JsonObject = dict[str, Any]
LocalDay = date


class Asked(BaseModel):
    """A request body; a misspelt name is an error."""

    model_config = ConfigDict(extra="forbid")


class NewPerson(Asked):
    """Somebody with an account and, unless told otherwise, a set of devices, but no records."""

    name: str | None = Field(None, description="Left out, the person is called by its number.")
    timezone: str = Field("Europe/Paris", description="IANA name.")
    devices: bool = Field(True, description="Whether the person owns a set of devices.")


class PersonShown(BaseModel):
    userid: int
    name: str
    timezone: str
    linked: bool = Field(description="Whether a client holds a live token pair.")
    subscriptions: int
    goals: JsonObject = Field(description="What the person aims at, as getgoals shows it.")
    records: dict[str, int] = Field(description="How many records each service serves.")


class Weighing(Asked):
    kg: float = Field(gt=0, lt=1000)
    fat_percent: float | None = Field(None, gt=0, lt=100, description="Adds the whole composition.")
    pulse: float | None = Field(None, gt=0, lt=300)
    at: datetime | None = Field(None, description="Now when left out; earlier is a late upload.")
    attrib: int = Field(0, description="1 ambiguous; 2 and 4 are typed in, without a device.")


class BloodPressure(Asked):
    systolic: float = Field(gt=0, lt=400)
    diastolic: float = Field(gt=0, lt=400)
    pulse: float | None = Field(None, gt=0, lt=300)
    at: datetime | None = None
    attrib: int = 0


class Night(Asked):
    start: datetime | None = Field(None, description="Left out, the night has just ended.")
    hours: float = Field(7.5, ge=0.1, le=24)


class NightEdit(Asked):
    start: datetime | None = None
    hours: float | None = Field(None, ge=0.1, le=24)
    data: JsonObject = Field(default_factory=dict, description="Fields of the summary to set.")


class ActivityDay(Asked):
    date: LocalDay | None = Field(None, description="Local day; today when left out.")
    steps: int = Field(ge=0)
    phone: bool = Field(False, description="Counted by a phone (brand 18) instead of the tracker.")


class ActivityEdit(Asked):
    steps: int | None = Field(None, ge=0)
    metrics: dict[str, float] = Field(default_factory=dict, description="Other metrics to set.")


class BedEvent(Asked):
    event: Literal["in", "out", "inflated"]


class Measure(BaseModel):
    """One measure in wire form; other keys are kept."""

    model_config = ConfigDict(extra="allow")

    value: int
    type: int
    unit: int


class MeasureGroupEdit(Asked):
    kg: float | None = Field(
        None, gt=0, lt=1000, description="Another weight; the group's other measures stay."
    )
    attrib: int | None = None
    date: datetime | None = None
    measures: list[Measure] | None = Field(None, description="Takes the place of all measures.")


class Load(Asked):
    """Withings' own JSON, stored as is and served as is."""

    measuregrps: list[JsonObject] = Field(default_factory=list)
    activities: list[JsonObject] = Field(default_factory=list)
    series: list[JsonObject] = Field(
        default_factory=list,
        description="Nights, workouts, sleep segments, heart or stetho rows, told apart by their keys.",
    )
    devices: list[JsonObject] | None = Field(None, description="Takes the place of all devices.")
    goals: JsonObject | None = Field(None, description="Takes the place of all goals.")
    replace: bool = Field(False, description="Drop the person's other records first.")
    notify: bool = Field(True, description="Announce what was loaded.")
    stamp: bool = Field(False, description="Set created and modified to now, as an upload would.")


class Loaded(BaseModel):
    records: int


class Groups(BaseModel):
    measuregrps: list[JsonObject]


class Devices(BaseModel):
    devices: list[JsonObject]


class Row(BaseModel):
    row: JsonObject = Field(description="The record as Withings' service would send it.")


class Rows(BaseModel):
    service: Service
    rows: list[JsonObject]


class Deleted(BaseModel):
    deleted: int


class ClockShown(BaseModel):
    now: datetime
    offset_seconds: float


class ClockMove(Asked):
    advance_seconds: float = Field(ge=0)


class DeliveryShown(BaseModel):
    id: int
    userid: int
    appli: int
    url: str
    fields: dict[str, str]
    state: DeliveryState
    tries: int
    created_at: datetime
    due_at: datetime
    last_status: int | None


class Release(Asked):
    order: Literal["oldest", "newest"] = Field("oldest", description="Which of the held ones leave first.")


class Released(BaseModel):
    released: int
