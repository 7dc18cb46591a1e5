"""Who a seeded person is: body, habits, zone and devices, all drawn from a seed."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from withings_bridge.domain.devices import DEVICE_MODELS

JsonObject = dict[str, Any]

BODY_SCAN = 10
SCANWATCHES = frozenset({93, 94})
BPM_CORE = 44


@dataclass(frozen=True, slots=True)
class Kit:
    """What somebody owns, by Withings' model numbers."""

    timezone: str
    scale: int
    cuff: int
    tracker: int
    thermometer: int
    mat: int | None

    @property
    def models(self) -> tuple[int, ...]:
        owned = (self.scale, self.cuff, self.tracker, self.thermometer, self.mat)
        return tuple(model for model in owned if model is not None)


KITS = (
    Kit("Europe/Paris", scale=BODY_SCAN, cuff=BPM_CORE, tracker=93, thermometer=70, mat=63),
    Kit("America/New_York", scale=5, cuff=45, tracker=94, thermometer=71, mat=63),
    Kit("Asia/Kolkata", scale=6, cuff=43, tracker=55, thermometer=70, mat=None),
    Kit("Australia/Sydney", scale=18, cuff=BPM_CORE, tracker=59, thermometer=71, mat=63),
)


@dataclass(frozen=True, slots=True)
class Device:
    """One device of one person."""

    model_id: int
    deviceid: str

    @property
    def name(self) -> str:
        known = DEVICE_MODELS.get(self.model_id)
        return (known.name if known else None) or ""

    @property
    def type(self) -> str:
        known = DEVICE_MODELS.get(self.model_id)
        return (known.type if known else None) or ""

    def as_listed(self, *, timezone: str, battery: str, first: int | None, last: int | None) -> JsonObject:
        """The device as getdevice shows it; sessions are epochs."""
        return {
            "type": self.type,
            "battery": battery,
            "model": self.name,
            "model_id": self.model_id,
            "timezone": timezone,
            "first_session_date": first,
            "last_session_date": last,
            "deviceid": self.deviceid,
            "hash_deviceid": self.deviceid,
        }


def devices_of(owner: str, kit: Kit) -> dict[int, Device]:
    """The owner's devices by model; ids are 40 hex digits, as Withings' are."""
    return {
        model: Device(model, hashlib.sha256(f"{owner}:{model}".encode()).hexdigest()[:40])
        for model in kit.models
    }


def chance(random: Random, probability: float) -> bool:
    return random.random() < probability


@dataclass(frozen=True, slots=True)
class Character:
    """The constants that a person's records vary around."""

    seed: str
    kit: Kit
    devices: dict[int, Device]
    height: float
    """Metres."""
    kg: float
    fat_percent: float
    pulse: float
    systolic: float
    diastolic: float
    steps: float
    """On an ordinary day."""
    bedtime: float
    """Minutes after midnight, or before it when negative."""
    asleep: float
    """Minutes."""

    @classmethod
    def drawn(cls, seed: str, kit: Kit) -> "Character":
        """The character that this seed stands for."""
        random = Random(f"{seed}:character")
        height = round(random.uniform(1.58, 1.9), 2)
        body_mass_index = random.uniform(22, 30)
        fitness = random.uniform(-1, 1)
        return cls(
            seed=seed,
            kit=kit,
            devices=devices_of(seed, kit),
            height=height,
            kg=body_mass_index * height * height,
            fat_percent=body_mass_index * 1.1 - 6 - 2 * fitness,
            pulse=64 - 6 * fitness,
            systolic=108 + 1.1 * (body_mass_index - 20) - 3 * fitness,
            diastolic=69 + 0.8 * (body_mass_index - 20) - 2 * fitness,
            steps=8000 + 2500 * fitness,
            bedtime=random.uniform(-90, 30),
            asleep=random.uniform(400, 475),
        )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.kit.timezone)

    def random(self, kind: str) -> Random:
        """A generator of its own for each kind of data, so that one never shifts another."""
        return Random(f"{self.seed}:{kind}")

    def kg_on(self, day: date) -> float:
        """The weight trend: slow waves without daily noise."""
        turn = 2 * math.pi * day.toordinal()
        return self.kg * (1 + 0.03 * math.sin(turn / 260 + self.height) + 0.008 * math.sin(turn / 34))

    def fat_percent_on(self, day: date) -> float:
        """Follows the weight: most of what comes and goes is fat."""
        return self.fat_percent + 55 * (self.kg_on(day) / self.kg - 1)

    def pressure_on(self, day: date) -> tuple[float, float]:
        """Systolic and diastolic trend, which follow the weight."""
        surplus = self.kg_on(day) - self.kg
        return self.systolic + 1.2 * surplus, self.diastolic + 0.7 * surplus

    def epoch(self, day: date, minutes: float) -> int:
        """The moment so many minutes after local midnight of a day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return int(midnight.timestamp() + minutes * 60)


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch of history to fill."""

    days: tuple[date, ...]
    """Complete local days, oldest first."""
    until: int
    """Epoch that nothing may lie after."""

    @classmethod
    def before(cls, midnight: datetime, *, days: int, zone: ZoneInfo) -> "Span":
        """The last so many local days that were over at a given UTC midnight."""
        today = midnight.astimezone(zone).date()
        return cls(
            tuple(today - timedelta(days=back) for back in range(days, 0, -1)), int(midnight.timestamp())
        )


Ids = Iterator[int]
"""Numbers for new records."""
