"""Records as Withings sends them, made up, for the examples of the description."""

from typing import Any

DEVICE: dict[str, Any] = {
    "type": "Scale",
    "model": "Body+",
    "model_id": 5,
    "battery": "high",
    "deviceid": "9f3c1e7a55",
    "hash_deviceid": "9f3c1e7a55",
    "timezone": "Europe/Paris",
    "first_session_date": 1704096000,
    "last_session_date": 1768462241,
}

WEIGH_IN: dict[str, Any] = {
    "grpid": 5123456789,
    "attrib": 0,
    "date": 1768462241,
    "created": 1768462255,
    "modified": 1768462255,
    "category": 1,
    "deviceid": "9f3c1e7a55",
    "measures": [
        {"value": 81300, "type": 1, "unit": -3},
        {"value": 2020, "type": 6, "unit": -2},
    ],
    "timezone": "Europe/Paris",
}

ACTIVITY_DAY: dict[str, Any] = {
    "date": "2026-01-14",
    "timezone": "Europe/Paris",
    "deviceid": "2d1f8b6c7e",
    "brand": 1,
    "is_tracker": True,
    "steps": 8421,
    "distance": 6120.5,
    "calories": 312.4,
    "modified": 1768431602,
}

NIGHT: dict[str, Any] = {
    "id": 4112233445,
    "timezone": "Europe/Paris",
    "model": 32,
    "model_id": 63,
    "startdate": 1768430400,
    "enddate": 1768457400,
    "date": "2026-01-15",
    "completed": True,
    "created": 1768458000,
    "modified": 1768458000,
    "data": {"total_sleep_time": 24600, "wakeupcount": 2, "sleep_efficiency": 0.91, "rr_average": 14},
}
