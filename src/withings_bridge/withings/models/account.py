"""What belongs to an account rather than to a moment: devices, goals, subscriptions."""

from decimal import Decimal

from pydantic import Field

from withings_bridge.withings.models.shapes import Id, Number, Open


class Device(Open):
    """A device linked to the account."""

    type: str | None = None
    model: int | str | None = None
    """The product's name, which may be empty."""
    model_id: int | None = None
    battery: str | None = None
    """high, medium, low or unknown."""
    deviceid: Id | None = None
    hash_deviceid: Id | None = None
    timezone: str | None = None
    first_session_date: int | None = None
    last_session_date: int | None = None
    """When it last synchronised."""


class GoalWeight(Open):
    """The weight aimed at in kg, as an integer and a power of ten."""

    value: int
    unit: int

    @property
    def quantity(self) -> Decimal:
        """The weight, exact whatever the decimal context."""
        return Decimal(f"{self.value}E{self.unit}")


class Goals(Open):
    """What the person aims at; each goal is optional."""

    steps: Number | None = None
    sleep: Number | None = None
    """Seconds."""
    weight: GoalWeight | None = None


class NotificationProfile(Open):
    """A subscription as Withings knows it. The URL may carry our secret and stays out of ``repr``."""

    appli: int
    callbackurl: str = Field(repr=False)
    comment: str | None = None
    expires: int | None = None
