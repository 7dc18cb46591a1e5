"""/measure getmeas, and confirmuser, the only write of the public API."""

from typing import Any

from withings_bridge.sandbox.announcing import announce, notices_of
from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.envelope import invalid_params
from withings_bridge.sandbox.cloud.windows import page_of_epochs
from withings_bridge.sandbox.seeding.groups import ATTRIB_AMBIGUOUS, ATTRIB_CONFIRMED
from withings_bridge.sandbox.world.records import Service

JsonObject = dict[str, Any]


async def getmeas(call: Call) -> JsonObject:
    """Groups by date or change, narrowed to the types asked for, in the order of their last change."""
    types = call.numbers("meastypes") or call.numbers("meastype")
    page = page_of_epochs(call, Service.MEASURES, types=types, category=call.integer("category"))
    groups = [_narrowed(record.body, types) for record in page.rows]
    return {
        "updatetime": call.now,
        "timezone": call.person.timezone,
        "measuregrps": groups,
        **page.as_integers(),
    }


async def confirmuser(call: Call) -> JsonObject:
    """Settles an ambiguous group: it is the person's, or it is nobody's here and goes."""
    records = call.sandbox.world.records
    group = records.find(
        call.person.userid, Service.MEASURES, str(call.required_integer("grpid")), at=call.now
    )
    if group is None or group.body["attrib"] != ATTRIB_AMBIGUOUS:
        raise invalid_params("grpid")
    if call.flag("is_confirmed"):
        body = group.body | {"attrib": ATTRIB_CONFIRMED, "modified": call.now}
        records.put(group.changed(body, modified=call.now))
    else:
        records.vanish(group, at=call.now)
    announce(call.sandbox, call.person.userid, notices_of([group]))
    return {}


def _narrowed(group: JsonObject, types: frozenset[int] | None) -> JsonObject:
    if types is None:
        return group
    return group | {"measures": [measure for measure in group["measures"] if measure["type"] in types]}
