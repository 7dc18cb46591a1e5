"""Why a user's reading is not in the app: what is known of one of their days, put together."""

from dataclasses import dataclass
from datetime import date, datetime

from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.entries import entries
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.explanations import Evidence, Explanation, Session, explain
from withings_bridge.domain.origins import held_back, origin_of
from withings_bridge.domain.ranges import Range
from withings_bridge.domain.records import Kind, Record, instant
from withings_bridge.domain.vitals7 import RECORDED_BY
from withings_bridge.domain.zones import day_in, local, zone_told
from withings_bridge.services.clock import Clock
from withings_bridge.services.history.browsing import Browsing, History, Span
from withings_bridge.storage.base import Trail, Vitals

COUNTED = (Kind.MEASURES, Kind.ACTIVITY, Kind.SLEEP, Kind.WORKOUT, Kind.HEART, Kind.STETHO)
"""Kinds whose records are counted by day."""

MOST_STEPS = 500


@dataclass(frozen=True, slots=True)
class Explained:
    """A user's day, explained."""

    user: str
    account: str | None
    day: date
    zone: str
    explanation: Explanation


class Explaining:
    """Explains a user's day."""

    def __init__(
        self, *, browsing: Browsing, vitals: Vitals, trail: Trail, gateway: bool, clock: Clock
    ) -> None:
        self._browsing = browsing
        self._vitals = vitals
        self._trail = trail
        self._gateway = gateway
        self._clock = clock

    async def explain(self, user: str, day: date | None = None) -> Explained:
        """The way of what was measured on a day of the user's own calendar, today unless one is named.

        Nobody is asked: all is told from what is stored. Raises a StorageError.
        """
        now = self._clock()
        try:
            history = await self._browsing.of(user)
        except NotLinked:
            day = day or now.date()
            start, end = day_in(day, None)
            found = explain(Evidence(start=start, end=end, account=None), now=now)
            return Explained(user, None, day, zone_told(None), found)
        zone = await history.zone()
        day = day or local(now, zone).date()
        evidence = await self._evidence(user, history, day, zone)
        found = explain(evidence, now=now)
        return Explained(user, history.account.userid, day, zone_told(zone), found)

    async def _evidence(self, user: str, history: History, day: date, zone: str | None) -> Evidence:
        now, account = self._clock(), history.account
        start, end = day_in(day, zone)
        records = {kind: await _of_day(history, kind, day, zone) for kind in COUNTED}
        steps = await self._trail.of(account.userid, limit=MOST_STEPS, now=now)
        return Evidence(
            start=start,
            end=end,
            account=account,
            sessions=await _sessions(history),
            steps=[step for step in steps if step.at >= start],
            stuck=[entry for entry in entries(account, now) if entry.stuck],
            records={kind: len(found) for kind, found in records.items()},
            held_back=sum(held_back(group.body) for group in records[Kind.MEASURES]),
            rows=await self._rows(user, start, end),
            gateway=self._gateway,
        )

    async def _rows(self, user: str, start: datetime, end: datetime) -> int:
        first, behind = int(start.timestamp()), int(end.timestamp())
        return sum(
            [
                row.get("recordedBy") == RECORDED_BY and first <= row.get("recordedAt", 0) < behind
                async for row in self._vitals.rows(user)
            ]
        )


async def _of_day(history: History, kind: Kind, day: date, zone: str | None) -> list[Record]:
    span = Span(*Range(day, day).of(kind, zone))
    return [record async for record in history.all(kind, span)]


async def _sessions(history: History) -> list[Session]:
    devices = [device async for device in history.all(Kind.DEVICE, Span())]
    return [session for device in devices if (session := _session(device))]


def _session(device: Record) -> Session | None:
    """When the device was last in touch with Withings, by Withings' list."""
    at = instant(device.body.get("last_session_date"))
    if at is None:
        return None
    known = DEVICE_MODELS.get(origin_of(device).model or 0)
    name, battery = device.body.get("model"), device.body.get("battery")
    return Session(
        device=(name if isinstance(name, str) and name else known and known.name) or "a device",
        at=at,
        battery=battery if isinstance(battery, str) else None,
    )
