from dataclasses import replace

import pytest

from unit.pages.visiting import AUTHORIZE, HERE, OPEN, Visit
from withings_bridge.domain.errors import StorageUnavailable

BEHIND_TLS = replace(OPEN, redirect_uri="https://bridge.example/callback")


class TestLogin:
    async def test_leads_to_withings(self) -> None:
        visit = Visit()
        reply = await visit.get("/login?state=u-1")
        assert (reply.status_code, reply.headers["location"]) == (302, AUTHORIZE)
        assert visit.linking.begun == [("u-1", None)]

    async def test_binds_the_flow_to_this_browser(self) -> None:
        cookie = (await Visit().get("/login?state=u-1")).headers["set-cookie"]
        assert cookie.startswith("connect=fresh;")
        assert {part.strip() for part in cookie.split(";")[1:]} == {
            "HttpOnly",
            "Max-Age=600",
            "Path=/",
            "SameSite=lax",
        }

    async def test_keeps_the_cookie_to_https_and_to_this_host_alone(self) -> None:
        reply = await Visit(BEHIND_TLS).get("/login?state=u-1", at="https://bridge.example")
        cookie = reply.headers["set-cookie"]
        assert cookie.startswith("__Host-connect=fresh;")
        assert "; Secure" in cookie
        assert "Domain" not in cookie

    async def test_uses_the_browser_s_own_value_again_for_a_second_pop_up(self) -> None:
        visit = Visit(cookies={"connect": "mine"})
        reply = await visit.get("/login?state=u-1")
        assert visit.linking.begun == [("u-1", "mine")]
        assert reply.headers["set-cookie"].startswith("connect=mine;")

    async def test_is_never_cached_and_never_cuts_the_opener_off(self) -> None:
        reply = await Visit().get("/login?state=u-1")
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert "cross-origin-opener-policy" not in reply.headers

    @pytest.mark.parametrize("user", ["u" * 129, "a%0Ab", "a%00b", "u-1%23withings"])
    async def test_refuses_what_cannot_be_a_user(self, user: str) -> None:
        visit = Visit()
        reply = await visit.get(f"/login?state={user}")
        assert reply.status_code == 400
        assert "That cannot be a user id" in reply.text
        assert user not in reply.text
        assert visit.linking.begun == []

    async def test_takes_the_longest_user_there_may_be(self) -> None:
        assert (await Visit().get(f"/login?state={'u' * 128}")).status_code == 302

    async def test_forgives_spaces_around_the_user(self) -> None:
        visit = Visit()
        await visit.get("/login?state=+u-1+")
        assert visit.linking.begun == [("u-1", None)]

    @pytest.mark.parametrize("path", ["/login", "/login?state="])
    async def test_asks_for_a_user_where_none_is_named(self, path: str) -> None:
        reply = await Visit().get(path)
        assert reply.status_code == 200
        assert '<form class="connect" action="/connect" method="get">' in reply.text
        assert "set-cookie" not in reply.headers

    async def test_lets_nobody_begin_in_another_s_name_where_callers_prove_who_they_are(self) -> None:
        visit = Visit(replace(OPEN, open=False))
        reply = await visit.get("/login?state=u-1")
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert OPEN.frontend_url in reply.text
        assert visit.linking.begun == []

    async def test_says_so_when_the_store_is_silent(self) -> None:
        visit = Visit()
        visit.linking.error = StorageUnavailable()
        reply = await visit.get("/login?state=u-1")
        assert reply.status_code == 503
        assert "Our store does not answer" in reply.text
        assert OPEN.frontend_url in reply.text


class TestLoginElsewhere:
    async def test_moves_to_the_redirect_uri_s_origin_before_anything_else(self) -> None:
        visit = Visit()
        reply = await visit.get("/login?state=u%2F1&x=%20y", at="http://127.0.0.1:5001")
        assert (reply.status_code, reply.headers["location"]) == (302, f"{HERE}/login?state=u%2F1&x=%20y")
        assert "connect=" not in reply.headers["set-cookie"]
        assert visit.linking.begun == []

    async def test_moves_without_a_question_mark_of_its_own(self) -> None:
        reply = await Visit().get("/login", at="http://127.0.0.1:5001")
        assert reply.headers["location"] == f"{HERE}/login"

    async def test_believes_the_proxy_that_ends_tls(self) -> None:
        reply = await Visit(BEHIND_TLS).get(
            "/login?state=u-1", at="http://bridge.example", headers={"X-Forwarded-Proto": "https"}
        )
        assert reply.headers["location"] == AUTHORIZE

    async def test_moves_a_browser_that_the_proxy_says_came_without_tls(self) -> None:
        reply = await Visit(BEHIND_TLS).get(
            "/login", at="http://bridge.example", headers={"X-Forwarded-Proto": "http"}
        )
        assert reply.headers["location"] == "https://bridge.example/login"

    async def test_stays_where_the_proxy_does_not_tell_the_scheme_or_the_port(self) -> None:
        reply = await Visit(BEHIND_TLS).get("/login?state=u-1", at="http://bridge.example:8080")
        assert reply.headers["location"] == AUTHORIZE

    async def test_believes_the_proxy_that_hides_the_host(self) -> None:
        reply = await Visit(BEHIND_TLS).get(
            "/login?state=u-1",
            at="http://10.0.0.7:5001",
            headers={"X-Forwarded-Proto": "https, http", "X-Forwarded-Host": "Bridge.Example:443"},
        )
        assert reply.headers["location"] == AUTHORIZE

    async def test_moves_nobody_who_was_moved_here_a_moment_ago(self) -> None:
        visit = Visit(BEHIND_TLS)
        moved = await visit.get("/login?state=u-1", at="http://10.0.0.7:5001")
        assert moved.headers["location"] == "https://bridge.example/login?state=u-1"
        cookie = moved.headers["set-cookie"]
        assert cookie.startswith("moved=1; Domain=bridge.example; HttpOnly; Max-Age=10; Path=/login;")
        visit.cookies["moved"] = "1"
        reply = await visit.get("/login?state=u-1", at="http://10.0.0.7:5001")
        assert reply.headers["location"] == AUTHORIZE

    @pytest.mark.parametrize("host", ["[", ""])
    async def test_moves_when_the_host_makes_no_sense(self, host: str) -> None:
        reply = await Visit().get("/login?state=u-1", headers={"Host": host})
        assert reply.headers["location"] == f"{HERE}/login?state=u-1"


class TestConnectForm:
    async def test_goes_on_by_itself_and_by_a_link(self) -> None:
        reply = await Visit().get("/connect?user=a%26b")
        assert reply.status_code == 200
        assert 'content="0;url=/login?state=a%26b"' in reply.text
        assert 'href="/login?state=a%26b"' in reply.text

    async def test_asks_again_for_what_cannot_be_a_user(self) -> None:
        reply = await Visit().get("/connect?user=a%23b")
        assert reply.status_code == 400
        assert 'aria-invalid="true"' in reply.text

    async def test_asks_again_for_nobody(self) -> None:
        reply = await Visit().get("/connect")
        assert reply.status_code == 200
        assert "<form" in reply.text
