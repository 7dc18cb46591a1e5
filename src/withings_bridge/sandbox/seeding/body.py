"""Scale and thermometer: weighings in all their forms, temperatures, heights and goals."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from withings_bridge.domain import measures as m
from withings_bridge.sandbox.seeding.character import BODY_SCAN, Character, Device, Ids, Span, chance
from withings_bridge.sandbox.seeding.groups import (
    ATTRIB_AMBIGUOUS,
    ATTRIB_COMPANION,
    ATTRIB_CONFIRMED,
    ATTRIB_DEVICE,
    ATTRIB_MANUAL,
    ATTRIB_SIGN_UP,
    ATTRIB_VASCULAR,
    GOAL,
    composition,
    measure,
    measure_group,
)

JsonObject = dict[str, Any]

_PULSE_WAVE_VELOCITY, _VASCULAR_AGE, _AF_RESULT, _BASAL_RATE = 91, 155, 130, 226
_FEET = (4, 5)
_SKIN_TEMPERATURE = 73
_DAY = 86_400
_ECG_ALGORITHM = {"algo_params": {"1": 1}}
"""Noise that recorded measures of a Body Scan's ECG carry."""


def sign_up(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """Height and goal as typed in a month before the first day of the span."""
    joined = (character.epoch(span.days[0], 600) if span.days else span.until) - 30 * _DAY
    yield measure_group(
        next(ids),
        [measure(m.HEIGHT, character.height, -2)],
        at=joined,
        created=joined + 5,
        device=None,
        attrib=ATTRIB_SIGN_UP,
    )
    yield measure_group(
        next(ids),
        [measure(m.WEIGHT, goal_kg(character), -1)],
        at=joined,
        created=joined + 9,
        device=None,
        attrib=ATTRIB_MANUAL,
        category=GOAL,
    )


def goal_kg(character: Character) -> float:
    return round(character.kg * 0.95, 1)


def weighings(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """Most mornings; some by somebody else, some typed in, some uploaded days late."""
    random = character.random("weighings")
    scale = character.devices[character.kit.scale]
    for day in span.days:
        if not chance(random, 0.78):
            continue
        at = character.epoch(day, random.gauss(430, 25))
        kg = character.kg_on(day) + random.gauss(0, 0.35)
        created = _uploaded(random, at, span.until)
        if chance(random, 0.03):
            yield measure_group(
                next(ids),
                [measure(m.WEIGHT, kg, -1)],
                at=at,
                created=created,
                device=None,
                attrib=ATTRIB_MANUAL,
            )
        elif chance(random, 0.02):
            yield measure_group(
                next(ids),
                [measure(m.WEIGHT, kg * 0.82, -2)],
                at=at,
                created=created,
                device=scale,
                attrib=ATTRIB_AMBIGUOUS,
            )
        else:
            yield from _weighing(character, ids, random, day, at=at, kg=kg, created=created, until=span.until)


def _weighing(
    character: Character,
    ids: Ids,
    random: Random,
    day: date,
    *,
    at: int,
    kg: float,
    created: int,
    until: int,
) -> Iterator[JsonObject]:
    scale = character.devices[character.kit.scale]
    attrib = ATTRIB_CONFIRMED if chance(random, 0.02) else ATTRIB_DEVICE
    # An edit keeps the group and raises `modified`.
    modified = min(until, created + random.randrange(600, _DAY)) if chance(random, 0.02) else created
    if chance(random, 0.06):
        # Socks on: weight alone, and with the finer exponent that some scales send.
        yield measure_group(
            next(ids), [measure(m.WEIGHT, kg, -4)], at=at, created=created, device=scale, attrib=attrib
        )
        return
    measures = composition(
        kg,
        character.fat_percent_on(day) + random.gauss(0, 0.3),
        scale=scale,
        segments=scale.model_id == BODY_SCAN and chance(random, 0.3),
    )
    pulse = measure(m.HEART_PULSE, character.pulse + random.gauss(6, 4), 0)
    has_pulse = chance(random, 0.4)
    if has_pulse and scale.model_id != BODY_SCAN:
        measures.append(pulse)
    yield measure_group(
        next(ids), measures, at=at, created=created, modified=modified, device=scale, attrib=attrib
    )
    if scale.model_id != BODY_SCAN:
        return
    if has_pulse:
        beats = [entry | _ECG_ALGORITHM for entry in (pulse, measure(_AF_RESULT, 0, 0))]
        yield measure_group(next(ids), beats, at=at, created=created, device=scale)
    if chance(random, 0.2):
        yield from _pulse_wave(character, ids, random, scale, at=at, created=created)


def _pulse_wave(
    character: Character, ids: Ids, random: Random, scale: Device, *, at: int, created: int
) -> Iterator[JsonObject]:
    """The velocity as a group of attrib 8, and once more per foot as its companion of attrib 10."""
    velocity = 5.4 + character.systolic / 60 + random.gauss(0, 0.2)
    age = 24 + 10 * (velocity - 6)
    yield measure_group(
        next(ids),
        [measure(_PULSE_WAVE_VELOCITY, velocity, -3), measure(_VASCULAR_AGE, age, -1)],
        at=at,
        created=created,
        device=scale,
        attrib=ATTRIB_VASCULAR,
    )
    yield measure_group(
        next(ids),
        [measure(_PULSE_WAVE_VELOCITY, velocity + random.gauss(0, 0.1), -3, position=foot) for foot in _FEET],
        at=at,
        created=created,
        device=scale,
        attrib=ATTRIB_COMPANION,
    )


def temperatures(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """Now and then, and daily in one feverish week a year."""
    random = character.random("temperatures")
    thermometer = character.devices[character.kit.thermometer]
    feverish = random.randrange(1, 52)
    for day in span.days:
        ill = day.isocalendar().week == feverish
        if not ill and not chance(random, 0.08):
            continue
        at = character.epoch(day, random.gauss(1230, 40))
        body = random.gauss(38.6, 0.4) if ill else random.gauss(36.7, 0.2)
        yield measure_group(
            next(ids),
            [measure(71, body, -3), measure(_SKIN_TEMPERATURE, body - random.uniform(2, 3), -3)],
            at=at,
            created=_uploaded(random, at, span.until),
            device=thermometer,
        )


def basal_rates(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """A resting energy use each month (Mifflin's formula, without its constant for sex)."""
    random = character.random("basal rates")
    scale = character.devices[character.kit.scale]
    for day in span.days:
        if day.day == 1:
            rate = 10 * character.kg_on(day) + 625 * character.height - 5 * 40
            at = character.epoch(day, random.gauss(431, 20))
            yield measure_group(
                next(ids), [measure(_BASAL_RATE, rate, 0)], at=at, created=at + 40, device=scale
            )


def _uploaded(random: Random, at: int, until: int) -> int:
    """When Withings stored it: mostly within a minute, at times days later."""
    late = random.randrange(3 * 3_600, 4 * _DAY) if chance(random, 0.05) else random.randrange(8, 70)
    return max(at, min(until, at + late))
