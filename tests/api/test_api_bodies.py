"""How large a body may be, and of which kind, before any endpoint sees it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.running import USER, Bridge, alone
from withings_bridge.callers import ApiKey, Scope

SYNC = "/api/withings/sync"
POSTS = [SYNC, "/api/withings/disconnect", "/api/withings/inbox/replay", "/api/withings/inbox/1234/drop"]
HOOK = "/webhook/withings"
MOST = 16 * 1024
AS_JSON = {"Content-Type": "application/json"}


def json_of(size: int) -> bytes:
    """A sync request for nobody who is linked, of so many bytes."""
    bare = json.dumps({"cognitoUserId": USER, "x": ""}).encode()
    return bare.replace(b'""', b'"' + b"y" * (size - len(bare)) + b'"')


class TestSize:
    @pytest.mark.parametrize("path", [*POSTS, HOOK, "/api/status", "/nothing"])
    async def test_a_body_that_says_it_is_too_large_is_not_read(self, lone: Bridge, path: str) -> None:
        async def endless() -> AsyncIterator[bytes]:
            raise AssertionError("it was read")
            yield b""

        headers = AS_JSON | {"Content-Length": str(MOST + 1)}
        reply = await lone.http.post(path, content=endless(), headers=headers)
        assert reply.status_code == 413
        assert reply.json() == {
            "error": "The body is larger than 16 KB, which nothing here takes.",
            "code": "too_large",
            "request_id": reply.headers["x-request-id"],
        }

    @pytest.mark.parametrize("path", [*POSTS, HOOK])
    async def test_one_that_hides_its_size_is_given_up_on_the_way(self, lone: Bridge, path: str) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(17):
                yield b"y" * 1024

        reply = await lone.http.post(path, content=chunks(), headers=AS_JSON)
        assert (reply.status_code, reply.json()["code"]) == (413, "too_large")

    async def test_the_largest_that_is_taken_is_taken(self, lone: Bridge) -> None:
        assert len(json_of(MOST)) == MOST
        reply = await lone.http.post(SYNC, content=json_of(MOST), headers=AS_JSON)
        assert reply.json()["code"] == "not_linked"
        assert (await lone.http.post(SYNC, content=json_of(MOST + 1), headers=AS_JSON)).status_code == 413

    async def test_over_a_connection_no_more_is_taken_either(self, bridge: Bridge) -> None:
        url = bridge.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST {SYNC} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        writer.write(b"400\r\n" + b"y" * 1024 + b"\r\n")
        writer.write((b"4000\r\n" + b"y" * 16 * 1024 + b"\r\n") * 2)
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()
        assert (await bridge.http.get("/health")).status_code == 200


class TestKind:
    @pytest.mark.parametrize("path", POSTS)
    @pytest.mark.parametrize(
        "kind",
        [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "text/plain; charset=application/json",
            "text/json",
            "application/jsonp",
            "nonsense",
            "",
        ],
    )
    async def test_what_a_page_elsewhere_can_make_a_browser_post_is_refused(
        self, lone: Bridge, path: str, kind: str
    ) -> None:
        for body in (b"", b'{"cognitoUserId": "u-1"}'):
            reply = await lone.http.post(path, content=body, headers={"Content-Type": kind})
            assert reply.status_code == 415
            assert reply.json()["code"] == "not_json"
            assert "application/json" in reply.json()["error"]

    async def test_so_is_a_body_of_no_kind(self, lone: Bridge) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"{}"

        assert (await lone.http.post(SYNC, content=b"{}")).status_code == 415
        assert (await lone.http.post(SYNC, content=chunks())).status_code == 415

    @pytest.mark.parametrize(
        "kind", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
    )
    async def test_json_is_taken(self, lone: Bridge, kind: str) -> None:
        reply = await lone.http.post(SYNC, content=json_of(100), headers={"Content-Type": kind})
        assert reply.json()["code"] == "not_linked"

    async def test_no_body_is_taken_where_it_is_not_needed(self, lone: Bridge) -> None:
        reply = await lone.http.post(SYNC, params={"userId": USER})
        assert reply.json()["code"] == "not_linked"

    async def test_an_app_elsewhere_may_read_why_it_is_refused(self, lone: Bridge) -> None:
        origin = "http://localhost:5173"
        reply = await lone.http.post(SYNC, data={"a": "b"}, headers={"Origin": origin})
        assert reply.status_code == 415
        assert reply.headers["access-control-allow-origin"] == origin

    @pytest.mark.parametrize("path", [HOOK, "/dashboard/login", "/dashboard/logout"])
    @pytest.mark.parametrize("site", ["cross-site", "same-site"])
    async def test_a_page_elsewhere_posts_no_form_even_where_forms_are_taken(
        self, lone: Bridge, path: str, site: str
    ) -> None:
        reply = await lone.http.post(path, data={"key": "wb_x"}, headers={"Sec-Fetch-Site": site})
        assert (reply.status_code, reply.json()["code"]) == (403, "foreign_form")

    @pytest.mark.parametrize("site", ["same-origin", "none"])
    async def test_our_own_pages_do(self, tmp_path: Path, site: str) -> None:
        _, entry = ApiKey.made("operator", Scope.ADMIN)
        async with alone(tmp_path, api_keys=str(entry)) as bridge:
            headers = {"Sec-Fetch-Site": site}
            reply = await bridge.http.post("/dashboard/login", data={"key": "wb_x"}, headers=headers)
        assert reply.status_code == 401
        assert "<form" in reply.text

    async def test_withings_posts_forms(self, lone: Bridge) -> None:
        assert (await lone.http.post(HOOK, data={"userid": "1234", "appli": "1"})).status_code == 200


class TestWhatCannotBeRead:
    @pytest.mark.parametrize("path", POSTS)
    @pytest.mark.parametrize(
        "body",
        [b"{", b'{"userId": "\xff"}', b"\x1f\x8b\x08\x00", b"[" * MOST, b'{"a":' * 3000],
        ids=["cut", "no UTF-8", "gzip", "nested lists", "nested objects"],
    )
    async def test_is_no_valid_request(self, lone: Bridge, path: str, body: bytes) -> None:
        reply = await lone.http.post(path, content=body, headers=AS_JSON)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")

    async def test_is_none_at_the_operators_door_either(self, tmp_path: Path) -> None:
        _, entry = ApiKey.made("operator", Scope.ADMIN)
        async with alone(tmp_path, api_keys=str(entry)) as bridge:
            headers = {"Content-Type": "multipart/form-data"}
            reply = await bridge.http.post("/dashboard/login", content=b"x", headers=headers)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
