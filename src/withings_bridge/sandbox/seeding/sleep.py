"""Mat or watch: nights and naps, their stages, and the samples within a stage."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from withings_bridge.sandbox.seeding.character import Character, Device, Ids, Span, chance

JsonObject = dict[str, Any]

TRACKER, MAT = 16, 32
"""Withings' ``model`` of a sleep row."""
_MINUTE = 60
_CYCLE_FADE = 6


class State(IntEnum):
    """Sleep states as sleep get numbers them."""

    AWAKE = 0
    LIGHT = 1
    DEEP = 2
    REM = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """One stretch of one state, in epochs."""

    start: int
    end: int
    state: State

    @property
    def seconds(self) -> int:
        return self.end - self.start


def nights(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """A night for most days, dated by the day of waking, and a nap once in a while."""
    random = character.random("nights")
    device = character.devices[character.kit.mat or character.kit.tracker]
    for day in span.days:
        if chance(random, 0.04):
            continue
        start = character.epoch(day, character.bedtime + random.gauss(0, 25))
        end = start + _MINUTE * round(character.asleep + random.gauss(35, 30))
        yield night(next(ids), start, end, device=device, zone=character.kit.timezone, pulse=character.pulse)
        if chance(random, 0.03):
            start = character.epoch(day, random.gauss(850, 30))
            yield night(
                next(ids),
                start,
                start + _MINUTE * random.randrange(35, 80),
                device=device,
                zone=character.kit.timezone,
                pulse=character.pulse,
            )


def night(
    night_id: int,
    start: int,
    end: int,
    *,
    device: Device,
    zone: str,
    pulse: float,
    modified: int | None = None,
) -> JsonObject:
    """One row of getsummary with every field this kind of device can fill."""
    random = Random(f"night:{night_id}")
    stages = stages_of(night_id, start, end)
    # Recorded rows were at times created before their end, and modified a second before that.
    created = end + random.choice((-30, 40, 95, 300))
    return {
        "id": night_id,
        "timezone": zone,
        "model": TRACKER if device.type == "Activity Tracker" else MAT,
        "model_id": device.model_id,
        "hash_deviceid": device.deviceid,
        "startdate": start,
        "enddate": end,
        "date": datetime.fromtimestamp(end, ZoneInfo(zone)).date().isoformat(),
        "data": _totals(stages, start, end) | _vitals(random, stages, pulse),
        "created": created,
        "modified": created - random.choice((0, 0, 1)) if modified is None else modified,
        "completed": True,
    }


def stages_of(night_id: int, start: int, end: int) -> list[Stage]:
    """The night from lights out to getting up, without gaps: always the same for the same night."""
    random = Random(f"stages:{night_id}")
    last_awake = max(start, end - _MINUTE * random.randrange(2, 12))
    stages: list[Stage] = []
    at = start

    def add(state: State, minutes: float) -> None:
        nonlocal at
        until = min(last_awake, at + _MINUTE * max(1, round(minutes)))
        if until > at:
            stages.append(Stage(at, until, state))
            at = until

    add(State.AWAKE, random.uniform(4, 22))
    cycle = 0
    while at < last_awake:
        add(State.LIGHT, random.uniform(22, 45))
        add(State.DEEP, random.uniform(18, 38) * max(0.15, 1 - cycle / _CYCLE_FADE))
        add(State.LIGHT, random.uniform(8, 20))
        add(State.REM, random.uniform(6, 12) + 5 * cycle)
        if chance(random, 0.35):
            add(State.AWAKE, random.uniform(1, 8))
        cycle += 1
    stages.append(Stage(last_awake, end, State.AWAKE))
    return stages


def samples(field: str, stage: Stage, data: JsonObject) -> dict[str, int]:
    """One number a minute for a field of sleep get, within the bounds of the night's summary.

    Empty for fields that these devices do not measure.
    """
    random = Random(f"{field}:{stage.start}")
    low, high = _bounds(field, stage, data)
    if high == 0:
        return {}
    return {str(at): round(random.triangular(low, high)) for at in range(stage.start, stage.end, _MINUTE)}


def _bounds(field: str, stage: Stage, data: JsonObject) -> tuple[float, float]:
    if field in {"hr", "rr"}:
        average = data.get(f"{field}_average") or 0
        lively = 1.0 if stage.state in {State.AWAKE, State.REM} else 0.4
        low, high = data.get(f"{field}_min") or average, data.get(f"{field}_max") or average
        return low, average + lively * (high - average)
    calm = stage.state in {State.LIGHT, State.DEEP}
    return {
        "snoring": (0, 12 if calm and data.get("snoring") else 0),
        "sdnn_1": (25, 70),
        "rmssd": (20, 65),
        "hrv_quality": (60, 100),
        "mvt_score": (0, 20 if calm else 160),
    }.get(field, (0, 0))


def _totals(stages: list[Stage], start: int, end: int) -> JsonObject:
    """The 15 fields that come unasked, all derived from the stages."""

    def total(state: State) -> int:
        return sum(stage.seconds for stage in stages if stage.state == state)

    asleep = [stage for stage in stages if stage.state != State.AWAKE]
    onset = asleep[0].start if asleep else end
    offset = asleep[-1].end if asleep else end
    within = [stage for stage in stages if stage.state == State.AWAKE and onset < stage.start < offset]
    slept = sum(stage.seconds for stage in asleep)
    return {
        "wakeupduration": total(State.AWAKE),
        "wakeupcount": len(within),
        "durationtosleep": onset - start,
        "remsleepduration": total(State.REM),
        "durationtowakeup": end - offset,
        "total_timeinbed": end - start,
        "total_sleep_time": slept,
        "sleep_efficiency": round(slept / (end - start), 2),
        "sleep_latency": onset - start,
        "wakeup_latency": end - offset,
        "waso": sum(stage.seconds for stage in within),
        "nb_rem_episodes": sum(stage.state == State.REM for stage in stages),
        "out_of_bed_count": 0,
        "lightsleepduration": total(State.LIGHT),
        "deepsleepduration": total(State.DEEP),
    }


def _vitals(random: Random, stages: list[Stage], pulse: float) -> JsonObject:
    start, end = stages[0].start, stages[-1].end
    asleep = [stage for stage in stages if stage.state != State.AWAKE]
    rate, breaths = round(pulse - random.uniform(4, 9)), round(random.gauss(15, 1))
    snoring = _MINUTE * round(max(0, random.gauss(12, 12)))
    events = {"1": [0], "4": [end - start]}
    if asleep:
        events |= {"2": [asleep[0].start - start], "3": [asleep[-1].end - start]}
    return {
        "hr_average": rate,
        "hr_min": rate - random.randrange(4, 9),
        "hr_max": rate + random.randrange(14, 32),
        "rr_average": breaths,
        "rr_min": breaths - random.randrange(2, 4),
        "rr_max": breaths + random.randrange(3, 7),
        "breathing_disturbances_intensity": round(max(0, random.gauss(9, 5))),
        "apnea_hypopnea_index": round(max(0, random.gauss(5, 3))),
        "snoring": snoring,
        "snoringepisodecount": snoring // 240,
        "sleep_score": max(20, min(99, round((end - start) / 330 + random.gauss(-6, 6)))),
        # Recorded replies carry this map as a JSON string.
        "night_events": json.dumps(dict(sorted(events.items())), separators=(",", ":")),
        "mvt_score_avg": random.randrange(8, 40),
        "mvt_active_duration": _MINUTE * random.randrange(5, 40),
        "rmssd_start_avg": random.randrange(24, 45),
        "rmssd_end_avg": random.randrange(30, 60),
    }
