"""Turns Withings' JSON into records: which service a row belongs to, its key, its times."""

from typing import Any

from withings_bridge.sandbox.world.records import Record, Service

JsonObject = dict[str, Any]


def service_of_series(row: JsonObject) -> Service:
    """Which service a row of a ``series`` is from; several of them use that name."""
    if "state" in row:
        return Service.SEGMENTS
    if "vhd" in row:
        return Service.STETHO
    if "timestamp" in row:
        return Service.HEART
    return Service.WORKOUTS if "category" in row else Service.NIGHTS


def record_of(userid: int, service: Service, row: JsonObject, *, now: int, loaded: bool = False) -> Record:
    """The record that serves this row as it is. A row without ``modified`` counts as changed now.

    Raises KeyError or ValueError for a row that lacks what its service is searched by.
    """
    return Record(
        userid=userid,
        service=service,
        key=_key(service, row),
        taken=_taken(service, row),
        day=str(row.get("date", "")) if service in _BY_DAY else "",
        modified=int(row.get("modified", now)),
        body=row,
        loaded=loaded,
    )


_BY_DAY = frozenset({Service.ACTIVITY, Service.WORKOUTS, Service.NIGHTS})


def activity_key(row: JsonObject) -> str:
    """A day has a row for each device that counted it."""
    return f"{row['date']}/{row.get('deviceid') or ''}/{row.get('modelid') or ''}"


def _key(service: Service, row: JsonObject) -> str:
    match service:
        case Service.MEASURES:
            return str(row["grpid"])
        case Service.ACTIVITY:
            return activity_key(row)
        case Service.SEGMENTS:
            return f"{row.get('hash_deviceid') or ''}/{row['startdate']}"
        case Service.HEART:
            return str(row["ecg"]["signalid"] if "ecg" in row else row["timestamp"])
        case Service.STETHO:
            return str(row["signalid"])
        case Service.WORKOUTS | Service.NIGHTS:
            return str(row.get("id") or row["startdate"])


def _taken(service: Service, row: JsonObject) -> int:
    match service:
        case Service.MEASURES:
            return int(row.get("date") or row["created"])
        case Service.ACTIVITY:
            return 0
        case Service.HEART | Service.STETHO:
            return int(row["timestamp"])
        case Service.SEGMENTS | Service.WORKOUTS | Service.NIGHTS:
            return int(row["startdate"])
