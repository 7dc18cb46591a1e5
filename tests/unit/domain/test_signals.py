"""Which signals a recording names."""

from typing import Any

import pytest

from builders import a_record
from withings_bridge.domain.records import Kind
from withings_bridge.domain.signals import Signal, signals_of


def named(kind: Kind, body: dict[str, Any]) -> set[str]:
    return {name.key for name in signals_of(a_record(kind=kind, body=body))}


class TestSignals:
    def test_of_an_ecg_and_the_sound_taken_with_it_are_both_named(self) -> None:
        body = {"timestamp": 1, "ecg": {"signalid": 7, "afib": 0}, "stetho": {"signalid": "8", "vhd": 0}}
        assert named(Kind.HEART, body) == {"ecg/7", "stetho/8"}

    def test_of_a_stethoscope_are_named_by_the_recording_itself(self) -> None:
        assert named(Kind.STETHO, {"signalid": 7}) == {"stetho/7"}

    @pytest.mark.parametrize("part", [None, [], {}, {"signalid": None}, "odd"])
    def test_are_none_where_the_recording_names_none(self, part: Any) -> None:
        assert named(Kind.HEART, {"timestamp": 1, "ecg": part}) == set()

    def test_of_anything_else_there_are_none(self) -> None:
        assert named(Kind.MEASURES, {"signalid": 7}) == set()

    def test_of_one_number_are_two_for_the_two_kinds(self) -> None:
        assert Signal.ECG.key_of("7") != Signal.STETHO.key_of("7")

    def test_of_one_sort_are_told_apart_from_the_other(self) -> None:
        both = a_record(kind=Kind.HEART, body={"ecg": {"signalid": 7}, "stetho": {"signalid": 8}})
        sound = a_record(kind=Kind.STETHO, body={"signalid": 7})
        assert (Signal.ECG.of(both), Signal.ECG.of(sound)) == (Signal.ECG.key_of("7"), None)
