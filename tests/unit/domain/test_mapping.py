"""The mapping as a value, and the table of extended rows it chooses from."""

import hashlib
import re

from withings_bridge.domain import fields
from withings_bridge.domain.extended import EXTENDED, NAMES
from withings_bridge.domain.mapping import CONTRACT, MAPPING, RowMapping, Sources
from withings_bridge.domain.measures import MEASURE_TYPES
from withings_bridge.domain.records import Kind
from withings_bridge.domain.row_keys import PROJECTED

THE_APPS = {
    *("blood-pressure-systolic", "blood-pressure-diastolic", "heart-rate", "body-temperature", "weight"),
    *("height", "bmi", "blood-glucose", "oxygen-saturation", "respiratory-rate", "cholesterol-total"),
    *("cholesterol-ldl", "cholesterol-hdl", "body-fat-percentage", "steps", "sleep-hours", "water-intake"),
}
"""The vital types that the app knows."""

OF_THE_CONTRACT = {1, 4, 6, 9, 10, 11, 12, 54, 71}
"""Measure types that the contract makes rows of."""

TABLE = (1, "c7477b")
"""The number of the mapping, and a digest of the table that it goes with."""


class TestVersion:
    def test_says_what_is_chosen(self) -> None:
        assert CONTRACT.version == f"{MAPPING}/none/trackers-first"
        some = RowMapping(frozenset({"muscle-mass", "fat-mass"}), Sources.MOST_STEPS)
        assert some.version == f"{MAPPING}/fat-mass,muscle-mass/most-steps"
        assert RowMapping(frozenset(NAMES)).version == f"{MAPPING}/all/trackers-first"

    def test_is_raised_when_the_table_changes(self) -> None:
        """Whoever changes the table raises ``MAPPING``, and writes both down here."""
        shown = [
            (e.name, e.kind, e.source, e.units, e.digits, e.conversion.formula, e.device, e.context, e.zero)
            for e in EXTENDED
        ]
        assert (MAPPING, hashlib.sha256(repr(shown).encode()).hexdigest()[:6]) == TABLE


class TestTable:
    def test_has_names_like_those_of_the_app_and_each_once(self) -> None:
        assert len(set(NAMES)) == len(NAMES)
        assert all(re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name) for name in NAMES)

    def test_takes_no_name_of_the_app_but_one_that_nobody_wrote(self) -> None:
        assert THE_APPS & set(NAMES) == {"blood-glucose"}

    def test_has_each_source_once(self) -> None:
        assert len({(entry.kind, entry.source) for entry in EXTENDED}) == len(EXTENDED)

    def test_has_every_known_quantity_of_the_whole_body(self) -> None:
        quantities = {
            number
            for number, known in MEASURE_TYPES.items()
            if not known.classification and not known.positional
        }
        ours = {entry.source for entry in EXTENDED if entry.kind is Kind.MEASURES}
        assert ours == quantities - OF_THE_CONTRACT

    def test_has_fields_that_are_asked_for(self) -> None:
        known = {Kind.ACTIVITY: fields.names(fields.ACTIVITY), Kind.SLEEP: fields.names(fields.SLEEP_SUMMARY)}
        for kind, names in known.items():
            assert {entry.source for entry in EXTENDED if entry.kind is kind} <= set(names)

    def test_is_of_the_kinds_that_rows_are_made_of(self) -> None:
        everything = RowMapping(frozenset(NAMES))
        chosen = [entry for kind in PROJECTED for entry in everything.extended_of(kind)]
        assert sorted(entry.name for entry in chosen) == sorted(NAMES)
        assert not any(CONTRACT.extended_of(kind) for kind in Kind)
