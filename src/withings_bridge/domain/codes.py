"""What other health software calls a metric and its unit: LOINC codes and UCUM units.

LOINC (loinc.org, the Regenstrief Institute) names what was observed, UCUM (ucum.org) the unit. A metric
without a LOINC code of just its meaning has none here: a code that nearly fits would be a lie.
"""

from typing import NamedTuple

LOINC_SYSTEM = "http://loinc.org"
UCUM_SYSTEM = "http://unitsofmeasure.org"


class Loinc(NamedTuple):
    """A LOINC code and its name."""

    code: str
    display: str


LOINC: dict[str, Loinc] = {
    # Measures
    "weight": Loinc("29463-7", "Body weight"),
    "height": Loinc("8302-2", "Body height"),
    "bmi": Loinc("39156-5", "Body mass index (BMI) [Ratio]"),
    "fat_ratio": Loinc("41982-0", "Percentage of body fat Measured"),
    "fat_mass": Loinc("73708-0", "Body fat [Mass] Calculated"),
    "fat_free_mass": Loinc("91557-9", "Lean body weight"),
    "muscle_mass": Loinc("73964-9", "Body muscle mass"),
    "hydration": Loinc("101683-1", "Body water mass"),
    "bone_mass": Loinc("101685-6", "Body bone mass"),
    "diastolic_blood_pressure": Loinc("8462-4", "Diastolic blood pressure"),
    "systolic_blood_pressure": Loinc("8480-6", "Systolic blood pressure"),
    "heart_pulse": Loinc("8867-4", "Heart rate"),
    "temperature": Loinc("8310-5", "Body temperature"),
    "body_temperature": Loinc("8310-5", "Body temperature"),
    "spo2": Loinc("2708-6", "Oxygen saturation in Arterial blood"),
    "glucose": Loinc("2339-0", "Glucose [Mass/volume] in Blood"),
    "qrs_interval": Loinc("8633-0", "QRS duration"),
    "pr_interval": Loinc("8625-6", "P-R Interval"),
    "qt_interval": Loinc("8634-8", "Q-T interval"),
    "qtc_interval": Loinc("8636-3", "Q-T interval corrected"),
    "urinary_ph": Loinc("2756-5", "pH of Urine"),
    "urine_specific_gravity": Loinc("2965-2", "Specific gravity of Urine"),
    "basal_metabolic_rate": Loinc("69429-9", "Basal metabolic rate"),
    # Activity days
    "steps": Loinc("55423-8", "Number of steps in unspecified time Pedometer"),
    "distance": Loinc("55430-3", "Walking distance unspecified time Pedometer"),
    "active_energy": Loinc("41981-2", "Calories burned"),
    "heart_rate_average": Loinc("41924-2", "Heart rate 24 hour mean"),
    "heart_rate_minimum": Loinc("8883-1", "Heart rate 24 hour minimum"),
    "heart_rate_maximum": Loinc("8873-2", "Heart rate 24 hour maximum"),
    # Samples within a day
    "intraday_steps": Loinc("55423-8", "Number of steps in unspecified time Pedometer"),
    "heart_rate": Loinc("8867-4", "Heart rate"),
    "spo2_automatic": Loinc("2708-6", "Oxygen saturation in Arterial blood"),
    "hrv_sdnn": Loinc("80404-7", "R-R interval.standard deviation (Heart rate variability)"),
    "respiratory_rate": Loinc("9279-1", "Respiratory rate"),
    # Nights
    "sleep_duration": Loinc("93832-4", "Sleep duration"),
    "asleep_duration": Loinc("93832-4", "Sleep duration"),
    "light_sleep_duration": Loinc("93830-8", "Light sleep duration"),
    "deep_sleep_duration": Loinc("93831-6", "Deep sleep duration"),
    "rem_sleep_duration": Loinc("93829-0", "REM sleep duration"),
    "time_in_bed": Loinc("103213-5", "Duration in bed"),
    "awakenings": Loinc("103211-9", "Number of awakenings"),
    "wake_after_sleep_onset": Loinc("103215-0", "Wake after sleep onset"),
    "sleep_heart_rate_average": Loinc("8867-4", "Heart rate"),
    "sleep_respiratory_rate_average": Loinc("9279-1", "Respiratory rate"),
    # Samples within a night
    "sleeping_heart_rate": Loinc("8867-4", "Heart rate"),
    "sleeping_respiratory_rate": Loinc("9279-1", "Respiratory rate"),
    "sleeping_hrv_sdnn": Loinc("80404-7", "R-R interval.standard deviation (Heart rate variability)"),
}
"""By metric. Codes and names as LOINC publishes them, and as the vital signs profiles of FHIR R4 and other
bridges of wearables (StanfordBDHG/HealthKitOnFHIR) use them.
"""

SLEEP_DURATIONS = ("sleep_duration", "asleep_duration")
"""Both are how long somebody slept. Withings gives the second for nights that were imported from elsewhere,
whose stages are not known. Where a night has both, the first counts, unless it is 0.
"""

BLOOD_PRESSURE = Loinc("85354-9", "Blood pressure panel with all children optional")
"""What holds the two pressures of one reading together."""

PULSE_OXIMETRY = Loinc("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry")
"""Stands beside the code of an oxygen saturation, which does not say how it was found."""

UCUM: dict[str, str] = {
    "%": "%",
    "bpm": "/min",
    "breaths/min": "/min",
    "code": "1",
    "count": "{count}",
    "degC": "Cel",
    "events/h": "/h",
    "events/min": "/min",
    "index": "{index}",
    "kcal": "kcal",
    "kcal/day": "kcal/d",
    "kg": "kg",
    "kg/m²": "kg/m2",
    "m": "m",
    "m/s": "m/s",
    "mg/dL": "mg/dL",
    "ml/min/kg": "mL/min/kg",
    "mmHg": "mm[Hg]",
    "mmol/L": "mmol/L",
    "mmol/mmol": "mmol/mmol",
    "ms": "ms",
    "pH": "[pH]",
    "ratio": "1",
    "s": "s",
    "score": "{score}",
    "uS": "uS",
    "umol/L": "umol/L",
    "years": "a",
}
"""By the unit in which the bridge serves a metric. Of climbs the unit is not known, and has none."""
