"""Where a record comes from: which device, measured or typed in, in which zone, over which stretch."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.lean import lean
from withings_bridge.domain.records import Body, Kind, Record, instant
from withings_bridge.domain.zones import day_in

AMBIGUOUS = 1
"""``attrib`` of a group whose device is not sure whose it is: held back until Withings settles it."""

EXTERNAL_BRAND = 18
"""``brand`` of what a phone counted or another app handed in."""

_GROUPS = frozenset({Kind.MEASURES, Kind.HEIGHT})


class Source(StrEnum):
    """How a value came to be."""

    DEVICE = "device"
    """A device of Withings measured it."""
    MANUAL = "manual"
    """The person typed it in."""
    EXTERNAL = "external"
    """A phone counted it, or another app handed it in."""
    UNKNOWN = "unknown"


_UNKNOWN = Source.UNKNOWN  # looked up once

ATTRIBS: dict[int, Source] = {
    0: Source.DEVICE,
    AMBIGUOUS: Source.DEVICE,
    2: Source.MANUAL,
    3: Source.DEVICE,  # the person picked themselves among candidates on the scale
    4: Source.MANUAL,  # at sign-up
    5: Source.DEVICE,  # a cuff's best of several
    7: Source.DEVICE,  # confirmed by the person
    8: Source.DEVICE,
    10: Source.DEVICE,  # the companion of another group, by position
    15: Source.DEVICE,  # guided conditions
    17: Source.DEVICE,  # as 15, by aiowithings
}
"""``attrib`` of a measure group; others occur, and what they mean is not known."""


@lean
class Origin:
    """Where a record, and with it all its readings, comes from."""

    source: Source = Source.UNKNOWN
    device: str | None = None
    """Withings' id of the device; None where there was none."""
    model: int | None = None
    """Its product, see ``domain.devices``."""
    zone: str | None = None
    """Name of the zone that the record itself tells; None where it tells none."""
    attrib: int | None = None
    held_back: bool = False
    """Perhaps another person's: kept, and not shown as this one's."""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    """The stretch it is about; None for an instant."""
    modified: datetime | None = None
    """When Withings last changed it, where it says so."""

    def of_sample(self, sample: Mapping[str, Any]) -> "Origin":
        """Where one sample within the record comes from: each names its device."""
        device, model = _device(sample), _model(sample)
        source = Source.DEVICE if device else Source.EXTERNAL
        if (device, model, source) == (self.device, self.model, self.source):
            return self
        return replace(self, device=device, model=model, source=source)


def held_back(group: Body) -> bool:
    """Whether the group is kept but not shown: perhaps another person's."""
    return group.get("attrib") == AMBIGUOUS


def origin_of(record: Record) -> Origin:
    """Where the record comes from."""
    kind, body = record.kind, record.body
    if kind in _GROUPS:
        return _origin_of_group(record)
    source, device, zone = _source(kind, body), _device(body), _text(body.get("timezone"))
    # Of a night ``model`` tells the class of device: 16 trackers, 32 mats.
    model = _number(body.get("model_id")) if kind is Kind.SLEEP else _model(body)
    attrib = _number(body.get("attrib"))
    began_at, ended_at = _stretch(record)
    return Origin(source, device, model, zone, attrib, False, began_at, ended_at, record.modified)


def is_tracker(day: Body) -> bool:
    """Whether a tracker of Withings counted the activity of a day, and no phone."""
    return bool(day.get("is_tracker")) or day.get("brand") == 1


def _origin_of_group(group: Record) -> Origin:
    body = group.body
    attrib = _number(body.get("attrib"))
    source = _UNKNOWN if attrib is None else ATTRIBS.get(attrib, _UNKNOWN)
    device, model, zone = _device(body), _model(body), _text(body.get("timezone"))
    # By place, which takes a third of the time that it takes by name.
    return Origin(source, device, model, zone, attrib, held_back(body), None, None, group.modified)


def _source(kind: Kind, body: Body) -> Source:
    match kind:
        case Kind.ACTIVITY:
            if is_tracker(body):
                return Source.DEVICE
            external = body.get("brand") == EXTERNAL_BRAND or not _device(body)
            return Source.EXTERNAL if external else Source.UNKNOWN
        case Kind.WORKOUT if body.get("attrib") in (2, 4):
            return Source.MANUAL
        case Kind.GOALS:
            return Source.MANUAL
        case _:
            return _by_device(body)


def _by_device(body: Body) -> Source:
    model = _model(body)
    known = DEVICE_MODELS.get(model) if model is not None else None
    if known and known.type and known.type.startswith("HealthKit"):
        return Source.EXTERNAL
    return Source.DEVICE if _device(body) or known else Source.UNKNOWN


def _stretch(record: Record) -> tuple[datetime | None, datetime | None]:
    match record.kind:
        case Kind.ACTIVITY if record.day:
            return day_in(record.day, _text(record.body.get("timezone")))
        case Kind.SLEEP | Kind.WORKOUT | Kind.SEGMENT:
            return instant(record.body.get("startdate")), instant(record.body.get("enddate"))
        case _:
            return None, None


def _device(body: Mapping[str, Any]) -> str | None:
    found = body.get("deviceid") or body.get("hash_deviceid")
    return str(found) if isinstance(found, (str, int)) and found else None


def _model(body: Mapping[str, Any]) -> int | None:
    """Services spell it three ways, and ``model`` may be a name."""
    for name in ("modelid", "model_id", "model"):
        if (model := _number(body.get(name))) is not None:
            return model
    return None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
