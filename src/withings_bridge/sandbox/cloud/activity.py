"""/v2/measure getactivity, getintradayactivity and getworkouts."""

from datetime import date, datetime, timedelta
from typing import Any

from withings_bridge.domain import fields
from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.windows import page_of_days
from withings_bridge.sandbox.seeding.activity import minutes_of
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Service

JsonObject = dict[str, Any]

_METRICS = frozenset(fields.names(fields.ACTIVITY))
_BASIC_METRICS = frozenset(
    {"steps", "distance", "elevation", "soft", "moderate", "intense", "active", "calories", "totalcalories"}
)
"""What a recorded row holds whose heart rate nobody asked for."""
_INTRADAY = frozenset(fields.names(fields.INTRADAY))
_WORKOUT = frozenset(fields.names(fields.WORKOUT))
_UNASKED_OF_WORKOUT = frozenset({"algo_pause_duration"})
"""What a recorded workout holds when no field was asked for."""
_DAY_SECONDS = 86_400


def without_unasked(row: JsonObject, documented: frozenset[str], asked: frozenset[str]) -> JsonObject:
    """The row without those documented fields that were not asked for."""
    return {name: value for name, value in row.items() if name in asked or name not in documented}


async def getactivity(call: Call) -> JsonObject:
    asked = call.names("data_fields")
    if asked is None:
        asked = _BASIC_METRICS if call.sandbox.faults.bare_activity_metrics else frozenset()
    page = page_of_days(call, Service.ACTIVITY)
    return {
        "activities": [without_unasked(record.body, _METRICS, asked) for record in page.rows],
        **page.as_booleans(),
    }


async def getintradayactivity(call: Call) -> JsonObject:
    """Buckets by epoch: at most the 24 h after ``startdate``, or the last 24 h when no dates are sent."""
    person = call.person
    asked = call.names("data_fields") or _INTRADAY
    start, end = call.integer("startdate"), call.integer("enddate")
    if start is None:
        end = call.now if end is None else end
        start = end - _DAY_SECONDS
    end = start + _DAY_SECONDS if end is None else min(end, start + _DAY_SECONDS)
    series = {
        str(at): without_unasked(bucket, _INTRADAY, asked)
        for at, bucket in sorted(_buckets(call, person, start, end).items())
        if start <= at <= end and asked & bucket.keys()
    }
    return {"series": series}


def _buckets(call: Call, person: Person, start: int, end: int) -> dict[int, JsonObject]:
    """The minutes of every tracker day that the window touches."""
    first, last = (datetime.fromtimestamp(at, person.zone).date() for at in (start, end))
    rows = call.sandbox.world.records.of_days(
        person.userid, Service.ACTIVITY, first.isoformat(), last.isoformat(), at=call.now
    )
    buckets: dict[int, JsonObject] = {}
    for record in rows:
        if record.body.get("is_tracker"):
            buckets |= _minutes(record.body, person, call.now)
    return buckets


def _minutes(row: JsonObject, person: Person, now: int) -> dict[int, JsonObject]:
    midnight = datetime.combine(date.fromisoformat(row["date"]), datetime.min.time(), person.zone)
    until = min(now, int((midnight + timedelta(days=1)).timestamp()))
    return minutes_of(row, midnight=midnight, until=until)


async def getworkouts(call: Call) -> JsonObject:
    asked = call.names("data_fields") or _UNASKED_OF_WORKOUT
    page = page_of_days(call, Service.WORKOUTS)
    return {
        "series": [
            record.body | {"data": without_unasked(record.body["data"], _WORKOUT, asked)}
            for record in page.rows
        ],
        **page.as_booleans(),
    }
