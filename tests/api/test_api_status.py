from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from api.running import OTHER_USER, PAIR, USER, alone, given_links, settings
from builders import DAY, HOUR, MINUTE, NOON, NOON_MS, a_record, a_weight, an_account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.imports import Backfill
from withings_bridge.domain.inbox import Work
from withings_bridge.domain.troubles import Trouble
from withings_bridge.services.oversight.reporting import Reporting
from withings_bridge.storage.sqlite import SqliteStorage

LATER = NOON + 12 * MINUTE


class TestStatus:
    async def test_a_linked_user_is_told_in_the_shape_that_the_app_knows(self, tmp_path: Path) -> None:
        synced_at = NOON + timedelta(minutes=2, milliseconds=7)
        account = an_account("1234", USER, synced_at=synced_at, fetched_at=NOON + MINUTE)
        await given_links(tmp_path, account)
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            reply = await bridge.http.get("/api/status", params={"userId": USER})
        assert reply.status_code == 200
        assert reply.json() == {
            "authenticated": True,
            "userid": "1234",
            "access_token_preview": "access-01234...",
            "token_age_minutes": 12,
            "expires_in_minutes": 168,
            "last_sync": "2026-03-02T12:02:00.007Z",
            "last_data_fetch": "2026-03-02T12:01:00.000Z",
            "importing": None,
            "held_back": 0,
            "last_held_back": None,
        }

    async def test_an_import_that_runs_is_told_as_a_share(self, tmp_path: Path) -> None:
        half_done = Backfill(since=NOON - 184 * DAY, until=NOON - 92 * DAY, began_at=NOON)
        # As it failed, it waits here for its retry.
        trouble = Trouble(1, "Transient", NOON, LATER + HOUR)
        work = {Category.MEASURES: Work(backfill=half_done, backfill_trouble=trouble)}
        await given_links(tmp_path, an_account("1234", USER, work=work))
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            assert (await bridge.http.get("/api/status")).json()["importing"] == 0.5

    async def test_groups_that_may_be_another_persons_are_counted(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with SqliteStorage(settings(tmp_path).sqlite_path) as storage:
            doubtful = {"attrib": 1, "date": NOON_MS // 1000, "measures": [a_weight()]}
            found = [a_record("1"), a_record("2", body=doubtful), a_record("3", at=NOON - DAY, body=doubtful)]
            await storage.records.save("1234", found, now=NOON)
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            status = (await bridge.http.get("/api/status")).json()
        assert (status["held_back"], status["last_held_back"]) == (2, "2026-03-02T12:00:00.000Z")

    async def test_the_preview_is_twelve_characters_and_no_more_of_the_token(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            reply = await bridge.http.get("/api/status")
        assert reply.json()["access_token_preview"] == f"{PAIR.access_token[:12]}..."
        assert PAIR.access_token[:13] not in reply.text

    async def test_what_has_not_happened_yet_is_null(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            status = (await bridge.http.get("/api/status")).json()
        assert status["last_sync"] is None
        assert status["last_data_fetch"] is None

    async def test_without_an_id_it_is_the_only_linked_user(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            assert (await bridge.http.get("/api/status")).json()["userid"] == "1234"

    async def test_several_linked_users_want_one_named(self, tmp_path: Path) -> None:
        await given_links(tmp_path, an_account("1234", USER), an_account("5678", OTHER_USER))
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            reply = await bridge.http.get("/api/status")
            named = await bridge.http.get("/api/status", params={"userId": OTHER_USER})
        assert reply.status_code == 200
        assert reply.json() == {"authenticated": False, "message": "Name the user: several are linked."}
        assert named.json()["userid"] == "5678"

    async def test_two_users_of_one_account_are_several_too(self, tmp_path: Path) -> None:
        await given_links(tmp_path, an_account("1234", USER, OTHER_USER))
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            assert (await bridge.http.get("/api/status")).json()["authenticated"] is False

    async def test_a_user_who_is_not_linked_is_told_what_to_do(self, tmp_path: Path) -> None:
        await given_links(tmp_path)
        async with alone(tmp_path, clock=lambda: LATER) as bridge:
            reply = await bridge.http.get("/api/status", params={"userId": OTHER_USER})
        assert reply.status_code == 200
        assert reply.json()["authenticated"] is False
        assert "/api/withings/auth/initiate" in reply.json()["message"]

    async def test_with_nobody_linked_nobody_is_authenticated(self, tmp_path: Path) -> None:
        async with alone(tmp_path) as bridge:
            status = (await bridge.http.get("/api/status")).json()
        assert status["authenticated"] is False
        assert status["message"]

    async def test_an_id_that_can_be_nobodys_is_refused_without_being_repeated(self, tmp_path: Path) -> None:
        async with alone(tmp_path) as bridge:
            reply = await bridge.http.get("/api/status", params={"userId": "x" * 129})
        assert reply.status_code == 422
        assert reply.json()["code"] == "invalid_request"
        assert "userId" in reply.json()["error"]
        assert "xxx" not in reply.text

    async def test_a_silent_store_is_no_missing_link(self, tmp_path: Path) -> None:
        """The app must not offer to connect anew because a store is down for a minute."""
        closed = SqliteStorage(tmp_path / "closed.db")
        async with alone(tmp_path) as bridge:
            windows = {Category.MEASURES: 365 * DAY}
            reporting = Reporting(storage=closed, links=closed.links, windows=windows, clock=lambda: LATER)
            bridge.services = replace(bridge.services, reporting=reporting)
            reply = await bridge.http.get("/api/status")
        assert reply.status_code == 503
        assert reply.headers["retry-after"] == "10"
        assert reply.json()["code"] == "storage_unavailable"
