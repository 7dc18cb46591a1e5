from typing import Any

import pytest

from unit.sandbox.sandbox_driver import NOON, Driver, Linked
from withings_bridge.sandbox.world.records import Service


async def _last_groups(linked: Linked) -> list[dict[str, Any]]:
    body = await linked.body("/measure", "getmeas", lastupdate=int(NOON) - 1)
    groups: list[dict[str, Any]] = body["measuregrps"]
    return groups


class TestPeople:
    async def test_are_listed_with_what_they_have(self, linked: Linked) -> None:
        people = await linked.driver.control("GET", "/people")
        assert [(person["name"], person["linked"]) for person in people] == [("Person 1", True)]
        assert people[0]["records"]["nights"] > 10

    async def test_can_be_added_and_closed(self, cloud: Driver) -> None:
        added = await cloud.control("POST", "/people", {"timezone": "Asia/Tokyo", "devices": False})
        assert added["records"] == {}
        linked = await cloud.link(person=added["userid"])
        assert await linked.body("/v2/user", "getdevice") == {"devices": []}
        await cloud.control("DELETE", f"/people/{added['userid']}")
        assert (await linked.call("/v2/user", "getgoals"))["status"] == 401
        assert (await cloud.http.get(f"/sandbox/people/{added['userid']}")).status_code == 404

    async def test_show_their_devices_as_the_service_does(self, linked: Linked) -> None:
        shown = await linked.driver.control("GET", f"/people/{linked.userid}/devices")
        assert shown == await linked.body("/v2/user", "getdevice")
        assert shown["devices"]

    async def test_live_in_zones_that_exist(self, cloud: Driver) -> None:
        response = await cloud.http.post("/sandbox/people", json={"timezone": "Mars/Olympus"})
        assert response.status_code == 422

    async def test_that_are_unknown_are_not_found(self, cloud: Driver) -> None:
        response = await cloud.http.post("/sandbox/people/1/weighings", json={"kg": 70})
        assert response.status_code == 404

    async def test_unlink_and_their_tokens_die(self, linked: Linked) -> None:
        await linked.driver.control("POST", f"/people/{linked.userid}/unlink")
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 401
        assert (await linked.driver.refresh(linked.refresh_token))["status"] == 503
        assert (await linked.driver.control("GET", f"/people/{linked.userid}"))["linked"] is False


class TestDeeds:
    async def test_a_weighing_is_served_at_once(self, linked: Linked) -> None:
        await linked.driver.control(
            "POST", f"/people/{linked.userid}/weighings", {"kg": 70.25, "fat_percent": 21.5, "pulse": 60}
        )
        scale, pulse = await _last_groups(linked)
        assert (scale["measures"][0]["value"], scale["measures"][0]["unit"]) == (70_250, -3)
        assert scale["date"] == pulse["date"] == int(NOON)
        assert [measure["type"] for measure in pulse["measures"]] == [11]
        devices = (await linked.body("/v2/user", "getdevice"))["devices"]
        assert {d["last_session_date"] for d in devices if d["type"] == "Scale"} == {int(NOON)}

    async def test_a_late_upload_keeps_its_own_date(self, linked: Linked) -> None:
        await linked.driver.control(
            "POST", f"/people/{linked.userid}/weighings", {"kg": 70, "at": "2026-11-01T07:00:00"}
        )
        (group,) = await _last_groups(linked)
        assert group["date"] == 1_793_512_800  # seven o'clock in Paris
        assert group["created"] == group["modified"] == int(NOON)

    async def test_a_weight_typed_in_has_no_device(self, linked: Linked) -> None:
        await linked.driver.control("POST", f"/people/{linked.userid}/weighings", {"kg": 70, "attrib": 2})
        (group,) = await _last_groups(linked)
        assert (group["attrib"], group["deviceid"], group["modelid"]) == (2, None, None)

    async def test_a_blood_pressure_is_one_group(self, linked: Linked) -> None:
        await linked.driver.control(
            "POST",
            f"/people/{linked.userid}/blood-pressures",
            {"systolic": 121, "diastolic": 79, "pulse": 64},
        )
        (group,) = await _last_groups(linked)
        assert {m["type"]: m["value"] for m in group["measures"]} == {9: 79, 10: 121, 11: 64}

    async def test_a_night_without_a_start_has_just_ended(self, linked: Linked) -> None:
        await linked.driver.control("POST", f"/people/{linked.userid}/nights", {"hours": 8})
        rows = (await linked.body("/v2/sleep", "getsummary", lastupdate=int(NOON) - 1))["series"]
        assert [(row["startdate"], row["enddate"]) for row in rows] == [(int(NOON) - 28_800, int(NOON))]

    async def test_a_day_walked_again_is_still_one_row(self, linked: Linked) -> None:
        for steps in (1000, 2500):
            await linked.driver.control("POST", f"/people/{linked.userid}/activity-days", {"steps": steps})
        await linked.driver.control(
            "POST", f"/people/{linked.userid}/activity-days", {"steps": 900, "phone": True}
        )
        body = await linked.body("/v2/measure", "getactivity", lastupdate=int(NOON) - 1)
        assert [(row["brand"], row["steps"]) for row in body["activities"]] == [(1, 2500), (18, 900)]


class TestEdits:
    async def test_of_a_group_keep_its_id_and_raise_modified(self, linked: Linked) -> None:
        made = await linked.driver.control("POST", f"/people/{linked.userid}/weighings", {"kg": 70})
        grpid = made["measuregrps"][0]["grpid"]
        linked.driver.advance(60)
        await linked.driver.control(
            "PATCH",
            f"/people/{linked.userid}/measure-groups/{grpid}",
            {"attrib": 7, "measures": [{"value": 711, "type": 1, "unit": -1, "fm": 3}]},
        )
        (group,) = await _last_groups(linked)
        assert (group["grpid"], group["attrib"], group["modified"]) == (grpid, 7, int(NOON) + 60)
        assert group["measures"] == [{"value": 711, "type": 1, "unit": -1, "fm": 3}]
        assert group["created"] == int(NOON)

    async def test_of_a_day_change_the_trackers_row(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}/activity-days"
        await linked.driver.control("POST", path, {"steps": 10, "phone": True})
        await linked.driver.control("POST", path, {"steps": 20})
        await linked.driver.control("PATCH", f"{path}/2026-11-23", {"steps": 30, "metrics": {"distance": 5}})
        body = await linked.body("/v2/measure", "getactivity", lastupdate=int(NOON) - 1)
        assert [(row["brand"], row["steps"]) for row in body["activities"]] == [(18, 10), (1, 30)]
        assert body["activities"][1]["distance"] == 5

    async def test_of_a_night_move_it_under_the_same_id(self, linked: Linked) -> None:
        made = await linked.driver.control("POST", f"/people/{linked.userid}/nights", {"hours": 8})
        night_id = made["row"]["id"]
        start = int(NOON) - 40_000
        await linked.driver.control(
            "PATCH", f"/people/{linked.userid}/nights/{night_id}", {"start": start, "hours": 6}
        )
        (row,) = (await linked.body("/v2/sleep", "getsummary", lastupdate=int(NOON) - 1))["series"]
        assert (row["id"], row["startdate"], row["enddate"]) == (night_id, start, start + 21_600)
        assert row["data"]["total_timeinbed"] == 21_600

    async def test_of_a_loaded_night_change_what_is_named(self, linked: Linked) -> None:
        night = {"id": 5, "startdate": 100, "enddate": 900, "date": "2026-01-01", "data": {"waso": 1}}
        path = f"/people/{linked.userid}"
        await linked.driver.control("POST", f"{path}/records", {"series": [night]})
        edited = await linked.driver.control("PATCH", f"{path}/nights/5", {"data": {"waso": 2}})
        assert edited["row"] == night | {"data": {"waso": 2}, "modified": int(NOON)}

    @pytest.mark.parametrize("what", ["nights/1", "measure-groups/1", "activity-days/1999-01-01"])
    @pytest.mark.parametrize("method", ["PATCH", "DELETE"])
    async def test_of_what_is_not_there_are_not_found(self, linked: Linked, method: str, what: str) -> None:
        response = await linked.driver.http.request(
            method, f"/sandbox/people/{linked.userid}/{what}", json={}
        )
        assert response.status_code == 404

    async def test_can_be_deletions_of_days_and_nights(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}"
        made = await linked.driver.control("POST", f"{path}/nights", {})
        for phone in (True, False):
            await linked.driver.control("POST", f"{path}/activity-days", {"steps": 5, "phone": phone})
        assert await linked.driver.control("DELETE", f"{path}/nights/{made['row']['id']}") == {"deleted": 1}
        assert await linked.driver.control("DELETE", f"{path}/activity-days/2026-11-23") == {"deleted": 2}
        nights = await linked.body("/v2/sleep", "getsummary", lastupdate=int(NOON) - 1)
        days = await linked.body("/v2/measure", "getactivity", lastupdate=int(NOON) - 1)
        assert (nights["series"], days["activities"]) == ([], [])

    async def test_of_any_record_names_it_as_its_service_does(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}"
        ecg = {"timestamp": int(NOON), "deviceid": "w", "ecg": {"signalid": 7, "afib": 0}, "model": 93}
        workout = {"id": 8, "category": 1, "startdate": int(NOON), "date": "2026-11-23", "data": {}}
        day = {"date": "2026-11-23", "deviceid": "w", "modelid": 93, "steps": 5}
        rows = {"series": [ecg, workout], "activities": [day], "replace": True}
        await linked.driver.control("POST", f"{path}/records", rows)
        for named in ("heart/7", "workouts/8", "activity/2026-11-23/w/93"):
            reply = await linked.driver.control("DELETE", f"{path}/records/{named}")
            assert reply == {"deleted": 1}
        assert (await linked.driver.control("GET", path))["records"] == {}

    async def test_does_not_bring_back_what_had_its_name_before(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}"
        for seconds in (0, 60):
            await linked.driver.faults(deletions_show_after_seconds=seconds)
            await linked.driver.control("POST", f"{path}/activity-days", {"steps": 5})
            await linked.driver.control("DELETE", f"{path}/activity-days/2026-11-23")
        days = await linked.body("/v2/measure", "getactivity", lastupdate=int(NOON) - 1)
        assert len(days["activities"]) == 1


class TestLoading:
    async def test_takes_the_place_of_everything_when_told_to(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}"
        row = {"date": "2026-01-01", "deviceid": None, "steps": 9, "odd": "kept"}
        loaded = await linked.driver.control(
            "POST",
            f"{path}/records",
            {"activities": [row], "replace": True, "goals": {"steps": 7}, "devices": []},
        )
        assert loaded == {"records": 1}
        assert (await linked.driver.control("GET", path))["records"] == {"activity": 1}
        body = await linked.body("/v2/measure", "getactivity", lastupdate=0)
        assert body["activities"] == [row]
        assert await linked.body("/v2/user", "getgoals") == {"goals": {"steps": 7}}
        assert await linked.body("/v2/user", "getdevice") == {"devices": []}

    async def test_tells_the_rows_of_a_series_apart(self, linked: Linked) -> None:
        series = [
            {"id": 1, "startdate": 1, "enddate": 2, "date": "2026-01-01", "data": {}},
            {"id": 2, "category": 1, "startdate": 1, "enddate": 2, "date": "2026-01-01", "data": {}},
            {"startdate": 1, "enddate": 2, "state": 1},
            {"timestamp": 1, "ecg": {"signalid": 3, "afib": 0}},
            {"timestamp": 1, "signalid": 4, "vhd": 0},
        ]
        path = f"/people/{linked.userid}"
        await linked.driver.control("POST", f"{path}/records", {"series": series, "replace": True})
        assert (await linked.driver.control("GET", path))["records"] == dict.fromkeys(
            ("heart", "nights", "segments", "stetho", "workouts"), 1
        )

    async def test_replaces_rows_of_the_same_key(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}/records"
        for value in (1, 2):
            group = {
                "grpid": 1,
                "date": 5,
                "modified": 5,
                "measures": [{"type": 1, "value": value, "unit": 0}],
            }
            await linked.driver.control("POST", path, {"measuregrps": [group]})
        shown = await linked.driver.control("GET", f"{path}/measures")
        assert [g["measures"][0]["value"] for g in shown["rows"] if g["grpid"] == 1] == [2]

    async def test_can_stamp_rows_as_an_upload_would(self, linked: Linked) -> None:
        group = {"grpid": 1, "date": 5, "modified": 5, "measures": []}
        await linked.driver.control(
            "POST", f"/people/{linked.userid}/records", {"measuregrps": [group], "stamp": True}
        )
        assert [g["grpid"] for g in await _last_groups(linked)] == [1]

    async def test_is_told_back_whole_by_service(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}/records"
        whole = await linked.driver.control("GET", path)
        assert sorted(whole) == sorted(Service)
        assert whole["segments"] == []
        for service in Service:
            assert whole[service] == (await linked.driver.control("GET", f"{path}/{service.value}"))["rows"]
        assert await linked.body("/measure", "getmeas", lastupdate=0) | {
            "measuregrps": whole["measures"]
        } == await linked.body("/measure", "getmeas", lastupdate=1)

    async def test_tells_nothing_back_that_is_gone(self, linked: Linked) -> None:
        path = f"/people/{linked.userid}"
        await linked.driver.faults(deletions_show_after_seconds=60)
        made = (await linked.do("nights"))["row"]
        await linked.driver.control("DELETE", f"{path}/nights/{made['id']}")
        assert (await linked.driver.control("GET", f"{path}/records"))["nights"][-1] == made
        linked.driver.advance(60)
        assert made not in (await linked.driver.control("GET", f"{path}/records"))["nights"]

    @pytest.mark.parametrize(
        "rows",
        [{"measuregrps": [{"measures": []}]}, {"series": [{"id": 1}]}, {"activities": [{}]}, {"typo": []}],
    )
    async def test_refuses_rows_that_no_service_could_serve(
        self, linked: Linked, rows: dict[str, object]
    ) -> None:
        response = await linked.driver.http.post(f"/sandbox/people/{linked.userid}/records", json=rows)
        assert response.status_code == 422


class TestFaults:
    async def test_are_shown_and_set(self, cloud: Driver) -> None:
        shown = await cloud.control("GET", "/faults")
        assert (shown["quota"], shown["same_arguments"]) == (True, True)
        assert (await cloud.control("PUT", "/faults", {"quota": False}))["quota"] is False
        assert (await cloud.control("GET", "/faults"))["quota"] is False

    async def test_of_unknown_names_are_refused(self, cloud: Driver) -> None:
        assert (await cloud.http.put("/sandbox/faults", json={"quotas": False})).status_code == 422


class TestClock:
    async def test_moves_forward_only(self, cloud: Driver) -> None:
        moved = await cloud.control("POST", "/clock", {"advance_seconds": 90})
        assert moved == {"now": "2026-11-23T12:01:30Z", "offset_seconds": 90}
        assert (await cloud.http.post("/sandbox/clock", json={"advance_seconds": -1})).status_code == 422


class TestSubscriptions:
    async def test_can_vanish_without_a_word(self, linked: Linked) -> None:
        response = await linked.driver.http.delete("/sandbox/subscriptions", params={"userid": linked.userid})
        assert response.json() == {"deleted": 0}


class TestTheOpenApiDocument:
    async def test_lists_the_controls_and_not_withings_own_paths(self, cloud: Driver) -> None:
        document = await cloud.control("GET", "/openapi.json")
        assert all(path.startswith("/sandbox") for path in document["paths"])
        assert "/sandbox/people/{userid}/weighings" in document["paths"]
