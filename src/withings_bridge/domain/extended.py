"""Rows beyond the vital types that the app knows, written for those who switch them on.

The app breaks on a vital type it has never heard of, so each of these is off until
``EXTENDED_VITALS`` names it. A change of this table is a change of the mapping: see ``mapping``.

What is left out on purpose:

- types 130 and 139 are codes to look up, and no quantities;
- types 173 to 175 come once per limb, and a row has no place for which. Of the whole body they say what
  ``fat-free-mass``, ``fat-mass`` and ``muscle-mass`` say.

``blood-glucose`` is a vital type of the app. But the predecessor never wrote it, and Withings does not
document the measure that it comes from, so it takes the same switch.
"""

from dataclasses import dataclass

from withings_bridge.domain.conversions import AS_IS, FAHRENHEIT, HOURS, MINUTES, PERCENT, POUNDS, Conversion
from withings_bridge.domain.records import Kind

SCALE = "Withings Scale"
DEVICE = "Withings Device"


@dataclass(frozen=True, slots=True)
class Extended:
    """One vital type, and what of Withings it shows."""

    name: str
    """``vitalType``."""
    kind: Kind
    """Of which records: measure groups, activity days, or nights."""
    source: int | str
    """The measure type, or the field."""
    units: str
    digits: int = 2
    """Decimals that the value is rounded to."""
    conversion: Conversion = AS_IS
    device: str = DEVICE
    """``deviceUsed``."""
    context: str = "home_measurement"
    """``recordingContext``."""
    zero: bool = True
    """Whether a zero was measured; else it means that nothing was."""

    @property
    def ending(self) -> str:
        """What its ``sourceId`` ends in."""
        return str(self.source)


def _mass(name: str, source: int) -> Extended:
    return Extended(name, Kind.MEASURES, source, "lbs", conversion=POUNDS, device=SCALE)


def _body(name: str, source: int, units: str) -> Extended:
    return Extended(name, Kind.MEASURES, source, units, device=SCALE)


def _measure(
    name: str, source: int, units: str, *, digits: int = 2, conversion: Conversion = AS_IS
) -> Extended:
    return Extended(name, Kind.MEASURES, source, units, digits, conversion)


def _day(name: str, source: str, units: str, conversion: Conversion = AS_IS) -> Extended:
    """Of a day; a zero is no count, as with steps."""
    return Extended(
        name,
        Kind.ACTIVITY,
        source,
        units,
        conversion=conversion,
        device="Withings Activity",
        context="daily_activity",
        zero=False,
    )


def _night(
    name: str, source: str, units: str, conversion: Conversion = AS_IS, *, digits: int = 2, zero: bool = True
) -> Extended:
    return Extended(name, Kind.SLEEP, source, units, digits, conversion, "Withings Sleep", "sleep", zero)


EXTENDED: tuple[Extended, ...] = (
    # The body
    _mass("fat-mass", 8),
    _mass("fat-free-mass", 5),
    _mass("muscle-mass", 76),
    _mass("hydration", 77),
    _mass("bone-mass", 88),
    _mass("extracellular-water", 168),
    _mass("intracellular-water", 169),
    _body("visceral-fat", 170, "index"),
    _body("basal-metabolic-rate", 226, "kcal/day"),
    _body("metabolic-age", 227, "years"),
    # Heart, vessels and nerves
    _body("pulse-wave-velocity", 91, "m/s"),
    _body("vascular-age", 155, "years"),
    _measure("vo2-max", 123, "ml/min/kg"),
    _measure("qrs-interval", 135, "ms"),
    _measure("pr-interval", 136, "ms"),
    _measure("qt-interval", 137, "ms"),
    _measure("qtc-interval", 138, "ms"),
    _body("nerve-health-score", 167, "µS"),
    _body("nerve-health-score-left-foot", 158, "µS"),
    _body("nerve-health-score-right-foot", 159, "µS"),
    _body("electrodermal-activity", 196, "µS"),
    _body("electrodermal-activity-left-foot", 197, "µS"),
    _body("electrodermal-activity-right-foot", 198, "µS"),
    _body("electrochemical-skin-conductance", 229, "µS"),
    # Other readings
    _measure("skin-temperature", 73, "°F", digits=1, conversion=FAHRENHEIT),
    _measure("blood-glucose", 119, "mg/dL"),
    _measure("urinary-ph", 147, "pH"),
    _measure("urine-specific-gravity", 148, "ratio", digits=3),
    _measure("urinary-nitrites", 151, "µmol/L"),
    _measure("urinary-ketones", 204, "mmol/L"),
    _measure("urinary-vitamin-c", 205, "mmol/L"),
    _measure("urinary-calcium", 248, "mmol/L"),
    _measure("urinary-creatinine", 249, "mmol/L"),
    _measure("urinary-calcium-creatinine-ratio", 251, "mmol/mmol", digits=3),
    # Days
    _day("distance", "distance", "m"),
    # Withings' specification says floors. Recorded walks, and another client, say metres.
    _day("elevation", "elevation", "m"),
    _day("calories", "calories", "kcal"),
    _day("total-calories", "totalcalories", "kcal"),
    _day("soft-minutes", "soft", "min", MINUTES),
    _day("moderate-minutes", "moderate", "min", MINUTES),
    _day("intense-minutes", "intense", "min", MINUTES),
    _day("active-minutes", "active", "min", MINUTES),
    _day("heart-rate-average", "hr_average", "bpm"),
    _day("heart-rate-min", "hr_min", "bpm"),
    _day("heart-rate-max", "hr_max", "bpm"),
    # Nights
    _night("time-in-bed-hours", "total_timeinbed", "hours", HOURS, zero=False),
    _night("light-sleep-hours", "lightsleepduration", "hours", HOURS),
    _night("deep-sleep-hours", "deepsleepduration", "hours", HOURS),
    _night("rem-sleep-hours", "remsleepduration", "hours", HOURS),
    _night("awake-hours", "wakeupduration", "hours", HOURS),
    _night("sleep-latency-minutes", "sleep_latency", "min", MINUTES),
    _night("wakeup-latency-minutes", "wakeup_latency", "min", MINUTES),
    _night("awakenings", "wakeupcount", "count"),
    _night("out-of-bed-count", "out_of_bed_count", "count"),
    _night("sleep-score", "sleep_score", "score", zero=False),
    _night("sleep-efficiency", "sleep_efficiency", "%", PERCENT, zero=False),
    _night("snoring-minutes", "snoring", "min", MINUTES),
    _night("snoring-episodes", "snoringepisodecount", "count"),
    _night("breathing-disturbances", "breathing_disturbances_intensity", "index"),
    _night("apnea-hypopnea-index", "apnea_hypopnea_index", "events/h"),
    _night("sleep-heart-rate-average", "hr_average", "bpm", zero=False),
    _night("sleep-heart-rate-min", "hr_min", "bpm", zero=False),
    _night("sleep-heart-rate-max", "hr_max", "bpm", zero=False),
    _night("sleep-respiratory-rate-min", "rr_min", "breaths/min", zero=False),
    _night("sleep-respiratory-rate-max", "rr_max", "breaths/min", zero=False),
    _night("hrv-rmssd-start", "rmssd_start_avg", "ms", zero=False),
    _night("hrv-rmssd-end", "rmssd_end_avg", "ms", zero=False),
    _night("sleep-core-temperature", "core_body_temperature_avg", "°F", FAHRENHEIT, digits=1, zero=False),
)

NAMES: tuple[str, ...] = tuple(entry.name for entry in EXTENDED)
