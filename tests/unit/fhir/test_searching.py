from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unit.domain.test_readings_of_kinds import DAY, HEART, NIGHT, WORKOUT
from unit.fhir.test_observations import GROUP, HEIGHT, PERSON
from withings_bridge.domain.records import Kind, record_from
from withings_bridge.fhir.observations import SERVED, observations
from withings_bridge.fhir.resources import Observation
from withings_bridge.fhir.searching import Bound, Search, Token

CUFF = GROUP | {
    "measures": [
        {"type": 9, "value": 79, "unit": 0},
        {"type": 10, "value": 121, "unit": 0},
        {"type": 11, "value": 64, "unit": 0},
        {"type": 54, "value": 97, "unit": 0},
        {"type": 1, "value": 70, "unit": 0},
        {"type": 999, "value": 1, "unit": 0},
    ]
}
"""Taken on 2026-03-30 at 19:46:40 in UTC, and 21:46:40 on the clocks of Paris."""

BODIES: dict[Kind, dict[str, Any]] = {
    Kind.MEASURES: CUFF,
    Kind.HEIGHT: HEIGHT,
    Kind.ACTIVITY: DAY,
    Kind.SLEEP: NIGHT,
    Kind.WORKOUT: WORKOUT,
    Kind.HEART: HEART,
    Kind.STETHO: {"signalid": 8, "timestamp": 9, "vhd": 2},
}


def of(kind: Kind) -> list[Observation]:
    return observations(record_from(kind, BODIES[kind]), PERSON)


def found(search: Search, kind: Kind = Kind.MEASURES) -> list[str]:
    """The texts of what the search finds among the Observations of one record."""
    return [str(one.code.text) for one in of(kind) if search.finds(one)]


def by_date(*texts: str, kind: Kind = Kind.MEASURES) -> bool:
    """Whether the search finds the record by its date."""
    return bool(found(Search(dates=tuple(Bound.parse(text) for text in texts)), kind))


class TestACode:
    @pytest.mark.parametrize(
        ("token", "texts"),
        [
            ("http://loinc.org|29463-7", ["Weight"]),
            ("29463-7", ["Weight"]),
            ("59408-5", ["Spo2"]),
            ("http://loinc.org|85354-9", ["Blood pressure"]),
            ("urn:withings:measure-type|999", ["Withings' 999"]),
            ("http://snomed.info/sct|29463-7", []),
            ("8480-6", []),
            ("urn:withings-bridge:metric|", ["Blood pressure", "Bmi"]),
        ],
    )
    def test_finds_what_carries_it(self, token: str, texts: list[str]) -> None:
        assert found(Search(codes=(Token.parse(token),))) == texts

    def test_is_one_of_several(self) -> None:
        search = Search(codes=(Token.parse("8867-4"), Token.parse("29463-7")))
        assert found(search) == ["Heart pulse", "Weight"]

    @pytest.mark.parametrize("text", ["", "|"])
    def test_is_something(self, text: str) -> None:
        with pytest.raises(ValueError, match="should be a code"):
            Token.parse(text)

    @pytest.mark.parametrize(
        ("token", "kinds"),
        [
            ("29463-7", {Kind.MEASURES}),
            ("http://loinc.org|8302-2", {Kind.HEIGHT}),
            ("8867-4", {Kind.MEASURES, Kind.SLEEP}),
            ("urn:withings:sleep|hr_average", {Kind.SLEEP}),
            ("99999-9", set()),
            ("hr_average", set(SERVED)),
        ],
    )
    def test_tells_where_to_look(self, token: str, kinds: set[Kind]) -> None:
        assert set(Search(codes=(Token.parse(token),)).kinds) == kinds & set(SERVED)

    @pytest.mark.parametrize("kind", SERVED)
    def test_of_an_observation_leads_to_its_kind_of_record(self, kind: Kind) -> None:
        assert of(kind)
        for observation in of(kind):
            for coding in observation.code.coding or ():
                for token in (Token(coding.system, coding.code), Token(None, coding.code)):
                    assert kind in Search(codes=(token,)).kinds


class TestATag:
    @pytest.mark.parametrize("token", ["device", "urn:withings-bridge:source|device"])
    def test_finds_what_came_to_be_like_that(self, token: str) -> None:
        assert found(Search(tags=(Token.parse("manual"), Token.parse(token)))) == found(Search()) != []
        assert found(Search(tags=(Token.parse("manual"),))) == []


class TestACategory:
    def test_finds_what_is_in_it(self) -> None:
        exams = Search(categories=(Token.parse("exam"),))
        assert found(exams) == ["Withings' 999"]
        assert len(found(Search(categories=(Token.parse("activity"),)), Kind.ACTIVITY)) == len(
            of(Kind.ACTIVITY)
        )


class TestADate:
    @pytest.mark.parametrize(
        ("text", "finds"),
        [
            ("2026", True),
            ("2026-03", True),
            ("2026-04", False),
            ("2026-03-30", True),
            ("2026-03-31", False),
            ("2026-03-30T21:46", True),
            ("2026-03-30T21:46:40", True),
            ("2026-03-30T19:46:40", False),
            ("2026-03-30T19:46:40Z", True),
            ("2026-03-30T19:46:40.000Z", True),
            ("2026-03-30T20:46:40+01:00", True),
            ("2026-03-30T20:46:40 01:00", True),
            ("ne2026-03-30", False),
            ("ne2026-03-29", True),
            ("ge2026-03-30", True),
            ("gt2026-03-30", False),
            ("gt2026-03-29", True),
            ("le2026-03-30", True),
            ("lt2026-03-30", False),
            ("lt2026-03-31", True),
            ("sa2026-03-29", True),
            ("eb2026-03-31", True),
            ("eb2026-03-30", False),
            ("lt9999-12-31", True),
            ("9999", False),
            ("ge0001", True),
        ],
    )
    def test_of_an_instant_is_by_the_clock_of_the_person(self, text: str, *, finds: bool) -> None:
        assert by_date(text) is finds

    @pytest.mark.parametrize(
        ("text", "finds"),
        [("2026-03-29", True), ("2026-03-28", False), ("2026-03-30", False), ("gt2026-03-28", True)],
    )
    def test_of_a_day_is_the_day(self, text: str, *, finds: bool) -> None:
        assert by_date(text, kind=Kind.ACTIVITY) is finds

    def test_of_a_night_over_midnight_is_either_day_by_its_ends(self) -> None:
        for day in ("2026-03-30", "2026-03-31"):
            assert by_date(f"ge{day}", f"le{day}", kind=Kind.SLEEP)
            assert not by_date(day, kind=Kind.SLEEP)

    def test_must_hold_as_all_others(self) -> None:
        assert by_date("ge2026-03-30", "lt2026-03-31")
        assert not by_date("ge2026-03-30", "lt2026-03-30")

    @pytest.mark.parametrize(
        "text", ["", "today", "2026-13", "2026-02-30", "ap2026", "2026-03-30T25:00", "2026-03-30Z", "26"]
    )
    def test_is_in_the_calendar(self, text: str) -> None:
        with pytest.raises(ValueError, match="should be a date"):
            Bound.parse(text)

    def test_of_the_last_change_is_in_utc(self) -> None:
        changed = Search(updated=(Bound.parse("2026-03-30T19:47:40"),))
        assert len(found(changed)) == len(of(Kind.MEASURES))
        assert found(Search(updated=(Bound.parse("gt2026-03-30T19:47:40Z"),))) == []

    @given(
        st.sampled_from(["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"]),
        st.dates().map(str),
        st.sampled_from(["", "T00:00", "T23:59:59Z", "T12:00+14:00"]),
        st.sampled_from(SERVED),
    )
    def test_never_leaves_out_a_record_that_it_finds(
        self, prefix: str, day: str, rest: str, kind: Kind
    ) -> None:
        search = Search(dates=(Bound.parse(f"{prefix}{day}{rest}"),))
        start, end = search.span
        at = record_from(kind, BODIES[kind]).at
        assert not found(search, kind) or start <= at <= end
        assert end - start >= timedelta(0) or not found(search, kind)
