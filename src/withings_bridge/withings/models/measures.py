"""Measure groups: acts of measuring, each with one or more values."""

from decimal import Decimal

from withings_bridge.withings.models.shapes import Id, Open


class Measure(Open):
    """One value of a group: an integer and a power of ten."""

    value: int
    unit: int
    """The power of ten; it differs between readings of one type."""
    type: int
    position: int | None = None
    """The part of the body, for types that come once per part."""
    algo: int | None = None
    fm: int | None = None

    @property
    def quantity(self) -> Decimal:
        """The value that was measured, exact whatever the decimal context."""
        return Decimal(f"{self.value}E{self.unit}")


class MeasureGroup(Open):
    """One act of measuring. ``grpid`` is the only safe key: several groups may share one time."""

    grpid: int
    attrib: int | None = None
    """How sure Withings is whose it is; 1 means ambiguous."""
    date: int | None = None
    """When it was taken."""
    created: int | None = None
    modified: int | None = None
    category: int | None = None
    deviceid: Id | None = None
    hash_deviceid: Id | None = None
    model: int | str | None = None
    modelid: int | None = None
    measures: list[Measure]
    comment: str | None = None
    timezone: str | None = None
