"""/v2/sleep get and getsummary."""

from collections.abc import Iterator
from random import Random
from typing import Any

from withings_bridge.domain import fields
from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.sandbox.cloud.activity import without_unasked
from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.windows import page_of_days
from withings_bridge.sandbox.seeding.sleep import MAT, samples, stages_of
from withings_bridge.sandbox.world.records import Record, Service

JsonObject = dict[str, Any]

_SUMMARY = frozenset(fields.names(fields.SLEEP_SUMMARY))
_UNASKED = frozenset(field.name for field in fields.SLEEP_SUMMARY if field.unasked)
_DETAIL = frozenset(fields.names(fields.SLEEP_DETAIL))
_DAY_SECONDS = 86_400


async def getsummary(call: Call) -> JsonObject:
    asked = call.names("data_fields") or _UNASKED
    page = page_of_days(call, Service.NIGHTS)
    return {
        "series": [
            record.body | {"data": without_unasked(record.body["data"], _SUMMARY, asked)}
            for record in page.rows
        ],
        **page.as_booleans(),
    }


async def get(call: Call) -> JsonObject:
    """Segments of the 24 h after ``startdate``, unsorted; the samples asked for come with each."""
    start = call.required_integer("startdate")
    end = min(call.required_integer("enddate"), start + _DAY_SECONDS)
    asked = call.names("data_fields") or frozenset()
    userid, records = call.person.userid, call.sandbox.world.records
    found = records.taken_between(userid, Service.NIGHTS, start - _DAY_SECONDS, end, at=call.now)
    segments = [segment for night in found if not night.loaded for segment in _segments(night, asked)]
    segments += [
        without_unasked(record.body, _DETAIL, asked)
        for record in records.taken_between(userid, Service.SEGMENTS, start - _DAY_SECONDS, end, at=call.now)
    ]
    within = [segment for segment in segments if segment["enddate"] > start and segment["startdate"] < end]
    Random(start).shuffle(within)
    return {"series": within, "model": found[-1].body.get("model", MAT) if found else MAT}


def _segments(night: Record, asked: frozenset[str]) -> Iterator[JsonObject]:
    body = night.body
    model = DEVICE_MODELS.get(body["model_id"])
    for stage in stages_of(body["id"], body["startdate"], body["enddate"]):
        segment: JsonObject = {
            "startdate": stage.start,
            "state": int(stage.state),
            "enddate": stage.end,
            "model": model.name if model else "",
            "hash_deviceid": body["hash_deviceid"],
            "model_id": body["model_id"],
        }
        measured = {field: samples(field, stage, body["data"]) for field in sorted(asked & _DETAIL)}
        yield segment | {field: values for field, values in measured.items() if values}
