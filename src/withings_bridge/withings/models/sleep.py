"""Sleep: a night's segments, and a night in summary."""

from typing import Annotated, Any

from pydantic import Field

from withings_bridge.withings.models.shapes import EmptyMap, Id, Number, Open, Samples


class SleepSegment(Open):
    """A stretch of one sleep state, with the samples taken in it. It has no id of its own."""

    startdate: int
    enddate: int | None = None
    state: int | None = None
    """See ``domain.metrics.STAGES``."""
    model: int | str | None = None
    model_id: int | None = None
    hash_deviceid: Id | None = None
    hr: Samples | None = None
    rr: Samples | None = None
    snoring: Samples | None = None
    sdnn_1: Samples | None = None
    rmssd: Samples | None = None
    hrv_quality: Samples | None = None
    mvt_score: Samples | None = None
    chest_movement_rate: Samples | None = None
    withings_index: Samples | None = None
    breathing_sounds: Samples | None = None


class SleepData(Open):
    """The metrics of a night, as far as they were asked for and measured."""

    total_timeinbed: Number | None = None
    total_sleep_time: Number | None = None
    asleepduration: Number | None = None
    lightsleepduration: Number | None = None
    remsleepduration: Number | None = None
    deepsleepduration: Number | None = None
    sleep_efficiency: Number | None = None
    """0 to 1."""
    sleep_latency: Number | None = None
    wakeup_latency: Number | None = None
    wakeupduration: Number | None = None
    wakeupcount: Number | None = None
    waso: Number | None = None
    nb_rem_episodes: Number | None = None
    breathing_disturbances_intensity: Number | None = None
    apnea_hypopnea_index: Number | None = None
    withings_index: Number | None = None
    durationtosleep: Number | None = None
    durationtowakeup: Number | None = None
    out_of_bed_count: Number | None = None
    hr_average: Number | None = None
    hr_min: Number | None = None
    hr_max: Number | None = None
    rr_average: Number | None = None
    rr_min: Number | None = None
    rr_max: Number | None = None
    breathing_quality_assessment: Number | None = None
    snoring: Number | None = None
    snoringepisodecount: Number | None = None
    sleep_score: Number | None = None
    night_events: str | dict[str, Any] | list[Any] | None = None
    """JSON within a string in live replies; a list or a map by two parts of the specification."""
    mvt_score_avg: Number | None = None
    mvt_active_duration: Number | None = None
    rmssd_start_avg: Number | None = None
    rmssd_end_avg: Number | None = None
    chest_movement_rate_wellness_average: Number | None = None
    chest_movement_rate_wellness_min: Number | None = None
    chest_movement_rate_wellness_max: Number | None = None
    breathing_sounds: Number | None = None
    breathing_sounds_episode_count: Number | None = None
    chest_movement_rate_average: Number | None = None
    chest_movement_rate_min: Number | None = None
    chest_movement_rate_max: Number | None = None
    core_body_temperature_min: Number | None = None
    core_body_temperature_max: Number | None = None
    core_body_temperature_avg: Number | None = None
    core_body_temperature_status: Number | str | None = None


class SleepSummary(Open):
    """One night or nap. ``date`` is the local day of waking, and several may share it."""

    id: int
    timezone: str | None = None
    model: int | str | None = None
    """16 tracker, 32 mat."""
    model_id: int | None = None
    hash_deviceid: Id | None = None
    startdate: int
    enddate: int | None = None
    date: str | None = None
    created: int | None = None
    modified: int | None = None
    """May be a second smaller than ``created``."""
    completed: bool | None = None
    data: Annotated[SleepData, EmptyMap] = Field(default_factory=SleepData)
