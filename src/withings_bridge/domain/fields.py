"""Fields that Withings' activity, workout and sleep services can return.

They are asked for by name (``data_fields``); what is not named is not sent, except the sleep
fields marked ``unasked``. A field behind a plan, region or device gate is simply missing.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One value a service can return, with its unit as Withings documents it."""

    name: str
    metric: str
    """Our name of the value, stable across the read API."""
    unit: str
    description: str
    unasked: bool = False
    """Comes without ``data_fields``, but must be named again once ``data_fields`` is sent."""


ACTIVITY: tuple[Field, ...] = (
    Field("steps", "steps", "count", "Steps."),
    Field("distance", "distance", "m", "Distance."),
    Field("elevation", "elevation", "floors or m", "Climb. Sources disagree on the unit."),
    Field("soft", "light_activity_duration", "s", "Light activity time."),
    Field("moderate", "moderate_activity_duration", "s", "Moderate activity time."),
    Field("intense", "intense_activity_duration", "s", "Intense activity time."),
    Field("active", "active_duration", "s", "Moderate + intense time."),
    Field("calories", "active_energy", "kcal", "Active energy."),
    Field("totalcalories", "total_energy", "kcal", "Active + resting energy."),
    Field("hr_average", "heart_rate_average", "bpm", "Mean heart rate; 0 means no data."),
    Field("hr_min", "heart_rate_minimum", "bpm", "Lowest; 0 means no data."),
    Field("hr_max", "heart_rate_maximum", "bpm", "Highest; 0 means no data."),
    Field("hr_zone_0", "heart_rate_zone_light_duration", "s", "Time in light zone."),
    Field("hr_zone_1", "heart_rate_zone_moderate_duration", "s", "Time in moderate zone."),
    Field("hr_zone_2", "heart_rate_zone_intense_duration", "s", "Time in intense zone."),
    Field("hr_zone_3", "heart_rate_zone_maximal_duration", "s", "Time in maximal zone."),
)

INTRADAY: tuple[Field, ...] = (
    Field("steps", "intraday_steps", "count", "Steps in the bucket."),
    Field("elevation", "intraday_elevation", "floors or m", "Climb."),
    Field("calories", "intraday_active_energy", "kcal", "Active energy."),
    Field("distance", "intraday_distance", "m", "Distance."),
    Field("stroke", "intraday_swim_strokes", "count", "Swim strokes."),
    Field("pool_lap", "intraday_pool_laps", "count", "Pool laps."),
    Field("duration", "intraday_duration", "s", "Bucket length."),
    Field("heart_rate", "heart_rate", "bpm", "Heart rate sample."),
    Field("spo2_auto", "spo2_automatic", "%", "Automatic SpO2 sample."),
    Field("rmssd", "hrv_rmssd", "ms", "HRV, RMSSD."),
    Field("sdnn1", "hrv_sdnn", "ms", "HRV, SDNN over a minute; no underscore here."),
    Field("hrv_quality", "hrv_quality", "score", "HRV quality."),
    Field("core_body_temperature", "core_body_temperature", "degC", "Core temperature."),
    Field("rr", "respiratory_rate", "breaths/min", "Respiration rate."),
    Field("chest_movement_rate", "chest_movement_rate", "events/min", "Chest movement rate."),
)

WORKOUT: tuple[Field, ...] = (
    Field(
        "algo_pause_duration", "workout_detected_pause_duration", "s", "Pause detected by the device (swim)."
    ),
    Field("calories", "workout_active_energy", "kcal", "Active energy."),
    Field(
        "core_body_temperature_avg", "workout_core_body_temperature_average", "degC", "Mean core temperature."
    ),
    Field(
        "core_body_temperature_max",
        "workout_core_body_temperature_maximum",
        "degC",
        "Highest core temperature.",
    ),
    Field(
        "core_body_temperature_min",
        "workout_core_body_temperature_minimum",
        "degC",
        "Lowest core temperature.",
    ),
    Field(
        "core_body_temperature_status",
        "workout_core_body_temperature_status",
        "enum",
        "unknown, usual or elevated; typed integer by mistake in the spec.",
    ),
    Field("distance", "workout_distance", "m", "Distance."),
    Field("elevation", "workout_elevation", "floors or m", "Climb."),
    Field("hr_average", "workout_heart_rate_average", "bpm", "Mean heart rate."),
    Field("hr_max", "workout_heart_rate_maximum", "bpm", "Highest."),
    Field("hr_min", "workout_heart_rate_minimum", "bpm", "Lowest."),
    Field("hr_zone_0", "workout_heart_rate_zone_light_duration", "s", "Light zone time."),
    Field("hr_zone_1", "workout_heart_rate_zone_moderate_duration", "s", "Moderate zone time."),
    Field("hr_zone_2", "workout_heart_rate_zone_intense_duration", "s", "Intense zone time."),
    Field("hr_zone_3", "workout_heart_rate_zone_maximal_duration", "s", "Maximal zone time."),
    Field("intensity", "workout_intensity", "score", "User-entered effort from 0 to 100, 0 when none."),
    Field("manual_calories", "workout_manual_energy", "kcal", "User-entered energy."),
    Field("manual_distance", "workout_manual_distance", "m", "User-entered distance."),
    Field("manual_intensity", "workout_manual_intensity", "score", "User-entered effort from 0 to 100."),
    Field("pause_duration", "workout_manual_pause_duration", "s", "User-entered pause."),
    Field("pool_laps", "workout_pool_laps", "count", "Pool laps, swimming only."),
    Field("pool_length", "workout_pool_length", "m", "Pool length, swimming only."),
    Field("spo2_average", "workout_spo2_average", "%", "Mean SpO2."),
    Field("steps", "workout_steps", "count", "Steps, not for swimming."),
    Field("strokes", "workout_swim_strokes", "count", "Strokes, swimming only."),
)

SLEEP_SUMMARY: tuple[Field, ...] = (
    Field("total_timeinbed", "time_in_bed", "s", "Time in bed.", unasked=True),
    Field("total_sleep_time", "sleep_duration", "s", "Light + deep + REM.", unasked=True),
    Field(
        "asleepduration",
        "asleep_duration",
        "s",
        "Sleep length for nights imported from elsewhere; the stage fields are then null.",
    ),
    Field("lightsleepduration", "light_sleep_duration", "s", "Light sleep.", unasked=True),
    Field("remsleepduration", "rem_sleep_duration", "s", "REM sleep.", unasked=True),
    Field("deepsleepduration", "deep_sleep_duration", "s", "Deep sleep.", unasked=True),
    Field(
        "sleep_efficiency",
        "sleep_efficiency",
        "ratio",
        "Asleep time divided by bed time, 0 to 1.",
        unasked=True,
    ),
    Field("sleep_latency", "sleep_latency", "s", "Bed time before first sleep.", unasked=True),
    Field("wakeup_latency", "wakeup_latency", "s", "Bed time after final waking.", unasked=True),
    Field("wakeupduration", "awake_duration", "s", "Awake time.", unasked=True),
    Field("wakeupcount", "awakenings", "count", "Awakenings in bed, excluding getting up.", unasked=True),
    Field("waso", "wake_after_sleep_onset", "s", "Awake time after first falling asleep.", unasked=True),
    Field("nb_rem_episodes", "rem_episodes", "count", "REM phases.", unasked=True),
    Field(
        "breathing_disturbances_intensity",
        "breathing_disturbances",
        "index",
        "Wellness breathing-disturbance level, Sleep / Sleep Analyzer.",
    ),
    Field(
        "apnea_hypopnea_index",
        "apnea_hypopnea_index",
        "events/h",
        "Medical AHI; EU and Australian devices with the feature switched on.",
    ),
    Field(
        "withings_index",
        "withings_index",
        "events/h",
        "Sleep Rx only; needs 5 h of sleep. 0-15 mild, 15-30 moderate, above 30 severe.",
    ),
    Field("durationtosleep", "duration_to_sleep", "s", "Deprecated; use sleep_latency.", unasked=True),
    Field("durationtowakeup", "duration_to_wakeup", "s", "Deprecated; use wakeup_latency.", unasked=True),
    Field("out_of_bed_count", "out_of_bed_count", "count", "Times the user left the bed.", unasked=True),
    Field("hr_average", "sleep_heart_rate_average", "bpm", "Mean heart rate."),
    Field("hr_min", "sleep_heart_rate_minimum", "bpm", "Lowest heart rate."),
    Field("hr_max", "sleep_heart_rate_maximum", "bpm", "Highest heart rate."),
    Field("rr_average", "sleep_respiratory_rate_average", "breaths/min", "Mean respiration rate."),
    Field("rr_min", "sleep_respiratory_rate_minimum", "breaths/min", "Lowest respiration rate."),
    Field("rr_max", "sleep_respiratory_rate_maximum", "breaths/min", "Highest respiration rate."),
    Field(
        "breathing_quality_assessment",
        "breathing_quality",
        "index",
        "Same kind of value as breathing_disturbances_intensity.",
    ),
    Field("snoring", "snoring_duration", "s", "Snoring time."),
    Field("snoringepisodecount", "snoring_episodes", "count", "Snoring episodes of a minute or more."),
    Field("sleep_score", "sleep_score", "score", "Withings sleep score, 0 to 100."),
    Field(
        "night_events",
        "night_events",
        "map",
        "Offsets in seconds from startdate by event code: 1 into bed, 2 asleep, 3 awake, 4 out of bed, "
        "5 and 6 manual start of sleep and waking. Live replies send it as a JSON string.",
    ),
    Field(
        "mvt_score_avg",
        "sleep_movement_score_average",
        "score",
        "Mean movement score, 0 to 255; Sleep Analyzer (EU) and Sleep Rx (US).",
    ),
    Field("mvt_active_duration", "sleep_movement_duration", "s", "Movement time; same devices."),
    Field("rmssd_start_avg", "sleep_hrv_rmssd_start", "ms", "HRV average at the start of the night."),
    Field("rmssd_end_avg", "sleep_hrv_rmssd_end", "ms", "HRV average at the end of the night."),
    Field(
        "chest_movement_rate_wellness_average",
        "sleep_chest_movement_wellness_average",
        "breaths/min",
        "Mean wellness chest-movement respiration.",
    ),
    Field(
        "chest_movement_rate_wellness_min",
        "sleep_chest_movement_wellness_minimum",
        "breaths/min",
        "Lowest of the same.",
    ),
    Field(
        "chest_movement_rate_wellness_max",
        "sleep_chest_movement_wellness_maximum",
        "breaths/min",
        "Highest of the same.",
    ),
    Field("breathing_sounds", "breathing_sounds_duration", "s", "Time with breathing sounds."),
    Field(
        "breathing_sounds_episode_count",
        "breathing_sounds_episodes",
        "count",
        "Episodes of a minute or more.",
    ),
    Field(
        "chest_movement_rate_average",
        "sleep_chest_movement_average",
        "events/min",
        "Mean chest movement rate.",
    ),
    Field(
        "chest_movement_rate_min", "sleep_chest_movement_minimum", "events/min", "Lowest chest movement rate."
    ),
    Field(
        "chest_movement_rate_max",
        "sleep_chest_movement_maximum",
        "events/min",
        "Highest chest movement rate.",
    ),
    Field(
        "core_body_temperature_min", "sleep_core_body_temperature_minimum", "degC", "Lowest core temperature."
    ),
    Field(
        "core_body_temperature_max",
        "sleep_core_body_temperature_maximum",
        "degC",
        "Highest core temperature.",
    ),
    Field(
        "core_body_temperature_avg", "sleep_core_body_temperature_average", "degC", "Mean core temperature."
    ),
    Field(
        "core_body_temperature_status",
        "sleep_core_body_temperature_status",
        "enum",
        "unknown, usual or elevated.",
    ),
)

SLEEP_DETAIL: tuple[Field, ...] = (
    Field("hr", "sleeping_heart_rate", "bpm", "Heart rate."),
    Field("rr", "sleeping_respiratory_rate", "breaths/min", "Respiration rate."),
    Field("snoring", "sleeping_snoring", "s", "Snoring time per sample."),
    Field(
        "sdnn_1",
        "sleeping_hrv_sdnn",
        "ms",
        "HRV, SDNN over one minute. Note the underscore: intraday spells it sdnn1.",
    ),
    Field("rmssd", "sleeping_hrv_rmssd", "ms", "HRV, RMSSD."),
    Field("hrv_quality", "sleeping_hrv_quality", "score", "HRV quality."),
    Field(
        "mvt_score",
        "sleeping_movement_score",
        "score",
        "Minute movement score, 0 to 255; Sleep Analyzer (EU), Sleep Rx (US).",
    ),
    Field("chest_movement_rate", "sleeping_chest_movement_rate", "events/min", "Chest movement rate."),
    Field("withings_index", "sleeping_withings_index", "events/h", "Sleep Rx only."),
    Field("breathing_sounds", "sleeping_breathing_sounds", "s", "Breathing-sound time."),
)


def names(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The names of the fields, in the order of the table."""
    return tuple(field.name for field in fields)


def by_name(fields: tuple[Field, ...]) -> dict[str, Field]:
    """The fields under the names that Withings gives them."""
    return {field.name: field for field in fields}
