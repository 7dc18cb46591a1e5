"""Cuff and watch: blood pressures, oxygen, ECGs and heart sounds, and the signals behind them."""

import math
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

from withings_bridge.domain import measures as m
from withings_bridge.sandbox.seeding.character import (
    BPM_CORE,
    SCANWATCHES,
    Character,
    Device,
    Ids,
    Span,
    chance,
)
from withings_bridge.sandbox.seeding.groups import (
    ATTRIB_AUTO,
    ATTRIB_DEVICE,
    blood_pressure,
    measure,
    measure_group,
)

JsonObject = dict[str, Any]

_AF_RESULT, _QRS, _PR, _QT, _QTC, _VO2_MAX = 130, 135, 136, 137, 138, 123
AFIB_NEGATIVE, AFIB_POSITIVE, AFIB_INCONCLUSIVE = 0, 1, 2

_BEAT = ((-0.17, 0.025, 90), (-0.026, 0.009, -80), (0.0, 0.011, 1050), (0.028, 0.01, -190), (0.27, 0.05, 240))
"""P, Q, R, S and T wave: seconds from the R peak, width in seconds, height in microvolts."""
_SOUND_RATE = 4_000
_SOUND_SECONDS = 10
_HUNDRED_PERCENT = 100


def pressures(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """Every few days, by the cuff; one in twelve is its own best of three (attrib 5)."""
    random = character.random("pressures")
    cuff = character.devices[character.kit.cuff]
    for day in span.days:
        if not chance(random, 0.35):
            continue
        systolic, diastolic = character.pressure_on(day)
        effort = random.gauss(0, 5)
        at = character.epoch(day, random.gauss(470, 40))
        yield measure_group(
            next(ids),
            blood_pressure(
                systolic + effort,
                diastolic + 0.6 * effort,
                character.pulse + random.gauss(4, 4),
                unit=-2 if chance(random, 0.2) else 0,
            ),
            at=at,
            created=min(span.until, at + random.randrange(10, 90)),
            device=cuff,
            attrib=ATTRIB_AUTO if chance(random, 0.08) else ATTRIB_DEVICE,
        )


def oxygen(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """Spot readings of the watch, and a monthly estimate of VO2 max."""
    random = character.random("oxygen")
    watch = character.devices[character.kit.tracker]
    for day in span.days:
        at = character.epoch(day, random.gauss(900, 150))
        created = min(span.until, at + random.randrange(20, 300))
        if chance(random, 0.25):
            share = min(_HUNDRED_PERCENT, random.gauss(97, 1.1))
            yield measure_group(next(ids), [measure(m.SPO2, share, 0)], at=at, created=created, device=watch)
        if day.day == 1:
            fitness = 44 + (64 - character.pulse) + random.gauss(0, 0.6)
            yield measure_group(
                next(ids), [measure(_VO2_MAX, fitness, 0)], at=at + 60, created=created + 60, device=watch
            )


def recordings(character: Character, ids: Ids, span: Span) -> Iterator[tuple[JsonObject, JsonObject | None]]:
    """ECGs as the heart service lists them, each with its measure group of intervals."""
    random = character.random("recordings")
    for day in span.days:
        device = _recorder(character, random)
        if device is None or not chance(random, 0.08):
            continue
        at = character.epoch(day, random.gauss(1140, 120))
        created = min(span.until, at + random.randrange(40, 200))
        afib = random.choices((AFIB_NEGATIVE, AFIB_POSITIVE, AFIB_INCONCLUSIVE), (88, 4, 8))[0]
        rate = round(character.pulse + random.gauss(4, 5) + 25 * (afib == AFIB_POSITIVE))
        listed = ecg_row(device, signalid=next(ids), afib=afib, rate=rate, at=at, modified=created)
        if device.model_id == BPM_CORE:
            listed["bloodpressure"] = _pressure_beside(character, day, random)
            yield listed, None
        else:
            yield (
                listed,
                measure_group(
                    next(ids), _intervals(random, afib, rate), at=at, created=created, device=device
                ),
            )


def ecg_row(device: Device, *, signalid: int, afib: int, rate: int, at: int, modified: int) -> JsonObject:
    """One line of heart list."""
    return {
        "deviceid": device.deviceid,
        "model": device.model_id,
        "ecg": {"signalid": signalid, "afib": afib},
        "heart_rate": rate,
        "modified": modified,
        "timestamp": at,
    }


def auscultations(character: Character, ids: Ids, span: Span) -> Iterator[JsonObject]:
    """Heart sounds, which only a BPM Core records."""
    if character.kit.cuff != BPM_CORE:
        return
    random = character.random("auscultations")
    cuff = character.devices[BPM_CORE]
    for day in span.days:
        if chance(random, 0.02):
            at = character.epoch(day, random.gauss(480, 30))
            yield {
                "signalid": next(ids),
                "vhd": 0,
                "timestamp": at,
                "timezone": character.kit.timezone,
                "hash_deviceid": cuff.deviceid,
                "modified": at + 60,
            }


def ecg_signal(signalid: int, *, rate: float, afib: int, frequency: int, seconds: int) -> list[int]:
    """The recording behind a line of heart list, in microvolts: regular beats, or in atrial
    fibrillation irregular ones without a P wave.
    """
    random = Random(f"ecg:{signalid}")
    signal = [random.gauss(0, 6) for _ in range(frequency * seconds)]
    fibrillating = afib == AFIB_POSITIVE
    waves = _BEAT[1:] if fibrillating else _BEAT
    peak = random.uniform(0.1, 0.5)
    while peak < seconds + 0.2:
        for offset, width, height in waves:
            _add_wave(signal, frequency, peak + offset, width, height)
        peak += 60 / rate * (random.uniform(0.65, 1.4) if fibrillating else random.gauss(1, 0.02))
    return [round(value) for value in signal]


def heart_sound(signalid: int, *, rate: float = 66) -> list[int]:
    """Ten seconds of lub-dub at 4 kHz as A-law codes."""
    random = Random(f"sound:{signalid}")
    samples = []
    for index in range(_SOUND_RATE * _SOUND_SECONDS):
        phase = (index / _SOUND_RATE) % (60 / rate)
        lub = math.exp(-(((phase - 0.1) / 0.04) ** 2)) * math.sin(2 * math.pi * 45 * phase)
        dub = 0.7 * math.exp(-(((phase - 0.42) / 0.03) ** 2)) * math.sin(2 * math.pi * 60 * phase)
        samples.append(_a_law(0.6 * (lub + dub) + random.gauss(0, 0.004)))
    return samples


def _a_law(sample: float) -> int:
    """An 8-bit code of ITU-T G.711 for a sample between -1 and 1."""
    compression = 87.6
    size = min(1.0, abs(sample))
    scale = 1 + math.log(compression)
    bent = (
        compression * size / scale if size < 1 / compression else (1 + math.log(compression * size)) / scale
    )
    return (round(bent * 127) | (0x80 if sample >= 0 else 0)) ^ 0x55


def _recorder(character: Character, random: Random) -> Device | None:
    models = [
        model
        for model in (character.kit.tracker, character.kit.cuff)
        if model in SCANWATCHES or model == BPM_CORE
    ]
    return character.devices[random.choice(models)] if models else None


def _pressure_beside(character: Character, day: date, random: Random) -> JsonObject:
    systolic, diastolic = character.pressure_on(day)
    effort = random.gauss(0, 5)
    return {"diastole": round(diastolic + 0.6 * effort), "systole": round(systolic + effort)}


def _intervals(random: Random, afib: int, rate: int) -> list[JsonObject]:
    """AF result (a code) and intervals in milliseconds; QTc by Bazett from QT and the heart rate."""
    qt = random.gauss(405, 12) - 1.1 * (rate - 60)
    entries = [
        measure(_AF_RESULT, afib, 0),
        measure(_QRS, random.gauss(92, 6), 0),
        measure(_QT, qt, 0),
        measure(_QTC, qt / math.sqrt(60 / rate), 0),
        measure(m.HEART_PULSE, rate, 0),
    ]
    if afib != AFIB_POSITIVE:
        entries.append(measure(_PR, random.gauss(155, 12), 0))
    return entries


def _add_wave(signal: list[float], frequency: int, centre: float, width: float, height: float) -> None:
    first = max(0, int((centre - 3 * width) * frequency))
    last = min(len(signal), int((centre + 3 * width) * frequency) + 1)
    for index in range(first, last):
        signal[index] += height * math.exp(-(((index / frequency - centre) / width) ** 2) / 2)
