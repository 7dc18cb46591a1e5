"""Fills an empty world with people and their history."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from withings_bridge.sandbox.options import SandboxOptions
from withings_bridge.sandbox.seeding import activity, body, heart, sleep
from withings_bridge.sandbox.seeding.character import KITS, Character, Span
from withings_bridge.sandbox.seeding.shelving import record_of
from withings_bridge.sandbox.world import World
from withings_bridge.sandbox.world.people import Person
from withings_bridge.sandbox.world.records import Service

JsonObject = dict[str, Any]
Row = tuple[Service, JsonObject]

_IDS_PER_DAY = 20
_BATTERIES = ("high", "medium", "high", "low", "high")


def seed_people(world: World, options: SandboxOptions, now: datetime) -> None:
    """Adds the people of the options with their days up to the last UTC midnight."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with world.transaction():
        for number in range(options.people):
            character = Character.drawn(f"{options.seed}:{number}", KITS[number % len(KITS)])
            _seed(world, character, midnight, days=options.days)


def _seed(world: World, character: Character, midnight: datetime, *, days: int) -> Person:
    span = Span.before(midnight, days=days, zone=character.zone)
    person = world.people.add(
        timezone=character.kit.timezone,
        goals={
            "steps": 10_000,
            "sleep": 28_800,
            "weight": {"value": round(body.goal_kg(character) * 1000), "unit": -3},
        },
    )
    first = character.epoch(span.days[0], 600) if span.days else None
    last = span.until if span.days else None
    world.people.set_devices(
        person.userid,
        [
            device.as_listed(timezone=person.timezone, battery=battery, first=first, last=last)
            for device, battery in zip(character.devices.values(), itertools.cycle(_BATTERIES), strict=False)
        ],
    )
    ids = iter(world.take_ids(_IDS_PER_DAY * (days + 1)))
    world.records.add(
        record_of(person.userid, service, row, now=span.until) for service, row in _rows(character, ids, span)
    )
    return person


def _rows(character: Character, ids: Iterator[int], span: Span) -> Iterator[Row]:
    groups = (
        body.sign_up,
        body.weighings,
        body.temperatures,
        body.basal_rates,
        heart.pressures,
        heart.oxygen,
    )
    for generate in groups:
        yield from ((Service.MEASURES, row) for row in generate(character, ids, span))
    for listed, group in heart.recordings(character, ids, span):
        yield Service.HEART, listed
        if group is not None:
            yield Service.MEASURES, group
    yield from ((Service.STETHO, row) for row in heart.auscultations(character, ids, span))
    yield from ((Service.ACTIVITY, row) for row in activity.days(character, span))
    yield from ((Service.WORKOUTS, row) for row in activity.workouts(character, ids, span))
    yield from ((Service.NIGHTS, row) for row in sleep.nights(character, ids, span))
