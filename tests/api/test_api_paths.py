"""Paths with a slash at their end: the same endpoint, and never a redirect."""

import httpx
import pytest

from api.running import HERE, USER, Bridge

EVIL = {"Host": "evil.example.org"}


class TestASlashAtTheEnd:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/status"),
            ("GET", "/health"),
            ("GET", "/docs"),
            ("GET", "/login"),
            ("GET", "/callback"),
            ("GET", "/webhook/withings"),
            ("HEAD", "/webhook/withings"),
        ],
    )
    async def test_is_as_good_as_none(self, lone: Bridge, method: str, path: str) -> None:
        without, with_one = [await lone.http.request(method, f"{path}{end}") for end in ("", "/")]
        assert without.status_code == with_one.status_code
        assert with_one.status_code in {200, 400}  # a callback without anything

    async def test_of_the_webhook_takes_the_same_forms(self, lone: Bridge) -> None:
        reply = await lone.http.post("/webhook/withings/", data={"userid": "1", "appli": "1"})
        assert (reply.status_code, reply.text) == (200, "OK")

    async def test_opens_no_other_name_of_an_open_bridge(self, lone: Bridge) -> None:
        reply = await lone.http.get("/api/status/", headers=EVIL)
        assert reply.status_code == 421

    async def test_is_needed_nowhere(self, lone: Bridge) -> None:
        assert (await lone.http.get("/")).status_code == 200
        assert (await lone.http.get("/static")).status_code == 404

    @pytest.mark.parametrize("path", ["/login/", "/callback/", "/connect/", "/webhook/withings/"])
    async def test_sends_nobody_to_the_host_that_they_named(self, lone: Bridge, path: str) -> None:
        reply = await lone.http.get(f"{HERE}{path}", params={"state": USER, "code": "c"}, headers=EVIL)
        assert httpx.URL(reply.headers.get("location", HERE)).host == "localhost"
