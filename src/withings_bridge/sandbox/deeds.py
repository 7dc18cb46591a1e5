"""What a pretend person does: steps on the scale, walks, sleeps, leaves. Each deed becomes records
and the notifications that Withings would send.
"""

from datetime import date
from random import Random
from typing import Any

from withings_bridge.domain import measures as m
from withings_bridge.sandbox.announcing import Appli, Notice, announce, notices_of
from withings_bridge.sandbox.running import RunningSandbox
from withings_bridge.sandbox.seeding.activity import activity_day
from withings_bridge.sandbox.seeding.character import BODY_SCAN, Device
from withings_bridge.sandbox.seeding.groups import (
    ATTRIB_MANUAL,
    ATTRIB_SIGN_UP,
    blood_pressure,
    composition,
    measure,
    measure_group,
)
from withings_bridge.sandbox.seeding.shelving import record_of
from withings_bridge.sandbox.seeding.sleep import night
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Record, Service

JsonObject = dict[str, Any]

_TYPED_IN = frozenset({ATTRIB_MANUAL, ATTRIB_SIGN_UP})
_ORDINARY_KG = 75.0
_ORDINARY_PULSE = 62.0


class Doer:
    """One person of a running sandbox, ready to do something."""

    def __init__(self, sandbox: RunningSandbox, person: Person) -> None:
        self._sandbox = sandbox
        self._person = person

    def weigh(
        self, kg: float, *, fat_percent: float | None, pulse: float | None, at: int | None, attrib: int
    ) -> list[JsonObject]:
        """Steps on the scale, or types the weight in (attrib 2 and 4). A Body Scan puts the pulse
        into a group of its own with the same date; other scales keep one group.
        """
        scale = None if attrib in _TYPED_IN else self._device("Scale")
        measures = [measure(m.WEIGHT, kg, -3)]
        if fat_percent is not None:
            measures = composition(kg, fat_percent, scale=scale, segments=False)
        acts = [measures]
        if pulse is not None:
            beats = [measure(m.HEART_PULSE, pulse, 0)]
            if scale is not None and scale.model_id == BODY_SCAN:
                acts.append(beats)
            else:
                measures += beats
        return self._measure(acts, device=scale, at=at, attrib=attrib)

    def take_pressure(
        self, systolic: float, diastolic: float, *, pulse: float | None, at: int | None, attrib: int
    ) -> list[JsonObject]:
        cuff = None if attrib in _TYPED_IN else self._device("Blood Pressure Monitor")
        return self._measure([blood_pressure(systolic, diastolic, pulse)], device=cuff, at=at, attrib=attrib)

    def sleep(self, *, start: int | None, hours: float) -> JsonObject:
        """A night; without a start it has just ended."""
        now = self._sandbox.clock.epoch()
        begun = now - round(hours * 3600) if start is None else start
        device = self._device("Sleep Monitor") or self._device("Activity Tracker")
        row = night(
            self._new_id(),
            begun,
            begun + round(hours * 3600),
            device=device or Device(-1, ""),
            zone=self._person.timezone,
            pulse=_ORDINARY_PULSE,
        )
        self.keep(self._record(Service.NIGHTS, row | {"created": now, "modified": now}))
        return row | {"created": now, "modified": now}

    def walk(self, steps: int, *, day: date | None, phone: bool) -> JsonObject:
        """A day's steps so far, in place of what that device counted before."""
        now = self._sandbox.clock.epoch()
        when = day or self._sandbox.clock.now().astimezone(self._person.zone).date()
        row = activity_day(
            Random(f"{self._person.userid}:{when}"),
            when,
            steps=steps,
            zone=self._person.timezone,
            kg=_ORDINARY_KG,
            modified=now,
            device=None if phone else self._device("Activity Tracker"),
            pulse=_ORDINARY_PULSE,
        )
        self.keep(self._record(Service.ACTIVITY, row))
        return row

    def meet_bed(self, event: Appli) -> None:
        """Gets in or out, or the mat inflates: an event that no service can be asked for later."""
        mat = self._device("Sleep Monitor")
        fields = {
            "deviceid": mat.deviceid if mat else "",
            "date": str(self._sandbox.clock.epoch()),
        }
        announce(self._sandbox, self._person.userid, [Notice(event, fields)])

    def keep(self, record: Record, *, instead_of: Record | None = None) -> None:
        """Stores a record in place of its former self and announces both their windows."""
        before = instead_of or self._find(record.service, record.key)
        if before is not None:
            self._sandbox.world.records.forget(before.userid, before.service, before.key)
        self._sandbox.world.records.add([record])
        self._announce([record] if before is None else [before, record])

    def delete(self, records: list[Record]) -> None:
        """The records go without a trace; only their windows are announced."""
        gone_at = self._sandbox.clock.epoch() + self._sandbox.faults.deletions_show_after_seconds
        for record in records:
            self._sandbox.world.records.vanish(record, at=gone_at)
        self._announce(records)

    def load(self, records: list[Record], *, replace: bool, notify: bool) -> None:
        """Takes given records as they are, in place of those with the same keys or of all."""
        shelf = self._sandbox.world.records
        with self._sandbox.world.transaction():
            if replace:
                shelf.forget_all(self._person.userid)
            for record in records:
                shelf.forget(record.userid, record.service, record.key)
            shelf.add(records)
        if notify:
            self._announce(records)

    def leave(self, action: str) -> None:
        """``unlink`` or ``delete``: all tokens die, all subscriptions end, appli 46 tells of it."""
        userid, world = self._person.userid, self._sandbox.world
        announce(self._sandbox, userid, [Notice(Appli.USER, {"action": action})])
        world.grants.end(userid, now=self._sandbox.clock.timestamp())
        world.subscriptions.remove_all(userid)
        if action == "delete":
            world.records.forget_all(userid)
            world.people.remove(userid)

    def _measure(
        self, acts: list[list[JsonObject]], *, device: Device | None, at: int | None, attrib: int
    ) -> list[JsonObject]:
        now = self._sandbox.clock.epoch()
        taken = now if at is None else at
        groups = [
            measure_group(self._new_id(), measures, at=taken, created=now, device=device, attrib=attrib)
            for measures in acts
        ]
        records = [self._record(Service.MEASURES, group) for group in groups]
        self._sandbox.world.records.add(records)
        self._announce(records)
        return groups

    def _announce(self, records: list[Record]) -> None:
        announce(self._sandbox, self._person.userid, notices_of(records))

    def _record(self, service: Service, row: JsonObject) -> Record:
        return record_of(self._person.userid, service, row, now=self._sandbox.clock.epoch())

    def _find(self, service: Service, key: str) -> Record | None:
        return self._sandbox.world.records.find(
            self._person.userid, service, key, at=self._sandbox.clock.epoch()
        )

    def _new_id(self) -> int:
        return self._sandbox.world.take_ids(1).start

    def _device(self, kind: str) -> Device | None:
        """The person's first device of a type, whose last session is now."""
        people = self._sandbox.world.people
        devices = people.devices(self._person.userid)
        listed = next((device for device in devices if device["type"] == kind), None)
        if listed is None:
            return None
        listed["last_session_date"] = self._sandbox.clock.epoch()
        people.set_devices(self._person.userid, devices)
        return Device(listed["model_id"], listed["deviceid"])
