"""Where a record comes from."""

from typing import Any

import pytest

from withings_bridge.domain.origins import Origin, origin_of
from withings_bridge.domain.records import Kind, record_from


def of(kind: Kind, **body: Any) -> Origin:
    return origin_of(record_from(kind, body))


class TestSource:
    @pytest.mark.parametrize(
        ("kind", "body", "source"),
        [
            (Kind.MEASURES, {"attrib": 0}, "device"),
            (Kind.MEASURES, {"attrib": 2}, "manual"),
            (Kind.MEASURES, {"attrib": 4}, "manual"),
            (Kind.MEASURES, {"attrib": 10009}, "unknown"),
            (Kind.MEASURES, {"attrib": "2"}, "unknown"),
            (Kind.MEASURES, {}, "unknown"),
            (Kind.ACTIVITY, {"brand": 1, "is_tracker": True, "deviceid": "d"}, "device"),
            (Kind.ACTIVITY, {"brand": 18, "is_tracker": False, "deviceid": None}, "external"),
            (Kind.ACTIVITY, {"brand": 18, "deviceid": "d"}, "external"),
            (Kind.ACTIVITY, {"deviceid": None}, "external"),
            (Kind.ACTIVITY, {"deviceid": "d"}, "unknown"),
            (Kind.WORKOUT, {"attrib": 7, "deviceid": "d", "model": 93}, "device"),
            (Kind.WORKOUT, {"attrib": 2, "deviceid": None}, "manual"),
            (Kind.WORKOUT, {"attrib": 0, "deviceid": None, "model": 1055}, "external"),
            (Kind.WORKOUT, {"attrib": 0, "deviceid": None, "model": None}, "unknown"),
            (Kind.SLEEP, {"hash_deviceid": "d", "model": 32}, "device"),
            (Kind.SLEEP, {"model": None}, "unknown"),
            (Kind.HEART, {"deviceid": "d", "model": 91}, "device"),
            (Kind.GOALS, {"steps": 5}, "manual"),
        ],
    )
    def test_is_who_measured(self, kind: Kind, body: dict[str, Any], source: str) -> None:
        assert of(kind, **body).source == source


class TestOrigin:
    def test_names_device_and_model_however_a_service_spells_them(self) -> None:
        assert (of(Kind.MEASURES, modelid=5, model="Body+", deviceid="d").model) == 5
        assert (of(Kind.WORKOUT, model=93).model) == 93
        assert (of(Kind.SEGMENT, model="Aura Sensor V2", model_id=63).model) == 63
        assert of(Kind.SLEEP, hash_deviceid="h").device == "h"
        assert of(Kind.MEASURES, deviceid=12).device == "12"

    def test_takes_the_class_of_device_of_a_night_for_no_model(self) -> None:
        assert of(Kind.SLEEP, model=32).model is None
        assert of(Kind.SLEEP, model=32, model_id=63).model == 63

    def test_says_of_measures_alone_that_they_are_held_back(self) -> None:
        assert of(Kind.MEASURES, attrib=1).held_back
        assert not of(Kind.MEASURES, attrib=0).held_back
        assert not of(Kind.WORKOUT, attrib=1).held_back
