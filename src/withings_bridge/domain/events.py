"""Events: what a notification itself tells, since nothing can be fetched about it.

Into bed, out of bed, a mat inflated, an ECG that failed. Anybody can post one, so each says whether the
post carried the webhook's secret.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from withings_bridge.domain.records import Kind, Record, record_from

PREFIX = "event:"
"""How the written form of an event begins, among others in one set of strings."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something that happened to a device. Of two that tell the same, the confirmed one sorts behind."""

    appli: int
    deviceid: str
    """Empty where the post named none."""
    at: datetime
    """In whole seconds of UTC."""
    confirmed: bool = False
    """Whether a secret guards the webhook, and the post carried it."""

    def __str__(self) -> str:
        # The device comes last: a stranger may have put anything into it.
        return f"{PREFIX}{self.appli}:{self._epoch}:{int(self.confirmed)}:{self.deviceid}"

    @classmethod
    def parse(cls, text: str) -> "Event":
        appli, epoch, confirmed, deviceid = text.removeprefix(PREFIX).split(":", 3)
        return cls(int(appli), deviceid, datetime.fromtimestamp(int(epoch), UTC), confirmed == "1")

    @property
    def record(self) -> Record:
        """As it is stored. Told again it is the same record."""
        return record_from(
            Kind.EVENT,
            {
                "appli": self.appli,
                "deviceid": self.deviceid or None,
                "date": self._epoch,
                "confirmed": self.confirmed,
            },
        )

    @property
    def _epoch(self) -> int:
        return int(self.at.timestamp())
