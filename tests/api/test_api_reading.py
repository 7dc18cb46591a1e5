"""What all calls of the read API share: whose records, pages, what has not changed, and live ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.readers import EPOCH_NOON, Reader, slept, weighed
from api.running import OTHER_USER, USER, Browser, Cloud, alone, beside, given_links, given_records
from builders import DAY, NOON, an_account
from fakes import FailingSyncs
from withings_bridge.domain.errors import SyncFailed

LISTS = [
    *("/measurements", "/activity", "/activity/intraday", "/sleep", "/sleep/7/stages", "/workouts", "/ecg"),
    *("/stetho", "/events"),
]
CALLS = [*LISTS, "/devices", "/goals", "/latest", "/changes"]
each_list = pytest.mark.parametrize("path", LISTS)
each_call = pytest.mark.parametrize("path", CALLS)


@pytest.fixture
async def reader(reader: Reader) -> Reader:
    await reader.has(slept(7), weighed(1))
    return reader


class TestEachCall:
    @each_call
    async def test_is_answered_while_there_is_nothing(self, reader: Reader, path: str) -> None:
        assert (await reader.asked(path)).status_code == 200

    @each_call
    async def test_says_when_nothing_has_changed(self, reader: Reader, path: str) -> None:
        reply = await reader.asked(path)
        etag = reply.headers["etag"]
        assert etag.startswith('W/"')
        assert reply.headers["cache-control"] == "private, no-cache"
        again = await reader.asked(path, {"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (etag, "private, no-cache")
        await reader.has(weighed(2))
        changed = await reader.asked(path, {"If-None-Match": etag})
        assert (changed.status_code, changed.headers["etag"] != etag) == (200, True)

    @each_call
    async def test_says_so_before_anything_is_read(
        self, reader: Reader, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        etag = (await reader.asked(path)).headers["etag"]
        for name in ("page", "get", "changes", "zone", "latest", "stature"):
            monkeypatch.setattr(f"withings_bridge.services.history.browsing.History.{name}", None)
        assert (await reader.asked(path, {"If-None-Match": etag})).status_code == 304

    @each_call
    async def test_is_refused_for_who_is_not_linked(self, reader: Reader, path: str) -> None:
        assert (await reader.refused(path, userId=OTHER_USER))[:2] == (401, "not_linked")

    @pytest.mark.parametrize("path", [path for path in CALLS if path != "/events"])
    async def test_syncs_first_when_it_must_be_live(self, reader: Reader, path: str) -> None:
        reader.bridge.services = replace(reader.bridge.services, requesting=FailingSyncs(SyncFailed()))
        assert (await reader.asked(path)).status_code == 200
        assert (await reader.refused(path, live="true"))[:2] == (503, "sync_failed")

    async def test_is_about_the_one_user_and_nobody_else(self, tmp_path: Path) -> None:
        """Not even by a cursor or a tag of somebody else's."""
        await given_links(tmp_path, an_account("1234", USER), an_account("5678", OTHER_USER))
        for userid in ("1234", "5678"):
            records = [weighed(n, at=EPOCH_NOON - n) for n in (1, 2)]
            await given_records(tmp_path, *records, userid=userid)
        await given_records(tmp_path, slept(7), userid="5678")
        async with alone(tmp_path) as bridge:
            reader = Reader(bridge, tmp_path)
            assert await reader.all("/sleep") == []
            theirs = await reader.asked("/measurements", userId=OTHER_USER, limit=1)
            etag, cursor = theirs.headers["etag"], theirs.json()["next"]
            assert (await reader.refused("/measurements", cursor=cursor))[:2] == (400, "cursor_refused")
            mine = await reader.asked("/measurements", {"If-None-Match": etag})
            assert mine.status_code == 200


class TestEachList:
    @each_list
    async def test_refuses_a_cursor_that_is_damaged(self, reader: Reader, path: str) -> None:
        for cursor in ("", "x", "dGhpcyBpcyBvcGFxdWU", "é", "A" * 2048):
            assert (await reader.refused(path, cursor=cursor))[:2] == (400, "cursor_refused")

    @each_list
    async def test_refuses_what_makes_no_sense(self, reader: Reader, path: str) -> None:
        for query in (
            {"limit": 0},
            {"limit": 501},
            {"order": "up"},
            {"units": "stones"},
            {"cursor": "A" * 2049},
        ):
            reply = await reader.asked(path, **query)
            assert (reply.status_code, reply.json()["detail"][0]["field"]) == (422, next(iter(query)))

    @each_list
    async def test_refuses_a_range_that_makes_no_sense(self, reader: Reader, path: str) -> None:
        if path.endswith("stages"):
            return
        for query in (
            {"from": "2026-03-02T12:00:00"},
            {"to": "yesterday"},
            {"from": "2026-03-03", "to": "2026-03-02"},
        ):
            reply = await reader.asked(path, **query)
            assert (reply.status_code, reply.json()["detail"][0]["field"]) == (422, next(iter(query)))

    async def test_refuses_a_cursor_of_another_list_order_or_link(
        self, reader: Reader, tmp_path: Path
    ) -> None:
        await reader.has(slept(8, at=EPOCH_NOON + 1), slept(9, at=EPOCH_NOON + 2))
        cursor = (await reader.got("/sleep", limit=1))["next"]
        for path, order in (("/sleep", "asc"), ("/ecg", "desc"), ("/sleep/7/stages", "desc")):
            assert (await reader.refused(path, order=order, cursor=cursor))[:2] == (400, "cursor_refused")
        assert [night["id"] for night in (await reader.got("/sleep", cursor=cursor))["items"]] == ["8", "7"]
        since = (await reader.got("/changes"))["next"]
        assert (await reader.refused("/sleep", cursor=since))[:2] == (400, "cursor_refused")
        assert (await reader.refused("/changes", since=cursor))[:2] == (400, "cursor_refused")

    async def test_begins_with_the_newest_unless_told_otherwise(self, reader: Reader) -> None:
        await reader.has(slept(8, at=EPOCH_NOON + 1))
        assert [night["id"] for night in await reader.all("/sleep")] == ["8", "7"]
        assert [night["id"] for night in await reader.all("/sleep", order="asc", limit=1)] == ["7", "8"]


class TestAnAppInABrowser:
    async def test_may_read_tags_and_send_them_back(self, reader: Reader) -> None:
        origin = {"Origin": "http://localhost:5173"}
        reply = await reader.asked("/sleep", origin)
        assert "ETag" in reply.headers["access-control-expose-headers"]
        asking = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
        allowed = await reader.bridge.http.options("/api/withings/sleep", headers=origin | asking)
        assert allowed.status_code == 200
        again = await reader.asked("/sleep", origin | {"If-None-Match": reply.headers["etag"]})
        assert (again.status_code, again.headers["access-control-allow-origin"]) == (304, origin["Origin"])


class TestLive:
    async def test_has_what_withings_was_not_asked_for_yet(self, cloud: Cloud, tmp_path: Path) -> None:
        async with beside(cloud, tmp_path) as bridge:
            await Browser(bridge, bridge.http).link()
            reader = Reader(bridge, tmp_path)
            items = (await reader.got("/measurements", live="true"))["items"]
            assert [item["metric"] for item in items] == ["height"]

    async def test_asks_withings_for_what_the_answer_is_made_of_and_nothing_else(
        self, cloud: Cloud, tmp_path: Path
    ) -> None:
        async with beside(cloud, tmp_path, withings_sleep_detail=True) as bridge:
            await Browser(bridge, bridge.http).link()
            reader = Reader(bridge, tmp_path)
            await bridge.sync()
            await cloud.tell("PUT", "/faults", {"same_arguments": False, "lose_notifications": True})
            person = await cloud.person()
            await bridge.settled(str(person))
            night = (await cloud.tell("POST", f"/people/{person}/nights", {"hours": 7}))["row"]

            async def asked(path: str) -> set[str]:
                await cloud.tell("DELETE", "/requests")
                await reader.got(path, live="true")
                calls = await cloud.tell("GET", "/requests")
                return {f"{call['path']} {call['action']}" for call in calls}

            assert await asked("/measurements") == {"/measure getmeas"}
            assert await asked("/activity") == {"/v2/measure getactivity"}
            assert await asked("/activity/intraday") == set()  # switched off
            assert await asked("/workouts") == {"/v2/measure getworkouts"}
            assert await asked("/ecg") == {"/v2/heart list"}
            assert await asked("/stetho") == {"/v2/stetho list"}
            assert await asked("/events") == set()
            assert await asked("/sleep") >= {"/v2/sleep getsummary"}
            stages = f"/sleep/{night['id']}/stages"
            await cloud.tell("PATCH", f"/people/{person}/nights/{night['id']}", {"hours": 6})
            assert await asked(stages) == {"/v2/sleep getsummary", "/v2/sleep get"}
            assert (await reader.got(stages))["items"]


class TestALongTime:
    async def test_is_no_error_at_the_ends_of_the_calendar(self, reader: Reader) -> None:
        """A device whose clock was not set."""
        await reader.has(weighed(2, at=0), weighed(3, at=253402300799, timezone="Pacific/Kiritimati"))
        ends = [item["local"] for item in await reader.all("/measurements")]
        assert (ends[0], ends[-1]) == ("9999-12-31T23:59:59+00:00", "1970-01-01T00:00:00+00:00")
        query = {"from": "0001-01-01", "to": "9999-12-31"}
        assert len(await reader.all("/measurements", **query)) == 3


class TestPagesOfALink:
    async def test_end_with_it(self, tmp_path: Path) -> None:
        """Linked again after a purge, it is another list."""
        cursors: list[str] = []
        for linked_at in (NOON, NOON + DAY):
            folder = tmp_path / str(linked_at.day)
            folder.mkdir()
            await given_links(folder, an_account("1234", USER, linked_at=linked_at))
            await given_records(folder, weighed(1), weighed(2))
            async with alone(folder) as bridge:
                reader = Reader(bridge, folder)
                for cursor in cursors:
                    assert (await reader.refused("/measurements", cursor=cursor))[:2] == (
                        400,
                        "cursor_refused",
                    )
                cursors.append((await reader.got("/measurements", limit=1))["next"])
