import json
from datetime import date, timedelta
from typing import Any

import pytest

from unit.sandbox.sandbox_driver import NOON, Driver, Linked

DAY = 86_400
STAGES = {
    "wakeupduration", "wakeupcount", "durationtosleep", "durationtowakeup", "total_timeinbed",
    "total_sleep_time", "sleep_efficiency", "sleep_latency", "wakeup_latency", "waso", "nb_rem_episodes",
    "out_of_bed_count", "lightsleepduration", "deepsleepduration", "remsleepduration",
}  # fmt: skip


def _group(grpid: int, at: int, *types: int, **more: Any) -> dict[str, Any]:
    measures = [{"value": 100 + number, "type": number, "unit": -1} for number in types]
    return {
        "grpid": grpid, "attrib": 0, "date": at, "created": at, "modified": at, "category": 1,
        "deviceid": None, "hash_deviceid": None, "measures": measures, **more,
    }  # fmt: skip


async def _load(linked: Linked, **rows: Any) -> None:
    await linked.driver.control("POST", f"/people/{linked.userid}/records", {"replace": True} | rows)


async def _grpids(linked: Linked, **window: Any) -> list[int]:
    body = await linked.body("/measure", "getmeas", **window)
    return [group["grpid"] for group in body["measuregrps"]]


class TestParameters:
    @pytest.mark.parametrize("how", ["query on GET", "query on POST", "form", "json"])
    async def test_are_taken_however_they_are_sent(self, linked: Linked, how: str) -> None:
        parameters: dict[str, str | int] = {"action": "getmeas", "lastupdate": 0, "meastypes": "1"}
        headers = {"Authorization": f"Bearer {linked.access_token}"}
        http = linked.driver.http
        match how:
            case "query on GET":
                response = await http.get("/measure", params=parameters, headers=headers)
            case "query on POST":
                response = await http.post("/measure", params=parameters, headers=headers)
            case "form":
                response = await http.post("/measure", data=parameters, headers=headers)
            case _:
                response = await http.post("/measure", json=parameters | {"meastypes": [1]}, headers=headers)
        groups = response.json()["body"]["measuregrps"]
        assert {measure["type"] for group in groups for measure in group["measures"]} == {1}

    async def test_that_are_no_json_are_bad_parameters(self, linked: Linked) -> None:
        response = await linked.driver.http.post(
            "/measure", content="{", headers={"Content-Type": "application/json"}
        )
        assert response.json()["status"] == 503

    @pytest.mark.parametrize(
        ("path", "action", "bad"),
        [
            ("/measure", "getmeas", {"startdate": "yesterday"}),
            ("/measure", "getmeas", {"meastypes": "weight"}),
            ("/measure", "getmeas", {"startdate": 1, "enddate": 2, "lastupdate": 1}),
            ("/v2/measure", "getactivity", {}),
            ("/v2/measure", "getactivity", {"startdateymd": "2026-1-1", "enddateymd": "2026-01-02"}),
            ("/v2/sleep", "get", {"startdate": 1}),
            ("/v2/heart", "get", {}),
            ("/v2/heart", "get", {"signalid": 1}),
            ("/v2/measure", "confirmuser", {"grpid": 1, "is_confirmed": "true"}),
        ],
    )
    async def test_that_make_no_sense_get_503(
        self, linked: Linked, path: str, action: str, bad: dict[str, object]
    ) -> None:
        reply = await linked.call(path, action, **bad)
        assert reply["status"] == 503
        assert reply["error"].startswith("Invalid Params")

    async def test_may_hold_dates_beside_lastupdate_when_the_cloud_is_told_so(self, linked: Linked) -> None:
        await linked.driver.faults(dates_beside_lastupdate=True)
        both = await _grpids(linked, startdate=1, enddate=2, lastupdate=0)
        assert both == await _grpids(linked, lastupdate=0)

    @pytest.mark.parametrize(
        ("path", "action"), [("/", "getmeas"), ("/measure", "getall"), ("/v3/sleep", "get"), ("/measure", "")]
    )
    async def test_of_no_known_path_and_action_get_2554(self, linked: Linked, path: str, action: str) -> None:
        assert (await linked.call(path, action))["status"] == 2554


class TestGetmeas:
    async def test_includes_both_ends_of_the_window(self, linked: Linked) -> None:
        await _load(linked, measuregrps=[_group(n, 1000 + n, 1) for n in range(5)])
        assert await _grpids(linked, startdate=1001, enddate=1003) == [1, 2, 3]
        assert await _grpids(linked, startdate=1003) == [3, 4]
        assert await _grpids(linked, enddate=1000) == [0]

    async def test_finds_by_lastupdate_what_changed_after_it(self, linked: Linked) -> None:
        await _load(
            linked, measuregrps=[_group(1, 1000, 1), _group(2, 900, 1, modified=2000), _group(3, 2001, 1)]
        )
        assert await _grpids(linked, lastupdate=1000) == [2, 3]
        assert await _grpids(linked, lastupdate=2000) == [3]

    async def test_narrows_groups_and_the_measures_in_them(self, linked: Linked) -> None:
        await _load(
            linked, measuregrps=[_group(1, 1000, 1, 6, 8), _group(2, 1000, 9, 10), _group(3, 1000, 6)]
        )
        body = await linked.body("/measure", "getmeas", lastupdate=0, meastypes="6,10")
        found = {group["grpid"]: [m["type"] for m in group["measures"]] for group in body["measuregrps"]}
        assert found == {1: [6], 2: [10], 3: [6]}
        assert await _grpids(linked, lastupdate=0, meastype=9) == [2]

    async def test_tells_real_measures_from_goals(self, newly_linked: Linked) -> None:
        real = await newly_linked.body("/measure", "getmeas", lastupdate=0, category=1)
        goals = await newly_linked.body("/measure", "getmeas", lastupdate=0, category=2)
        assert [group["measures"][0]["type"] for group in real["measuregrps"]] == [4]
        assert [group["measures"][0]["type"] for group in goals["measuregrps"]] == [1]

    async def test_names_the_zone_once_and_the_time_as_a_number(self, linked: Linked) -> None:
        body = await linked.body("/measure", "getmeas", lastupdate=0)
        assert (body["timezone"], body["updatetime"]) == ("Europe/Paris", int(NOON))

    async def test_leaves_a_deleted_group_out_without_a_word(self, linked: Linked) -> None:
        await _load(linked, measuregrps=[_group(1, 1000, 1), _group(2, 1001, 1)])
        await linked.driver.control("DELETE", f"/people/{linked.userid}/measure-groups/1")
        assert await _grpids(linked, startdate=0, enddate=5000) == [2]
        assert await _grpids(linked, lastupdate=1001) == []

    async def test_can_show_a_deleted_group_for_a_while(self, linked: Linked) -> None:
        await linked.driver.faults(deletions_show_after_seconds=120)
        await _load(linked, measuregrps=[_group(1, 1000, 1)])
        await linked.driver.control("DELETE", f"/people/{linked.userid}/measure-groups/1")
        assert await _grpids(linked, startdate=0) == [1]
        linked.driver.advance(120)
        assert await _grpids(linked, startdate=0) == []

    async def test_serves_loaded_groups_as_they_are_even_such_as_share_a_grpid(self, linked: Linked) -> None:
        twins = [_group(7, 1000, 1, attrib=0, odd="kept"), _group(7, 1000, 1, attrib=8)]
        await _load(linked, measuregrps=twins)
        assert (await linked.body("/measure", "getmeas", lastupdate=0))["measuregrps"] == twins


class TestConfirmuser:
    @pytest.mark.parametrize(("confirmed", "left"), [("true", [7]), ("1", [7]), ("false", [])])
    async def test_settles_an_ambiguous_group(self, linked: Linked, confirmed: str, left: list[int]) -> None:
        await _load(linked, measuregrps=[_group(1, 1000, 1, attrib=1)])
        await linked.body("/v2/measure", "confirmuser", grpid=1, is_confirmed=confirmed)
        groups = (await linked.body("/measure", "getmeas", lastupdate=1000))["measuregrps"]
        assert [group["attrib"] for group in groups] == left


class TestGetactivity:
    async def test_holds_only_the_fields_asked_for(self, linked: Linked) -> None:
        body = await linked.body("/v2/measure", "getactivity", lastupdate=0, data_fields="steps,hr_max")
        assert {"steps", "hr_max", "date", "modelid"} <= body["activities"][0].keys()
        assert not {"distance", "calories", "hr_min"} & body["activities"][0].keys()

    async def test_holds_the_basic_metrics_when_no_field_is_asked_for(self, linked: Linked) -> None:
        row = (await linked.body("/v2/measure", "getactivity", lastupdate=0))["activities"][0]
        assert {"steps", "totalcalories"} <= row.keys()
        assert "hr_average" not in row

    async def test_can_be_told_to_hold_none_then(self, linked: Linked) -> None:
        await linked.driver.faults(bare_activity_metrics=False)
        row = (await linked.body("/v2/measure", "getactivity", lastupdate=0))["activities"][0]
        assert not {"steps", "totalcalories", "hr_average"} & row.keys()

    async def test_includes_both_days_of_the_window(self, linked: Linked) -> None:
        body = await linked.body(
            "/v2/measure", "getactivity", startdateymd="2026-11-10", enddateymd="2026-11-12"
        )
        assert {row["date"] for row in body["activities"]} == {"2026-11-10", "2026-11-11", "2026-11-12"}


class TestGetintradayactivity:
    async def test_adds_up_to_the_day(self, linked: Linked) -> None:
        day = (
            await linked.body(
                "/v2/measure", "getactivity", startdateymd="2026-11-20", enddateymd="2026-11-20"
            )
        )["activities"]
        tracked = next(row for row in day if row["is_tracker"])
        midnight = 1_795_129_200  # 2026-11-20 in Paris
        series = (
            await linked.body(
                "/v2/measure", "getintradayactivity", startdate=midnight, enddate=midnight + DAY
            )
        )["series"]
        assert sum(bucket.get("steps", 0) for bucket in series.values()) == tracked["steps"]

    async def test_is_cut_after_24_hours(self, linked: Linked) -> None:
        start = int(NOON) - 6 * DAY
        body = await linked.body(
            "/v2/measure", "getintradayactivity", startdate=start, enddate=int(NOON), data_fields="steps"
        )
        times = [int(at) for at in body["series"]]
        assert start <= min(times)
        assert max(times) <= start + DAY
        assert {tuple(sorted(bucket)) for bucket in body["series"].values()} == {
            ("deviceid", "model", "model_id", "steps")
        }

    async def test_is_an_empty_map_without_data(self, newly_linked: Linked) -> None:
        assert await newly_linked.body("/v2/measure", "getintradayactivity") == {"series": {}}

    async def test_shows_the_last_day_without_dates(self, linked: Linked) -> None:
        series = (await linked.body("/v2/measure", "getintradayactivity"))["series"]
        assert series
        assert all(NOON - DAY <= int(at) <= NOON for at in series)


class TestGetworkouts:
    async def test_is_close_to_empty_without_fields(self, linked: Linked) -> None:
        rows = (await linked.body("/v2/measure", "getworkouts", lastupdate=0))["series"]
        assert {tuple(row["data"]) for row in rows} == {("algo_pause_duration",)}

    async def test_holds_the_fields_asked_for(self, linked: Linked) -> None:
        rows = (await linked.body("/v2/measure", "getworkouts", lastupdate=0, data_fields="calories"))[
            "series"
        ]
        assert {tuple(row["data"]) for row in rows} == {("calories",)}


class TestGetsummary:
    async def test_holds_fifteen_fields_unasked(self, linked: Linked) -> None:
        rows = (await linked.body("/v2/sleep", "getsummary", lastupdate=0))["series"]
        assert {frozenset(row["data"]) for row in rows} == {frozenset(STAGES)}

    async def test_holds_only_those_asked_for_otherwise(self, linked: Linked) -> None:
        body = await linked.body(
            "/v2/sleep", "getsummary", lastupdate=0, data_fields="sleep_score,night_events"
        )
        data = body["series"][0]["data"]
        assert set(data) == {"sleep_score", "night_events"}
        assert isinstance(data["night_events"], str)
        assert json.loads(data["night_events"])["1"] == [0]

    async def test_is_dated_by_the_day_of_waking(self, linked: Linked) -> None:
        body = await linked.body(
            "/v2/sleep", "getsummary", startdateymd="2026-11-15", enddateymd="2026-11-15"
        )
        assert {row["date"] for row in body["series"]} == {"2026-11-15"}


class TestSleepGet:
    async def _night(self, linked: Linked) -> dict[str, Any]:
        day = (date(2026, 11, 22) - timedelta(days=1)).isoformat()
        body = await linked.body("/v2/sleep", "getsummary", startdateymd="2026-11-01", enddateymd=day)
        row: dict[str, Any] = body["series"][-1]
        return row

    async def test_adds_up_to_the_summary(self, linked: Linked) -> None:
        night = await self._night(linked)
        body = await linked.body("/v2/sleep", "get", startdate=night["startdate"], enddate=night["enddate"])
        spent = dict.fromkeys(range(4), 0)
        for segment in body["series"]:
            spent[segment["state"]] += segment["enddate"] - segment["startdate"]
        data = night["data"]
        assert spent == {
            0: data["wakeupduration"],
            1: data["lightsleepduration"],
            2: data["deepsleepduration"],
            3: data["remsleepduration"],
        }
        assert body["model"] == 32

    async def test_is_not_sorted(self, linked: Linked) -> None:
        night = await self._night(linked)
        body = await linked.body("/v2/sleep", "get", startdate=night["startdate"], enddate=night["enddate"])
        starts = [segment["startdate"] for segment in body["series"]]
        assert starts != sorted(starts)

    async def test_carries_the_samples_asked_for(self, linked: Linked) -> None:
        night = await self._night(linked)
        body = await linked.body(
            "/v2/sleep", "get", startdate=night["startdate"], enddate=night["enddate"], data_fields="hr,rr"
        )
        for segment in body["series"]:
            assert {"hr", "rr"} <= segment.keys()
            assert "snoring" not in segment
            assert all(segment["startdate"] <= int(at) < segment["enddate"] for at in segment["hr"])

    async def test_is_cut_after_24_hours(self, linked: Linked) -> None:
        start = int(NOON) - 10 * DAY
        body = await linked.body("/v2/sleep", "get", startdate=start, enddate=int(NOON))
        assert body["series"]
        assert all(segment["startdate"] < start + DAY for segment in body["series"])

    async def test_is_empty_without_nights(self, newly_linked: Linked) -> None:
        body = await newly_linked.body("/v2/sleep", "get", startdate=0, enddate=1)
        assert body == {"series": [], "model": 32}

    async def test_shows_loaded_segments_for_loaded_nights(self, linked: Linked) -> None:
        segment = {"startdate": 1000, "enddate": 1060, "state": 5, "hash_deviceid": "d", "hr": {"1000": 60}}
        night = {"id": 1, "startdate": 900, "enddate": 2000, "date": "1970-01-01", "data": {}, "modified": 1}
        await _load(linked, series=[segment, night])
        plain = await linked.body("/v2/sleep", "get", startdate=0, enddate=5000)
        full = await linked.body("/v2/sleep", "get", startdate=0, enddate=5000, data_fields="hr")
        assert full["series"] == [segment]
        assert "hr" not in plain["series"][0]


class TestHeart:
    async def test_lists_recordings_and_gives_the_signal_of_each(self, cloud: Driver) -> None:
        await cloud.faults(quota=False)
        linked = await cloud.link()
        rows = (await linked.body("/v2/heart", "list"))["series"]
        assert rows
        for row in rows:
            body = await linked.body("/v2/heart", "get", signalid=row["ecg"]["signalid"])
            length, frequency = (10_000, 500) if row["model"] == 44 else (9_000, 300)
            assert (len(body["signal"]), body["sampling_frequency"]) == (length, frequency)
            assert 700 < max(body["signal"]) < 1_500

    async def test_lists_by_time(self, linked: Linked) -> None:
        rows = (await linked.body("/v2/heart", "list"))["series"]
        at = rows[0]["timestamp"]
        assert (await linked.body("/v2/heart", "list", startdate=at, enddate=at))["series"] == [rows[0]]
        assert (await linked.body("/v2/heart", "list", enddate=1))["series"] == []

    async def test_gives_heart_sounds_as_a_law_codes(self, linked: Linked) -> None:
        row = {"signalid": 9, "vhd": 0, "timestamp": 1000, "timezone": "Europe/Paris", "hash_deviceid": "d"}
        await _load(linked, series=[row])
        assert (await linked.body("/v2/stetho", "list"))["series"] == [row]
        body = await linked.body("/v2/stetho", "get", signalid=9)
        assert len(body["signal"]) == body["frequency"] * body["duration"]
        assert all(0 <= code <= 255 for code in body["signal"])


class TestUser:
    async def test_shows_devices_whose_sessions_may_be_unknown(self, cloud: Driver) -> None:
        added = await cloud.control("POST", "/people", {})
        linked = await cloud.link(person=added["userid"])
        devices = (await linked.body("/v2/user", "getdevice"))["devices"]
        assert len(devices) == 5
        assert {device["last_session_date"] for device in devices} == {None}

    async def test_shows_an_empty_list_where_there_are_no_goals(self, cloud: Driver) -> None:
        added = await cloud.control("POST", "/people", {})
        linked = await cloud.link(person=added["userid"])
        assert await linked.body("/v2/user", "getgoals") == {"goals": []}
