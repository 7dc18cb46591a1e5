"""Withings' device models by number.

The official table of August 2026 and ids seen live by other clients. Two numbers may share a
name, and unknown numbers arrive with every new product.
"""

from typing import NamedTuple


class DeviceModel(NamedTuple):
    """A product; ``name`` or ``type`` is None where no source names it."""

    name: str | None
    type: str | None


DEVICE_MODELS: dict[int, DeviceModel] = {
    -1: DeviceModel(None, None),
    1: DeviceModel("Withings WBS01", "Scale"),
    2: DeviceModel("WS30", "Scale"),
    3: DeviceModel("Kid Scale", "Scale"),
    4: DeviceModel("Smart Body Analyzer", "Scale"),
    5: DeviceModel("Body+", "Scale"),
    6: DeviceModel("Body Cardio", "Scale"),
    7: DeviceModel("Body", "Scale"),
    9: DeviceModel("Body Pro", "Scale"),
    10: DeviceModel("Body Scan", "Scale"),
    11: DeviceModel("WBS10", "Scale"),
    12: DeviceModel("WBS11", "Scale"),
    13: DeviceModel("Body+ (older table) / Sleep Analyzer (seen live)", None),
    14: DeviceModel("Body scale", None),
    15: DeviceModel("Body Comp 2", None),
    16: DeviceModel("Body Smart", None),
    17: DeviceModel("Body Comp Pro", "Scale"),
    18: DeviceModel("Body Comp", "Scale"),
    21: DeviceModel("Smart Baby Monitor", "Babyphone"),
    22: DeviceModel("Withings Home", "Babyphone"),
    41: DeviceModel("Withings Blood Pressure Monitor V1", "Blood Pressure Monitor"),
    42: DeviceModel("Withings Blood Pressure Monitor V2", "Blood Pressure Monitor"),
    43: DeviceModel("Withings Blood Pressure Monitor V3", "Blood Pressure Monitor"),
    44: DeviceModel("BPM Core", "Blood Pressure Monitor"),
    45: DeviceModel("BPM Connect", "Blood Pressure Monitor"),
    46: DeviceModel("BPM Connect Pro", "Blood Pressure Monitor"),
    47: DeviceModel("BPM Pro 2", "Blood Pressure Monitor"),
    48: DeviceModel("BPM Vision", "Blood Pressure Monitor"),
    51: DeviceModel("Pulse", "Activity Tracker"),
    52: DeviceModel("Activite", "Activity Tracker"),
    53: DeviceModel("Activite (Pop, Steel)", "Activity Tracker"),
    54: DeviceModel("Withings Go", "Activity Tracker"),
    55: DeviceModel("Activite Steel HR", "Activity Tracker"),
    58: DeviceModel("Pulse HR", "Activity Tracker"),
    59: DeviceModel("Activite Steel HR Sport Edition", "Activity Tracker"),
    60: DeviceModel("Aura Dock", "Sleep Monitor"),
    61: DeviceModel("Aura Sensor", "Sleep Monitor"),
    62: DeviceModel("Aura dock", "Sleep Monitor"),
    63: DeviceModel("Aura Sensor V2", "Sleep Monitor"),
    70: DeviceModel("Thermo", "Smart Connected Thermometer"),
    71: DeviceModel("BeamO", "Smart Connected Thermometer"),
    90: DeviceModel("Move", "Activity Tracker"),
    91: DeviceModel("Move ECG", "Activity Tracker"),
    92: DeviceModel("Move ECG", "Activity Tracker"),
    93: DeviceModel("ScanWatch", "Activity Tracker"),
    94: DeviceModel("ScanWatch 2", "Activity Tracker"),
    95: DeviceModel("ScanWatch Light", "Activity Tracker"),
    100: DeviceModel("WUP01", "Gateway"),
    1051: DeviceModel("iOS step tracker", "HealthKit Apple"),
    1052: DeviceModel("iOS step tracker", "HealthKit Apple"),
    1053: DeviceModel("Android step tracker", "HealthKit Google"),
    1054: DeviceModel("Android step tracker", "HealthKit Google"),
    1055: DeviceModel("GoogleFit tracker", "HealthKit Google"),
    1056: DeviceModel("Samsung Health tracker", "HealthKit Google"),
    1057: DeviceModel("HealthKit step iPhone tracker", "HealthKit Apple"),
    1058: DeviceModel("HealthKit step Apple Watch tracker", "HealthKit Apple"),
    1059: DeviceModel("HealthKit other step tracker", "HealthKit Apple"),
    1060: DeviceModel("Google Health Connect", "HealthKit Google"),
    1061: DeviceModel("Iglucose glucometer", "iGlucose"),
    1062: DeviceModel("Huawei tracker", "HealthKit Huawei"),
    1063: DeviceModel("Lingo Sensor", "Lingo"),
}

STETHOSCOPES = frozenset({44, 71})
"""Models that can record the sounds of heart and lungs."""
