"""The vital signs profiles of FHIR R4, and the category of everything else.

https://hl7.org/fhir/R4/observation-vitalsigns.html: an Observation with one of these LOINC codes keeps to its
profile, which fixes the unit.
"""

from typing import NamedTuple

from withings_bridge.domain.codes import BLOOD_PRESSURE, LOINC
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.records import Kind

_DEFINITIONS = "http://hl7.org/fhir/StructureDefinition/"

VITAL_SIGNS = "vital-signs"


class Profile(NamedTuple):
    """A vital sign, and the one of its units in which it is served."""

    name: str
    unit: str
    """In UCUM."""

    @property
    def url(self) -> str:
        return _DEFINITIONS + self.name


PROFILES: dict[str, Profile] = {
    BLOOD_PRESSURE.code: Profile("bp", "mm[Hg]"),
    "29463-7": Profile("bodyweight", "kg"),
    "8302-2": Profile("bodyheight", "cm"),
    "39156-5": Profile("bmi", "kg/m2"),
    "8867-4": Profile("heartrate", "/min"),
    "8310-5": Profile("bodytemp", "Cel"),
    "2708-6": Profile("oxygensat", "%"),
    "9279-1": Profile("resprate", "/min"),
}
"""By LOINC code."""

_PROCEDURES = frozenset(
    {"afib_ecg", "afib_ppg", "qrs_interval", "pr_interval", "qt_interval", "qtc_interval", "stetho_vhd"}
)
_OF_A_KIND = {Kind.ACTIVITY: "activity", Kind.SLEEP: "activity", Kind.WORKOUT: "activity"}


def profile_of(metric: str) -> Profile | None:
    """The profile that observations of the metric keep to."""
    loinc = LOINC.get(metric)
    return PROFILES.get(loinc.code) if loinc else None


def category_of(metric: str, kind: Kind) -> str:
    """The category of a metric that is read from records of that kind: a code of FHIR's.

    ``activity`` is by its definition for steps and sleep alike, ``procedure`` for what is recorded as an ECG
    is, ``exam`` for what simple instruments show.
    """
    if profile_of(metric):
        return VITAL_SIGNS
    if metric.startswith("urin") or metric == "glucose":
        return "laboratory"
    if metric in _PROCEDURES or kind is Kind.HEART:
        return "procedure"
    known = METRICS.get(metric)
    return _OF_A_KIND.get(known.kind if known else kind, "exam")
