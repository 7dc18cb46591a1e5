"""Which calls a mishap hits, and the control calls around it."""

from typing import Any

import httpx
import pytest

from unit.sandbox.sandbox_driver import Driver, Linked, opened
from withings_bridge.sandbox import SandboxOptions


async def _statuses(linked: Linked, calls: int) -> list[int]:
    """Of so many calls of an action that may be repeated."""
    return [(await linked.call("/notify", "list"))["status"] for _ in range(calls)]


class TestWhichCalls:
    async def test_are_hit_is_said_by_their_action_and_path(self, linked: Linked) -> None:
        await linked.driver.plan("empty", action="list", path="/v2/heart")
        assert (await linked.call("/notify", "list"))["status"] == 0
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 0
        assert (await linked.ask("/v2/heart", "list")).content == b""

    async def test_are_hit_is_said_by_the_person(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=0, people=2)) as cloud:
            people = [person["userid"] for person in await cloud.control("GET", "/people")]
            one, other = [await cloud.link(person=userid) for userid in people]
            await cloud.plan("status", status=522, userid=other.userid, times=None)
            assert await _statuses(one, 1) == [0]
            assert await _statuses(other, 1) == [522]
            assert (await cloud.refresh(one.refresh_token))["status"] == 0
            assert (await cloud.refresh(other.refresh_token))["status"] == 522
            assert (await cloud.exchange(await cloud.consent(person=one.userid)))["status"] == 0
            assert (await cloud.exchange(await cloud.consent(person=other.userid)))["status"] == 522

    async def test_can_be_those_for_later_pages(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=20, page_size=5)) as cloud:
            linked = await cloud.link()
            await cloud.plan("cut", action="getmeas", later_pages=True)
            first = await linked.body("/measure", "getmeas", lastupdate=0)
            with pytest.raises(httpx.RemoteProtocolError):
                await linked.call("/measure", "getmeas", lastupdate=0, offset=first["offset"])
            again = await linked.body("/measure", "getmeas", lastupdate=0, offset=first["offset"])
        assert len(again["measuregrps"]) == 5

    async def test_are_so_many_after_so_many(self, linked: Linked) -> None:
        await linked.driver.plan("status", status=522, skip=1, times=2)
        assert await _statuses(linked, 4) == [0, 522, 522, 0]

    async def test_can_be_all_until_the_mishap_is_removed(self, linked: Linked) -> None:
        number = await linked.driver.plan("status", status=522, times=None)
        assert await _statuses(linked, 3) == [522] * 3
        await linked.driver.control("DELETE", f"/mishaps/{number}")
        assert await _statuses(linked, 1) == [0]

    async def test_follow_chance_and_the_same_chance_after_clearing(self, linked: Linked) -> None:
        fates = []
        for _ in range(2):
            await linked.driver.plan("status", status=522, times=None, probability=0.5)
            fates.append(await _statuses(linked, 40))
            await linked.driver.control("DELETE", "/mishaps")
        assert fates[0] == fates[1]
        assert 8 < fates[0].count(522) < 32

    async def test_meet_the_first_mishap_that_hits_them_and_no_other(self, linked: Linked) -> None:
        await linked.driver.plan("status", status=522)
        await linked.driver.plan("status", status=215)
        assert await _statuses(linked, 3) == [522, 215, 0]


class TestTheQuota:
    async def test_counts_calls_that_meet_a_mishap(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=0, quota_per_minute=3)) as cloud:
            linked = await cloud.link()
            await cloud.plan("status", status=522, times=2)
            assert await _statuses(linked, 3) == [522, 522, 601]

    async def test_comes_before_mishaps(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=0, quota_per_minute=1)) as cloud:
            linked = await cloud.link()
            await cloud.plan("status", status=522)
            assert await _statuses(linked, 1) == [601]
            assert [shown["hits"] for shown in await cloud.control("GET", "/mishaps")] == [0]


class TestTheControls:
    async def test_list_what_was_added_and_how_often_it_hit(self, linked: Linked) -> None:
        number = await linked.driver.plan("status", status=522, action="list", times=2)
        await _statuses(linked, 1)
        (shown,) = await linked.driver.control("GET", "/mishaps")
        assert (shown["id"], shown["hits"], shown["over"]) == (number, 1, False)
        assert shown["mishap"]["status"] == 522
        await _statuses(linked, 2)
        (shown,) = await linked.driver.control("GET", "/mishaps")
        assert (shown["hits"], shown["over"]) == (2, True)

    async def test_name_the_mishap_of_each_entry_of_the_journal(self, linked: Linked) -> None:
        cloud = linked.driver
        numbers = [await cloud.plan(kind) for kind in ("http", "empty", "incomplete")]
        for _ in range(4):
            await linked.ask("/notify", "list")
        entries = (await cloud.control("GET", "/requests"))[-4:]
        assert [(entry["mishap"], entry["mishap_id"], entry["status"]) for entry in entries] == [
            ("http", numbers[0], 502),
            ("empty", numbers[1], None),
            ("incomplete", numbers[2], 0),
            (None, None, 0),
        ]
        assert {entry["userid"] for entry in entries} == {linked.userid}

    async def test_are_on_the_console(self, linked: Linked) -> None:
        await linked.driver.plan("incomplete", action="getmeas")
        assert "incomplete" in (await linked.driver.http.get("/sandbox")).text

    @pytest.mark.parametrize(
        "mishap",
        [
            {"kind": "flood"},
            {"kind": "status"},
            {"kind": "lost", "action": "getmeass"},
            {"kind": "lost", "action": "getmeas", "path": "/v2/user"},
            {"kind": "lost", "time": 2},
            {"kind": "lost", "times": 0},
            {"kind": "http", "http_status": 200},
            {"kind": "empty", "probability": 0},
        ],
    )
    async def test_refuse_what_could_never_happen(self, cloud: Driver, mishap: dict[str, Any]) -> None:
        assert (await cloud.http.post("/sandbox/mishaps", json=mishap)).status_code == 422

    async def test_do_not_find_what_is_not_there(self, cloud: Driver) -> None:
        assert (await cloud.http.delete("/sandbox/mishaps/7")).status_code == 404
