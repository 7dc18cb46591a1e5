"""A value as the read API tells it, whatever kind of record it was read from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from withings_bridge.api.records_shown import WEIGH_IN
from withings_bridge.api.schemas import Instant, Reply, WithingsRecord
from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.measures import POSITIONS
from withings_bridge.domain.origins import Origin, Source
from withings_bridge.domain.readings import Reading
from withings_bridge.domain.records import Kind, Record
from withings_bridge.domain.units import in_vitals7_units
from withings_bridge.domain.zones import local, zone_told
from withings_bridge.storage.base import Changed


class Camel(Reply):
    """Names as the app writes them."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


@dataclass(frozen=True, slots=True)
class Showing:
    """How a caller wants things shown."""

    zone: str | None
    """Where the person was last, for what tells no zone itself."""
    vitals7: bool = False
    """In the units of Vitals7."""
    record: bool = False
    """With Withings' own JSON."""

    def zone_of(self, origin: Origin) -> str:
        """The name of the zone in which something is told."""
        return zone_told(origin.zone, self.zone)

    def record_of(self, record: Record) -> WithingsRecord | None:
        """Withings' own JSON, where it is wanted."""
        return dict(record.body) if self.record else None


class Position(Reply):
    """Where on the body."""

    number: int = Field(description="Withings' number of it.", examples=[3])
    name: str | None = Field(description="Null where none is known.", examples=["left arm"])

    @classmethod
    def of(cls, number: int | None) -> "Position | None":
        return None if number is None else cls(number=number, name=POSITIONS.get(number))


class AtWithings(Camel):
    """What Withings calls a value, by which it is found again."""

    kind: Kind = Field(description="The kind of record it is in.", examples=["measures"])
    id: str = Field(description="The record: of a measure group its `grpid`.", examples=["5123456789"])
    type: int | None = Field(
        description="The measure type; null for what is no measure, and for a bmi, which is computed.",
        examples=[1],
    )
    field: str | None = Field(description="The field, for what is no measure.", examples=["steps"])
    attrib: int | None = Field(description="Withings' word on where it comes from.", examples=[0])
    modified: Instant | None = Field(
        description="When Withings last changed the record.", examples=["2026-01-15T07:30:55.000Z"]
    )

    @classmethod
    def of(cls, reading: Reading) -> "AtWithings":
        code = reading.code
        return cls(
            kind=reading.record.kind,
            id=reading.record.key,
            type=code if isinstance(code, int) else None,
            field=code if isinstance(code, str) and code else None,
            attrib=reading.origin.attrib,
            modified=reading.origin.modified,
        )


class Value(Camel):
    """One value, with all that is known of it."""

    metric: str = Field(
        description="Its name. What has none yet is `type-` or `field-` with what Withings calls it.",
        examples=["weight"],
    )
    value: str = Field(
        description="The exact decimal, as text: with all digits that Withings sent, which a JSON number "
        "would not keep. Of a classification it is a code.",
        examples=["81.300"],
    )
    unit: str | None = Field(
        description="Null for a metric that nobody has documented yet; `code` for a classification.",
        examples=["kg"],
    )
    at: Instant = Field(
        description="When it was taken, or the stretch began that it is about.",
        examples=["2026-01-15T07:30:41.000Z"],
    )
    until: Instant | None = Field(
        description="When the stretch ended; null for an instant.", examples=["2026-01-15T23:00:00.000Z"]
    )
    local: str = Field(
        description="`at` as clocks there showed it, with their offset.",
        examples=["2026-01-15T08:30:41+01:00"],
    )
    zone: str = Field(
        description="Where: the zone that the record tells, else the one the person was in last, else UTC.",
        examples=["Europe/Paris"],
    )
    device: str | None = Field(
        description="Withings' `deviceid`; null where no device of Withings was used.",
        examples=["9f3c1e7a55"],
    )
    model: int | None = Field(description="Number of its model, where it is told.", examples=[5])
    model_name: str | None = Field(description="Its name, where one is known.", examples=["Body+"])
    source: Source = Field(
        description="`device`: measured by one of Withings; `manual`: typed in; `external`: counted by a "
        "phone or handed in by another app; `unknown`: Withings does not say.",
        examples=["device"],
    )
    position: Position | None = Field(
        description="Where on the body; null where that is not told.",
        examples=[{"number": 3, "name": "left arm"}],
    )
    held_back: bool = Field(
        description="It may be another person's: Withings is not sure yet. Not to be shown as this one's.",
        examples=[False],
    )
    withings: AtWithings

    @classmethod
    def of(cls, reading: Reading, showing: Showing) -> "Value":
        shown = in_vitals7_units(reading) if showing.vitals7 else reading
        origin = shown.origin
        zone = showing.zone_of(origin)
        return cls(
            metric=shown.metric,
            value=f"{shown.value:f}",
            unit=shown.unit,
            at=shown.at,
            until=shown.until,
            local=told(shown.at, zone),
            zone=zone,
            device=origin.device,
            model=origin.model,
            model_name=model_name(origin),
            source=origin.source,
            position=Position.of(shown.position),
            held_back=origin.held_back,
            withings=AtWithings.of(reading),
        )


Item = TypeVar("Item")


class Page(Camel, Generic[Item]):
    """A page of a list."""

    items: list[Item] = Field(description="Those of the page; it may have none and not be the last.")
    next: str | None = Field(
        description="Go on with this as `cursor`; null at the end. Go on while it is there.",
        examples=["dGhpcyBpcyBvcGFxdWU"],
    )


class MeasurementsPage(Page[Value]):
    """Measurements, each by itself, those of one measure group together."""

    records: list[WithingsRecord] | None = Field(
        None,
        description="With `record`: the measure groups of the page as Withings sends them, once each.",
        examples=[[WEIGH_IN]],
    )


class LatestReply(Camel):
    """The newest value of each metric."""

    items: list[Value] = Field(description="One for each metric, by name.")


class RecordChange(Camel):
    """What became of one record."""

    kind: Kind = Field(description="Its kind.", examples=["measures"])
    id: str = Field(description="Its id, unique within its kind.", examples=["5123456789"])
    change: Literal["upsert", "removed"] = Field(
        description="`upsert`: it is new or changed, and is this now; `removed`: it is no longer there.",
        examples=["upsert"],
    )
    record: WithingsRecord | None = Field(
        description="The record as Withings sends it; null when it was removed.", examples=[WEIGH_IN]
    )
    values: list[Value] | None = Field(
        description="The values in it, in place of those before; null when it was removed."
    )

    @classmethod
    def of(cls, change: Changed, found: list[Reading], showing: Showing) -> "RecordChange":
        record = change.record
        return cls(
            kind=change.name.kind,
            id=change.name.key,
            change="removed" if change.removed else "upsert",
            record=dict(record.body) if record else None,
            values=[Value.of(reading, showing) for reading in found] if record else None,
        )


class ChangesPage(Camel):
    """Changes in the order in which they were made."""

    items: list[RecordChange] = Field(description="Those of the page; it may have none and not be the last.")
    next: str = Field(
        description="Keep it, and ask with it as `since` for what comes later.",
        examples=["dGhpcyBpcyBvcGFxdWU"],
    )
    more: bool = Field(description="Whether more changes wait already.", examples=[False])


def told(at: datetime, zone: str) -> str:
    """The instant in that zone, in ISO 8601 with its offset."""
    return local(at, zone).isoformat(timespec="seconds")


def model_name(origin: Origin) -> str | None:
    """The name of the model, where one is known."""
    known = DEVICE_MODELS.get(origin.model) if origin.model is not None else None
    return known.name if known else None
