"""Control calls about single records: load Withings' JSON, look, edit, delete."""

from typing import Any

from fastapi import APIRouter, HTTPException, Response, status

from withings_bridge.domain.measures import WEIGHT
from withings_bridge.sandbox.control.asked import CurrentDoer, KnownPerson, epoch, known_record
from withings_bridge.sandbox.control.models import (
    ActivityEdit,
    Deleted,
    Groups,
    Load,
    Loaded,
    MeasureGroupEdit,
    NightEdit,
    Row,
    Rows,
)
from withings_bridge.sandbox.dependencies import CurrentSandbox
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.seeding.character import Device
from withings_bridge.sandbox.seeding.groups import measure
from withings_bridge.sandbox.seeding.shelving import record_of, service_of_series
from withings_bridge.sandbox.seeding.sleep import night
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Record, Service

JsonObject = dict[str, Any]

router = APIRouter(prefix="/sandbox/people/{userid}", tags=["records"])

_PULSE = 62.0
_SECONDS_PER_HOUR = 3600


@router.post("/records", status_code=201)
async def load(given: Load, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox) -> Loaded:
    """Stores Withings' JSON as it is; rows whose key is known take the place of the old ones."""
    now = sandbox.clock.epoch()
    rows = [(Service.MEASURES, row) for row in given.measuregrps]
    rows += [(Service.ACTIVITY, row) for row in given.activities]
    rows += [(service_of_series(row), row) for row in given.series]
    if given.stamp:
        rows = [(service, row | {"created": now, "modified": now}) for service, row in rows]
    try:
        records = [record_of(person.userid, service, row, now=now, loaded=True) for service, row in rows]
    except (KeyError, TypeError, ValueError) as fault:
        raise HTTPException(
            status.HTTP_422_UNPROCESSABLE_CONTENT, f"A row lacks a key or has a bad one: {fault}."
        ) from None
    doer.load(records, replace=given.replace, notify=given.notify)
    if given.devices is not None:
        sandbox.world.people.set_devices(person.userid, given.devices)
    if given.goals is not None:
        sandbox.world.people.set_goals(person.userid, given.goals)
    return Loaded(records=len(records))


@router.get("/records", response_model=dict[Service, list[JsonObject]])
async def show_all_records(person: KnownPerson, sandbox: CurrentSandbox) -> Response:
    """All that Withings would serve of this person now, by service, with all fields: what a faithful
    copy holds.
    """
    written = sandbox.world.records.written(person.userid, at=sandbox.clock.epoch())
    # Joined as they are stored, since reading years of JSON to write it again would hold up every call.
    services = (f'"{service.value}":[{",".join(bodies)}]' for service, bodies in written.items())
    return Response(f"{{{','.join(services)}}}", media_type="application/json")


@router.get("/records/{service}")
async def show_records(service: Service, person: KnownPerson, sandbox: CurrentSandbox) -> Rows:
    """All records of one service with all their fields, in the order of their last change."""
    found = sandbox.world.records.changed_after(person.userid, service, -1, at=sandbox.clock.epoch())
    return Rows(service=service, rows=[record.body for record in found])


@router.delete("/records/{service}/{key:path}")
async def delete_record(
    service: Service, key: str, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Deleted:
    """Any record goes, named by what its service knows it by: a workout's or night's id, an ECG's
    signalid, ``{date}/{deviceid}/{modelid}`` of one device's day.
    """
    doer.delete([known_record(sandbox, person, service, key)])
    return Deleted(deleted=1)


@router.patch("/measure-groups/{grpid}")
async def edit_group(
    grpid: int, edit: MeasureGroupEdit, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Groups:
    """Changes a group, which keeps its grpid and gets a new ``modified``."""
    before = known_record(sandbox, person, Service.MEASURES, str(grpid))
    changes: JsonObject = {"modified": sandbox.clock.epoch()}
    if edit.attrib is not None:
        changes["attrib"] = edit.attrib
    if edit.date is not None:
        changes["date"] = epoch(edit.date, person)
    if edit.kg is not None:
        others = [each for each in before.body["measures"] if each.get("type") != WEIGHT]
        changes["measures"] = [measure(WEIGHT, edit.kg, -3), *others]
    if edit.measures is not None:
        changes["measures"] = [given.model_dump() for given in edit.measures]
    after = _edited(before, before.body | changes, sandbox)
    doer.keep(after, instead_of=before)
    return Groups(measuregrps=[after.body])


@router.delete("/measure-groups/{grpid}")
async def delete_group(
    grpid: int, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Deleted:
    """The group goes; getmeas leaves it out without a word."""
    doer.delete([known_record(sandbox, person, Service.MEASURES, str(grpid))])
    return Deleted(deleted=1)


@router.patch("/activity-days/{day}")
async def edit_day(
    day: str, edit: ActivityEdit, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Row:
    """Changes the tracker's row of a local day, or the phone's if it is the only one."""
    rows = _rows_of_day(sandbox, person, day)
    before = next((row for row in rows if row.body.get("is_tracker")), rows[0])
    changes: JsonObject = dict(edit.metrics) | {"modified": sandbox.clock.epoch()}
    if edit.steps is not None:
        changes["steps"] = edit.steps
    after = _edited(before, before.body | changes, sandbox)
    doer.keep(after, instead_of=before)
    return Row(row=after.body)


@router.delete("/activity-days/{day}")
async def delete_day(day: str, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox) -> Deleted:
    """Every device's row of that local day goes."""
    rows = _rows_of_day(sandbox, person, day)
    doer.delete(rows)
    return Deleted(deleted=len(rows))


@router.patch("/nights/{night_id}")
async def edit_night(
    night_id: int, edit: NightEdit, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Row:
    """Moves or lengthens a night, which keeps its id; its stages follow."""
    before = known_record(sandbox, person, Service.NIGHTS, str(night_id))
    now = sandbox.clock.epoch()
    start = epoch(edit.start, person) or before.body["startdate"]
    length = before.body["enddate"] - before.body["startdate"]
    end = start + (length if edit.hours is None else round(edit.hours * _SECONDS_PER_HOUR))
    moved = {"startdate": start, "enddate": end} if before.loaded else _slept(before, start, end)
    data = before.body["data"] | moved.get("data", {}) | edit.data
    after = _edited(before, before.body | moved | {"data": data, "modified": now}, sandbox)
    doer.keep(after, instead_of=before)
    return Row(row=after.body)


@router.delete("/nights/{night_id}")
async def delete_night(
    night_id: int, person: KnownPerson, doer: CurrentDoer, sandbox: CurrentSandbox
) -> Deleted:
    doer.delete([known_record(sandbox, person, Service.NIGHTS, str(night_id))])
    return Deleted(deleted=1)


def _rows_of_day(sandbox: RunningSandbox, person: Person, day: str) -> list[Record]:
    rows = sandbox.world.records.of_days(person.userid, Service.ACTIVITY, day, day, at=sandbox.clock.epoch())
    if not rows:
        raise HTTPException(status.HTTP_404_NOT_FOUND, f"{person.name} has no activity on that day.")
    return rows


def _slept(before: Record, start: int, end: int) -> JsonObject:
    """The night anew between other bounds, with the date of the new end."""
    body = before.body
    device = Device(body["model_id"], body["hash_deviceid"])
    row = night(body["id"], start, end, device=device, zone=body["timezone"], pulse=_PULSE)
    return {name: row[name] for name in ("startdate", "enddate", "date", "data")}


def _edited(before: Record, body: JsonObject, sandbox: RunningSandbox) -> Record:
    return record_of(before.userid, before.service, body, now=sandbox.clock.epoch(), loaded=before.loaded)
