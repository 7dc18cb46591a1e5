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
    "hash_deviceid": "9f3c1e7a55",
    "measures": [
        {"value": 81300, "type": 1, "unit": -3},
        {"value": 2020, "type": 6, "unit": -2},
    ],
    "modelid": 5,
    "model": "Body+",
    "comment": None,
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

HOUR: dict[str, Any] = {
    "hour": 1768399200,
    "series": {
        "1768399260": {"heart_rate": 64, "deviceid": "2d1f8b6c7e", "model": "ScanWatch", "model_id": 93},
        "1768399320": {"steps": 71, "duration": 60, "deviceid": "2d1f8b6c7e", "model_id": 93},
    },
}

STRETCH: dict[str, Any] = {
    "startdate": 1768430400,
    "enddate": 1768431900,
    "state": 1,
    "hash_deviceid": "7a55d30e21",
    "model_id": 63,
    "hr": {"1768430400": 58, "1768430460": 57},
}

WORKOUT: dict[str, Any] = {
    "id": 8842105,
    "category": 2,
    "timezone": "Europe/Paris",
    "attrib": 0,
    "startdate": 1768406400,
    "enddate": 1768408920,
    "date": "2026-01-14",
    "deviceid": "2d1f8b6c7e",
    "modified": 1768409000,
    "data": {"steps": 6480, "distance": 7015.2, "hr_average": 148},
}

ECG: dict[str, Any] = {
    "deviceid": "2d1f8b6c7e",
    "model": 93,
    "ecg": {"signalid": 98765432, "afib": 0},
    "heart_rate": 66,
    "timestamp": 1768415700,
    "modified": 1768415790,
}

HEART_SOUNDS: dict[str, Any] = {
    "signalid": 98765433,
    "vhd": 0,
    "timestamp": 1768415400,
    "timezone": "Europe/Paris",
    "hash_deviceid": "c0441b9e3f",
}

GOALS: dict[str, Any] = {"steps": 10000, "sleep": 28800, "weight": {"value": 78000, "unit": -3}}

INTO_BED: dict[str, Any] = {
    "appli": 50,
    "deviceid": "7a55d30e21",
    "date": 1768430100,
    "confirmed": True,
}
