"""From the bytes of a reply of getmeas to rows of Vitals7, and to exact decimals, by the very code that an
import and a reader run; beside it aiowithings, which decodes the same bytes to models, and ``json.loads``.

One reply is made by the sandbox: a thousand groups of people with different scales and cuffs. The other is
the recorded one of a Body Scan, over and over, where it is at hand. Time is this process's own, so that what
else the machine does counts little.
"""

import json
import logging
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from aiowithings import MeasurementGroup
from ratios import Ratio, Target

from recorded import RECORDED, rows
from withings_bridge.domain.readings import height_of, readings
from withings_bridge.domain.records import Kind, Record, records_from
from withings_bridge.domain.vitals7 import Heights, rows_of_group
from withings_bridge.sandbox.options import SandboxOptions
from withings_bridge.sandbox.seeding import seed_people
from withings_bridge.sandbox.world import World
from withings_bridge.sandbox.world.records import Service
from withings_bridge.withings.answers import single
from withings_bridge.withings.models import MeasureGroup
from withings_bridge.withings.protocol import decode

Way = Callable[[bytes], object]

NOW = datetime(2026, 3, 2, tzinfo=UTC)
GROUPS = 1_000
ROUNDS = 60


def to_records(content: bytes) -> list[Record]:
    body = decode(200, "application/json", content, {})
    return records_from(Kind.MEASURES, single(body, "measuregrps", MeasureGroup).rows)


def to_rows(content: bytes) -> None:
    """What an import does, but for the store."""
    groups = to_records(content)
    heights = Heights(height for group in groups if (height := height_of(group)))
    for group in groups:
        rows_of_group(group, heights)


def to_decimals(content: bytes) -> None:
    """What a reader gets: every measure, named, with its origin."""
    for group in to_records(content):
        list(readings(group))


def by_aiowithings(content: bytes) -> None:
    """What its client does with a reply."""
    for group in json.loads(content)["body"]["measuregrps"]:
        MeasurementGroup.from_api(group)


def measure() -> list[Ratio]:
    logging.getLogger("aiowithings").disabled = True  # a word for each code it does not know takes its time
    found = _ratios(_seeded(), "the sandbox")
    if RECORDED.is_dir():
        found += _ratios(rows("measurement_list_2") * 30, "a Body Scan")
    return found


def _seeded() -> list[Any]:
    world = World.open(None)
    seed_people(world, SandboxOptions(seed=7, days=150, people=4), NOW)
    at = int(NOW.timestamp())
    found = [
        record.body
        for person in world.people.all()
        for record in world.records.changed_after(person.userid, Service.MEASURES, 0, at=at)
    ]
    world.close()
    return found


def _ratios(groups: Iterable[Any], whose: str) -> list[Ratio]:
    # No two groups have one id, or they would be one record.
    named = [{**group, "grpid": number} for number, group in enumerate(groups)][:GROUPS]
    body = {"updatetime": 1_772_409_600, "timezone": "Europe/Paris", "measuregrps": named}
    content = json.dumps({"status": 0, "body": body}, separators=(",", ":")).encode()
    ways: dict[Way, list[float]] = {
        way: [] for way in (by_aiowithings, to_rows, to_decimals, to_records, json.loads)
    }
    for _ in range(ROUNDS):
        for way, took in ways.items():
            began = time.process_time()
            way(content)
            took.append(time.process_time() - began)
    speed = {way: len(named) / statistics.median(took) for way, took in ways.items()}

    def against(what: str, way: Way, target: Target | None = None) -> Ratio:
        return Ratio(
            f"Groups of {whose} {what} / decoded by aiowithings",
            speed[way],
            speed[by_aiowithings],
            "groups/s",
            target,
        )

    return [
        against("to rows", to_rows, Target(2, at_least=True)),
        against("to exact decimals", to_decimals),
        against("to records", to_records),
        against("by `json.loads`", json.loads),
    ]
