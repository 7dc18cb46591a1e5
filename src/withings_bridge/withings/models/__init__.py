"""Withings' replies as typed, open models. What they mean as readings is left to the domain.

- ``measures``: measure groups and their values
- ``activity``: activity days, samples within a day, workouts
- ``sleep``: segments and summaries of nights
- ``heart``: ECG and stethoscope records and signals
- ``account``: devices, goals, subscriptions
- ``tokens``: token pairs and nonces, the only closed ones
- ``shapes``: what the open ones share
"""

from withings_bridge.withings.models.account import Device, Goals, GoalWeight, NotificationProfile
from withings_bridge.withings.models.activity import ActivityDay, IntradaySample, Workout, WorkoutData
from withings_bridge.withings.models.heart import (
    BloodPressure,
    Ecg,
    EcgSignal,
    HeartRecord,
    Stetho,
    StethoRecord,
    StethoSignal,
)
from withings_bridge.withings.models.measures import Measure, MeasureGroup
from withings_bridge.withings.models.sleep import SleepData, SleepSegment, SleepSummary
from withings_bridge.withings.models.tokens import TokenReply

__all__ = [
    "ActivityDay",
    "BloodPressure",
    "Device",
    "Ecg",
    "EcgSignal",
    "GoalWeight",
    "Goals",
    "HeartRecord",
    "IntradaySample",
    "Measure",
    "MeasureGroup",
    "NotificationProfile",
    "SleepData",
    "SleepSegment",
    "SleepSummary",
    "Stetho",
    "StethoRecord",
    "StethoSignal",
    "TokenReply",
    "Workout",
    "WorkoutData",
]
