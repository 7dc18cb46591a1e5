"""/v2/heart and /v2/stetho: lists of recordings, and the signal behind each."""

from typing import Any

from withings_bridge.sandbox.cloud.call import Call
from withings_bridge.sandbox.cloud.envelope import invalid_params
from withings_bridge.sandbox.cloud.windows import page_of_epochs
from withings_bridge.sandbox.seeding.character import BPM_CORE
from withings_bridge.sandbox.seeding.heart import ecg_signal, heart_sound
from withings_bridge.sandbox.world.records import Record, Service

JsonObject = dict[str, Any]

_CUFF = {"frequency": 500, "seconds": 20}
_WATCH = {"frequency": 300, "seconds": 30}
_LEFT_WRIST, _LEFT_ARM = 1, 3
_SOUND_RATE = 4_000


async def list_ecgs(call: Call) -> JsonObject:
    return _listed(call, Service.HEART)


async def list_sounds(call: Call) -> JsonObject:
    return _listed(call, Service.STETHO)


async def get_ecg(call: Call) -> JsonObject:
    row = _recording(call, Service.HEART).body
    cuff = row["model"] == BPM_CORE
    shape = _CUFF if cuff else _WATCH
    return {
        "signal": ecg_signal(
            row["ecg"]["signalid"], rate=row["heart_rate"] or 60, afib=row["ecg"]["afib"], **shape
        ),
        "sampling_frequency": shape["frequency"],
        "wearposition": _LEFT_ARM if cuff else _LEFT_WRIST,
        "model": row["model"],
        "heart_rate": row["heart_rate"],
    }


async def get_sound(call: Call) -> JsonObject:
    row = _recording(call, Service.STETHO).body
    signal = heart_sound(row["signalid"])
    return {
        "signal": signal,
        "frequency": _SOUND_RATE,
        "duration": len(signal) // _SOUND_RATE,
        "vhd": row["vhd"],
        "timestamp": row["timestamp"],
        "timezone": row["timezone"],
        "hash_deviceid": row["hash_deviceid"],
        "model": BPM_CORE,
    }


def _listed(call: Call, service: Service) -> JsonObject:
    page = page_of_epochs(call, service, lastupdate=False)
    return {"series": [record.body for record in page.rows], **page.as_booleans()}


def _recording(call: Call, service: Service) -> Record:
    signalid = str(call.required_integer("signalid"))
    found = call.sandbox.world.records.find(call.person.userid, service, signalid, at=call.now)
    if found is None:
        raise invalid_params("signalid")
    return found
