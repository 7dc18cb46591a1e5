"""What passes between the pretend cloud and its clients, in plain words: for the console."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from withings_bridge.sandbox.announcing import Appli
from withings_bridge.sandbox.journal import Entry
from withings_bridge.sandbox.world.deliveries import Delivery, DeliveryState

APPLIS = {
    Appli.WEIGHT: "Weight",
    Appli.TEMPERATURE: "Temperature",
    Appli.PRESSURE: "Blood pressure",
    Appli.ACTIVITY: "Activity",
    Appli.SLEEP: "Sleep",
    Appli.USER: "The account",
    Appli.BED_IN: "Into bed",
    Appli.BED_OUT: "Out of bed",
    Appli.INFLATED: "The mat inflated",
    Appli.ECG: "An ECG",
    Appli.ECG_FAILED: "A failed ECG",
    Appli.GLUCOSE: "Glucose",
    Appli.STETHO: "A stethoscope recording",
    Appli.HRV: "Heart rate variability",
    Appli.URINE: "Urine",
}

CALLS = {
    ("/v2/oauth2", "requesttoken"): "Asks for tokens",
    ("/v2/oauth2", "revoke"): "Ends its tokens",
    ("/v2/oauth2", "getdemoaccess"): "Asks for tokens of a demonstration",
    ("/v2/signature", "getnonce"): "Asks for a nonce to sign with",
    ("/measure", "getmeas"): "Asks for measures",
    ("/v2/measure", "confirmuser"): "Says whose a measure is",
    ("/v2/measure", "getactivity"): "Asks for days of activity",
    ("/v2/measure", "getintradayactivity"): "Asks for samples within days",
    ("/v2/measure", "getworkouts"): "Asks for workouts",
    ("/v2/sleep", "get"): "Asks for the stages of a night",
    ("/v2/sleep", "getsummary"): "Asks for nights",
    ("/v2/heart", "list"): "Asks for ECGs",
    ("/v2/heart", "get"): "Asks for the curve of an ECG",
    ("/v2/stetho", "list"): "Asks for stethoscope recordings",
    ("/v2/stetho", "get"): "Asks for the sound of a recording",
    ("/v2/user", "getdevice"): "Asks for devices",
    ("/v2/user", "getgoals"): "Asks for goals",
    ("/notify", "subscribe"): "Subscribes to notifications",
    ("/notify", "get"): "Asks for one of its subscriptions",
    ("/notify", "list"): "Asks for its subscriptions",
    ("/notify", "update"): "Moves a subscription",
    ("/notify", "revoke"): "Ends a subscription",
}

CONSENT = "/oauth2_user/"
"""What the paths of the consent page begin with."""

MISHAPS = {
    "lost": "done, but the reply was lost",
    "cut": "the connection broke, nothing was done",
    "slow": "answered late",
    "empty": "an empty reply, nothing was done",
    "incomplete": "answered with a part",
    "stuck": "answered without an end",
}

OUTCOMES = {
    DeliveryState.WAITING: "on its way",
    DeliveryState.HELD: "held back",
    DeliveryState.LOST: "lost on its way",
    DeliveryState.DELIVERED: "delivered",
    DeliveryState.FAILED: "given up",
}

WELL = frozenset({0, 200, 302, 303})


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that passed."""

    at: datetime
    what: str
    about: str
    """The same as Withings' documentation names it."""
    whom: str
    """The person it is about, if anybody."""
    outcome: str
    well: bool


def of_request(entry: Entry, names: Mapping[int, str]) -> Line:
    """A call to the cloud; ``names`` are those of the people, by userid."""
    if entry.path.startswith(CONSENT):
        what = "Opens the consent page" if entry.method == "GET" else "Answers the consent page"
    else:
        what = CALLS.get((entry.path, entry.action), "Asks for what Withings does not know")
    return Line(
        at=entry.at,
        what=what,
        about=f"{entry.path} {entry.action}".strip(),
        whom=_name(entry.userid, names),
        outcome=_answer(entry),
        well=entry.status in WELL and entry.mishap is None,
    )


def _answer(entry: Entry) -> str:
    if entry.mishap in MISHAPS:
        return MISHAPS[entry.mishap]
    if entry.status is None:
        return "no reply"
    if entry.status in WELL:
        return "answered"
    kind = "HTTP " if entry.mishap == "http" else ""
    return f"refused: {kind}{entry.status} {entry.error}".strip()


def of_delivery(delivery: Delivery, names: Mapping[int, str]) -> Line:
    """A notification."""
    known = delivery.appli in set(Appli)
    return Line(
        at=datetime.fromtimestamp(delivery.created_at, UTC),
        what=APPLIS[Appli(delivery.appli)] if known else "Something",
        about=f"appli {delivery.appli} to {urlsplit(delivery.url).netloc}",
        whom=_name(delivery.userid, names),
        outcome=_way(delivery),
        well=delivery.state is DeliveryState.DELIVERED or _is_new(delivery),
    )


def _way(delivery: Delivery) -> str:
    answered = "nobody answered" if delivery.last_status is None else f"answered {delivery.last_status}"
    if not delivery.tries:
        return OUTCOMES[delivery.state]
    if delivery.state is DeliveryState.WAITING:
        next_at = datetime.fromtimestamp(delivery.due_at, UTC)
        return f"{answered}, {_tries(delivery.tries)}, the next at {next_at:%H:%M:%S}"
    after = f" after {_tries(delivery.tries)}" if delivery.tries > 1 else ""
    return f"{OUTCOMES[delivery.state]}{after}, {answered}"


def _is_new(delivery: Delivery) -> bool:
    return delivery.state is DeliveryState.WAITING and not delivery.tries


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"


def _name(userid: int | None, names: Mapping[int, str]) -> str:
    if userid is None:
        return ""
    return names.get(userid, str(userid))


def of_new(deliveries: list[Delivery]) -> str:
    """What became of the notifications of a deed that was done just now."""
    if not deliveries:
        return "Nobody asked to be told of it."
    count, state = len(deliveries), deliveries[0].state
    if count == 1:
        return f"One notification is {OUTCOMES[state]}."
    return f"{count} notifications are {OUTCOMES[state].replace('its', 'their')}."
