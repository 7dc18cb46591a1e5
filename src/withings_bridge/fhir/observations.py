"""Records as Observations.

One for each reading; but the two pressures of a cuff are one panel, a workout is one with its values as
components, and so is a recording of the heart. Groups that are held back give none: they are perhaps another
person's. Samples within a day or a night give none either: they are millions, and the API serves them by
themselves.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from withings_bridge.domain.bmi import Stature, bmi_of
from withings_bridge.domain.codes import BLOOD_PRESSURE, SLEEP_DURATIONS, UCUM_SYSTEM
from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.measures import DIASTOLIC, HEIGHT, MEASURE_TYPES, SYSTOLIC, WEIGHT
from withings_bridge.domain.origins import Origin, Source, origin_of
from withings_bridge.domain.readings import Reading, counts, exact, readings
from withings_bridge.domain.records import Kind, Record
from withings_bridge.domain.workouts import WORKOUT_CATEGORIES
from withings_bridge.fhir import coding
from withings_bridge.fhir.datatypes import (
    CodeableConcept,
    Identifier,
    Meta,
    Quantity,
    ResourceReference,
    SampledData,
)
from withings_bridge.fhir.identity import observation_id, resource_id
from withings_bridge.fhir.moments import moment, period
from withings_bridge.fhir.profiles import PROFILES, VITAL_SIGNS, Profile, category_of, profile_of
from withings_bridge.fhir.resources import Component, Observation

SERVED = (
    Kind.MEASURES,
    Kind.HEIGHT,
    Kind.ACTIVITY,
    Kind.SLEEP,
    Kind.WORKOUT,
    Kind.HEART,
    Kind.STETHO,
)
"""The kinds of records that give Observations, in the order in which they are gone through."""

DEVICE_ID = "urn:withings:deviceid"

_IDS = {
    Kind.MEASURES: ("grpid", "urn:withings:grpid"),
    Kind.HEIGHT: ("grpid", "urn:withings:grpid"),
    Kind.SLEEP: ("id", "urn:withings:sleep-id"),
    Kind.WORKOUT: ("id", "urn:withings:workout-id"),
    Kind.STETHO: ("signalid", "urn:withings:signalid"),
}
_PRESSURES = (SYSTOLIC, DIASTOLIC)


@dataclass(frozen=True, slots=True)
class Context:
    """What must be known of the person to tell what a record means."""

    patient: str
    """The id of the Patient."""
    zone: str | None
    """Where they were last; what a record tells itself goes before."""
    stature: Stature
    devices: frozenset[str] = frozenset()
    """The ids of the Devices that are served."""


def observations(record: Record, context: Context, *, signal: Record | None = None) -> list[Observation]:
    """The record's Observations, in Withings' order; none where it is of no kind that is served.

    ``signal``: the curve that was recorded, where it is stored.
    """
    about = _About(record, context)
    match record.kind:
        case Kind.MEASURES if counts(record.body):
            return list(_of_group(about))
        case Kind.HEIGHT if counts(record.body):
            return [about.reading(height) for height in readings(record) if height.code == HEIGHT]
        case Kind.SLEEP:
            return list(_of_night(about))
        case Kind.ACTIVITY | Kind.STETHO:
            return [about.reading(reading) for reading in readings(record)]
        case Kind.WORKOUT:
            return [_workout(about)]
        case Kind.HEART:
            return [_recording(about, signal)]
        case _:
            return []


def device_reference(origin: Origin, served: frozenset[str]) -> ResourceReference | None:
    """What measured: the Device where it is served, else what is known of it. A person is no device."""
    if origin.source is Source.MANUAL:
        return None
    model = DEVICE_MODELS.get(origin.model) if origin.model is not None else None
    name = model.name if model else None
    if origin.device and (known := resource_id(origin.device)) in served:
        return ResourceReference(reference=f"Device/{known}", display=name)
    if origin.device and (value := coding.plain(origin.device)):
        return ResourceReference(identifier=Identifier(system=DEVICE_ID, value=value), display=name)
    return ResourceReference(display=name) if name else None


class _About:
    """What all Observations of a record have in common."""

    def __init__(self, record: Record, context: Context) -> None:
        self.record = record
        self.origin = origin = origin_of(record)
        self._context = context
        self._zone = origin.zone or context.zone
        self._seen: Counter[str] = Counter()
        self._device = device_reference(origin, context.devices)
        self._source = coding.own(coding.SOURCE, origin.source)
        self._method = coding.SELF_REPORTED if origin.source is Source.MANUAL else None
        self._updated = (record.modified or record.at).astimezone(UTC)
        self._identifier = _identifier(record)

    def reading(self, reading: Reading, *, loinc: bool = True, **more: Any) -> Observation:
        """The Observation of one reading; without ``loinc`` by Withings' own code alone."""
        value: dict[str, Any] = (
            {"value_quantity": coding.quantity(reading)}
            if coding.is_quantity(reading.metric)
            else {"value_codeable_concept": coding.classified(reading.metric, reading.value)}
        )
        return self.observation(
            what=f"{reading.code or reading.metric}/{'' if reading.position is None else reading.position}",
            code=coding.concept(reading.metric, self.record.kind, reading.code, loinc=loinc),
            category=category_of(reading.metric, self.record.kind),
            profile=profile_of(reading.metric),
            body_site=coding.site(reading.position),
            **value,
            **more,
        )

    def observation(
        self, *, what: str, code: CodeableConcept, category: str, profile: Profile | None = None, **more: Any
    ) -> Observation:
        """An Observation of what is observed here; ``more`` are its other elements."""
        nth = self._seen[what]
        self._seen[what] += 1
        return Observation(
            id=observation_id(self.record, f"{what}/{nth}" if nth else what),
            meta=Meta(
                last_updated=self._updated, profile=[profile.url] if profile else None, tag=[self._source]
            ),
            identifier=self._identifier,
            category=[coding.category(category)],
            code=code,
            subject=ResourceReference(reference=f"Patient/{self._context.patient}"),
            method=self._method,
            device=self._device,
            **self._effective(),
            **more,
        )

    def bmi(self) -> Reading | None:
        return bmi_of(self.record, self._context.stature)

    def _effective(self) -> dict[str, Any]:
        start, end = self.origin.began_at or self.record.at, self.origin.ended_at
        if end is None:
            return {"effective_date_time": moment(start, self._zone)}
        return {"effective_period": period(start, end, self._zone)}


# --- one kind at a time -------------------------------------------------------------------------------


def _of_group(about: _About) -> Iterator[Observation]:
    """Heights are left to the records that the bridge keeps of them, which go back further."""
    found = [reading for reading in readings(about.record) if reading.code != HEIGHT]
    pressures = {type_: [one for one in found if one.code == type_] for type_ in _PRESSURES}
    weight: Observation | None = None
    for reading in found:
        if reading.code not in _PRESSURES:
            told = about.reading(reading)
            weight = told if reading.code == WEIGHT else weight
            yield told
    for upper, lower in zip_longest(pressures[SYSTOLIC], pressures[DIASTOLIC]):
        yield _panel(about, upper, lower)
    if weight and (index := about.bmi()):
        yield about.reading(index, derived_from=[ResourceReference(reference=f"Observation/{weight.id}")])


def _of_night(about: _About) -> Iterator[Observation]:
    """However many values tell how long somebody slept, one has the code of that: see ``SLEEP_DURATIONS``."""
    found = list(readings(about.record))
    lengths = sorted(
        (reading for reading in found if reading.metric in SLEEP_DURATIONS),
        key=lambda reading: (not reading.value, SLEEP_DURATIONS.index(reading.metric)),
    )
    for reading in found:
        yield about.reading(reading, loinc=reading not in lengths[1:])


def _panel(about: _About, upper: Reading | None, lower: Reading | None) -> Observation:
    profile = PROFILES[BLOOD_PRESSURE.code]
    return about.observation(
        what="blood-pressure",
        code=coding.loinc(BLOOD_PRESSURE, coding.own(coding.OURS, "blood_pressure"), text="Blood pressure"),
        category=VITAL_SIGNS,
        profile=profile,
        component=[_pressure(SYSTOLIC, upper), _pressure(DIASTOLIC, lower)],
    )


def _pressure(type_: int, reading: Reading | None) -> Component:
    code = coding.concept(MEASURE_TYPES[type_].metric, Kind.MEASURES, type_)
    if reading is None:
        return Component(code=code, data_absent_reason=coding.UNKNOWN)
    return Component(code=code, value_quantity=coding.quantity(reading))


def _workout(about: _About) -> Observation:
    number = about.record.body.get("category")
    name = WORKOUT_CATEGORIES.get(number) if isinstance(number, int) else None
    value = (
        CodeableConcept(coding=[coding.own(coding.WORKOUT_CATEGORY, number, name)], text=name)
        if isinstance(number, (int, str))
        else None
    )
    return about.observation(
        what="workout",
        code=coding.loinc(coding.EXERCISE, coding.own("urn:withings:service", "workout")),
        category="activity",
        value_codeable_concept=value,
        data_absent_reason=None if value else coding.UNKNOWN,
        component=_components(about.record.kind, readings(about.record)),
    )


def _recording(about: _About, signal: Record | None) -> Observation:
    """A recording of the heart: its curve where it is stored, and what was found beside."""
    service = coding.own("urn:withings:service", "heart")
    is_ecg = bool(_ecg(about.record))
    components = _components(about.record.kind, readings(about.record))
    curve = _curve(signal) if signal else None
    return about.observation(
        what="heart",
        code=coding.loinc(coding.EKG_STUDY, service)
        if is_ecg
        else CodeableConcept(coding=[service], text="Recording of the heart"),
        category="procedure",
        value_sampled_data=curve,
        data_absent_reason=None if curve or components else coding.UNKNOWN,
        component=components,
    )


def _components(kind: Kind, found: Iterable[Reading]) -> list[Component] | None:
    """The readings as parts of one Observation."""
    components = [
        Component(
            code=coding.concept(reading.metric, kind, reading.code),
            value_quantity=coding.quantity(reading) if coding.is_quantity(reading.metric) else None,
            value_codeable_concept=None
            if coding.is_quantity(reading.metric)
            else coding.classified(reading.metric, reading.value),
        )
        for reading in found
    ]
    return components or None


def _curve(signal: Record) -> SampledData | None:
    """The samples in microvolt; None where there are none, as happens."""
    samples, frequency = signal.body.get("signal"), exact(signal.body.get("sampling_frequency"))
    if not isinstance(samples, list) or not samples or frequency is None or frequency <= 0:
        return None
    told = [sample for sample in samples if isinstance(sample, int)]
    if len(told) != len(samples):
        return None
    return SampledData(
        origin=Quantity(value=Decimal(0), unit="uV", system=UCUM_SYSTEM, code="uV"),
        period=Decimal(1000) / frequency,
        data=" ".join(map(str, told)),
    )


def _ecg(record: Record) -> Mapping[str, Any]:
    ecg = record.body.get("ecg")
    return ecg if isinstance(ecg, Mapping) else {}


def _identifier(record: Record) -> list[Identifier] | None:
    if record.kind is Kind.HEART:
        value, system = _ecg(record).get("signalid"), "urn:withings:signalid"
    elif record.kind in _IDS:
        field, system = _IDS[record.kind]
        value = record.body.get(field)
    else:
        return None
    known = isinstance(value, (int, str)) and not isinstance(value, bool)
    text = coding.plain(str(value)) if known else None
    return [Identifier(system=system, value=text)] if text else None
