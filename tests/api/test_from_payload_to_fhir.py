"""Each kind of record, all the way: what Withings sends, what is stored, read, and given to other software.

Payloads are those that others recorded from Withings' cloud, and otherwise follow its documentation. All
values are written out, so that no link of the chain is held against itself.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from fhir.resources.R4B.device import Device
from fhir.resources.R4B.observation import Observation

import recorded
from api.chains import Chain, imported
from api.running import Json
from recorded import needs_recorded
from withings_bridge.domain.records import Kind
from withings_bridge.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCALE = "f998be4b9ccc9e136fd8cd8e8e344c31ec3b271d"
MAT = "201d0b9a0556d6b755166b2cf8d22d3bdf0487ee"

SAMPLES = {
    "1618700000": {"steps": 71, "calories": 3.2, "deviceid": "watch-1", "model": "ScanWatch", "model_id": 93},
    "1618700060": {"heart_rate": 64, "deviceid": "watch-1", "model": "ScanWatch", "model_id": 93},
}
SEGMENT = {
    "startdate": 1618691453,
    "enddate": 1618691573,
    "state": 2,
    "model": "Aura Sensor V2",
    "model_id": 63,
    "hash_deviceid": MAT,
    "hr": {"1618691513": 52},
    "rr": {"1618691513": 13},
}
ECG = {
    "deviceid": "watch-1",
    "model": 93,
    "ecg": {"signalid": 6801, "afib": 0},
    "heart_rate": 66,
    "timestamp": 1618700100,
    "timezone": "Europe/Paris",
    "modified": 1618700200,
}
STETHO = {
    "signalid": 6901,
    "timestamp": 1618700300,
    "deviceid": "cuff-1",
    "vhd": 0,
    "timezone": "Europe/Paris",
}
CURVE = {"signal": [12, -3, 40], "sampling_frequency": 300, "wearposition": 1, "model": 93}
SOUND = {"signal": [213, 85], "frequency": 4000, "duration": 25, "channel": 1}
HEIGHT = {
    "grpid": 9,
    "attrib": 2,
    "category": 1,
    "date": 1500000000,
    "created": 1500000000,
    "modified": 1500000000,
}
HEIGHT_GROUP = {**HEIGHT, "deviceid": None, "measures": [{"type": 4, "value": 181, "unit": -2}]}


def rows(name: str) -> list[Json]:
    """What was recorded; nothing where the recordings are not here."""
    return recorded.rows(name) if recorded.RECORDED.is_dir() else []


NIGHT = {"id": 2081804182, "hash_deviceid": MAT, "startdate": 1618691453, "enddate": 1618713173, "data": {}}
DAY = {"date": "2021-04-18", "timezone": "Europe/Amsterdam", "steps": 1, "deviceid": None}
"""What stages and samples lie in, where nothing recorded is here."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chain(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chain]:
    """A person of whom Withings has each kind of record, imported by a real sync."""
    nights = (rows("sleep_summary") or [NIGHT])[:1]
    days = rows("activity") or [DAY]
    groups = [*rows("measurement"), HEIGHT_GROUP]
    replies: dict[str, Json] = {
        "/measure getmeas": {"updatetime": 1, "timezone": "Europe/Amsterdam", "measuregrps": groups},
        "/v2/measure getactivity": {"activities": days, "more": False, "offset": 0},
        "/v2/measure getintradayactivity": {"series": SAMPLES},
        "/v2/measure getworkouts": {"series": rows("workouts"), "more": False, "offset": 0},
        "/v2/sleep getsummary": {"series": nights, "more": False, "offset": 0},
        "/v2/sleep get": {"series": [SEGMENT]},
        "/v2/heart list": {"series": [ECG], "more": False, "offset": 0},
        "/v2/heart get": CURVE,
        "/v2/stetho list": {"series": [STETHO], "more": False, "offset": 0},
        "/v2/stetho get": SOUND,
        "/v2/user getdevice": {"devices": rows("device")[:1]},
        "/v2/user getgoals": {"goals": (rows("goals") or [{}])[0]},
    }
    with pytest.MonkeyPatch.context() as environment:
        for name in Settings.model_fields:
            environment.delenv(name.upper(), raising=False)
        async with imported(tmp_path_factory.mktemp("chain"), replies) as chain:
            yield chain


def values(item: Json) -> dict[str, tuple[str, str | None]]:
    """Value and unit of what an item holds, by metric."""
    return {value["metric"]: (value["value"], value["unit"]) for value in item["values"]}


def quantity(resource: Json) -> tuple[float, str, str]:
    """Value, unit and UCUM code; the resource is valid FHIR."""
    Observation.model_validate_json(json.dumps(resource))
    found = resource["valueQuantity"]
    assert found["system"] == "http://unitsofmeasure.org"
    return found["value"], found["unit"], found["code"]


def parts(resource: Json) -> list[tuple[str, float, str | None]]:
    """Name, value and UCUM code, if it has one, of each measured component."""
    return [
        (part["code"]["text"], part["valueQuantity"]["value"], part["valueQuantity"].get("code"))
        for part in resource["component"]
        if "valueQuantity" in part
    ]


async def observed(chain: Chain, code: str, at: str) -> list[Json]:
    """The observations of a code that began at an instant, as FHIR writes it."""
    return [
        each
        for each in await chain.resources(code)
        if at in (each.get("effectiveDateTime"), each.get("effectivePeriod", {}).get("start"))
    ]


@needs_recorded
class TestMeasures:
    async def test_go_all_the_way(self, chain: Chain) -> None:
        assert (await chain.record(Kind.MEASURES, "4815757309")).body == recorded.rows("measurement")[1]
        (item,) = (await chain.got("/measurements", metric="weight", from_="2023-09-02"))["items"]
        expected: dict[str, Any] = {
            "value": "118.003",
            "unit": "kg",
            "at": "2023-09-02T10:39:11.000Z",
            "local": "2023-09-02T12:39:11+02:00",
            "zone": "Europe/Amsterdam",
            "device": SCALE,
            "modelName": "Body+",
            "source": "device",
            "heldBack": False,
        }
        assert expected.items() <= item.items()
        assert item["withings"]["id"] == "4815757309"
        (weight,) = await observed(chain, "29463-7", "2023-09-02T12:39:11+02:00")
        assert quantity(weight) == (118.003, "kg", "kg")
        assert weight["device"] == {"reference": f"Device/{SCALE}", "display": "Body+"}


class TestHeights:
    async def test_go_all_the_way(self, chain: Chain) -> None:
        """Typed in years before what the import reaches."""
        assert (await chain.record(Kind.HEIGHT, "9")).body["measures"] == HEIGHT_GROUP["measures"]
        (item,) = (await chain.got("/measurements", metric="height"))["items"]
        assert (item["value"], item["unit"], item["at"]) == ("1.81", "m", "2017-07-14T02:40:00.000Z")
        assert item["source"] == "manual"
        (height,) = await observed(chain, "8302-2", "2017-07-14T04:40:00+02:00")
        assert quantity(height) == (181, "cm", "cm")


@needs_recorded
class TestActivity:
    async def test_goes_all_the_way(self, chain: Chain) -> None:
        day = next(row for row in recorded.rows("activity") if row["date"] == "2023-10-21")
        assert (await chain.record(Kind.ACTIVITY, "2023-10-21/-/1055")).body == day
        (item,) = (await chain.got("/activity", from_="2023-10-21"))["items"]
        assert (item["at"], item["zone"]) == ("2023-10-20T22:00:00.000Z", "Europe/Amsterdam")
        assert {
            "steps": ("1155", "count"),
            "distance": ("1020.121", "m"),
            "active_energy": ("134.132", "kcal"),
        }.items() <= values(item).items()
        (steps,) = await observed(chain, "55423-8", "2023-10-21T00:00:00+02:00")
        assert quantity(steps) == (1155, "count", "{count}")


class TestIntradaySamples:
    async def test_go_all_the_way_but_to_fhir(self, chain: Chain) -> None:
        stored = (await chain.record(Kind.INTRADAY, "1618696800")).body
        assert stored == {"hour": 1618696800, "series": SAMPLES}
        (hour,) = (await chain.got("/activity/intraday"))["items"]
        assert values(hour) == {
            "intraday_steps": ("71", "count"),
            "intraday_active_energy": ("3.2", "kcal"),
            "heart_rate": ("64", "bpm"),
        }
        rate = hour["values"][-1]
        assert (rate["at"], rate["device"]) == ("2021-04-17T22:54:20.000Z", "watch-1")
        assert not any(each["id"].startswith("intraday.") for each in await chain.resources())


@needs_recorded
class TestSleep:
    async def test_goes_all_the_way(self, chain: Chain) -> None:
        night = recorded.rows("sleep_summary")[0]
        assert (await chain.record(Kind.SLEEP, "2081804182")).body == night
        (item,) = (await chain.got("/sleep"))["items"]
        expected = {
            "id": "2081804182",
            "date": "2021-04-18",
            "at": "2021-04-17T20:30:53.000Z",
            "until": "2021-04-18T02:32:53.000Z",
            "local": "2021-04-17T22:30:53+02:00",
            "device": MAT,
        }
        assert expected.items() <= item.items()
        assert {
            "sleep_duration": ("18660", "s"),
            "sleep_efficiency": ("0.86", "ratio"),
            "deep_sleep_duration": ("5820", "s"),
            "sleep_heart_rate_average": ("103", "bpm"),
        }.items() <= values(item).items()
        (duration,) = await observed(chain, "93832-4", "2021-04-17T22:30:53+02:00")
        assert quantity(duration)[0] == 18660
        (rate,) = await observed(chain, "8867-4", "2021-04-17T22:30:53+02:00")
        assert quantity(rate) == (103, "bpm", "/min")


class TestStages:
    async def test_go_all_the_way_but_to_fhir(self, chain: Chain) -> None:
        (stage,) = (await chain.got("/sleep/2081804182/stages"))["items"]
        assert (await chain.record(Kind.SEGMENT, stage["id"])).body == SEGMENT
        assert (stage["stage"], stage["at"], stage["until"]) == (
            "deep",
            "2021-04-17T20:30:53.000Z",
            "2021-04-17T20:32:53.000Z",
        )
        assert {
            "sleeping_heart_rate": ("52", "bpm"),
            "sleeping_respiratory_rate": ("13", "breaths/min"),
        }.items() <= values(stage).items()
        assert not any(each["id"].startswith("segment.") for each in await chain.resources())


@needs_recorded
class TestWorkouts:
    async def test_go_all_the_way(self, chain: Chain) -> None:
        workout = next(row for row in recorded.rows("workouts") if row["id"] == 3661300277)
        assert (await chain.record(Kind.WORKOUT, "3661300277")).body == workout
        items = (await chain.got("/workouts"))["items"]
        item = next(each for each in items if each["id"] == "3661300277")
        assert (item["category"], item["at"], item["until"]) == (
            "Walk",
            "2023-08-29T19:06:51.000Z",
            "2023-08-29T19:15:13.000Z",
        )
        assert {
            "workout_active_energy": ("47", "kcal"),
            "workout_heart_rate_average": ("80", "bpm"),
        }.items() <= values(item).items()
        (exercise,) = [
            each for each in await chain.resources() if each["id"].startswith("workout.3661300277.")
        ]
        Observation.model_validate_json(json.dumps(exercise))
        period = {"start": "2023-08-29T21:06:51+02:00", "end": "2023-08-29T21:15:13+02:00"}
        assert exercise["effectivePeriod"] == period
        assert ("Workout active energy", 47, "kcal") in parts(exercise)
        assert ("Workout heart rate average", 80, "/min") in parts(exercise)


class TestEcgs:
    async def test_go_all_the_way(self, chain: Chain) -> None:
        assert (await chain.record(Kind.HEART, "1618700100/watch-1")).body == ECG
        (item,) = (await chain.got("/ecg"))["items"]
        assert values(item) == {"ecg_heart_rate": ("66", "bpm"), "ecg_afib": ("0", "code")}
        assert (item["at"], item["local"]) == ("2021-04-17T22:55:00.000Z", "2021-04-18T00:55:00+02:00")
        (ecg,) = [each for each in await chain.resources() if each["id"].startswith("heart.")]
        Observation.model_validate_json(json.dumps(ecg))
        assert ecg["effectiveDateTime"] == "2021-04-18T00:55:00+02:00"
        assert parts(ecg)[0] == ("Ecg heart rate", 66, "/min")
        afib = ecg["component"][1]["valueCodeableConcept"]["coding"][0]
        assert (afib["code"], afib["display"]) == ("0", "No sign of atrial fibrillation")

    async def test_take_their_curve_along(self, chain: Chain) -> None:
        curve = await chain.got("/ecg/6801/signal")
        assert (curve["signal"], curve["samplingFrequency"], curve["unit"]) == ([12, -3, 40], 300, "uV")
        assert (await chain.record(Kind.SIGNAL, "ecg/6801")).body == CURVE
        sampled = next(each for each in await chain.resources() if "valueSampledData" in each)
        Observation.model_validate_json(json.dumps(sampled))
        data = sampled["valueSampledData"]
        assert data["data"] == "12 -3 40"
        assert data["origin"]["code"] == "uV"
        assert data["period"] == pytest.approx(1000 / 300, abs=0.001)


class TestHeartSounds:
    async def test_go_all_the_way(self, chain: Chain) -> None:
        assert (await chain.record(Kind.STETHO, "6901")).body == STETHO
        (item,) = (await chain.got("/stetho"))["items"]
        assert (values(item), item["device"]) == ({"stetho_vhd": ("0", "code")}, "cuff-1")
        sound = await chain.got("/stetho/6901/signal")
        assert (sound["signal"], sound["samplingFrequency"], sound["duration"]) == ([213, 85], 4000, 25)
        assert (await chain.record(Kind.SIGNAL, "stetho/6901")).body == SOUND
        (found,) = [each for each in await chain.resources() if each["id"].startswith("stetho.6901")]
        Observation.model_validate_json(json.dumps(found))
        assert found["effectiveDateTime"] == "2021-04-18T00:58:20+02:00"
        assert found["valueCodeableConcept"]["coding"][0]["code"] == "0"


@needs_recorded
class TestDevices:
    async def test_go_all_the_way(self, chain: Chain) -> None:
        assert (await chain.record(Kind.DEVICE, SCALE)).body == recorded.rows("device")[0]
        (item,) = (await chain.got("/devices"))["items"]
        expected = {"id": SCALE, "type": "Scale", "modelName": "Body+", "battery": "high"}
        assert expected.items() <= item.items()
        assert item["lastSession"] == "2023-09-04T22:39:39.000Z"
        bundle = await chain.got("/fhir/Device")
        (device,) = [entry["resource"] for entry in bundle["entry"]]
        Device.model_validate_json(json.dumps(device))
        assert device["identifier"][0]["value"] == SCALE
        assert device["deviceName"][0]["name"] == "Body+"


@needs_recorded
class TestGoals:
    async def test_go_all_the_way_but_to_fhir(self, chain: Chain) -> None:
        assert (await chain.record(Kind.GOALS, "goals")).body == recorded.rows("goals")[0]
        (item,) = (await chain.got("/goals"))["items"]
        assert values(item) == {
            "goal_steps": ("10000", "count"),
            "goal_sleep": ("28800", "s"),
            "goal_weight": ("70.500", "kg"),
        }
        assert not any(each["id"].startswith("goals.") for each in await chain.resources())


class TestEvents:
    async def test_go_all_the_way_but_to_fhir(self, chain: Chain) -> None:
        told = {"userid": chain.account, "appli": "50", "date": "1618691400", "deviceid": "mat-1"}
        reply = await chain.bridge.http.post("/webhook/withings", data=told)
        assert reply.status_code == 200
        await chain.bridge.settled(chain.account)
        (item,) = (await chain.got("/events"))["items"]
        assert (item["event"], item["at"], item["device"]) == (
            "into bed",
            "2021-04-17T20:30:00.000Z",
            "mat-1",
        )
        stored = await chain.record(Kind.EVENT, item["id"])
        assert (stored.body["appli"], stored.body["deviceid"]) == (50, "mat-1")
        assert not any(each["id"].startswith("event.") for each in await chain.resources())


WALKED = {
    Kind.MEASURES: TestMeasures,
    Kind.HEIGHT: TestHeights,
    Kind.ACTIVITY: TestActivity,
    Kind.INTRADAY: TestIntradaySamples,
    Kind.SLEEP: TestSleep,
    Kind.SEGMENT: TestStages,
    Kind.WORKOUT: TestWorkouts,
    Kind.HEART: TestEcgs,
    Kind.SIGNAL: TestEcgs,
    Kind.STETHO: TestHeartSounds,
    Kind.DEVICE: TestDevices,
    Kind.GOALS: TestGoals,
    Kind.EVENT: TestEvents,
}


async def test_each_kind_has_its_walk() -> None:
    assert set(WALKED) == set(Kind)
