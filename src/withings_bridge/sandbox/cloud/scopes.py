"""The four scopes of a public app, and which of them a notification category needs."""

from withings_bridge.sandbox.announcing import Appli

INFO, METRICS, ACTIVITY, SLEEP_EVENTS = "user.info", "user.metrics", "user.activity", "user.sleepevents"

DESCRIPTIONS = {
    INFO: "Devices and goals",
    METRICS: "Weight, blood pressure, temperature, heart",
    ACTIVITY: "Activity, workouts and sleep",
    SLEEP_EVENTS: "Getting into and out of bed",
}
ALL = frozenset(DESCRIPTIONS)


def granted_scope(asked: str, allowed: frozenset[str] = ALL) -> str | None:
    """The asked scopes that are allowed, in the order they were asked for; None if one is unknown."""
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if not names or not ALL.issuperset(names):
        return None
    return ",".join(name for name in dict.fromkeys(names) if name in allowed)


def scope_of(appli: Appli) -> str:
    match appli:
        case Appli.ACTIVITY | Appli.SLEEP:
            return ACTIVITY
        case Appli.USER:
            return INFO
        case Appli.BED_IN | Appli.BED_OUT | Appli.INFLATED:
            return SLEEP_EVENTS
        case _:
            return METRICS
