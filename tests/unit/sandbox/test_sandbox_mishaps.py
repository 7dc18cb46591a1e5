"""Each kind of mishap as a caller meets it over ASGI. Over a real port: tests/contract/sandbox."""

import time
from typing import Any

import httpx
import pytest
import respx

from unit.sandbox.sandbox_driver import REDIRECT_URI, WEBHOOK, Driver, Linked, opened
from withings_bridge.sandbox import SandboxOptions


class TestAnAnswerInstead:
    @pytest.mark.parametrize(
        ("how", "error", "body"),
        [
            ({"status": 522}, "Timeout", {}),
            ({"status": 215}, "An error occurred", {}),
            ({"status": 601, "wait_seconds": 68}, "Too Many Requests", {"wait_seconds": 68}),
            ({"status": 601}, "Too Many Requests", {}),
            (
                {"status": 601, "error": "Same arguments in less than 10 seconds", "wait_seconds": 188},
                "Same arguments in less than 10 seconds",
                {"wait_seconds": 188},
            ),
            (
                {"status": 401},
                "XRequestID: Not provided invalid_token: The access token provided is invalid",
                {},
            ),
            ({"status": 503}, "Invalid Params: invalid request", {}),
            ({"status": 7777}, "An error occurred", {}),
        ],
    )
    async def test_is_an_envelope_with_the_known_text(
        self, linked: Linked, how: dict[str, Any], error: str, body: dict[str, Any]
    ) -> None:
        await linked.driver.plan("status", **how)
        assert await linked.call("/v2/user", "getdevice") == {
            "status": how["status"],
            "error": error,
            "body": body,
        }
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 0

    async def test_names_what_a_token_call_sent(self, linked: Linked) -> None:
        await linked.driver.plan("status", status=503, times=2)
        refreshed = await linked.driver.refresh(linked.refresh_token)
        exchanged = await linked.driver.exchange(await linked.driver.consent())
        assert refreshed["error"] == "Invalid Params: invalid refresh_token"
        assert exchanged["error"] == "Invalid Params: invalid code"

    async def test_can_be_a_page_of_the_front_end(self, linked: Linked) -> None:
        await linked.driver.plan("http")
        await linked.driver.plan("http", http_status=429, retry_after=7)
        gateway, many = await linked.ask("/v2/user", "getdevice"), await linked.ask("/v2/user", "getdevice")
        assert (gateway.status_code, gateway.headers["content-type"]) == (502, "text/html; charset=utf-8")
        assert "<h1>502 Bad Gateway</h1>" in gateway.text
        assert "retry-after" not in gateway.headers
        assert (many.status_code, many.headers["retry-after"]) == (429, "7")

    async def test_can_be_empty(self, linked: Linked) -> None:
        await linked.driver.plan("empty")
        response = await linked.ask("/v2/user", "getdevice")
        assert (response.status_code, response.content) == (200, b"")

    @pytest.mark.parametrize("kind", ["status", "http", "empty", "cut"])
    async def test_leaves_the_world_as_it_was(self, linked: Linked, kind: str) -> None:
        cloud = linked.driver
        await cloud.plan(kind, action="requesttoken", **({"status": 522} if kind == "status" else {}))
        asked = {
            "action": "requesttoken",
            "grant_type": "authorization_code",
            "client_id": cloud.options.client_id,
            "client_secret": cloud.options.client_secret,
            "code": await cloud.consent(),
            "redirect_uri": REDIRECT_URI,
        }
        if kind == "cut":
            with pytest.raises(httpx.RemoteProtocolError):
                await cloud.http.post("/v2/oauth2", data=asked)
        else:
            await cloud.http.post("/v2/oauth2", data=asked)
        # The code is unspent, and the same call is no repetition.
        assert (await cloud.post("/v2/oauth2", asked))["status"] == 0


class TestALostReply:
    async def test_of_a_refresh_leaves_a_pair_that_nobody_got(self, linked: Linked) -> None:
        cloud = linked.driver
        await cloud.plan("lost", action="requesttoken")
        with pytest.raises(httpx.RemoteProtocolError):
            await cloud.refresh(linked.refresh_token)
        at_once = await cloud.refresh(linked.refresh_token)
        assert (at_once["status"], at_once["error"]) == (601, "Same arguments in less than 10 seconds")
        cloud.advance(10)
        again = Linked(cloud, (await cloud.refresh(linked.refresh_token))["body"])
        assert (await again.call("/v2/user", "getdevice"))["status"] == 0
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 401

    async def test_of_an_exchange_spends_the_code(self, cloud: Driver) -> None:
        await cloud.plan("lost", action="requesttoken")
        code = await cloud.consent()
        with pytest.raises(httpx.RemoteProtocolError):
            await cloud.exchange(code)
        cloud.advance(11)
        assert (await cloud.exchange(code))["error"] == "Invalid Params: invalid code"
        assert (await cloud.control("GET", "/people"))[0]["linked"] is True

    async def test_of_a_subscribe_leaves_the_person_subscribed(self, linked: Linked) -> None:
        with respx.mock(assert_all_called=True) as router:
            router.head(WEBHOOK).respond(200)
            await linked.driver.plan("lost", action="subscribe")
            with pytest.raises(httpx.RemoteProtocolError):
                await linked.subscribe(1)
        assert len((await linked.body("/notify", "list"))["profiles"]) == 1

    async def test_is_a_time_out_in_process_where_silence_is_asked_for(self, linked: Linked) -> None:
        await linked.driver.plan("lost", seconds=600, times=2)
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout):
                await linked.ask("/notify", "list")

    async def test_is_in_the_journal_with_the_status_that_was_lost(self, linked: Linked) -> None:
        number = await linked.driver.plan("lost", times=2)
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError):
                await linked.ask("/v2/user", "getdevice")
        done, refused = (await linked.driver.control("GET", "/requests"))[-2:]
        assert (done["status"], done["mishap"], done["mishap_id"]) == (0, "lost", number)
        assert (refused["status"], refused["error"]) == (601, "Same arguments in less than 10 seconds")


class TestASpoiltList:
    async def test_is_short_and_claims_to_be_complete(self, linked: Linked) -> None:
        whole = await linked.body("/measure", "getmeas", lastupdate=0)
        await linked.driver.plan("incomplete", rows=2)
        short = await linked.body("/measure", "getmeas", lastupdate=1)
        assert short["measuregrps"] == whole["measuregrps"][:2]
        assert not short.get("more")

    @pytest.mark.parametrize(
        ("path", "action", "key"),
        [
            ("/measure", "getmeas", "measuregrps"),
            ("/v2/measure", "getactivity", "activities"),
            ("/v2/measure", "getworkouts", "series"),
            ("/v2/sleep", "getsummary", "series"),
            ("/v2/heart", "list", "series"),
            ("/v2/user", "getdevice", "devices"),
            ("/notify", "list", "profiles"),
        ],
    )
    async def test_can_be_of_any_service_and_empty(
        self, linked: Linked, path: str, action: str, key: str
    ) -> None:
        await linked.driver.plan("incomplete")
        changed = {"lastupdate": 0} if path in {"/measure", "/v2/measure", "/v2/sleep"} else {}
        assert (await linked.body(path, action, **changed))[key] == []

    async def test_can_be_filed_by_time(self, linked: Linked) -> None:
        await linked.driver.plan("incomplete", rows=1, action="getintradayactivity")
        day = 1_795_132_800  # three days before the noon of all tests
        body = await linked.body("/v2/measure", "getintradayactivity", startdate=day, enddate=day + 86_400)
        assert len(body["series"]) == 1

    async def test_says_that_there_are_no_more_in_its_services_own_way(self) -> None:
        options = SandboxOptions(auto_approve=True, days=20, page_size=5)
        async with opened(options) as cloud:
            linked = await cloud.link()
            await cloud.plan("incomplete", rows=3, times=2)
            groups = await linked.body("/measure", "getmeas", lastupdate=0)
            nights = await linked.body("/v2/sleep", "getsummary", lastupdate=0)
        assert (groups["more"], len(groups["measuregrps"])) == (0, 3)
        assert groups["more"] is not False
        assert (nights["more"], len(nights["series"])) == (False, 3)

    async def test_can_promise_a_next_page_that_is_the_same(self) -> None:
        async with opened(SandboxOptions(auto_approve=True, days=20, page_size=5)) as cloud:
            linked = await cloud.link()
            await cloud.plan("stuck", times=2)
            first = await linked.body("/measure", "getmeas", lastupdate=0)
            later = await linked.body("/v2/sleep", "getsummary", lastupdate=0, offset=5)
        assert (first["more"], first["offset"]) == (1, 0)
        assert (later["more"], later["offset"]) == (True, 5)

    async def test_changes_no_refusal(self, linked: Linked) -> None:
        await linked.driver.plan("stuck")
        await linked.driver.plan("incomplete")
        for _ in range(2):
            assert await linked.call("/v2/user", "nothing") == {
                "status": 2554,
                "error": "Not implemented",
                "body": {},
            }


class TestASlowReply:
    async def test_comes_right_and_late(self, linked: Linked) -> None:
        await linked.driver.plan("slow", seconds=0.05)
        begun = time.monotonic()
        assert (await linked.call("/v2/user", "getdevice"))["status"] == 0
        assert time.monotonic() - begun >= 0.05

    async def test_needs_a_length(self, cloud: Driver) -> None:
        assert (await cloud.http.post("/sandbox/mishaps", json={"kind": "slow"})).status_code == 422
