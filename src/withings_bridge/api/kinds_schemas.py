"""Records by kind as the read API tells them: what each is about, and the values in it."""

from typing import Any, Self

from pydantic import Field

from withings_bridge.api.readings_schemas import Camel, Page, Showing, Value, model_name, told
from withings_bridge.api.records_shown import DEVICE
from withings_bridge.api.schemas import Instant, WithingsRecord
from withings_bridge.domain.metrics import STAGES
from withings_bridge.domain.notifications import APPLIS
from withings_bridge.domain.origins import Origin, Source, origin_of
from withings_bridge.domain.records import Body, Record, day_of, instant
from withings_bridge.domain.workouts import WORKOUT_CATEGORIES
from withings_bridge.services.history.paging import Found

"""Withings' states of sleep."""


_DIGITS = 5
"""Of an appli, at most."""


class Told(Camel):
    """What every record tells of itself."""

    id: str = Field(description="Its id, unique within its kind.", examples=["4112233445"])
    at: Instant = Field(
        description="When it was taken, or its stretch began.", examples=["2026-01-14T22:40:00.000Z"]
    )
    until: Instant | None = Field(
        description="When the stretch ended; null for an instant.", examples=["2026-01-15T06:10:00.000Z"]
    )
    local: str = Field(
        description="`at` as clocks there showed it, with their offset.",
        examples=["2026-01-14T23:40:00+01:00"],
    )
    zone: str = Field(
        description="Where: the zone that the record tells, else the one the person was in last, else UTC.",
        examples=["Europe/Paris"],
    )
    device: str | None = Field(
        description="Withings' `deviceid`; null where the record names none.", examples=["9f3c1e7a55"]
    )
    model: int | None = Field(description="Number of its model, where it is told.", examples=[63])
    model_name: str | None = Field(description="Its name, where one is known.", examples=["Aura Sensor V2"])
    source: Source = Field(
        description="`device`, `manual`, `external` (a phone, or another app) or `unknown`.",
        examples=["device"],
    )
    modified: Instant | None = Field(
        description="When Withings last changed it, where it says so.", examples=["2026-01-15T06:20:00.000Z"]
    )
    values: list[Value] = Field(description="All values in it, each complete.")
    record: WithingsRecord | None = Field(
        description="The record as Withings sends it, if `record` asks for it."
    )

    @classmethod
    def of(cls, found: Found, showing: Showing) -> Self:
        record = found.record
        origin = origin_of(record)
        return cls(
            **_told(record, origin, showing),
            **cls.more(record.body),
            source=origin.source,
            modified=record.modified,
            values=[Value.of(reading, showing) for reading in found.readings],
        )

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:  # noqa: ARG003 - kinds look into it
        """What this kind tells beside."""
        return {}


class ActivityDay(Told):
    """What one source counted on one local day: several may have counted the same steps."""

    date: str | None = Field(description="The day, of the person's calendar.", examples=["2026-01-14"])

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:
        return {"date": _day(body)}


class ActivityHour(Told):
    """The samples of an hour of UTC."""


class Night(Told):
    """A night or a nap."""

    date: str | None = Field(
        description="The day on which it ended, of the person's calendar.", examples=["2026-01-15"]
    )
    completed: bool | None = Field(
        description="False while more of it may follow; null where Withings does not say.", examples=[True]
    )

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:
        completed = body.get("completed")
        return {"date": _day(body), "completed": completed if isinstance(completed, bool) else None}


class SleepStage(Told):
    """A stretch of one state of sleep, with the samples in it."""

    stage: str | None = Field(
        description="`awake`, `light`, `deep`, `rem`, `manual`, `unspecified` or `out of bed`; null for a "
        "state that nobody has documented yet.",
        examples=["light"],
    )
    stage_code: int | None = Field(description="Withings' number of it.", examples=[1])

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:
        state = _number(body.get("state"))
        return {"stage": None if state is None else STAGES.get(state), "stage_code": state}


class Workout(Told):
    """A workout."""

    date: str | None = Field(description="The day, of the person's calendar.", examples=["2026-01-14"])
    category: str | None = Field(description="What it was; null where no name is known.", examples=["Run"])
    category_code: int | None = Field(description="Withings' number of it.", examples=[2])

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:
        code = _number(body.get("category"))
        name = None if code is None else WORKOUT_CATEGORIES.get(code)
        return {"date": _day(body), "category": name, "category_code": code}


class Ecg(Told):
    """An ECG, without its curve."""

    signal_id: str | None = Field(
        description="Withings' `signalid`; null where a cuff took a blood pressure alone.",
        examples=["98765432"],
    )

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:
        ecg = body.get("ecg")
        return {"signal_id": _text(ecg.get("signalid")) if isinstance(ecg, dict) else None}


class StethoRecording(Told):
    """Heart sounds, without the sound."""

    signal_id: str | None = Field(description="Withings' `signalid`.", examples=["98765433"])

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:
        return {"signal_id": _text(body.get("signalid"))}


class Goals(Told):
    """What the person aims at. Withings does not say since when: all is dated 1970."""


class WithingsEvent(Told):
    """What a notification itself told."""

    appli: int | None = Field(description="Withings' number of it.", examples=[50])
    event: str | None = Field(description="What it means, where that is known.", examples=["into bed"])
    confirmed: bool = Field(
        description="Whether the notification carried the webhook's secret; else anybody may have sent it.",
        examples=[True],
    )

    @classmethod
    def more(cls, body: Body) -> dict[str, Any]:
        number = _text(body.get("appli")) or ""
        appli = int(number) if number.isascii() and number.isdigit() and len(number) <= _DIGITS else None
        known = APPLIS.get(appli) if appli is not None else None
        return {
            "appli": appli,
            "event": known.description if known else None,
            "confirmed": body.get("confirmed") is True,
        }


class DeviceReply(Camel):
    """A device of the person."""

    id: str = Field(description="Withings' `deviceid`.", examples=["9f3c1e7a55"])
    type: str | None = Field(description="What it is.", examples=["Scale"])
    model: int | None = Field(description="Number of its model.", examples=[5])
    model_name: str | None = Field(description="The name of its model.", examples=["Body+"])
    battery: str | None = Field(description="`high`, `medium`, `low` or `unknown`.", examples=["high"])
    firmware: str | None = Field(description="Null where Withings does not tell it.", examples=["1751"])
    zone: str | None = Field(description="The zone it is set to.", examples=["Europe/Paris"])
    first_session: Instant | None = Field(
        description="When it first synchronised.", examples=["2024-01-01T08:00:00.000Z"]
    )
    last_session: Instant | None = Field(
        description="When it last synchronised.", examples=["2026-01-15T07:30:41.000Z"]
    )
    record: WithingsRecord | None = Field(
        description="The record as Withings sends it, if `record` asks for it.", examples=[DEVICE]
    )

    @classmethod
    def of(cls, record: Record, showing: Showing) -> "DeviceReply":
        body, origin = record.body, origin_of(record)
        named = body.get("model")
        return cls(
            id=record.key,
            type=_text(body.get("type")),
            model=origin.model,
            model_name=named if isinstance(named, str) and named else model_name(origin),
            battery=_text(body.get("battery")),
            firmware=_text(body.get("fw")),
            zone=origin.zone,
            first_session=instant(body.get("first_session_date")),
            last_session=instant(body.get("last_session_date")),
            record=showing.record_of(record),
        )


class ActivityPage(Page[ActivityDay]):
    """Days of activity."""


class HoursPage(Page[ActivityHour]):
    """Hours with samples."""


class SleepPage(Page[Night]):
    """Nights and naps."""


class StagesPage(Page[SleepStage]):
    """The stretches of a night."""


class WorkoutsPage(Page[Workout]):
    """Workouts."""


class EcgPage(Page[Ecg]):
    """ECGs."""


class StethoPage(Page[StethoRecording]):
    """Recordings of heart sounds."""


class EventsPage(Page[WithingsEvent]):
    """What notifications told."""


class GoalsReply(Camel):
    """What the person aims at."""

    items: list[Goals] = Field(description="One, or none until Withings has told any.")


class DevicesReply(Camel):
    """The person's devices."""

    items: list[DeviceReply] = Field(description="All of them.")


def _told(record: Record, origin: Origin, showing: Showing) -> dict[str, Any]:
    """Names and times of the record."""
    zone, at = showing.zone_of(origin), origin.began_at or record.at
    return {
        "id": record.key,
        "at": at,
        "until": origin.ended_at,
        "local": told(at, zone),
        "zone": zone,
        "device": origin.device,
        "model": origin.model,
        "model_name": model_name(origin),
        "record": showing.record_of(record),
    }


def _day(body: Body) -> str | None:
    day = day_of(body.get("date"))
    return day.isoformat() if day else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, (str, int)) and value != "" else None
