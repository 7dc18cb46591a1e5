"""/v2/user getdevice and getgoals."""

from typing import Any

from withings_bridge.sandbox.cloud.call import Call

JsonObject = dict[str, Any]


async def getdevice(call: Call) -> JsonObject:
    return {"devices": call.sandbox.world.people.devices(call.person.userid)}


async def getgoals(call: Call) -> JsonObject:
    """Without any goal the map is an empty list, as recorded."""
    return {"goals": call.person.goals or []}
