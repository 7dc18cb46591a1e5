import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, a_record, a_weight
from recorded import REPLIES, needs_recorded, rows
from unit.domain.test_readings_of_kinds import DAY, HEART, HOUR, JSON_VALUES, NAMES, NIGHT, SEGMENT, WORKOUT
from unit.fhir.r4 import Json, checked, codes
from withings_bridge.domain.bmi import Stature
from withings_bridge.domain.records import Kind, record_from
from withings_bridge.fhir.identity import whereabouts
from withings_bridge.fhir.observations import SERVED, Context, observations

HEIGHT = {"grpid": 7, "attrib": 4, "date": 0, "measures": [{"type": 4, "value": 178, "unit": -2}]}
PERSON = Context(
    patient="someone",
    zone="Europe/Paris",
    stature=Stature([record_from(Kind.HEIGHT, HEIGHT)]),
    devices=frozenset({"d1"}),
)
SIGNAL = {"signal": [12, -4, 0, 7], "sampling_frequency": 300}
GROUP = {
    "grpid": 1001,
    "attrib": 0,
    "date": 1774900000,
    "modified": 1774900060,
    "category": 1,
    "deviceid": "d1",
    "modelid": 45,
}


def told(kind: Kind, body: dict[str, Any], *, signal: dict[str, Any] | None = None) -> list[Json]:
    """The Observations of the record, each valid."""
    curve = record_from(Kind.SIGNAL, signal) if signal else None
    found = [checked(one.json_text()) for one in observations(record_from(kind, body), PERSON, signal=curve)]
    assert len({one["id"] for one in found}) == len(found)
    return found


def group(*measures: tuple[int, int, int], **changes: Any) -> list[Json]:
    """Observations of a group with these types, values and exponents."""
    entries = [{"type": type_, "value": value, "unit": unit} for type_, value, unit in measures]
    return told(Kind.MEASURES, {**GROUP, "measures": entries, **changes})


def value(observation: Json) -> tuple[Any, str]:
    return observation["valueQuantity"]["value"], observation["valueQuantity"]["code"]


class TestAWeighing:
    def test_is_a_weight_to_the_letter(self) -> None:
        weight, _ = group((1, 70500, -3))
        del weight["id"]
        assert weight == {
            "resourceType": "Observation",
            "meta": {
                "lastUpdated": "2026-03-30T19:47:40+00:00",
                "profile": ["http://hl7.org/fhir/StructureDefinition/bodyweight"],
                "tag": [{"system": "urn:withings-bridge:source", "code": "device"}],
            },
            "identifier": [{"system": "urn:withings:grpid", "value": "1001"}],
            "status": "final",
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "vital-signs",
                            "display": "Vital Signs",
                        }
                    ]
                }
            ],
            "code": {
                "coding": [
                    {"system": "http://loinc.org", "code": "29463-7", "display": "Body weight"},
                    {"system": "urn:withings:measure-type", "code": "1", "display": "Weight"},
                ],
                "text": "Weight",
            },
            "subject": {"reference": "Patient/someone"},
            "effectiveDateTime": "2026-03-30T21:46:40+02:00",
            "valueQuantity": {
                "value": 70.5,
                "unit": "kg",
                "system": "http://unitsofmeasure.org",
                "code": "kg",
            },
            "device": {"reference": "Device/d1", "display": "BPM Connect"},
        }

    def test_gives_a_bmi_that_is_derived_from_it(self) -> None:
        weight, index = group((1, 70500, -3))
        assert codes(index["code"]) == ["39156-5"]
        assert value(index) == (22.3, "kg/m2")
        assert index["derivedFrom"] == [{"reference": f"Observation/{weight['id']}"}]

    def test_gives_its_body_composition_as_exams(self) -> None:
        (fat,) = group((6, 21345, -3))
        assert (codes(fat["code"]), value(fat)) == (["41982-0"], (21.345, "%"))
        assert fat["category"][0]["coding"][0]["code"] == "exam"

    def test_tells_segments_apart(self) -> None:
        measures = [
            {"type": 174, "value": 1 + position, "unit": 0, "position": position} for position in (2, 3)
        ]
        right, left = group(measures=measures)
        assert right["bodySite"]["text"] == "right arm"
        assert left["bodySite"]["coding"] == [
            {"system": "urn:withings:position", "code": "3", "display": "left arm"}
        ]


class TestACuff:
    def test_gives_one_panel_and_a_heart_rate(self) -> None:
        pulse, panel = group((9, 79, 0), (10, 1215, -1), (11, 64, 0))
        assert (codes(pulse["code"]), value(pulse)) == (["8867-4"], (64, "/min"))
        assert codes(panel["code"]) == ["85354-9"]
        assert [value(part) for part in panel["component"]] == [(121.5, "mm[Hg]"), (79, "mm[Hg]")]
        assert "valueQuantity" not in panel

    def test_that_told_only_one_pressure_gives_a_panel_that_says_so(self) -> None:
        (panel,) = group((10, 121, 0))
        upper, lower = panel["component"]
        assert value(upper) == (121, "mm[Hg]")
        assert lower["dataAbsentReason"]["coding"][0]["code"] == "unknown"

    def test_that_told_each_twice_gives_two_panels(self) -> None:
        first, second = group((10, 121, 0), (9, 79, 0), (10, 130, 0), (9, 80, 0))
        assert [value(part)[0] for part in first["component"]] == [121, 79]
        assert [value(part)[0] for part in second["component"]] == [130, 80]


class TestOtherGroups:
    def test_an_oxygen_saturation_carries_both_codes(self) -> None:
        (spo2,) = group((54, 97, 0))
        assert (codes(spo2["code"]), value(spo2)) == (["2708-6", "59408-5"], (97, "%"))

    def test_an_unknown_type_is_an_observation_by_its_number(self) -> None:
        (new,) = group((999, 15, -1))
        assert new["code"] == {
            "coding": [{"system": "urn:withings:measure-type", "code": "999"}],
            "text": "Withings' 999",
        }
        assert new["valueQuantity"] == {"value": 1.5}

    def test_an_unknown_field_is_an_observation_by_its_name(self) -> None:
        _, new = group((6, 20, 0), mood=7)
        assert (codes(new["code"], "urn:withings:measures"), new["valueQuantity"]) == (["mood"], {"value": 7})

    def test_a_pressure_that_is_no_integer_is_in_no_panel(self) -> None:
        body = {"grpid": 5, "attrib": 0, "date": 5, "measures": [{"type": 10, "value": 120.5, "unit": 0}]}
        (odd,) = told(Kind.MEASURES, body)
        assert codes(odd["code"]) == []
        assert (codes(odd["code"], "urn:withings:measure-type"), odd["valueQuantity"]) == (
            ["10"],
            {"value": 120.5},
        )

    def test_a_classification_is_a_code_and_no_quantity(self) -> None:
        (afib,) = group((130, 2, 5))
        assert "valueQuantity" not in afib
        (told,) = afib["valueCodeableConcept"]["coding"]
        assert (told["system"], told["code"]) == ("urn:withings:classification:afib-ecg", "2")

    def test_urine_is_of_the_laboratory(self) -> None:
        (ph,) = group((147, 65, -1))
        assert ph["category"][0]["coding"][0]["code"] == "laboratory"

    def test_what_the_person_typed_in_was_measured_by_nothing(self) -> None:
        weight, _ = group((1, 70, 0), attrib=2)
        assert "device" not in weight
        assert weight["method"]["coding"][0] == {
            "system": "http://snomed.info/sct",
            "code": "1156040003",
            "display": "Self reported",
        }

    def test_a_device_that_is_not_served_is_told_by_its_id(self) -> None:
        weight, _ = group((1, 70, 0), deviceid="gone")
        assert weight["device"]["identifier"] == {"system": "urn:withings:deviceid", "value": "gone"}

    def test_what_is_perhaps_another_persons_is_not_told(self) -> None:
        assert group((1, 70, 0), attrib=1) == []

    def test_a_wish_is_no_observation(self) -> None:
        assert group((1, 70, 0), category=2) == []

    def test_a_height_is_told_once_in_centimetres(self) -> None:
        assert group((4, 178, -2)) == []
        (height,) = told(Kind.HEIGHT, HEIGHT)
        assert value(height) == (178, "cm")

    def test_the_same_type_twice_is_two_observations(self) -> None:
        first, second = group((6, 20, 0), (6, 21, 0))
        assert first["id"] != second["id"]


class TestADay:
    def test_is_a_period_by_the_clock_of_its_own_zone(self) -> None:
        steps = told(Kind.ACTIVITY, DAY)[0]
        assert (codes(steps["code"]), value(steps)) == (["55423-8"], (8421, "{count}"))
        assert steps["effectivePeriod"] == {
            "start": "2026-03-29T00:00:00+01:00",
            "end": "2026-03-30T00:00:00+02:00",
        }
        assert steps["category"][0]["coding"][0]["code"] == "activity"

    def test_says_whether_a_tracker_counted_or_a_phone(self) -> None:
        """Both are served: who adds up steps takes one of the two."""
        phone = {"date": DAY["date"], "brand": 18, "modelid": 1055, "deviceid": None, "steps": 8000}
        for day, source in ((DAY, "device"), (phone, "external")):
            steps = told(Kind.ACTIVITY, day)[0]
            assert codes(steps["code"]) == ["55423-8"]
            assert [tag["code"] for tag in steps["meta"]["tag"]] == [source]

    def test_keeps_the_fields_that_nobody_knows(self) -> None:
        swum = told(Kind.ACTIVITY, DAY)[-1]
        assert codes(swum["code"], "urn:withings:activity") == ["floors_swum"]


class TestANight:
    def test_gives_sleep_and_vital_signs_over_its_stretch(self) -> None:
        slept, efficiency, breaths = told(Kind.SLEEP, NIGHT)
        assert (codes(slept["code"]), value(slept)) == (["93832-4"], (24600, "s"))
        assert value(efficiency) == (0.86, "1")
        assert (codes(breaths["code"]), value(breaths)) == (["9279-1"], (14, "/min"))
        assert breaths["effectivePeriod"]["start"] == "2026-03-30T21:46:40+02:00"
        assert slept["identifier"] == [{"system": "urn:withings:sleep-id", "value": "31"}]

    @pytest.mark.parametrize(
        ("data", "told_first"),
        [
            ({"total_sleep_time": 24600, "asleepduration": 25000}, "total_sleep_time"),
            ({"asleepduration": 25000, "total_sleep_time": 24600}, "total_sleep_time"),
            ({"total_sleep_time": 0, "asleepduration": 25000}, "asleepduration"),
            ({"total_sleep_time": None, "asleepduration": 25000}, "asleepduration"),
            ({"total_sleep_time": 0}, "total_sleep_time"),
        ],
    )
    def test_has_one_sleep_duration_whatever_it_tells(self, data: dict[str, Any], told_first: str) -> None:
        found = told(Kind.SLEEP, NIGHT | {"data": data})
        durations = [one for one in found if codes(one["code"]) == ["93832-4"]]
        assert [codes(one["code"], "urn:withings:sleep") for one in durations] == [[told_first]]
        assert len(found) == len([value for value in data.values() if value is not None])


class TestAWorkout:
    def test_is_one_observation_with_its_values_as_components(self) -> None:
        (run,) = told(Kind.WORKOUT, WORKOUT)
        assert codes(run["code"]) == ["73985-4"]
        assert run["valueCodeableConcept"]["text"] == "Run"
        assert [value(part)[0] for part in run["component"]] == [401, 0, 96.5]

    def test_of_a_category_that_nobody_knows_says_its_number(self) -> None:
        (new,) = told(Kind.WORKOUT, WORKOUT | {"category": 9999})
        assert codes(new["valueCodeableConcept"], "urn:withings:workout-category") == ["9999"]

    def test_may_tell_nothing(self) -> None:
        (bare,) = told(Kind.WORKOUT, {"id": 5, "startdate": 1774900000, "enddate": 1774900000})
        assert bare["dataAbsentReason"]["coding"][0]["code"] == "unknown"


class TestAnEcg:
    def test_has_its_curve_when_that_is_stored(self) -> None:
        (ecg,) = told(Kind.HEART, HEART, signal=SIGNAL)
        assert codes(ecg["code"]) == ["11524-6"]
        curve = ecg["valueSampledData"]
        assert curve["origin"] == {
            "value": 0,
            "unit": "uV",
            "system": "http://unitsofmeasure.org",
            "code": "uV",
        }
        assert math.isclose(curve["period"], 1000 / 300)
        assert (curve["dimensions"], curve["data"]) == (1, "12 -4 0 7")

    @pytest.mark.parametrize(
        "signal", [None, {"signal": []}, SIGNAL | {"sampling_frequency": 0}, SIGNAL | {"signal": ["?"]}]
    )
    def test_has_what_was_found_in_any_case(self, signal: dict[str, Any] | None) -> None:
        (ecg,) = told(Kind.HEART, HEART, signal=signal)
        assert "valueSampledData" not in ecg
        rate, afib, upper, lower, _ = ecg["component"]
        assert (codes(rate["code"], "urn:withings:heart"), value(rate)) == (["heart_rate"], (64, "/min"))
        assert afib["valueCodeableConcept"]["text"] == "No sign of atrial fibrillation"
        assert (value(upper)[0], value(lower)[0]) == (121, 79)

    def test_a_sound_without_an_ecg_is_not_called_one(self) -> None:
        (sound,) = told(Kind.HEART, {"timestamp": 5, "stetho": {"signalid": 8, "vhd": 1}})
        assert codes(sound["code"]) == []


class TestWhatIsLeftOut:
    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            (Kind.INTRADAY, HOUR),
            (Kind.SEGMENT, SEGMENT),
            (Kind.GOALS, {"steps": 10000}),
            (Kind.DEVICE, {"deviceid": "d"}),
            (Kind.EVENT, {"appli": 50, "deviceid": "d", "date": 5}),
        ],
    )
    def test_gives_no_observations(self, kind: Kind, body: dict[str, Any]) -> None:
        assert kind not in SERVED
        assert told(kind, body) == []


class TestTimes:
    def test_are_of_utc_where_an_offset_had_seconds(self) -> None:
        (day,) = told(Kind.ACTIVITY, {"date": "1920-01-01", "timezone": "Europe/Amsterdam", "steps": 5})
        assert day["effectivePeriod"]["start"].endswith("+00:00")

    def test_have_no_end_before_their_beginning(self) -> None:
        (run,) = told(Kind.WORKOUT, WORKOUT | {"enddate": 1774899999})
        assert "end" not in run["effectivePeriod"]

    def test_at_the_end_of_the_calendar_are_times_too(self) -> None:
        (fat,) = group((6, 20, 0), date=253402300799)
        assert fat["effectiveDateTime"] == "9999-12-31T23:59:59+00:00"


class TestIds:
    def test_stay_when_a_value_is_edited(self) -> None:
        before, after = group((6, 20, 0)), group((6, 21, 0), modified=1774999999)
        assert before[0]["id"] == after[0]["id"]

    def test_stay_when_a_night_begins_earlier(self) -> None:
        moved = NIGHT | {"startdate": 1774899940}
        assert [n["id"] for n in told(Kind.SLEEP, NIGHT)] == [n["id"] for n in told(Kind.SLEEP, moved)]

    @pytest.mark.parametrize("kind", SERVED)
    @pytest.mark.parametrize("key", ["1001", "2026-03-29/d3b07384d113/93", "~0123abcd", "", "9" * 40, "٣"])
    def test_lead_to_their_record(self, kind: Kind, key: str) -> None:
        bodies = {Kind.HEIGHT: HEIGHT, Kind.MEASURES: {**GROUP, "measures": [a_weight()]}}
        body = bodies.get(kind, {"steps": 5, "vhd": 1, "data": {"hr_average": 60}})
        record = a_record(key, kind=kind, at=NOON, body=body)
        one = observations(record, PERSON)[0]
        where = whereabouts(one.id)
        assert where is not None
        assert where.kind is kind
        assert where.key == key or (where.key, where.at) == (None, NOON)

    @pytest.mark.parametrize(
        "text", ["", "measures", "dreams.1.0123456789abcdef0123", "measures..0123456789abcdef0123"]
    )
    def test_of_others_lead_nowhere(self, text: str) -> None:
        assert whereabouts(text) is None


class TestNumbers:
    @given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(-6, 3))
    def test_leave_as_exactly_what_they_are(self, number: int, exponent: int) -> None:
        (sent,) = observations(
            record_from(
                Kind.MEASURES, {**GROUP, "measures": [{"type": 6, "value": number, "unit": exponent}]}
            ),
            PERSON,
        )
        read = json.loads(sent.json_text(), parse_float=Decimal, parse_int=Decimal)
        assert read["valueQuantity"]["value"] == Decimal(number).scaleb(exponent)


class TestAnyRecord:
    @given(st.sampled_from(list(Kind)), st.dictionaries(NAMES | st.text(max_size=5), JSON_VALUES, max_size=6))
    def test_gives_valid_resources_and_never_an_error(self, kind: Kind, body: dict[str, Any]) -> None:
        told(kind, body)

    @given(
        st.lists(
            st.tuples(
                st.integers(-5, 300) | st.sampled_from([1, 4, 9, 10]), st.integers(), st.integers(-31, 31)
            ),
            max_size=8,
        ),
        st.integers(-(10**11), 10**12),
        st.text(max_size=5),
    )
    def test_that_is_a_group_does_so_whatever_it_measures(
        self, measures: list[tuple[int, int, int]], date: int, device: str
    ) -> None:
        group(*measures, date=date, deviceid=device)


@needs_recorded
class TestRecordedReplies:
    @pytest.mark.slow
    @pytest.mark.parametrize("name", [name for name, (kind, _) in REPLIES.items() if kind in SERVED])
    def test_give_valid_resources(self, name: str) -> None:
        kind, _ = REPLIES[name]
        assert [one for row in rows(name) for one in told(kind, row)]
