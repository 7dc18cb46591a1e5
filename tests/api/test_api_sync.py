import asyncio
import re
from pathlib import Path

import pytest

from api.running import OTHER_USER, USER, Bridge, Browser, Cloud, alone, given_links
from builders import an_account
from fakes import TickingClock

PATH = "/api/withings/sync"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

LONG_AGO = 1_300_000_000
"""A moment in 2011, in seconds."""

SUMMARY = {
    *("connected", "lastSynced", "userid", "devices", "weight"),
    *("bodyComposition", "activity", "sleep", "metrics"),
}
COMPOSITION = {
    *("height", "bmi", "fatMass", "fatRatio"),
    *("muscleMass", "boneMass", "bodyWater", "fatFreeMass"),
}


@pytest.fixture
async def linked(bridge: Bridge, browser: Browser) -> Bridge:
    """A bridge with one linked user whose first import is done."""
    assert (await browser.link()).status_code == 200
    await bridge.sync()
    return bridge


class TestSummary:
    async def test_it_has_the_shape_that_the_app_knows(self, linked: Bridge, cloud: Cloud) -> None:
        summary = await linked.sync()
        assert set(summary) == SUMMARY
        assert set(summary["bodyComposition"]) == COMPOSITION
        assert summary["connected"] is True
        assert summary["userid"] == str(await cloud.person())
        assert INSTANT.fullmatch(summary["lastSynced"])
        assert [device["type"] for device in summary["devices"]]

    async def test_without_a_weighing_the_weight_is_null(self, linked: Bridge) -> None:
        summary = await linked.sync()
        assert summary["weight"] is None
        assert summary["bodyComposition"]["fatMass"] is None

    async def test_it_brings_the_weighing_that_was_fetched_as_withings_sends_it(
        self, linked: Bridge, cloud: Cloud
    ) -> None:
        await cloud.tell("PUT", "/faults", {"lose_notifications": True})
        weighing = {"kg": 81.3, "fat_percent": 20.2}
        sent = await cloud.tell("POST", f"/people/{await cloud.person()}/weighings", weighing)
        summary = await linked.sync()
        assert [group["grpid"] for group in summary["metrics"]] == [
            group["grpid"] for group in sent["measuregrps"]
        ]
        assert {measure["type"] for measure in summary["metrics"][0]["measures"]} >= {1, 6}

    async def test_the_weight_stays_when_the_next_sync_fetches_nothing(
        self, linked: Bridge, cloud: Cloud
    ) -> None:
        await cloud.tell("POST", f"/people/{await cloud.person()}/weighings", {"kg": 81.3, "fat_percent": 20})
        first, second = await linked.sync(), await linked.sync()
        for summary in (first, second):
            assert summary["weight"]["value"] == 81.3
            assert summary["weight"]["unit"] == "kg"
            assert INSTANT.fullmatch(summary["weight"]["date"])
            assert summary["bodyComposition"]["fatRatio"] == 20

    async def test_steps_and_sleep_come_as_withings_own_records(self, linked: Bridge, cloud: Cloud) -> None:
        await cloud.tell("PUT", "/faults", {"lose_notifications": True})
        person = await cloud.person()
        await cloud.tell("POST", f"/people/{person}/activity-days", {"steps": 4321})
        night = await cloud.tell("POST", f"/people/{person}/nights", {"hours": 7})
        summary = await linked.sync()
        assert [day["steps"] for day in summary["activity"]] == [4321]
        assert [row["id"] for row in summary["sleep"]] == [night["row"]["id"]]


class TestWhoIsMeant:
    """Two users are linked, each to a person of their own; only one is ever meant."""

    @pytest.fixture
    async def both(self, bridge: Bridge, browser: Browser, cloud: Cloud) -> dict[str, str]:
        """Withings' ids by user."""
        second = (await cloud.tell("POST", "/people", {}))["userid"]
        persons = {USER: await cloud.person(), OTHER_USER: second}
        for user, person in persons.items():
            assert (await browser.link(user, person=person)).status_code == 200
        return {user: str(person) for user, person in persons.items()}

    @pytest.mark.parametrize(
        ("body", "query"),
        [
            ({"cognitoUserId": OTHER_USER}, {}),
            ({"userId": OTHER_USER}, {}),
            ({"cognitoUserId": None, "userId": OTHER_USER}, {}),
            ({"cognitoUserId": "", "userId": OTHER_USER}, {}),
            ({"cognitoUserId": OTHER_USER, "userId": USER}, {}),
            (None, {"userId": OTHER_USER}),
            ({}, {"userId": OTHER_USER}),
            ({"cognitoUserId": OTHER_USER}, {"userId": USER}),
            ({"cognitoUserId": OTHER_USER, "what": ["the app", "adds"]}, {}),
        ],
        ids=[
            "cognitoUserId",
            "userId",
            "null beside an id",
            "empty beside an id",
            "both names",
            "query",
            "query with an empty body",
            "body before query",
            "keys nobody knows",
        ],
    )
    async def test_every_way_to_name_a_user_names_that_one(
        self,
        bridge: Bridge,
        both: dict[str, str],
        body: dict[str, object] | None,
        query: dict[str, str],
    ) -> None:
        reply = await bridge.http.post(PATH, params=query, json=body)
        assert reply.status_code == 200, reply.text
        assert reply.json()["userid"] == both[OTHER_USER]

    @pytest.mark.parametrize("body", [None, {}, {"cognitoUserId": ""}])
    async def test_with_several_linked_one_must_be_named(
        self, bridge: Bridge, both: dict[str, str], body: dict[str, str] | None
    ) -> None:
        reply = await bridge.http.post(PATH, json=body)
        assert reply.status_code == 400
        assert reply.json()["error"] == "Name the user: several are linked."
        assert reply.json()["code"] == "user_unknown"


class TestSync:
    async def test_the_only_linked_user_needs_no_name(self, linked: Bridge, cloud: Cloud) -> None:
        reply = await linked.http.post(PATH)
        assert reply.status_code == 200
        assert reply.json()["userid"] == str(await cloud.person())

    async def test_a_full_one_brings_what_is_older_than_a_first_import(
        self, linked: Bridge, cloud: Cloud
    ) -> None:
        group = {"grpid": 1, "attrib": 0, "category": 1, "date": LONG_AGO, "modified": LONG_AGO}
        weight = {"measures": [{"type": 1, "value": 70_000, "unit": -3}]}
        load = {"measuregrps": [group | weight], "notify": False}
        await cloud.tell("POST", f"/people/{await cloud.person()}/records", load)
        assert (await linked.sync())["weight"] is None
        reply = await linked.http.post(PATH, json={"cognitoUserId": USER, "full": True})
        assert reply.status_code == 200, reply.text
        assert reply.json()["weight"]["value"] == 70
        assert 1 not in [told["grpid"] for told in reply.json()["metrics"]]
        assert (await linked.http.get("/api/status")).json()["importing"] is None

    async def test_syncs_at_the_same_time_are_all_answered(self, linked: Bridge, cloud: Cloud) -> None:
        await cloud.tell("POST", f"/people/{await cloud.person()}/weighings", {"kg": 81.3})
        summaries = await asyncio.gather(*(linked.sync() for _ in range(6)))
        assert [summary["weight"]["value"] for summary in summaries] == [81.3] * 6

    async def test_a_user_who_is_not_linked_gets_401_and_the_way_to_link(self, lone: Bridge) -> None:
        reply = await lone.http.post(PATH, json={"cognitoUserId": USER})
        assert reply.status_code == 401
        assert reply.json()["code"] == "not_linked"
        assert "/api/withings/auth/initiate" in reply.json()["error"]

    async def test_with_nobody_linked_nobody_can_be_meant(self, lone: Bridge) -> None:
        assert (await lone.http.post(PATH)).status_code == 401

    async def test_consent_that_was_withdrawn_gets_401(self, linked: Bridge, cloud: Cloud) -> None:
        await cloud.tell("PUT", "/faults", {"lose_notifications": True})
        await cloud.tell("POST", f"/people/{await cloud.person()}/unlink")
        reply = await linked.http.post(PATH, json={"cognitoUserId": USER})
        assert reply.status_code == 401
        assert reply.json()["code"] == "consent_needed"

    async def test_a_withings_that_is_out_of_reach_gets_503_and_when_to_try_again(
        self, tmp_path: Path
    ) -> None:
        await given_links(tmp_path, an_account("1234", USER))
        async with alone(tmp_path, clock=TickingClock()) as bridge:
            reply = await bridge.http.post(PATH, json={"cognitoUserId": USER})
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) > 0
        assert reply.json()["error"]


class TestBadRequests:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b'{"cognitoUserId": ', "not valid JSON"),
            (b'["u-1"]', "must be a JSON object"),
            (b'"u-1"', "must be a JSON object"),
            (b'{"cognitoUserId": 17}', "cognitoUserId"),
            (b'{"userId": {"id": "u-1"}}', "userId"),
            (b'{"full": "u-1"}', "full"),
        ],
        ids=["broken", "list", "text", "number", "nested", "no flag"],
    )
    async def test_they_are_told_what_is_wrong(self, lone: Bridge, content: bytes, said: str) -> None:
        reply = await lone.http.post(PATH, content=content, headers={"Content-Type": "application/json"})
        assert reply.status_code == 422
        assert reply.json()["code"] == "invalid_request"
        assert said in reply.json()["error"]
        assert "u-1" not in reply.text

    async def test_a_null_body_names_nobody(self, lone: Bridge) -> None:
        reply = await lone.http.post(PATH, content=b"null", headers={"Content-Type": "application/json"})
        assert reply.status_code == 401
        assert reply.json()["code"] == "not_linked"
