"""Every metric the bridge knows: what Withings calls it, its unit, and what other software calls it.

One table made of the tables of Withings' measure types and fields, with the few that stand elsewhere in a
record. The read API, the exports, FHIR and docs/data.md all go by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from withings_bridge.domain import fields
from withings_bridge.domain.codes import LOINC, UCUM, Loinc
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.records import Kind

STAGES = {0: "awake", 1: "light", 2: "deep", 3: "rem", 4: "manual", 5: "unspecified", 15: "out of bed"}
"""The states of a stretch of sleep."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One kind of value."""

    name: str
    unit: str
    """As the bridge serves it, which is as Withings documents it."""
    description: str
    kind: Kind
    """The kind of record it is read from."""
    code: int | str
    """What Withings calls it there: a measure type's number, or a field's name."""
    quantity: bool = True
    """False: a code to look up."""

    @property
    def loinc(self) -> Loinc | None:
        """The LOINC code of just its meaning, where there is one."""
        return LOINC.get(self.name)

    @property
    def ucum(self) -> str | None:
        """Its unit in UCUM; None where the unit is not known."""
        return UCUM.get(self.unit)


BMI = Metric("bmi", "kg/m²", "Body mass index, from the last height known at the time.", Kind.MEASURES, "")
"""The one metric that the bridge computes: Withings sends none."""

_ELSEWHERE = (
    BMI,
    Metric("ecg_heart_rate", "bpm", "Heart rate during an ECG.", Kind.HEART, "heart_rate"),
    Metric(
        "ecg_afib",
        "code",
        "0 no sign of atrial fibrillation, 1 signs of it, 2 inconclusive.",
        Kind.HEART,
        "ecg.afib",
        quantity=False,
    ),
    Metric(
        "stetho_vhd",
        "code",
        "Withings' code of a sign of valvular heart disease.",
        Kind.STETHO,
        "vhd",
        quantity=False,
    ),
    Metric(
        "sleep_stage",
        "code",
        f"{', '.join(f'{code} {name}' for code, name in STAGES.items())}.",
        Kind.SEGMENT,
        "state",
        quantity=False,
    ),
    Metric("goal_steps", "count", "Steps a day aimed at.", Kind.GOALS, "steps"),
    Metric("goal_sleep", "s", "Sleep a night aimed at.", Kind.GOALS, "sleep"),
    Metric("goal_weight", "kg", "Weight aimed at.", Kind.GOALS, "weight"),
)

_TABLES = (
    (Kind.ACTIVITY, fields.ACTIVITY),
    (Kind.INTRADAY, fields.INTRADAY),
    (Kind.WORKOUT, fields.WORKOUT),
    (Kind.SLEEP, fields.SLEEP_SUMMARY),
    (Kind.SEGMENT, fields.SLEEP_DETAIL),
)

NO_NUMBER = frozenset({"enum", "map"})
"""Units of fields that hold a word or a list, of which no reading is made."""


def _all() -> Iterator[Metric]:
    for type_ in MEASURE_TYPES.values():
        yield Metric(
            type_.metric,
            type_.unit,
            type_.description,
            Kind.MEASURES,
            type_.number,
            quantity=not type_.classification,
        )
    for kind, table in _TABLES:
        for field in table:
            if field.unit not in NO_NUMBER:
                yield Metric(field.metric, field.unit, field.description, kind, field.name)
    yield from _ELSEWHERE


METRICS: dict[str, Metric] = {metric.name: metric for metric in _all()}
"""By name. The blood pressure of a cuff that records an ECG is read from there too."""


def kinds_of(name: str) -> tuple[Kind, ...]:
    """The kinds of records that may hold readings of the metric; all where nobody has documented it.

    Height is read from the index of heights too, which reaches back to before the import.
    """
    known = METRICS.get(name)
    if known is None:
        return (Kind.MEASURES,) if name.startswith("type-") else tuple(Kind)
    return (known.kind, *_READ_FROM_TOO.get(name, ()))


_READ_FROM_TOO = {
    "height": (Kind.HEIGHT,),
    "systolic_blood_pressure": (Kind.HEART,),
    "diastolic_blood_pressure": (Kind.HEART,),
    "stetho_vhd": (Kind.HEART,),
}
