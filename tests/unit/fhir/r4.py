"""What FHIR R4 asks of a resource, by others' models and by the tables of its vital signs profiles."""

import json
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.device import Device
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient

Json = dict[str, Any]

MODELS: dict[str, Any] = {
    "Bundle": Bundle,
    "CapabilityStatement": CapabilityStatement,
    "Device": Device,
    "Observation": Observation,
    "Patient": Patient,
}

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
DEFINITIONS = "http://hl7.org/fhir/StructureDefinition/"

VITAL_SIGNS = {
    "9279-1": ("resprate", {"/min"}),
    "8867-4": ("heartrate", {"/min"}),
    "2708-6": ("oxygensat", {"%"}),
    "8310-5": ("bodytemp", {"Cel", "[degF]"}),
    "8302-2": ("bodyheight", {"cm", "[in_i]"}),
    "29463-7": ("bodyweight", {"g", "kg", "[lb_av]"}),
    "39156-5": ("bmi", {"kg/m2"}),
    "85354-9": ("bp", {"mm[Hg]"}),
}
"""By the code that https://hl7.org/fhir/R4/observation-vitalsigns.html asks for: its profile and units."""

PRESSURES = ["8480-6", "8462-4"]


def checked(text: str) -> Json:
    """The resource of that JSON, which is valid and keeps to the profiles that it must keep to."""
    resource: Json = json.loads(text)
    MODELS[resource["resourceType"]].model_validate(resource)
    for part in resource.get("entry", []):
        checked(json.dumps(part["resource"]))
    if resource["resourceType"] == "Observation":
        _check_vital_sign(resource)
    return resource


def codes(concept: Json, system: str = LOINC) -> list[str]:
    """The concept's codes in the system."""
    return [coding["code"] for coding in concept["coding"] if coding["system"] == system]


def _check_vital_sign(observation: Json) -> None:
    magic = [code for code in codes(observation["code"]) if code in VITAL_SIGNS]
    named = observation["meta"].get("profile", [])
    if not magic:
        assert named == []
        return
    (code,) = magic
    profile, units = VITAL_SIGNS[code]
    assert named == [DEFINITIONS + profile]
    assert observation["status"] in {"registered", "preliminary", "final", "amended"}
    categories = [one for concept in observation["category"] for one in concept["coding"]]
    assert ("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs") in [
        (one["system"], one["code"]) for one in categories
    ]
    assert observation["subject"]["reference"].startswith("Patient/")
    assert len({"effectiveDateTime", "effectivePeriod"} & set(observation)) == 1
    if code == "85354-9":
        assert [one for part in observation["component"] for one in codes(part["code"])] == PRESSURES
        for part in observation["component"]:
            _check_value(part, units)
    else:
        _check_value(observation, units)


def _check_value(part: Json, units: set[str]) -> None:
    """A value in one of the units, or the reason why there is none; never both."""
    assert ("valueQuantity" in part) != ("dataAbsentReason" in part)
    if quantity := part.get("valueQuantity"):
        assert isinstance(quantity["value"], (int, float))
        assert quantity["unit"]
        assert quantity["system"] == UCUM
        assert quantity["code"] in units
