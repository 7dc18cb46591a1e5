from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.running import HERE, USER, Bridge, alone
from withings_bridge.callers import ApiKey, Scope

PRIVATE = [
    "/",
    "/home/links",
    "/health",
    "/docs",
    "/openapi.json",
    "/api/status",
    "/api/nothing-here",
    "/loginx/../api/status",
]
PUBLIC = ["/webhook/withings", "/callback", "/login", "/static/pages.css"]
APP = "http://localhost:5173"


class TestHostGuard:
    @pytest.mark.parametrize("path", PRIVATE)
    async def test_a_foreign_host_name_gets_nothing(self, lone: Bridge, path: str) -> None:
        reply = await lone.http.get(path, headers={"Host": "rebound.example.org"})
        assert reply.status_code == 421
        assert reply.json()["code"] == "host_refused"

    async def test_nor_does_it_sync(self, lone: Bridge) -> None:
        reply = await lone.http.post("/api/withings/sync", headers={"Host": "rebound.example.org:5001"})
        assert reply.status_code == 421

    @pytest.mark.parametrize("path", PUBLIC)
    async def test_what_withings_and_its_returners_reach_is_served_by_any_name(
        self, lone: Bridge, path: str
    ) -> None:
        reply = await lone.http.get(path, headers={"Host": "bridge.example.org"})
        assert reply.status_code != 421

    @pytest.mark.parametrize(
        "host", ["localhost", "localhost:5001", "LocalHost:80", "127.0.0.1:5001", "[::1]", "[::1]:5001"]
    )
    async def test_loopback_names_are_served(self, lone: Bridge, host: str) -> None:
        assert (await lone.http.get("/api/status", headers={"Host": host})).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "example.org:localhost",
            "localhost:80@example.org",
            "[::1].example.org",
            "10.0.0.7",
        ],
    )
    async def test_names_that_only_look_like_it_are_not(self, lone: Bridge, host: str) -> None:
        assert (await lone.http.get("/api/status", headers={"Host": host})).status_code == 421

    @pytest.mark.parametrize("told", ["bridge.example.org", "localhost, bridge.example.org"])
    async def test_nor_is_a_tunnel_served_that_calls_us_localhost(self, lone: Bridge, told: str) -> None:
        headers = {"Host": "localhost:5001", "X-Forwarded-Host": told}
        assert (await lone.http.get("/api/status", headers=headers)).status_code == 421
        assert (await lone.http.get("/webhook/withings", headers=headers)).status_code == 200

    async def test_a_proxy_on_the_same_machine_is(self, lone: Bridge) -> None:
        headers = {"X-Forwarded-Host": "localhost:5173, 127.0.0.1:8080"}
        assert (await lone.http.get("/api/status", headers=headers)).status_code == 200

    async def test_it_is_off_where_somebody_else_guards_the_door(self, tmp_path: Path) -> None:
        async with alone(tmp_path, allow_unauthenticated=True, host="0.0.0.0") as bridge:  # noqa: S104 - nothing listens
            reply = await bridge.http.get("/api/status", headers={"Host": "bridge.example.org"})
        assert reply.status_code == 200


class TestSafeHeaders:
    @pytest.mark.parametrize(
        ("path", "host", "status"),
        [
            ("/health", "localhost", 200),
            ("/", "localhost", 200),
            ("/docs", "localhost", 200),
            ("/callback", "localhost", 400),
            ("/nothing", "localhost", 404),
            ("/health", "example.org", 421),
            ("/api/status?userId=" + "x" * 200, "localhost", 422),
        ],
    )
    async def test_every_reply_says_what_a_browser_must_not_do(
        self, lone: Bridge, path: str, host: str, status: int
    ) -> None:
        reply = await lone.http.get(path, headers={"Host": host})
        assert reply.status_code == status
        assert reply.headers["x-content-type-options"] == "nosniff"
        # Pages with forms name themselves to our own pages; the address of a callback is nobody's business.
        own = "same-origin" if path in {"/", "/docs"} and status == 200 else "no-referrer"
        assert reply.headers["referrer-policy"] == own
        assert reply.headers["cache-control"] == "no-store"
        assert "camera=()" in reply.headers["permissions-policy"]
        assert "'unsafe-inline'" not in reply.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]

    async def test_what_is_no_page_may_load_nothing(self, lone: Bridge) -> None:
        for path in ("/health", "/api/status", "/nothing", "/webhook/withings", "/openapi.json"):
            policy = (await lone.http.get(path)).headers["content-security-policy"]
            assert policy == "default-src 'none'; frame-ancestors 'none'"

    async def test_a_page_may_run_the_scripts_of_the_package_alone(self, lone: Bridge) -> None:
        for path in ("/", "/docs", "/login", "/callback"):
            policy = (await lone.http.get(path)).headers["content-security-policy"]
            assert "script-src 'self';" in policy

    @pytest.mark.parametrize("path", ["/login", "/login?state=u-1", "/callback", "/callback?state=x"])
    async def test_nothing_cuts_the_pop_up_off_from_the_app(self, lone: Bridge, path: str) -> None:
        assert "cross-origin-opener-policy" not in (await lone.http.get(path)).headers

    async def test_over_https_a_browser_is_to_stay_there(self, lone: Bridge) -> None:
        for path in ("/health", "/", "/nothing", "/callback"):
            reply = await lone.http.get(f"https://localhost{path}")
            assert reply.headers["strict-transport-security"] == "max-age=31536000"

    async def test_over_plain_http_nothing_of_the_sort_is_said(self, lone: Bridge) -> None:
        reply = await lone.http.get("/health", headers={"X-Forwarded-Proto": "https"})
        assert "strict-transport-security" not in reply.headers

    async def test_what_a_reply_says_itself_stands(self, lone: Bridge) -> None:
        assert (await lone.http.get("/static/pages.css")).headers["cache-control"] == "no-cache"

    async def test_no_server_names_itself(self, lone: Bridge) -> None:
        assert "x-powered-by" not in (await lone.http.get("/")).headers


class TestOtherOrigins:
    @pytest.fixture
    async def shared(self, tmp_path: Path) -> AsyncIterator[Bridge]:
        async with alone(tmp_path, allowed_origins=APP) as bridge:
            yield bridge

    async def test_an_allowed_origin_may_read_the_answer(self, shared: Bridge) -> None:
        reply = await shared.http.get("/api/status", headers={"Origin": APP})
        assert reply.headers["access-control-allow-origin"] == APP

    async def test_what_a_cache_may_keep_says_that_it_depends_on_the_origin(self, shared: Bridge) -> None:
        for headers in ({}, {"Origin": APP}):
            assert "Origin" in (await shared.http.get("/api/status", headers=headers)).headers["vary"]
        assert (
            "Origin" in (await shared.http.post("/webhook/withings", headers={"Origin": APP})).headers["vary"]
        )
        assert "vary" not in (await shared.http.post("/webhook/withings")).headers

    async def test_an_allowed_origin_may_send_json(self, shared: Bridge) -> None:
        asked = {
            "Origin": APP,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,authorization",
        }
        reply = await shared.http.options("/api/withings/sync", headers=asked)
        assert reply.status_code == 200
        assert reply.headers["access-control-allow-origin"] == APP

    @pytest.mark.parametrize("origin", ["http://localhost:5174", "https://localhost:5173", "null"])
    async def test_another_may_not(self, shared: Bridge, origin: str) -> None:
        reply = await shared.http.get("/api/status", headers={"Origin": origin})
        assert "access-control-allow-origin" not in reply.headers

    @pytest.mark.parametrize("origin", [APP, "http://127.0.0.1:3000", "http://localhost"])
    async def test_unless_told_so_an_app_on_this_machine_may(self, lone: Bridge, origin: str) -> None:
        reply = await lone.http.get("/api/status", headers={"Origin": origin})
        assert reply.headers["access-control-allow-origin"] == origin

    async def test_however_it_is_reached(self, tmp_path: Path) -> None:
        async with alone(tmp_path, allow_unauthenticated=True) as bridge:
            reply = await bridge.http.get("/api/status", headers={"Origin": APP})
        assert reply.headers["access-control-allow-origin"] == APP

    async def test_but_not_where_callers_prove_who_they_are(self, tmp_path: Path) -> None:
        _, entry = ApiKey.made("app", Scope.SYNC)
        async with alone(tmp_path, api_keys=str(entry)) as bridge:
            reply = await bridge.http.get("/health", headers={"Origin": APP})
        assert "access-control-allow-origin" not in reply.headers

    async def test_an_origin_may_read_and_never_with_the_browser_s_cookies(self, shared: Bridge) -> None:
        reply = await shared.http.get("/api/status", headers={"Origin": APP})
        assert "access-control-allow-credentials" not in reply.headers

    @pytest.mark.parametrize("origin", ["https://app.example.org", "http://localhost.example.org", "null"])
    async def test_unless_told_so_no_other_may(self, lone: Bridge, origin: str) -> None:
        reply = await lone.http.get("/api/status", headers={"Origin": origin})
        assert "access-control-allow-origin" not in reply.headers


class TestPostsOfOtherPages:
    """What a browser posts without asking first: nothing at all, with the user in the query."""

    SYNC = "/api/withings/sync?userId=u-1"
    ELSEWHERE = "https://app.example.org"

    @pytest.mark.parametrize("path", [SYNC, "/api/withings/register-webhooks?userId=u-1"])
    @pytest.mark.parametrize("origin", [ELSEWHERE, "http://localhost.example.org", "null", "http://[", ""])
    @pytest.mark.parametrize("told", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
    async def test_are_refused(self, lone: Bridge, path: str, origin: str, told: dict[str, str]) -> None:
        reply = await lone.http.post(path, headers={"Origin": origin} | told)
        assert (reply.status_code, reply.json()["code"]) == (403, "foreign_page")

    async def test_sync_nobody_by_an_operator_s_cookie(self, tmp_path: Path) -> None:
        key, entry = ApiKey.made("operator", Scope.ADMIN)
        async with alone(tmp_path, api_keys=str(entry), allowed_origins=APP) as bridge:
            await bridge.http.post("/dashboard/login", data={"key": key})
            headers = {"Origin": "http://localhost:9999", "Sec-Fetch-Site": "same-site"}
            assert (await bridge.http.post(self.SYNC, headers=headers)).json()["code"] == "foreign_page"
            assert (await bridge.http.post(self.SYNC, headers={"Origin": APP})).json()["code"] == "not_linked"

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": APP},
            {"Origin": HERE},
            {"Origin": ELSEWHERE, "Host": "localhost", "Sec-Fetch-Site": "same-origin"},
        ],
        ids=["no page", "an app that may call", "our own page", "our own page behind a proxy"],
    )
    async def test_are_taken_of_those_who_may_call(self, lone: Bridge, headers: dict[str, str]) -> None:
        assert (await lone.http.post(self.SYNC, headers=headers)).json()["code"] == "not_linked"


class TestMethodsAndPaths:
    async def test_an_unknown_path_has_the_shape_of_every_error(self, lone: Bridge) -> None:
        reply = await lone.http.get("/api/nothing")
        assert reply.status_code == 404
        assert reply.json() == {
            "error": "Not Found",
            "code": "not_found",
            "request_id": reply.headers["x-request-id"],
        }

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("POST", "/api/status", "GET"),
            ("GET", "/api/withings/sync", "POST"),
            ("HEAD", "/api/status", "GET"),
            ("DELETE", "/health", "GET"),
        ],
    )
    async def test_a_wrong_method_is_told_the_right_one(
        self, lone: Bridge, method: str, path: str, allowed: str
    ) -> None:
        reply = await lone.http.request(method, path)
        assert reply.status_code == 405
        assert allowed in reply.headers["allow"]
        if method != "HEAD":
            assert reply.json()["code"] == "method_not_allowed"

    @pytest.mark.parametrize("path", ["/", "/health", "/webhook/withings", "/static/pages.css"])
    async def test_what_monitors_look_at_answers_head(self, lone: Bridge, path: str) -> None:
        reply = await lone.http.head(path)
        assert reply.status_code == 200

    @pytest.mark.parametrize("path", ["/login", "/callback"])
    async def test_a_head_begins_and_spends_nothing(self, lone: Bridge, path: str) -> None:
        """Programs that preview links send HEAD; a sign-in must not end by that."""
        reply = await lone.http.head(f"{HERE}{path}", params={"state": USER})
        assert reply.status_code == 405
        assert "set-cookie" not in reply.headers


class TestHealth:
    async def test_it_answers_with_its_version(self, lone: Bridge) -> None:
        reply = await lone.http.get("/health")
        assert reply.status_code == 200
        assert set(reply.json()) == {"status", "version"}
        assert reply.json()["status"] == "ok"
