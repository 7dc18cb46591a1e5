"""What happens in the pretend cloud, in plain words: for the console."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from withings_bridge.domain import measures as m
from withings_bridge.sandbox.announcing import Appli
from withings_bridge.sandbox.journal import Entry
from withings_bridge.sandbox.world.deliveries import Delivery, DeliveryState
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Record, Service

APPLIS = {
    Appli.WEIGHT: "weight",
    Appli.TEMPERATURE: "temperature",
    Appli.PRESSURE: "blood pressure",
    Appli.ACTIVITY: "activity",
    Appli.SLEEP: "sleep",
    Appli.USER: "the account",
    Appli.BED_IN: "into bed",
    Appli.BED_OUT: "out of bed",
    Appli.INFLATED: "the mat",
    Appli.ECG: "an ECG",
    Appli.ECG_FAILED: "a failed ECG",
    Appli.GLUCOSE: "glucose",
    Appli.STETHO: "a stethoscope recording",
    Appli.HRV: "heart rate variability",
    Appli.URINE: "urine",
}

ACTIONS = {
    "requesttoken": "a token",
    "revoke": "an end of the tokens",
    "getmeas": "measures",
    "getactivity": "days of activity",
    "getintradayactivity": "samples of days",
    "getworkouts": "workouts",
    "getsummary": "nights",
    "get": "the stages or the signal",
    "list": "a list",
    "subscribe": "to be told",
    "update": "to be told elsewhere",
    "getdevice": "devices",
    "getgoals": "goals",
    "getnonce": "a nonce",
}

OUTCOMES = {
    DeliveryState.WAITING: "on its way",
    DeliveryState.HELD: "held back",
    DeliveryState.LOST: "lost on the way",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.FAILED: "given up",
}

MISHAPS = {
    "lost": "its reply was lost",
    "cut": "the connection broke",
    "slow": "answered late",
    "empty": "an empty reply",
    "http": "the front end failed",
    "incomplete": "half an answer",
    "stuck": "an answer without an end",
    "status": "",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that passed."""

    at: datetime
    what: str
    outcome: str
    well: bool
    userid: int | None = None


def of_request(entry: Entry) -> Line:
    """A call to the cloud."""
    wanted = ACTIONS.get(entry.action, entry.action or "the consent page")
    what = f"{entry.path} {entry.action}: {wanted}" if entry.action else entry.path
    mishap = MISHAPS.get(entry.mishap or "", entry.mishap or "")
    well = entry.status in {0, 200, 302, 303} and not entry.mishap
    answer = "answered" if well else f"refused, {entry.status} {entry.error}".strip()
    if entry.status is None:
        answer = "no reply"
    elif mishap and entry.status == 0:
        answer = "done"
    return Line(entry.at, what, ", ".join(part for part in (answer, mishap) if part), well, entry.userid)


def of_delivery(delivery: Delivery) -> Line:
    """A notification."""
    about = APPLIS[Appli(delivery.appli)] if delivery.appli in set(Appli) else "something"
    outcome = OUTCOMES[delivery.state]
    if delivery.last_status is not None:
        outcome += f", answered {delivery.last_status}"
    if delivery.tries > 1:
        outcome += f", {delivery.tries} tries"
    return Line(
        at=datetime.fromtimestamp(delivery.created_at, UTC),
        what=f"{about} (appli {delivery.appli}) to {urlsplit(delivery.url).netloc}",
        outcome=outcome,
        well=delivery.state in {DeliveryState.WAITING, DeliveryState.DELIVERED},
        userid=delivery.userid,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A record of a person, and what can be changed about it."""

    service: Service
    key: str
    when: str
    what: str
    field: str | None = None
    """What an edit changes; None where the console changes nothing."""
    value: str = ""
    unit: str = ""


def of_record(record: Record, person: Person) -> Kept:
    """A record as a person would call it."""
    body = record.body
    local = datetime.fromtimestamp(record.taken, person.zone)
    when = f"{local:%d %b, %H:%M}"
    match record.service:
        case Service.MEASURES:
            return _group(record, when, _values(body))
        case Service.ACTIVITY:
            by = "tracker" if body.get("is_tracker") else "phone"
            steps = body.get("steps", 0)
            editable = bool(body.get("is_tracker"))
            return Kept(
                Service.ACTIVITY,
                record.key,
                record.day,
                f"{steps:,} steps, by the {by}",
                field="steps" if editable else None,
                value=str(steps),
                unit="steps",
            )
        case Service.NIGHTS:
            hours = (body["enddate"] - body["startdate"]) / 3600
            return Kept(
                Service.NIGHTS,
                record.key,
                when,
                f"A night of {hours:.2f} hours",
                field="hours",
                value=f"{hours:.2f}",
                unit="hours",
            )
        case _:
            return Kept(record.service, record.key, when, record.service.value)


def _group(record: Record, when: str, values: dict[int, float]) -> Kept:
    if m.WEIGHT in values:
        kg = f"{values[m.WEIGHT]:.3f}".rstrip("0").rstrip(".")
        more = f", {values[m.FAT_RATIO]:.1f} % fat" if m.FAT_RATIO in values else ""
        return Kept(Service.MEASURES, record.key, when, f"{kg} kg{more}", field="kg", value=kg, unit="kg")
    if m.SYSTOLIC in values and m.DIASTOLIC in values:
        what = f"{values[m.SYSTOLIC]:.0f} over {values[m.DIASTOLIC]:.0f} mmHg"
        return Kept(Service.MEASURES, record.key, when, what)
    if len(values) == 1:
        ((number, value),) = values.items()
        known = m.MEASURE_TYPES.get(number)
        what = (
            f"{known.metric.replace('_', ' ')} {value:g} {known.unit}"
            if known
            else f"a value of type {number}"
        )
        return Kept(Service.MEASURES, record.key, when, f"{what[:1].upper()}{what[1:]}")
    number = len(values)
    return Kept(Service.MEASURES, record.key, when, f"{number} values")


def _values(body: dict[str, Any]) -> dict[int, float]:
    return {
        each["type"]: each["value"] * 10.0 ** each["unit"]
        for each in body.get("measures", ())
        if all(isinstance(each.get(name), int) for name in ("type", "value", "unit"))
    }
