"""Tracker and phone: activity days, the minutes within a day, workouts."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from random import Random
from typing import Any

from withings_bridge.sandbox.seeding.character import Character, Device, Ids, Span, chance

JsonObject = dict[str, Any]

_WITHINGS, _EXTERNAL = 1, 18
_PHONE_MODEL, _PHONE_NAME = 1055, "GoogleFit tracker"
_WEEKEND = 5
_WALK, _RUN, _BICYCLE, _SWIM = 1, 2, 6, 7
_METRES_A_STEP = 0.74
_RESTING_KCAL_PER_KG = 24
_BUCKET = 600
"""Seconds of an intraday bucket with steps; heart rate is sampled as often."""


def days(character: Character, span: Span) -> Iterator[JsonObject]:
    """A row of the tracker for each day and, on some, one of the phone that counted it too."""
    random = character.random("activity")
    tracker = character.devices[character.kit.tracker]
    for day in span.days:
        steps = character.steps * (0.75 if day.weekday() >= _WEEKEND else 1) * random.lognormvariate(0, 0.3)
        modified = min(span.until, character.epoch(day, 1440 + random.uniform(5, 180)))
        row = partial(
            activity_day, random, day, zone=character.kit.timezone, kg=character.kg_on(day), modified=modified
        )
        yield row(steps=round(steps), device=tracker, pulse=character.pulse)
        if chance(random, 0.15):
            yield row(steps=round(steps * random.uniform(0.55, 0.85)))


def activity_day(
    random: Random,
    day: date,
    *,
    steps: int,
    zone: str,
    kg: float,
    modified: int,
    device: Device | None = None,
    pulse: float = 0,
) -> JsonObject:
    """One row of getactivity with every metric; without a device it is a phone's, with no heart rate."""
    minutes = steps / 105
    intense = round(minutes * random.uniform(0, 0.2)) * 60
    moderate = round(minutes * random.uniform(0.3, 0.5)) * 60
    burnt = steps * kg * 0.00055
    row: JsonObject = {
        "steps": steps,
        "distance": round(steps * _METRES_A_STEP, 3),
        "elevation": round(random.uniform(0, 12) * steps / 4000),
        "soft": round(minutes * 60 * random.uniform(1.2, 2)),
        "moderate": moderate,
        "intense": intense,
        "active": moderate + intense,
        "calories": round(burnt, 3),
        "totalcalories": round(burnt + kg * _RESTING_KCAL_PER_KG, 3),
    }
    if device is not None:
        row |= {
            "hr_average": round(pulse + random.uniform(9, 16)),
            "hr_min": round(pulse - random.uniform(8, 14)),
            "hr_max": round(pulse + random.uniform(50, 95)),
            "hr_zone_0": round(random.uniform(30_000, 50_000)),
            "hr_zone_1": moderate,
            "hr_zone_2": intense,
            "hr_zone_3": round(intense * 0.1),
        }
    return row | {
        "deviceid": None if device is None else device.deviceid,
        "hash_deviceid": None if device is None else device.deviceid,
        "timezone": zone,
        "date": day.isoformat(),
        "modified": modified,
        "brand": _EXTERNAL if device is None else _WITHINGS,
        "modelid": _PHONE_MODEL if device is None else device.model_id,
        "model": _PHONE_NAME if device is None else device.name,
        "is_tracker": device is not None,
    }


def minutes_of(row: JsonObject, *, midnight: datetime, until: int) -> dict[int, JsonObject]:
    """A day's row spread over its waking hours: buckets by epoch, whose steps add up to the row's.

    Buckets after ``until`` do not exist yet.
    """
    random = Random(f"intraday:{row['date']}:{row.get('deviceid')}")
    wake = int(midnight.timestamp()) + random.randrange(6 * 3600, 8 * 3600)
    starts = [at for at in range(wake, wake + 15 * 3600, _BUCKET) if at + _BUCKET <= until]
    if not starts:
        return {}
    weights = [random.expovariate(1) * chance(random, 0.6) for _ in starts]
    if not any(weights):
        weights[0] = 1
    origin = {
        "deviceid": row.get("deviceid"),
        "model": row.get("model"),
        "model_id": row.get("modelid"),
    }
    buckets: dict[int, JsonObject] = {}
    left, weight_left = row.get("steps") or 0, sum(weights)
    for at, weight in zip(starts, weights, strict=True):
        bucket: JsonObject = {}
        steps = round(left * weight / weight_left) if weight else 0
        left, weight_left = left - steps, weight_left - weight
        if steps:
            share = steps / row["steps"]
            bucket |= {
                "steps": steps,
                "distance": round((row.get("distance") or 0) * share, 2),
                "elevation": round((row.get("elevation") or 0) * share, 2),
                "calories": round((row.get("calories") or 0) * share, 2),
                "duration": _BUCKET,
            }
        if row.get("hr_average"):
            bucket["heart_rate"] = round(row["hr_average"] + random.gauss(0, 6) + min(40, steps / 20))
        if bucket:
            buckets[at] = bucket | origin
    return buckets


def workouts(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """About two a week."""
    random = character.random("workouts")
    tracker = character.devices[character.kit.tracker]
    for day in span.days:
        if not chance(random, 0.28):
            continue
        start = character.epoch(day, random.gauss(1080, 60))
        category = random.choices((_WALK, _RUN, _BICYCLE, _SWIM), (5, 3, 2, 1))[0]
        end = start + 60 * random.randrange(20, 75)
        yield {
            "id": next(ids),
            "category": category,
            "timezone": character.kit.timezone,
            "model": tracker.model_id,
            "attrib": 7 if chance(random, 0.7) else 0,
            "startdate": start,
            "enddate": end,
            "date": day.isoformat(),
            "deviceid": tracker.deviceid,
            "data": _exertion(random, category, seconds=end - start, pulse=character.pulse, kg=character.kg),
            "modified": min(span.until, end + random.randrange(60, 7200)),
        }


def _exertion(random: Random, category: int, *, seconds: int, pulse: float, kg: float) -> JsonObject:
    """A workout's ``data``: what all have, and what only walkers or swimmers have."""
    speed = {_WALK: 1.4, _RUN: 2.8, _BICYCLE: 6.0, _SWIM: 0.7}[category] * random.uniform(0.9, 1.1)
    metres = speed * seconds
    average = pulse + {_WALK: 35, _RUN: 78, _BICYCLE: 62, _SWIM: 58}[category] + random.gauss(0, 6)
    data: JsonObject = {
        "calories": round(seconds / 3600 * kg * {_WALK: 3.5, _RUN: 9.5, _BICYCLE: 7, _SWIM: 7}[category]),
        "intensity": random.choice((30, 50, 70)),
        "manual_distance": 0,
        "manual_calories": 0,
        "manual_intensity": 0,
        "hr_average": round(average),
        "hr_min": round(average - random.uniform(20, 35)),
        "hr_max": round(average + random.uniform(12, 25)),
        "hr_zone_0": round(seconds * 0.2),
        "hr_zone_1": round(seconds * 0.4),
        "hr_zone_2": round(seconds * 0.3),
        "hr_zone_3": round(seconds * 0.1),
        "pause_duration": 0,
        "algo_pause_duration": None,
        "spo2_average": None,
    }
    if category == _SWIM:
        laps = max(1, round(metres / 25))
        return data | {"pool_laps": laps, "pool_length": 25, "strokes": laps * random.randrange(14, 22)}
    return data | {
        "steps": 0 if category == _BICYCLE else round(metres / _METRES_A_STEP),
        "distance": round(metres),
        "elevation": round(random.uniform(0, 40)),
    }
