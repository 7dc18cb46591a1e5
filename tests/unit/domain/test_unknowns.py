"""What no table knows yet is told with its code."""

from typing import Any

import pytest
from pydantic import BaseModel

from withings_bridge.domain.records import Kind, record_from
from withings_bridge.domain.unknowns import unknowns
from withings_bridge.withings import models

KNOWN = {"attrib": 0, "modelid": 5, "measures": [{"type": 1, "value": 70, "unit": 0, "position": 7}]}


class TestUnknowns:
    @pytest.mark.parametrize(
        ("kind", "body", "expected"),
        [
            (Kind.MEASURES, KNOWN, []),
            (Kind.MEASURES, KNOWN | {"attrib": 10009}, [("attrib", "10009")]),
            (Kind.MEASURES, KNOWN | {"modelid": 777}, [("device model", "777")]),
            (
                Kind.MEASURES,
                KNOWN | {"measures": [{"type": 987, "value": 1, "unit": 0, "position": 44}] * 2},
                [("measure type", "987"), ("position", "44")],
            ),
            (Kind.WORKOUT, {"category": 1, "data": {"steps": 5}}, []),
            (Kind.WORKOUT, {"category": 999, "data": {}}, [("workout category", "999")]),
            (Kind.SLEEP, {"model": 32, "data": {"hr_min": 50}}, []),
            (Kind.SLEEP, {"model": 32, "data": {"dreams": 2}}, [("field", "sleep.dreams")]),
            (Kind.SEGMENT, {"startdate": 5, "state": 2}, []),
            (Kind.SEGMENT, {"startdate": 5, "state": 8}, [("sleep state", "8")]),
            (Kind.ACTIVITY, {"date": "2026-03-02", "steps": 5, "hops": 7}, [("field", "activity.hops")]),
            (Kind.MEASURES, KNOWN | {"mood": None}, [("field", "measures.mood")]),
            (
                Kind.MEASURES,
                {"measures": [{"type": 1, "value": 7, "unit": 0, "position": "left", "fog": 1}]},
                [("position", "left"), ("field", "measures.measures.fog")],
            ),
            (Kind.MEASURES, {"measures": [{"type": 1, "value": 70.5, "unit": 0}]}, [("measure value", "1")]),
            (Kind.MEASURES, {"measures": [{"type": 6, "value": "20", "unit": 0}]}, [("measure value", "6")]),
            (Kind.SLEEP, {"model": 32, "mood": "good", "data": {}}, [("field", "sleep.mood")]),
            (Kind.SLEEP, {"data": {"dreams": ["a", "b"]}}, [("field", "sleep.dreams")]),
            (Kind.WORKOUT, {"category": 1, "laps": [1], "data": {}}, [("field", "workout.laps")]),
            (
                Kind.INTRADAY,
                {"hour": 0, "series": {"5": {"steps": 1, "hops": 2}}},
                [("field", "intraday.hops")],
            ),
            (Kind.SEGMENT, {"startdate": 5, "state": 2, "depth": {"5": 1}}, [("field", "segment.depth")]),
            (Kind.HEART, {"timestamp": 5, "noise": {"level": 2}}, [("field", "heart.noise")]),
            (Kind.HEART, {"timestamp": 5, "ecg": {"signalid": 1, "qrs": 90}}, [("field", "heart.ecg.qrs")]),
            (Kind.STETHO, {"signalid": 5, "murmur": 1}, [("field", "stetho.murmur")]),
            (Kind.GOALS, {"steps": 5, "water": 2}, [("field", "goals.water")]),
            (Kind.GOALS, {"weight": {"value": 7, "unit": 0, "by": 9}}, [("field", "goals.weight.by")]),
            (Kind.DEVICE, {"deviceid": "d", "charge": 80}, [("field", "device.charge")]),
            (Kind.SIGNAL, {"signal": [1], "gain": 2}, [("field", "signal.gain")]),
            (Kind.HEIGHT, KNOWN | {"mood": 1}, []),
            (Kind.EVENT, {"appli": 50, "date": 5, "deviceid": "d", "confirmed": True}, []),
        ],
    )
    def test_are_told_once_each(
        self, kind: Kind, body: dict[str, Any], expected: list[tuple[str, str]]
    ) -> None:
        assert list(unknowns(record_from(kind, body))) == expected

    @pytest.mark.parametrize(
        ("kind", "model", "within"),
        [
            (Kind.MEASURES, models.MeasureGroup, {}),
            (Kind.ACTIVITY, models.ActivityDay, {}),
            (Kind.SLEEP, models.SleepSummary, {"data": models.SleepData}),
            (Kind.WORKOUT, models.Workout, {"data": models.WorkoutData}),
            (Kind.SEGMENT, models.SleepSegment, {}),
            (
                Kind.HEART,
                models.HeartRecord,
                {"ecg": models.Ecg, "bloodpressure": models.BloodPressure, "stetho": models.Stetho},
            ),
            (Kind.STETHO, models.StethoRecord, {}),
            (Kind.DEVICE, models.Device, {}),
            (Kind.SIGNAL, models.EcgSignal, {}),
            (Kind.SIGNAL, models.StethoSignal, {}),
            (Kind.GOALS, models.Goals, {"weight": models.GoalWeight}),
        ],
    )
    def test_are_no_fields_that_withings_documents(
        self, kind: Kind, model: type[BaseModel], within: dict[str, type[BaseModel]]
    ) -> None:
        row = dict.fromkeys(model.model_fields) | {
            name: dict.fromkeys(inner.model_fields) for name, inner in within.items()
        }
        assert [each for each in unknowns(record_from(kind, row)) if each[0] == "field"] == []

    def test_are_no_fields_of_a_measure_or_a_sample_that_withings_documents(self) -> None:
        measure = dict.fromkeys(models.Measure.model_fields) | {"type": 1, "value": 7, "unit": 0}
        assert list(unknowns(record_from(Kind.MEASURES, {"measures": [measure]}))) == []
        sample = dict.fromkeys(models.IntradaySample.model_fields)
        assert list(unknowns(record_from(Kind.INTRADAY, {"hour": 0, "series": {"5": sample}}))) == []

    def test_are_told_with_a_code_of_bounded_length(self) -> None:
        ((_, code),) = unknowns(record_from(Kind.SLEEP, {"data": {"x" * 500: 1}}))
        assert len(code) == 40
