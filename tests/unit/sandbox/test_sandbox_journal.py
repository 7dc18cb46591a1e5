from datetime import UTC, datetime, timedelta

import pytest

from unit.sandbox.sandbox_driver import NOON, Linked, StandingTime, opened
from withings_bridge.sandbox import Clock, SandboxOptions
from withings_bridge.sandbox.journal import KEPT, Journal

TOO_MANY, SAME = "Too Many Requests", "Same arguments in less than 10 seconds"


def _noted(journal: Journal, *seconds: float, path: str = "/measure") -> None:
    """Calls at so many seconds after noon."""
    for second in seconds:
        at = datetime.fromtimestamp(NOON, UTC) + timedelta(seconds=second)
        journal.note(at=at, method="POST", path=path, parameters={}, userid=None, status=0)


class TestRequests:
    async def test_are_told_without_tokens_or_secrets(self, linked: Linked) -> None:
        await linked.call(
            "/notify", "get", callbackurl="http://webhook.test/in?secret=hidden", access_token="hidden"
        )
        entries = await linked.driver.control("GET", "/requests")
        assert "hidden" not in str(entries)
        assert linked.refresh_token not in str(entries)
        assert [entry["action"] for entry in entries] == ["", "requesttoken", "get"]
        assert entries[1]["parameters"] == {
            "client_id": "sandbox",
            "grant_type": "authorization_code",
            "redirect_uri": "http://localhost:5001/callback",
        }
        assert (entries[2]["status"], entries[2]["userid"]) == (286, linked.userid)

    async def test_can_be_counted_and_forgotten(self, linked: Linked) -> None:
        for lastupdate in range(3):
            await linked.call("/measure", "getmeas", lastupdate=lastupdate)
        http = linked.driver.http
        counted = (await http.get("/sandbox/requests", params={"action": "getmeas"})).json()
        later = (await http.get("/sandbox/requests", params={"after": counted[0]["id"]})).json()
        assert (len(counted), len(later)) == (3, 2)
        await linked.driver.control("DELETE", "/requests")
        assert await linked.driver.control("GET", "/requests") == []

    async def test_tell_the_moment_and_the_text_of_each(self) -> None:
        time = StandingTime(NOON + 0.25)
        async with opened(SandboxOptions(auto_approve=True, days=0), Clock(time)) as cloud:
            linked = await cloud.link()
            time.at += 0.000125
            for _ in range(2):
                await linked.call("/v2/user", "getdevice")
            granted, refused = (await cloud.control("GET", "/requests?action=getdevice"))[-2:]
        assert (granted["status"], granted["error"], granted["at"]) == (0, "", "2026-11-23T12:00:00.250125Z")
        assert (refused["status"], refused["error"]) == (601, SAME)

    async def test_tell_whose_token_was_refused(self, linked: Linked) -> None:
        await linked.do("unlink")
        await linked.driver.refresh(linked.refresh_token)
        await linked.call("/v2/user", "getdevice")
        entries = (await linked.driver.control("GET", "/requests"))[-2:]
        assert [(entry["status"], entry["userid"]) for entry in entries] == [
            (503, linked.userid),
            (401, linked.userid),
        ]

    async def test_tell_the_moment_of_the_quota_and_not_of_the_end(self, linked: Linked) -> None:
        """A slow reply is noted when its work is done, and dated when it came in."""
        await linked.driver.plan("slow", seconds=0.01)
        await linked.call("/v2/user", "getdevice")
        (entry,) = (await linked.driver.control("GET", "/requests"))[-1:]
        assert datetime.fromisoformat(entry["at"]).timestamp() == NOON


class TestTheJournal:
    @pytest.mark.slow
    def test_keeps_the_last_tens_of_thousands(self) -> None:
        journal = Journal()
        _noted(journal, *range(KEPT + 3))
        assert len(journal.entries()) == KEPT
        assert [entry.id for entry in journal.entries(after=KEPT + 1)] == [KEPT + 2, KEPT + 3]
        assert [entry.id for entry in journal.last(2)] == [KEPT + 3, KEPT + 2]


class TestTotals:
    @pytest.mark.parametrize(
        ("moments", "most"),
        [
            ((), 0),
            ((0,), 1),
            ((0, 59.999999), 2),
            ((0, 60), 1),
            ((0, 1, 59, 60, 60.5, 120), 4),
            ((90, 0, 30, 60, 45), 3),
        ],
    )
    def test_tell_the_busiest_minute(self, moments: tuple[float, ...], most: int) -> None:
        journal = Journal()
        _noted(journal, *moments)
        assert journal.totals().busiest_minute == most

    def test_leave_out_the_consent_page(self) -> None:
        journal = Journal()
        _noted(journal, 0, 1, path="/oauth2_user/authorize2")
        _noted(journal, 2)
        totals = journal.totals()
        assert (totals.calls, totals.busiest_minute, len(totals.answers)) == (1, 1, 1)

    async def test_tell_how_calls_ended_by_text_and_mishap(self) -> None:
        options = SandboxOptions(auto_approve=True, days=0, quota_per_minute=6)
        async with opened(options) as cloud:
            linked = await cloud.link()
            last = (await cloud.control("GET", "/requests"))[-1]["id"]
            await cloud.plan("status", status=601, action="list")
            for path, action in [("/notify", "list")] * 2 + [("/v2/user", "getdevice")] * 6:
                await linked.call(path, action)
            totals = await cloud.control("GET", f"/requests/totals?after={last}")
        assert (totals["calls"], totals["busiest_minute"]) == (8, 8)
        told = {
            (row["action"], row["status"], row["error"], row["mishap"]): row["calls"]
            for row in totals["answers"]
        }
        assert told == {
            ("list", 601, TOO_MANY, "status"): 1,
            ("list", 0, "", None): 1,
            ("getdevice", 0, "", None): 1,
            ("getdevice", 601, SAME, None): 2,
            ("getdevice", 601, TOO_MANY, None): 3,
        }
