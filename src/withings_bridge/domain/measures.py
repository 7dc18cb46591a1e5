"""Withings' measure types: number, metric, unit.

Numbers, names and units follow Withings' published specification (August 2026 state and the
October 2026 additions); a type marked ``documented=False`` was only seen by other clients. New
types arrive before the documentation does, so an unknown number is never an error anywhere.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasureType:
    """One kind of value in a measure group."""

    number: int
    metric: str
    """Our name of the value, stable across the read API."""
    name: str
    """Withings' name."""
    unit: str
    description: str
    classification: bool = False
    """A code to look up rather than a quantity; its exponent means nothing."""
    positional: bool = False
    """Comes once per body position."""
    documented: bool = True


WEIGHT = 1
HEIGHT = 4
FAT_FREE_MASS = 5
FAT_RATIO = 6
FAT_MASS = 8
DIASTOLIC = 9
SYSTOLIC = 10
HEART_PULSE = 11
TEMPERATURE = 12
SPO2 = 54
BODY_TEMPERATURE = 71
MUSCLE_MASS = 76
HYDRATION = 77
BONE_MASS = 88

_TABLE = (
    MeasureType(1, "weight", "Weight", "kg", "Body weight."),
    MeasureType(4, "height", "Height", "m", "Body height; usually typed in by the user, so attrib 2 or 4."),
    MeasureType(5, "fat_free_mass", "Fat Free Mass", "kg", "Mass of everything except fat."),
    MeasureType(6, "fat_ratio", "Fat Ratio", "%", "Body fat as a share of weight."),
    MeasureType(8, "fat_mass", "Fat Mass Weight", "kg", "Mass of body fat."),
    MeasureType(9, "diastolic_blood_pressure", "Diastolic Blood Pressure", "mmHg", "Lower cuff reading."),
    MeasureType(10, "systolic_blood_pressure", "Systolic Blood Pressure", "mmHg", "Upper cuff reading."),
    MeasureType(
        11,
        "heart_pulse",
        "Heart Pulse",
        "bpm",
        "Spot pulse taken by a cuff or a scale; not the watch stream.",
    ),
    MeasureType(12, "temperature", "Temperature", "degC", "Generic temperature reading (older Thermo code)."),
    MeasureType(54, "spo2", "SpO2", "%", "Spot blood oxygen saturation."),
    MeasureType(71, "body_temperature", "Body Temperature", "degC", "Body temperature reading."),
    MeasureType(73, "skin_temperature", "Skin Temperature", "degC", "Skin surface temperature reading."),
    MeasureType(76, "muscle_mass", "Muscle Mass", "kg", "Mass of muscle."),
    MeasureType(77, "hydration", "Hydration", "kg", "Mass of body water."),
    MeasureType(88, "bone_mass", "Bone Mass", "kg", "Mass of bone."),
    MeasureType(
        91,
        "pulse_wave_velocity",
        "Pulse Wave Velocity",
        "m/s",
        "Arterial stiffness proxy; EU devices. Body Cardio emits it as two groups, see attrib 10.",
    ),
    MeasureType(
        119,
        "glucose",
        "Glucose",
        "mg/dL",
        "Blood glucose; used by open-wearables for appli 58. Not in the published list.",
        documented=False,
    ),
    MeasureType(123, "vo2_max", "VO2 max", "ml/min/kg", "Estimate of maximal oxygen uptake."),
    MeasureType(
        130,
        "afib_ecg",
        "Atrial fibrillation result",
        "code",
        "ECG classification code, not a quantity; read the code table and ignore the exponent.",
        classification=True,
    ),
    MeasureType(
        135, "qrs_interval", "QRS interval duration", "ms", "Interval derived from an ECG recording."
    ),
    MeasureType(136, "pr_interval", "PR interval duration", "ms", "Interval derived from an ECG recording."),
    MeasureType(137, "qt_interval", "QT interval duration", "ms", "Interval derived from an ECG recording."),
    MeasureType(
        138, "qtc_interval", "Corrected QT interval duration", "ms", "Interval derived from an ECG recording."
    ),
    MeasureType(
        139,
        "afib_ppg",
        "Atrial fibrillation result from PPG",
        "code",
        "Optical-sensor AF classification code; code table is published only for type 130.",
        classification=True,
    ),
    MeasureType(147, "urinary_ph", "Urinary pH", "pH", "U-Scan reading."),
    MeasureType(148, "urine_specific_gravity", "Urine Specific Gravity", "ratio", "U-Scan reading."),
    MeasureType(151, "urinary_nitrites", "Urinary Nitrites", "umol/L", "U-Scan reading."),
    MeasureType(155, "vascular_age", "Vascular age", "years", "Age estimate from arterial stiffness."),
    MeasureType(
        158,
        "nerve_health_score_left_foot",
        "Nerve Health Score left foot",
        "uS",
        "Known to aiowithings only.",
        documented=False,
    ),
    MeasureType(
        159,
        "nerve_health_score_right_foot",
        "Nerve Health Score right foot",
        "uS",
        "Known to aiowithings only.",
        documented=False,
    ),
    MeasureType(
        167,
        "nerve_health_score_feet",
        "Nerve Health Score Conductance 2 electrodes Feet",
        "uS",
        "Foot sudomotor conductance score.",
    ),
    MeasureType(168, "extracellular_water", "Extracellular Water", "kg", "Water outside cells."),
    MeasureType(169, "intracellular_water", "Intracellular Water", "kg", "Water inside cells."),
    MeasureType(170, "visceral_fat", "Visceral Fat", "index", "Visceral fat index, dimensionless."),
    MeasureType(
        173,
        "fat_free_mass_for_segments",
        "Fat Free Mass for segments",
        "kg",
        "Per-limb or torso fat-free mass; one measure per position.",
        positional=True,
    ),
    MeasureType(
        174,
        "fat_mass_for_segments",
        "Fat Mass for segments",
        "kg",
        "Per-limb or torso fat mass; one measure per position.",
        positional=True,
    ),
    MeasureType(
        175,
        "muscle_mass_for_segments",
        "Muscle Mass for segments",
        "kg",
        "Per-limb or torso muscle mass; one measure per position.",
        positional=True,
    ),
    MeasureType(
        196,
        "electrodermal_activity_feet",
        "Electrodermal activity feet",
        "uS",
        "Foot electrodermal activity; renamed Nerve Response Score in the October 2026 reference.",
    ),
    MeasureType(
        197,
        "electrodermal_activity_left_foot",
        "Electrodermal activity left foot",
        "uS",
        "Known to aiowithings only.",
        documented=False,
    ),
    MeasureType(
        198,
        "electrodermal_activity_right_foot",
        "Electrodermal activity right foot",
        "uS",
        "Known to aiowithings only.",
        documented=False,
    ),
    MeasureType(204, "urinary_ketones", "Urinary Ketones", "mmol/L", "U-Scan reading."),
    MeasureType(205, "urinary_vitamin_c", "Urinary Vitamin C", "mmol/L", "U-Scan reading."),
    MeasureType(226, "basal_metabolic_rate", "Basal Metabolic Rate (BMR)", "kcal/day", "Resting energy use."),
    MeasureType(227, "metabolic_age", "Metabolic Age", "years", "Age equivalent of the BMR."),
    MeasureType(
        229,
        "electrochemical_skin_conductance",
        "Electrochemical Skin Conductance (ESC)",
        "uS",
        "Skin conductance.",
    ),
    MeasureType(248, "urinary_calcium", "Urinary Calcium", "mmol/L", "U-Scan reading."),
    MeasureType(249, "urinary_creatinine", "Urinary Creatinine", "mmol/L", "U-Scan reading."),
    MeasureType(
        251,
        "urinary_calcium_creatinine_ratio",
        "Urinary Calcium/Creatinine Ratio",
        "mmol/mmol",
        "U-Scan reading.",
    ),
)

MEASURE_TYPES: dict[int, MeasureType] = {entry.number: entry for entry in _TABLE}

WHOLE_BODY = 7

POSITIONS: dict[int, str] = {
    2: "right arm",
    3: "left arm",
    WHOLE_BODY: "whole body",
    10: "left leg",
    11: "right leg",
    12: "torso",
}
"""Body positions that are known by name; 0-31 occur, 7 is seen live but missing from the table."""
