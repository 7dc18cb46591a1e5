"""Fields that Withings' activity, workout and sleep services can return.

They are asked for by name (``data_fields``); what is not named is not sent, except the sleep
fields marked ``unasked``. A field behind a plan, region or device gate is simply missing.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One value a service can return, with its unit as Withings documents it."""

    name: str
    unit: str
    description: str
    unasked: bool = False
    """Comes without ``data_fields``, but must be named again once ``data_fields`` is sent."""


ACTIVITY: tuple[Field, ...] = (
    Field("steps", "count", "Steps."),
    Field("distance", "m", "Distance."),
    Field("elevation", "floors (spec) / m (Home Assistant)", "Climb. Sources disagree on the unit."),
    Field("soft", "s", "Light activity time."),
    Field("moderate", "s", "Moderate activity time."),
    Field("intense", "s", "Intense activity time."),
    Field("active", "s", "Moderate + intense time."),
    Field("calories", "kcal", "Active energy."),
    Field("totalcalories", "kcal", "Active + resting energy."),
    Field("hr_average", "bpm", "Mean heart rate; 0 means no data."),
    Field("hr_min", "bpm", "Lowest; 0 means no data."),
    Field("hr_max", "bpm", "Highest; 0 means no data."),
    Field("hr_zone_0", "s", "Time in light zone."),
    Field("hr_zone_1", "s", "Time in moderate zone."),
    Field("hr_zone_2", "s", "Time in intense zone."),
    Field("hr_zone_3", "s", "Time in maximal zone."),
)

INTRADAY: tuple[Field, ...] = (
    Field("steps", "count", "Steps in the bucket."),
    Field("elevation", "floors (spec) / m", "Climb."),
    Field("calories", "kcal", "Active energy."),
    Field("distance", "m", "Distance."),
    Field("stroke", "count", "Swim strokes."),
    Field("pool_lap", "count", "Pool laps."),
    Field("duration", "s", "Bucket length."),
    Field("heart_rate", "bpm", "Heart rate sample."),
    Field("spo2_auto", "%", "Automatic SpO2 sample."),
    Field("rmssd", "ms", "HRV, RMSSD."),
    Field("sdnn1", "ms", "HRV, SDNN over a minute; no underscore here."),
    Field("hrv_quality", "score", "HRV quality."),
    Field("core_body_temperature", "degC", "Core temperature."),
    Field("rr", "breaths/min", "Respiration rate."),
    Field("chest_movement_rate", "events/min", "Chest movement rate."),
)

WORKOUT: tuple[Field, ...] = (
    Field("algo_pause_duration", "s", "Pause detected by the device (swim)."),
    Field("calories", "kcal", "Active energy."),
    Field("core_body_temperature_avg", "degC", "Mean core temperature."),
    Field("core_body_temperature_max", "degC", "Highest core temperature."),
    Field("core_body_temperature_min", "degC", "Lowest core temperature."),
    Field(
        "core_body_temperature_status",
        "enum",
        "unknown, usual or elevated; typed integer by mistake in the spec.",
    ),
    Field("distance", "m", "Distance."),
    Field("elevation", "floors (spec) / m", "Climb."),
    Field("hr_average", "bpm", "Mean heart rate."),
    Field("hr_max", "bpm", "Highest."),
    Field("hr_min", "bpm", "Lowest."),
    Field("hr_zone_0", "s", "Light zone time."),
    Field("hr_zone_1", "s", "Moderate zone time."),
    Field("hr_zone_2", "s", "Intense zone time."),
    Field("hr_zone_3", "s", "Maximal zone time."),
    Field("intensity", "0-100", "User-entered effort, 0 when none."),
    Field("manual_calories", "kcal", "User-entered energy."),
    Field("manual_distance", "m", "User-entered distance."),
    Field("manual_intensity", "0-100", "User-entered effort."),
    Field("pause_duration", "s", "User-entered pause."),
    Field("pool_laps", "count", "Pool laps, swimming only."),
    Field("pool_length", "m", "Pool length, swimming only."),
    Field("spo2_average", "%", "Mean SpO2."),
    Field("steps", "count", "Steps, not for swimming."),
    Field("strokes", "count", "Strokes, swimming only."),
)

SLEEP_SUMMARY: tuple[Field, ...] = (
    Field("total_timeinbed", "s", "Time in bed.", unasked=True),
    Field("total_sleep_time", "s", "Light + deep + REM.", unasked=True),
    Field(
        "asleepduration",
        "s",
        "Sleep length for nights imported from elsewhere; the stage fields are then null.",
    ),
    Field("lightsleepduration", "s", "Light sleep.", unasked=True),
    Field("remsleepduration", "s", "REM sleep.", unasked=True),
    Field("deepsleepduration", "s", "Deep sleep.", unasked=True),
    Field(
        "sleep_efficiency",
        "ratio 0-1",
        "Asleep time divided by bed time; a float such as 0.86.",
        unasked=True,
    ),
    Field("sleep_latency", "s", "Bed time before first sleep.", unasked=True),
    Field("wakeup_latency", "s", "Bed time after final waking.", unasked=True),
    Field("wakeupduration", "s", "Awake time.", unasked=True),
    Field("wakeupcount", "count", "Awakenings in bed, excluding getting up.", unasked=True),
    Field("waso", "s", "Awake time after first falling asleep.", unasked=True),
    Field("nb_rem_episodes", "count", "REM phases.", unasked=True),
    Field(
        "breathing_disturbances_intensity",
        "index",
        "Wellness breathing-disturbance level, Sleep / Sleep Analyzer.",
    ),
    Field(
        "apnea_hypopnea_index",
        "events/h",
        "Medical AHI; EU and Australian devices with the feature switched on.",
    ),
    Field(
        "withings_index",
        "events/h",
        "Sleep Rx only; needs 5 h of sleep. 0-15 mild, 15-30 moderate, above 30 severe.",
    ),
    Field("durationtosleep", "s", "Deprecated; use sleep_latency.", unasked=True),
    Field("durationtowakeup", "s", "Deprecated; use wakeup_latency.", unasked=True),
    Field("out_of_bed_count", "count", "Times the user left the bed.", unasked=True),
    Field("hr_average", "bpm", "Mean heart rate."),
    Field("hr_min", "bpm", "Lowest heart rate."),
    Field("hr_max", "bpm", "Highest heart rate."),
    Field("rr_average", "breaths/min", "Mean respiration rate."),
    Field("rr_min", "breaths/min", "Lowest respiration rate."),
    Field("rr_max", "breaths/min", "Highest respiration rate."),
    Field("breathing_quality_assessment", "index", "Same kind of value as breathing_disturbances_intensity."),
    Field("snoring", "s", "Snoring time."),
    Field("snoringepisodecount", "count", "Snoring episodes of a minute or more."),
    Field("sleep_score", "0-100", "Withings sleep score."),
    Field(
        "night_events",
        "map",
        "Offsets in seconds from startdate by event code: 1 into bed, 2 asleep, 3 awake, 4 out of bed, "
        "5 and 6 manual start of sleep and waking. Live replies send it as a JSON string.",
    ),
    Field("mvt_score_avg", "0-255", "Mean movement score; Sleep Analyzer (EU) and Sleep Rx (US)."),
    Field("mvt_active_duration", "s", "Movement time; same devices."),
    Field("rmssd_start_avg", "ms", "HRV average at the start of the night."),
    Field("rmssd_end_avg", "ms", "HRV average at the end of the night."),
    Field("chest_movement_rate_wellness_average", "breaths/min", "Mean wellness chest-movement respiration."),
    Field("chest_movement_rate_wellness_min", "breaths/min", "Lowest of the same."),
    Field("chest_movement_rate_wellness_max", "breaths/min", "Highest of the same."),
    Field("breathing_sounds", "s", "Time with breathing sounds."),
    Field("breathing_sounds_episode_count", "count", "Episodes of a minute or more."),
    Field("chest_movement_rate_average", "events/min", "Mean chest movement rate."),
    Field("chest_movement_rate_min", "events/min", "Lowest chest movement rate."),
    Field("chest_movement_rate_max", "events/min", "Highest chest movement rate."),
    Field("core_body_temperature_min", "degC", "Lowest core temperature."),
    Field("core_body_temperature_max", "degC", "Highest core temperature."),
    Field("core_body_temperature_avg", "degC", "Mean core temperature."),
    Field("core_body_temperature_status", "enum", "unknown, usual or elevated."),
)

SLEEP_DETAIL: tuple[Field, ...] = (
    Field("hr", "bpm", "Heart rate."),
    Field("rr", "breaths/min", "Respiration rate."),
    Field("snoring", "s", "Snoring time per sample."),
    Field("sdnn_1", "ms", "HRV, SDNN over one minute. Note the underscore: intraday spells it sdnn1."),
    Field("rmssd", "ms", "HRV, RMSSD."),
    Field("hrv_quality", "score", "HRV quality."),
    Field("mvt_score", "0-255", "Minute movement score; Sleep Analyzer (EU), Sleep Rx (US)."),
    Field("chest_movement_rate", "events/min", "Chest movement rate."),
    Field("withings_index", "events/h", "Sleep Rx only."),
    Field("breathing_sounds", "s", "Breathing-sound time."),
)


def names(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The names of the fields, in the order of the table."""
    return tuple(field.name for field in fields)
