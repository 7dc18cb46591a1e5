from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.running import OTHER_USER, USER, Bridge, Browser, Cloud, alone, given_links
from builders import an_account
from withings_bridge.storage.sqlite import SqliteStorage

PATH = "/api/withings/disconnect"


@pytest.fixture
async def linked(bridge: Bridge, browser: Browser) -> Bridge:
    """A bridge with one linked user whose first import is done."""
    assert (await browser.link()).status_code == 200
    await bridge.sync()
    return bridge


@pytest.fixture
async def lone(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge with one linked user, and a Withings that is nowhere."""
    await given_links(tmp_path, an_account("1234", USER))
    async with alone(tmp_path) as bridge:
        yield bridge


async def is_linked(bridge: Bridge, user: str = USER) -> bool:
    async with SqliteStorage(bridge.store) as storage:
        return await storage.links.get(user) is not None


async def rows_of(bridge: Bridge, user: str = USER) -> list[dict[str, Any]]:
    async with SqliteStorage(bridge.store) as storage:
        return [row async for row in storage.vitals.rows(user)]


class TestDisconnect:
    @pytest.mark.parametrize("name", ["userId", "cognitoUserId"])
    async def test_it_ends_the_link_at_withings_and_here(
        self, linked: Bridge, cloud: Cloud, name: str
    ) -> None:
        reply = await linked.http.post(PATH, json={name: USER})
        assert reply.status_code == 200
        assert reply.json() == {"success": True, "message": "Withings is disconnected."}
        status = (await linked.http.get("/api/status", params={"userId": USER})).json()
        assert status["authenticated"] is False
        (person,) = await cloud.tell("GET", "/people")
        assert (person["linked"], person["subscriptions"]) == (False, 0)

    async def test_it_keeps_what_was_brought_unless_told_to_purge(self, linked: Bridge, cloud: Cloud) -> None:
        assert await rows_of(linked)
        await linked.http.post(PATH, json={"userId": USER})
        assert await rows_of(linked)
        reply = await linked.http.post(PATH, json={"userId": USER, "purge": True})
        assert reply.json()["success"] is True
        assert await rows_of(linked) == []

    async def test_who_is_not_linked_is_disconnected_already(self, lone: Bridge) -> None:
        reply = await lone.http.post(PATH, json={"userId": OTHER_USER})
        assert reply.status_code == 200
        assert reply.json() == {"success": True, "message": "No Withings account was linked."}
        assert await is_linked(lone)

    async def test_with_withings_out_of_reach_it_ends_the_link_here_and_says_so(self, lone: Bridge) -> None:
        reply = await lone.http.post(PATH, json={"userId": USER})
        assert reply.status_code == 200
        assert "did not confirm" in reply.json()["message"]
        assert not await is_linked(lone)

    async def test_the_user_may_link_again(self, linked: Bridge, browser: Browser) -> None:
        await linked.http.post(PATH, json={"userId": USER, "purge": True})
        assert (await browser.link()).status_code == 200
        await linked.sync()
        assert await rows_of(linked)


class TestRefused:
    @pytest.mark.parametrize(
        "body", [None, {}, {"userId": ""}, {"userId": None}, {"purge": True}, {"user": USER}]
    )
    async def test_without_an_id_even_of_the_only_linked_user(
        self, lone: Bridge, body: dict[str, Any] | None
    ) -> None:
        reply = await lone.http.post(PATH, json=body)
        assert reply.status_code == 400
        assert "userId" in reply.json()["error"]
        assert await is_linked(lone)

    async def test_with_the_id_in_the_query_which_any_page_could_post(self, lone: Bridge) -> None:
        reply = await lone.http.post(PATH, params={"userId": USER})
        assert reply.status_code == 400
        assert await is_linked(lone)

    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (f'{{"userId": "{USER}"}}', "text/plain"),
            (f"userId={USER}", "application/x-www-form-urlencoded"),
            (f'{{"userId": "{USER}"}}', None),
        ],
        ids=["text", "form", "nothing"],
    )
    async def test_in_the_shapes_that_a_browser_posts_for_any_page(
        self, lone: Bridge, content: str, content_type: str | None
    ) -> None:
        headers = {"Origin": "https://evil.example"} | (
            {"Content-Type": content_type} if content_type else {}
        )
        request = httpx.Request("POST", f"{lone.http.base_url}{PATH}", content=content, headers=headers)
        reply = await lone.http.send(request)
        assert reply.status_code == 403
        assert await is_linked(lone)

    async def test_to_the_pages_of_others_which_a_browser_asks_for_first(self, lone: Bridge) -> None:
        asked = {
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        reply = await lone.http.options(PATH, headers=asked)
        assert reply.status_code == 400
        assert "access-control-allow-origin" not in reply.headers

    @pytest.mark.parametrize("user", [f"{USER}#withings", f"{USER}#fitbit", "a\nb"])
    async def test_for_what_cannot_be_a_user(self, lone: Bridge, user: str) -> None:
        reply = await lone.http.post(PATH, json={"userId": user, "purge": True})
        assert reply.status_code == 400
        assert await is_linked(lone)

    async def test_for_a_purge_that_is_neither_yes_nor_no(self, lone: Bridge) -> None:
        reply = await lone.http.post(PATH, json={"userId": USER, "purge": "perhaps"})
        assert reply.status_code == 422
        assert await is_linked(lone)

    async def test_with_503_while_the_store_is_silent(self, lone: Bridge, tmp_path: Path) -> None:
        async with alone(tmp_path / "closed") as closed:
            services = closed.services
        lone.services = replace(lone.services, leaving=services.leaving)
        reply = await lone.http.post(PATH, json={"userId": USER})
        assert reply.status_code == 503
        assert int(reply.headers["retry-after"]) > 0
