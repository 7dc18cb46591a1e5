"""Days, nights, workouts, recordings, devices, goals and events over HTTP."""

from typing import Any

import pytest

from api.readers import EPOCH_NOON, Reader, slept
from api.running import Json
from builders import NOON
from withings_bridge.domain.events import Event
from withings_bridge.domain.records import Kind, Record, record_from

HOUR = 3600


def day(date: str, device: str | None, **fields: Any) -> Record:
    return record_from(Kind.ACTIVITY, {"date": date, "deviceid": device, "timezone": "Asia/Tokyo"} | fields)


def stretch(at: int, device: str = "mat", **fields: Any) -> Record:
    body = {"startdate": at, "enddate": at + 600, "state": 1, "hash_deviceid": device}
    return record_from(Kind.SEGMENT, body | fields)


def told(item: Json) -> list[tuple[str, str, str]]:
    return [(value["metric"], value["value"], value["unit"]) for value in item["values"]]


class TestActivity:
    async def test_is_told_by_local_days_and_sources(self, reader: Reader) -> None:
        watch = day("2026-03-01", "watch", brand=1, is_tracker=True, steps=8421, distance=6120.5, hops=3)
        phone = day("2026-03-01", None, brand=18, steps=9000)
        await reader.has(watch, phone)
        first, second = await reader.all("/activity", order="asc", record="true")
        assert (first["source"], first["device"]) == ("external", None)
        assert told(second) == [
            ("steps", "8421", "count"),
            ("distance", "6120.5", "m"),
            ("field-hops", "3", None),
        ]
        assert second["record"] == dict(watch.body)
        expected = {
            "date": "2026-03-01",
            "at": "2026-02-28T15:00:00.000Z",
            "until": "2026-03-01T15:00:00.000Z",
            "local": "2026-03-01T00:00:00+09:00",
            "zone": "Asia/Tokyo",
            "device": "watch",
            "source": "device",
        }
        assert expected.items() <= second.items()

    @pytest.mark.parametrize(
        ("query", "dates"),
        [
            ({"from": "2026-03-02"}, ["03-03", "03-02"]),
            ({"from": "2026-03-02", "to": "2026-03-02"}, ["03-02"]),
            ({"to": "2026-03-01T14:59:59Z"}, ["03-01"]),
            ({"to": "2026-03-01T15:00:00Z"}, ["03-02", "03-01"]),
        ],
    )
    async def test_is_asked_for_by_local_days(
        self, reader: Reader, query: dict[str, str], dates: list[str]
    ) -> None:
        await reader.has(*(day(f"2026-03-0{n}", "watch", steps=n) for n in (1, 2, 3)))
        items = await reader.all("/activity", limit=1, **query)
        assert [item["date"] for item in items] == [f"2026-{date}" for date in dates]


class TestHours:
    async def test_hold_samples_with_their_own_instants_and_devices(self, reader: Reader) -> None:
        series = {
            str(EPOCH_NOON + 60): {"heart_rate": 64, "deviceid": "watch", "model_id": 93},
            str(EPOCH_NOON + 120): {"steps": 71},
        }
        await reader.has(record_from(Kind.INTRADAY, {"hour": EPOCH_NOON, "series": series}))
        (hour,) = await reader.all("/activity/intraday")
        assert (hour["at"], hour["until"]) == ("2026-03-02T12:00:00.000Z", None)
        rate, steps = hour["values"]
        assert (rate["metric"], rate["at"], rate["device"], rate["source"]) == (
            "heart_rate",
            "2026-03-02T12:01:00.000Z",
            "watch",
            "device",
        )
        assert (steps["metric"], steps["source"], steps["withings"]["field"]) == (
            "intraday_steps",
            "external",
            "steps",
        )

    async def test_make_a_page_full_by_their_samples(
        self, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.history.paging.MOST_VALUES", 100)
        hours = [
            {
                "hour": EPOCH_NOON + n * HOUR,
                "series": {str(EPOCH_NOON + n * HOUR + s): {"steps": s} for s in range(60)},
            }
            for n in range(5)
        ]
        await reader.has(*(record_from(Kind.INTRADAY, hour) for hour in hours))
        page = await reader.got("/activity/intraday")
        assert (len(page["items"]), bool(page["next"])) == (2, True)
        assert len(await reader.all("/activity/intraday")) == 5


class TestSleep:
    async def test_is_told_night_by_night(self, reader: Reader) -> None:
        data = {"total_sleep_time": 24600, "sleep_efficiency": 0.91, "night_events": [1], "hr_min": None}
        await reader.has(
            slept(7, timezone="Europe/Paris", model=32, model_id=63, date="2026-03-02", data=data),
            slept(8, at=EPOCH_NOON - 86400, completed=False),
        )
        night, before = await reader.all("/sleep")
        assert told(night) == [("sleep_duration", "24600", "s"), ("sleep_efficiency", "0.91", "ratio")]
        assert (night["id"], night["date"], night["until"]) == ("7", "2026-03-02", "2026-03-02T20:00:00.000Z")
        assert (night["model"], night["modelName"], night["completed"]) == (63, "Aura Sensor V2", None)
        assert (before["zone"], before["completed"]) == ("Europe/Paris", False)

    async def test_has_stages_with_their_samples(self, reader: Reader) -> None:
        await reader.has(
            slept(7, hash_deviceid="mat"),
            stretch(EPOCH_NOON - 600),
            stretch(EPOCH_NOON, state=0, hr={str(EPOCH_NOON + 60): 58}),
            stretch(EPOCH_NOON + 600, "watch"),
            stretch(EPOCH_NOON + 1200, state=77),
            stretch(EPOCH_NOON + 9 * HOUR),
        )
        first, second = await reader.all("/sleep/7/stages", order="asc", limit=1)
        assert (first["stage"], first["stageCode"], told(first)) == (
            "awake",
            0,
            [("sleep_stage", "0", "code"), ("sleeping_heart_rate", "58", "bpm")],
        )
        assert (second["stage"], second["stageCode"]) == (None, 77)

    async def test_has_stages_also_where_withings_gives_no_id(self, reader: Reader) -> None:
        night = record_from(
            Kind.SLEEP, {"hash_deviceid": "mat", "startdate": EPOCH_NOON, "enddate": EPOCH_NOON + 9}
        )
        await reader.has(night, stretch(EPOCH_NOON))
        (item,) = await reader.all("/sleep")
        assert "/" in item["id"]
        assert len(await reader.all(f"/sleep/{item['id']}/stages")) == 1
        assert len(await reader.all(f"/sleep/{item['id'].replace('/', '%2F')}/stages")) == 1

    async def test_that_is_not_there_has_no_stages(self, reader: Reader) -> None:
        assert (await reader.refused("/sleep/1/stages"))[:2] == (404, "no_such_record")
        assert (await reader.refused(f"/sleep/{'1' * 257}/stages"))[:2] == (422, "invalid_request")


class TestWorkouts:
    async def test_are_told_with_the_name_of_what_it_was(self, reader: Reader) -> None:
        known = {"id": 1, "category": 2, "startdate": EPOCH_NOON, "enddate": EPOCH_NOON + 60, "attrib": 2}
        await reader.has(
            record_from(Kind.WORKOUT, known | {"data": {"hr_average": 148}}),
            record_from(Kind.WORKOUT, {"id": 2, "category": 9999, "startdate": EPOCH_NOON - 60}),
        )
        run, unknown = await reader.all("/workouts")
        assert (run["category"], run["categoryCode"], run["source"]) == ("Run", 2, "manual")
        assert told(run) == [("workout_heart_rate_average", "148", "bpm")]
        assert (unknown["category"], unknown["categoryCode"]) == (None, 9999)


class TestRecordings:
    async def test_of_the_heart_name_their_curve(self, reader: Reader) -> None:
        ecg = {"deviceid": "w", "model": 93, "timestamp": EPOCH_NOON, "ecg": {"signalid": 98, "afib": 0}}
        cuff = {"deviceid": "c", "timestamp": EPOCH_NOON - 1, "bloodpressure": {"systole": 120}}
        await reader.has(record_from(Kind.HEART, ecg | {"heart_rate": 66}), record_from(Kind.HEART, cuff))
        recorded, pressure = await reader.all("/ecg")
        assert recorded["signalId"] == "98"
        assert told(recorded) == [("ecg_heart_rate", "66", "bpm"), ("ecg_afib", "0", "code")]
        assert (pressure["signalId"], told(pressure)) == (
            None,
            [("systolic_blood_pressure", "120", "mmHg")],
        )

    async def test_of_heart_sounds_name_their_sound(self, reader: Reader) -> None:
        await reader.has(record_from(Kind.STETHO, {"signalid": 98, "vhd": 1, "timestamp": EPOCH_NOON}))
        (sounds,) = await reader.all("/stetho")
        assert (sounds["signalId"], told(sounds)) == ("98", [("stetho_vhd", "1", "code")])


class TestSignals:
    @pytest.fixture
    async def reader(self, reader: Reader) -> Reader:
        """The curve and the sound were wanted before, and are kept."""
        curve = {"signal": [12, -3], "sampling_frequency": 300, "wearposition": 1, "model": 93, "x": 5}
        sound = {"signal": [213, 85], "frequency": 4000, "duration": 25, "channel": 1, "model": None}
        await reader.has(
            Record(Kind.SIGNAL, "ecg/98", NOON, None, curve),
            Record(Kind.SIGNAL, "stetho/99", NOON, None, sound),
        )
        return reader

    async def test_are_the_curve_of_an_ecg_in_microvolt(self, reader: Reader) -> None:
        assert await reader.got("/ecg/98/signal") == {
            "signal": [12, -3],
            "samplingFrequency": 300,
            "unit": "uV",
            "wearPosition": 1,
            "model": 93,
            "modelName": "ScanWatch",
            "record": None,
        }
        other = (await reader.got("/ecg/98/signal", record="true"))["record"]
        assert other == {"sampling_frequency": 300, "wearposition": 1, "model": 93, "x": 5}

    async def test_are_the_sound_of_a_stethoscope(self, reader: Reader) -> None:
        assert await reader.got("/stetho/99/signal") == {
            "signal": [213, 85],
            "samplingFrequency": 4000,
            "encoding": "A-law G.711",
            "duration": 25,
            "model": None,
            "modelName": None,
            "record": None,
        }

    @pytest.mark.parametrize("path", ["/ecg/99/signal", "/stetho/98/signal", "/ecg/7/signal"])
    async def test_that_no_recording_names_are_not_there(self, reader: Reader, path: str) -> None:
        """Each kind numbers its own, and what is stored of another is not looked at."""
        assert (await reader.refused(path))[:2] == (404, "no_such_recording")

    async def test_are_asked_for_by_an_id_of_a_sensible_length(self, reader: Reader) -> None:
        assert (await reader.refused(f"/ecg/{'9' * 65}/signal"))[:2] == (422, "invalid_request")

    async def test_that_have_to_be_fetched_say_when_withings_is_away(self, reader: Reader) -> None:
        ecg = {"deviceid": "w", "timestamp": EPOCH_NOON, "ecg": {"signalid": 5}}
        await reader.has(record_from(Kind.HEART, ecg))
        assert (await reader.refused("/ecg/5/signal"))[0] == 503

    async def test_are_not_fetched_again_by_who_has_them(self, reader: Reader) -> None:
        etag = (await reader.asked("/ecg/98/signal")).headers["etag"]
        assert (await reader.asked("/ecg/98/signal", {"If-None-Match": etag})).status_code == 304


class TestWhatElseIsKnown:
    async def test_devices_are_told_with_their_battery(self, reader: Reader) -> None:
        scale = {
            "type": "Scale",
            "model": "Body+",
            "model_id": 5,
            "battery": "low",
            "deviceid": "9f3c",
            "timezone": "Europe/Paris",
            "first_session_date": None,
            "last_session_date": EPOCH_NOON,
        }
        new = {"deviceid": "a", "model": "", "model_id": 93, "fw": 1751}
        await reader.has(record_from(Kind.DEVICE, scale), record_from(Kind.DEVICE, new))
        first, second = (await reader.got("/devices", record="true"))["items"]
        assert first == {
            "id": "9f3c",
            "type": "Scale",
            "model": 5,
            "modelName": "Body+",
            "battery": "low",
            "firmware": None,
            "zone": "Europe/Paris",
            "firstSession": None,
            "lastSession": "2026-03-02T12:00:00.000Z",
            "record": scale,
        }
        assert (second["modelName"], second["firmware"]) == ("ScanWatch", "1751")

    async def test_goals_are_told_when_there_are_any(self, reader: Reader) -> None:
        assert (await reader.got("/goals"))["items"] == []
        goals = {"steps": 10000, "weight": {"value": 78000, "unit": -3}}
        await reader.has(record_from(Kind.GOALS, goals))
        (item,) = (await reader.got("/goals", units="vitals7"))["items"]
        assert told(item) == [("goal_steps", "10000", "count"), ("goal_weight", "171.96", "lbs")]

    async def test_events_are_told_by_what_they_mean(self, reader: Reader) -> None:
        await reader.has(
            Event(50, "mat", NOON, confirmed=True).record,
            record_from(Kind.EVENT, {"appli": 9999, "date": EPOCH_NOON - 1}),
        )
        into, unknown = await reader.all("/events")
        assert (into["appli"], into["event"], into["device"]) == (50, "into bed", "mat")
        assert (into["at"], into["values"]) == ("2026-03-02T12:00:00.000Z", [])
        assert (into["confirmed"], unknown["confirmed"]) == (True, False)
        assert (unknown["appli"], unknown["event"]) == (9999, None)
