"""Heart: records of ECG and stethoscope, and their signals."""

from typing import Annotated, Any

from pydantic import Field

from withings_bridge.withings.models.shapes import EmptyMap, Id, Number, Open

HeartRate = Number | dict[str, Any] | list[Any] | None
"""A number in August 2026; later an object with the value in it."""


class Ecg(Open):
    """Names an ECG signal and what Withings makes of it."""

    signalid: Id | None = None
    afib: int | None = None
    """0 no sign of atrial fibrillation, 1 signs of it, 2 inconclusive."""


class BloodPressure(Open):
    """Taken along by a cuff that records an ECG; mmHg."""

    diastole: Number | None = None
    systole: Number | None = None


class Stetho(Open):
    """Names a stethoscope signal and what Withings makes of it."""

    signalid: Id | None = None
    vhd: int | None = None


class HeartRecord(Open):
    """One recording of the heart."""

    timestamp: int
    modified: int | None = None
    deviceid: Id | None = None
    model: int | str | None = None
    ecg: Annotated[Ecg, EmptyMap] | None = None
    bloodpressure: Annotated[BloodPressure, EmptyMap] | None = None
    stetho: Annotated[Stetho, EmptyMap] | None = None
    heart_rate: HeartRate = None


class EcgSignal(Open):
    """The curve of an ECG in microvolt; it may be empty."""

    signal: list[Number] = Field(repr=False)
    sampling_frequency: Number | None = None
    """Hz."""
    wearposition: int | None = None
    model: int | str | None = None
    heart_rate: HeartRate = None


class StethoRecord(Open):
    """One recording of heart sounds."""

    signalid: Id
    vhd: int | None = None
    timestamp: int | None = None
    timezone: str | None = None
    hash_deviceid: Id | None = None


class StethoSignal(Open):
    """Heart sounds, A-law G.711."""

    signal: list[Number] = Field(repr=False)
    frequency: Number | None = None
    """Hz."""
    duration: Number | None = None
    format: int | str | None = None
    size: Number | None = None
    resolution: Number | None = None
    channel: Number | None = None
    model: int | str | None = None
    position: int | None = None
    vhd: int | None = None
