"""Activity: days, samples within a day, workouts."""

from typing import Annotated

from pydantic import Field

from withings_bridge.withings.models.shapes import EmptyMap, Id, Number, Open


class ActivityDay(Open):
    """One local day as one source counted it. Zero in a heart rate field means no data."""

    date: str
    timezone: str | None = None
    deviceid: Id | None = None
    hash_deviceid: Id | None = None
    brand: int | None = None
    """1 is Withings, 18 a phone or an import."""
    is_tracker: bool | None = None
    model: int | str | None = None
    modelid: int | None = None
    modified: int | None = None
    steps: Number | None = None
    distance: Number | None = None
    elevation: Number | None = None
    soft: Number | None = None
    moderate: Number | None = None
    intense: Number | None = None
    active: Number | None = None
    calories: Number | None = None
    totalcalories: Number | None = None
    hr_average: Number | None = None
    hr_min: Number | None = None
    hr_max: Number | None = None
    hr_zone_0: Number | None = None
    hr_zone_1: Number | None = None
    hr_zone_2: Number | None = None
    hr_zone_3: Number | None = None


class IntradaySample(Open):
    """One sample; ``timestamp`` is the key under which Withings files it."""

    timestamp: int
    deviceid: Id | None = None
    model: int | str | None = None
    model_id: int | None = None
    steps: Number | None = None
    elevation: Number | None = None
    calories: Number | None = None
    distance: Number | None = None
    stroke: Number | None = None
    pool_lap: Number | None = None
    duration: Number | None = None
    heart_rate: Number | None = None
    spo2_auto: Number | None = None
    rmssd: Number | None = None
    sdnn1: Number | None = None
    hrv_quality: Number | None = None
    core_body_temperature: Number | None = None
    rr: Number | None = None
    chest_movement_rate: Number | None = None


class WorkoutData(Open):
    """The metrics of a workout, as far as they were asked for and measured."""

    algo_pause_duration: Number | None = None
    calories: Number | None = None
    core_body_temperature_avg: Number | None = None
    core_body_temperature_max: Number | None = None
    core_body_temperature_min: Number | None = None
    core_body_temperature_status: Number | str | None = None
    distance: Number | None = None
    elevation: Number | None = None
    hr_average: Number | None = None
    hr_max: Number | None = None
    hr_min: Number | None = None
    hr_zone_0: Number | None = None
    hr_zone_1: Number | None = None
    hr_zone_2: Number | None = None
    hr_zone_3: Number | None = None
    intensity: Number | None = None
    manual_calories: Number | None = None
    manual_distance: Number | None = None
    manual_intensity: Number | None = None
    pause_duration: Number | None = None
    pool_laps: Number | None = None
    pool_length: Number | None = None
    spo2_average: Number | None = None
    steps: Number | None = None
    strokes: Number | None = None


class Workout(Open):
    """One workout."""

    id: int
    category: int | None = None
    timezone: str | None = None
    model: int | str | None = None
    attrib: int | None = None
    startdate: int
    enddate: int | None = None
    date: str | None = None
    modified: int | None = None
    deviceid: Id | None = None
    data: Annotated[WorkoutData, EmptyMap] = Field(default_factory=WorkoutData)
