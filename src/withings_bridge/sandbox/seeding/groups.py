"""Builds measure groups in Withings' wire form: values as an integer and a power of ten."""

from collections.abc import Sequence
from typing import Any

from withings_bridge.domain import measures as m
from withings_bridge.sandbox.seeding.character import BODY_SCAN, Device

JsonObject = dict[str, Any]

WHOLE_BODY = 7
_SEGMENTS = {2: 0.055, 3: 0.055, 10: 0.165, 11: 0.165, 12: 0.5}
"""Share of each body position in the total, arms to torso."""
_FAT_FREE_SEGMENT, _FAT_SEGMENT, _MUSCLE_SEGMENT = 173, 174, 175
_VISCERAL_FAT = 170

REAL, GOAL = 1, 2
ATTRIB_DEVICE, ATTRIB_AMBIGUOUS, ATTRIB_MANUAL, ATTRIB_SIGN_UP, ATTRIB_AUTO = 0, 1, 2, 4, 5
ATTRIB_CONFIRMED, ATTRIB_VASCULAR, ATTRIB_COMPANION = 7, 8, 10


def measure(number: int, value: float, unit: int, *, position: int | None = None) -> JsonObject:
    """One value of a type, rounded to ``unit`` decimal places (-2 is hundredths)."""
    entry: JsonObject = {
        "value": round(value * 10**-unit),
        "type": number,
        "unit": unit,
        "algo": 0,
        "fm": 3,
    }
    if position is not None:
        entry["position"] = position
    return entry


def measure_group(
    grpid: int,
    measures: Sequence[JsonObject],
    *,
    at: int,
    created: int,
    device: Device | None,
    attrib: int = ATTRIB_DEVICE,
    modified: int | None = None,
    category: int = REAL,
) -> JsonObject:
    """One act of measuring; without a device it was typed in."""
    deviceid = None if device is None else device.deviceid
    return {
        "grpid": grpid,
        "attrib": attrib,
        "date": at,
        "created": created,
        "modified": created if modified is None else modified,
        "category": category,
        "deviceid": deviceid,
        "hash_deviceid": deviceid,
        "measures": list(measures),
        "modelid": None if device is None else device.model_id,
        "model": None if device is None else device.name,
        "comment": None,
    }


def composition(kg: float, fat_percent: float, *, scale: Device | None, segments: bool) -> list[JsonObject]:
    """Weight and what it is made of. A Body Scan marks the whole body and repeats two types, as its
    recorded replies do; ``segments`` adds arms, legs and torso.
    """
    fat = kg * fat_percent / 100
    lean = kg - fat
    bone = lean * 0.05
    scan = scale is not None and scale.model_id == BODY_SCAN
    position = WHOLE_BODY if scan else None
    whole = [
        measure(m.FAT_FREE_MASS, lean, -2, position=position),
        measure(m.FAT_MASS, fat, -2, position=position),
    ]
    measures = [
        measure(m.WEIGHT, kg, -3),
        measure(m.FAT_RATIO, fat_percent, -3),
        *(whole * 2 if scan else whole),
        measure(m.MUSCLE_MASS, lean - bone, -2, position=position),
        measure(m.HYDRATION, lean * 0.7, -2, position=position),
        measure(m.BONE_MASS, bone, -2, position=position),
    ]
    if segments:
        measures.append(measure(_VISCERAL_FAT, fat / 8, -1))
        for where, share in _SEGMENTS.items():
            measures += [
                measure(_FAT_FREE_SEGMENT, lean * share, -2, position=where),
                measure(_FAT_SEGMENT, fat * share, -2, position=where),
                measure(_MUSCLE_SEGMENT, (lean - bone) * share, -2, position=where),
            ]
    return measures


def blood_pressure(
    systolic: float, diastolic: float, pulse: float | None, *, unit: int = 0
) -> list[JsonObject]:
    measures = [measure(m.DIASTOLIC, diastolic, unit), measure(m.SYSTOLIC, systolic, unit)]
    if pulse is not None:
        measures.append(measure(m.HEART_PULSE, pulse, unit))
    return measures
