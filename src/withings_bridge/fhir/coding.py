"""Code systems: what a metric, a value, a place on the body is called."""

import re
from decimal import Decimal
from functools import cache
from urllib.parse import quote

from withings_bridge.domain import measures
from withings_bridge.domain.codes import LOINC, LOINC_SYSTEM, PULSE_OXIMETRY, UCUM, UCUM_SYSTEM, Loinc
from withings_bridge.domain.measures import MEASURE_TYPES, POSITIONS
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.readings import Reading, unknown_metric
from withings_bridge.domain.records import Kind
from withings_bridge.fhir.datatypes import CodeableConcept, Coding, Quantity

CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
SNOMED = "http://snomed.info/sct"

OURS = "urn:withings-bridge:metric"
"""Of the one metric that the bridge computes."""
MEASURE_TYPE = "urn:withings:measure-type"
POSITION = "urn:withings:position"
SOURCE = "urn:withings-bridge:source"
"""Of the tag that tells how a value came to be: see ``domain.origins.Source``."""
WORKOUT_CATEGORY = "urn:withings:workout-category"
CLASSIFICATION = "urn:withings:classification:"
"""With the name of the metric behind it."""

EKG_STUDY = Loinc("11524-6", "EKG study")
EXERCISE = Loinc("73985-4", "Exercise activity")

SELF_REPORTED = CodeableConcept(
    coding=[Coding(system=SNOMED, code="1156040003", display="Self reported")], text="Typed in by the person"
)
UNKNOWN = CodeableConcept(coding=[Coding(system=ABSENT, code="unknown", display="Unknown")])

_CODE = re.compile(r"[!-~]+")
_UNITS_OF_HEIGHT = "cm"

_AFIB = {"0": "No sign of atrial fibrillation", "1": "Signs of atrial fibrillation", "2": "Inconclusive"}
_CLASSES: dict[str, dict[str, str]] = {"ecg_afib": _AFIB}


def system_of(kind: Kind) -> str:
    """The system of the names that Withings gives the fields of such records.

    One for each service: ``hr_average`` means one thing of a day and another of a night.
    """
    return MEASURE_TYPE if kind in (Kind.MEASURES, Kind.HEIGHT) else f"urn:withings:{kind}"


def concept(metric: str, kind: Kind, code: int | str, *, loinc: bool = True) -> CodeableConcept:
    """What was observed: always by Withings, and, unless that is left out, by LOINC where it has a word."""
    known = LOINC.get(metric) if loinc else None
    return _concept(known, metric, kind, code)


@cache
def category(code: str) -> CodeableConcept:
    """A category of FHIR's."""
    display = code.replace("-", " ").title()
    return CodeableConcept(coding=[Coding(system=CATEGORIES, code=code, display=display)])


def loinc(code: Loinc, *more: Coding, text: str | None = None) -> CodeableConcept:
    """A concept of LOINC's, with others' codes for it beside."""
    return CodeableConcept(coding=[_loinc(code), *more], text=text or code.display)


def own(system: str, code: object, display: str | None = None) -> Coding:
    """A coding of Withings. Names that no source knows may be anything; a code has no blanks."""
    text = str(code)
    spelt = text if _CODE.fullmatch(text) else quote(text, safe="", errors="replace") or "-"
    return Coding(system=system, code=spelt, display=display)


def quantity(reading: Reading) -> Quantity:
    """The value with its unit: that of Withings, but of a height in centimetres, as its profile wants it."""
    if reading.code == measures.HEIGHT and reading.metric == MEASURE_TYPES[measures.HEIGHT].metric:
        return Quantity(
            value=reading.value.scaleb(2), unit=_UNITS_OF_HEIGHT, system=UCUM_SYSTEM, code=_UNITS_OF_HEIGHT
        )
    code = UCUM.get(reading.unit) if reading.unit else None
    return Quantity(value=reading.value, unit=reading.unit, system=UCUM_SYSTEM if code else None, code=code)


def is_quantity(metric: str) -> bool:
    """False for what is a code to look up."""
    known = METRICS.get(metric)
    return known is None or known.quantity


def classified(metric: str, value: Decimal) -> CodeableConcept:
    """A value that is a code to look up."""
    code = format(value, "f")
    display = _CLASSES.get(metric, {}).get(code)
    coding = own(CLASSIFICATION + metric.replace("_", "-"), code, display)
    return CodeableConcept(coding=[coding], text=display)


def site(position: int | None) -> CodeableConcept | None:
    """The part of the body, where a value is about one."""
    if position is None:
        return None
    name = POSITIONS.get(position)
    return CodeableConcept(coding=[own(POSITION, position, name)], text=name)


def plain(value: object) -> str | None:
    """A text of Withings with single blanks and nothing that UTF-8 cannot carry; None where it is none."""
    if not isinstance(value, str):
        return None
    return " ".join(value.encode("utf-8", "replace").decode().split()) or None


def _loinc(code: Loinc) -> Coding:
    return Coding(system=LOINC_SYSTEM, code=code.code, display=code.display)


def _concept(known: Loinc | None, metric: str, kind: Kind, code: int | str) -> CodeableConcept:
    codings = [_loinc(known)] if known else []
    if known and known.code == LOINC["spo2"].code:
        codings.append(_loinc(PULSE_OXIMETRY))
    if code == "":
        return CodeableConcept(coding=[*codings, own(OURS, metric)], text=_words(metric))
    if kind in (Kind.MEASURES, Kind.HEIGHT) and isinstance(code, int):
        type_ = MEASURE_TYPES.get(code)
        withings = own(MEASURE_TYPE, code, type_.name if type_ else None)
    elif metric == unknown_metric(str(code)):
        withings = own(f"urn:withings:{kind}", code)
    else:
        withings = own(system_of(kind), code)
    text = _words(metric) if metric in METRICS else f"Withings' {withings.code}"
    return CodeableConcept(coding=[*codings, withings], text=text)


def _words(metric: str) -> str:
    return metric.replace("_", " ").capitalize()
