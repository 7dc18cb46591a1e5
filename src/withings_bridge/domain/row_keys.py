"""The keys of rows, and which record each of them speaks of."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable

from withings_bridge.domain.mapping import CONTRACT, RowMapping
from withings_bridge.domain.records import Kind, Record, RecordKey

MOST_SOURCE_ID = 180

PROJECTED = (Kind.MEASURES, Kind.ACTIVITY, Kind.SLEEP)
"""The kinds of records that rows are made of."""


def item_key(vital_type: str, source_id: str) -> str:
    """The sort key of a row; the partition key is the user."""
    return f"VIT#{vital_type}#SRC#{source_id}#{vital_type}"


def source_id(source: str) -> str:
    """``sourceId``, as it is stored."""
    return f"withings_{source}".replace("#", "_")[:MOST_SOURCE_ID]


def extended_source(kind: Kind, source: object, ending: str) -> str:
    """What an extended row names as its source: the record, and the measure type or the field."""
    forms = {Kind.MEASURES: "measure", Kind.ACTIVITY: "activity", Kind.SLEEP: "sleep"}
    return f"{forms[kind]}_{source}_{ending}"


def source_of(record: Record) -> object:
    """How the rows of a record name it: a group by its key, a day by its date, a night by its id, or else by
    its start.
    """
    match record.kind:
        case Kind.SLEEP:
            return record.body.get("id") or record.body.get("startdate")
        case Kind.ACTIVITY:
            return record.body.get("date")
        case _:
            return record.key


def source_of_gone(name: RecordKey) -> str:
    """The same of a record that is gone, of which its name alone is left."""
    day, _, _ = name.key.partition("/")
    _, _, begun = name.key.rpartition("/")
    return {Kind.ACTIVITY: day, Kind.SLEEP: begun}.get(name.kind, name.key)


def possible_keys(record: Record, mapping: RowMapping = CONTRACT) -> frozenset[str]:
    """Every ``item_key`` that a record of this name may yield by the mapping, in any version of it."""
    kind, source = record.kind, source_of(record)
    match kind:
        case Kind.MEASURES:
            sources = {
                f"weight_{source}_1": ("weight", "body-fat-percentage", "bmi"),
                f"height_{source}_4": ("height",),
                f"bp_{source}_9": ("blood-pressure-systolic", "blood-pressure-diastolic", "heart-rate"),
                f"hr_{source}_11": ("heart-rate",),
                f"spo2_{source}_54": ("oxygen-saturation",),
                f"temp_{source}_71": ("body-temperature",),
            }
        case Kind.SLEEP:
            sources = {
                f"sleep_{source}_sleep": ("sleep-hours",),
                f"sleep_{source}_rr": ("respiratory-rate",),
                f"sleep_{source}_spo2": ("oxygen-saturation",),
            }
        case Kind.ACTIVITY:
            sources = {f"activity_{source}_steps": ("steps",)}
        case _:
            sources = {}
    contract = {(name, each) for each, names in sources.items() for name in names}
    extended = {
        (entry.name, extended_source(kind, source, entry.ending)) for entry in mapping.extended_of(kind)
    }
    return frozenset(item_key(name, source_id(each)) for name, each in contract | extended)


_FORMS = re.compile(
    r"VIT\#[^#]+\#SRC\#withings_(?:"
    r"(?:weight|height|bp|hr|spo2|temp|measure)_(?P<measures>.+)_\d+"
    r"|activity_(?P<activity>\d{4}-\d\d-\d\d)_\w+"
    r"|sleep_(?P<sleep>[^_]+)_\w+"
    r")\#[^#]+"
)
"""Every form that a key of ours has, or had."""


class Standing:
    """What an account's records stand behind: the rows they yield, out of all that may be theirs.

    Of each row and record a number of eight bytes is kept, so that a long history fits in memory.
    """

    def __init__(self) -> None:
        self._rows = array("q")
        self._sources = array("q")
        self._sorted = False

    def yields(self, keys: Iterable[str]) -> None:
        """The rows with these keys are as they should be."""
        self._rows.extend(map(hash, keys))
        self._sorted = False

    def speaks_for(self, kind: Kind, source: object) -> None:
        """A record that is stored, or was: any other row of it has no right to be there."""
        self._sources.append(hash(_normal(kind, source)))
        self._sorted = False

    def disowns(self, key: str) -> bool:
        """Whether a row with this key is of a known record, and none that it yields. Not so of a row in any
        other form, or of a record that was never stored.
        """
        found = _FORMS.fullmatch(key)
        if found is None or found.lastgroup is None:
            return False
        self._sort()
        owner = _normal(Kind(found.lastgroup), found[found.lastgroup])
        return _holds(self._sources, hash(owner)) and not _holds(self._rows, hash(key))

    def _sort(self) -> None:
        if not self._sorted:
            self._rows, self._sources = array("q", sorted(self._rows)), array("q", sorted(self._sources))
            self._sorted = True


def _normal(kind: Kind, source: object) -> tuple[Kind, str]:
    return kind, str(source).replace("#", "_")


def _holds(numbers: "array[int]", number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number
