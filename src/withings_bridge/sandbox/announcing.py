"""Which notifications a change of a record causes, and for whom they are queued."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.world.deliveries import DeliveryState
from withings_bridge.sandbox.world.records import Record, Service

JsonObject = dict[str, Any]


class Appli(IntEnum):
    """Withings' notification categories that a subscription may name."""

    WEIGHT = 1
    TEMPERATURE = 2
    PRESSURE = 4
    ACTIVITY = 16
    SLEEP = 44
    USER = 46
    BED_IN = 50
    BED_OUT = 51
    INFLATED = 52
    ECG = 54
    ECG_FAILED = 55
    GLUCOSE = 58
    STETHO = 61
    HRV = 62
    URINE = 63


_APPLIS_OF_TYPES: dict[Appli, frozenset[int]] = {
    Appli.WEIGHT: frozenset({1, 5, 6, 8, 71, 73, 76, 77, 88, 91}),
    Appli.TEMPERATURE: frozenset({12, 71, 73}),
    Appli.PRESSURE: frozenset({9, 10, 11, 54}),
    Appli.ECG: frozenset({130, 135, 136, 137, 138}),
    Appli.GLUCOSE: frozenset({119}),
    Appli.URINE: frozenset({147, 148, 151, 204, 205, 248, 249, 251}),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification before it is addressed: its category and the fields after userid and appli."""

    appli: Appli
    fields: Mapping[str, str] = field(hash=False)


def notices_of(records: Iterable[Record]) -> list[Notice]:
    """What Withings announces when these records come, change or go: each window once per category."""
    notices: dict[tuple[Appli, str], Notice] = {}
    for record in records:
        for notice in _notices_of(record):
            notices.setdefault((notice.appli, repr(sorted(notice.fields.items()))), notice)
    return list(notices.values())


def _notices_of(record: Record) -> Iterable[Notice]:
    body = record.body
    match record.service:
        case Service.MEASURES:
            types = {measure["type"] for measure in body["measures"]}
            for appli, fired_by in _APPLIS_OF_TYPES.items():
                if types & fired_by:
                    yield Notice(appli, _instant(record.taken))
        case Service.ACTIVITY | Service.WORKOUTS:
            yield Notice(Appli.ACTIVITY, {"date": record.day})
        case Service.NIGHTS:
            yield Notice(Appli.SLEEP, {"startdate": str(body["startdate"]), "enddate": str(body["enddate"])})
        case Service.HEART:
            device = {"deviceid": str(body["deviceid"])} if body.get("deviceid") else {}
            yield Notice(Appli.ECG, _instant(record.taken) | device)
        case Service.STETHO:
            yield Notice(Appli.STETHO, _instant(record.taken))
        case Service.SEGMENTS:
            pass  # the night they belong to is announced


def _instant(taken: int) -> dict[str, str]:
    """The window of a single measuring, as recorded: from the second before it."""
    return {"startdate": str(taken - 1), "enddate": str(taken)}


def announce(sandbox: RunningSandbox, userid: int, notices: Iterable[Notice]) -> None:
    """Queues each notice for every subscription of this person to its category."""
    state = DeliveryState.WAITING
    if sandbox.faults.lose_notifications:
        state = DeliveryState.LOST
    elif sandbox.faults.hold_notifications:
        state = DeliveryState.HELD
    copies = 2 if sandbox.faults.duplicate_notifications else 1
    for notice in notices:
        for subscription in sandbox.world.subscriptions.find(userid, appli=notice.appli):
            for _ in range(copies):
                sandbox.world.deliveries.add(
                    subscription_id=subscription.id,
                    userid=userid,
                    appli=notice.appli,
                    url=subscription.url,
                    fields={"userid": str(userid), **notice.fields, "appli": str(int(notice.appli))},
                    state=state,
                    now=sandbox.clock.timestamp(),
                )
    sandbox.courier.wake()
