import json
import re
from pathlib import Path
from typing import Any

import pytest

from api.running import USER, Bridge, alone, given_links
from builders import MINUTE, NOON, an_account

Json = dict[str, Any]


@pytest.fixture
async def openapi(lone: Bridge) -> Json:
    reply = await lone.http.get("/openapi.json")
    assert reply.status_code == 200
    description: Json = reply.json()
    return description


def operations(openapi: Json) -> dict[str, Json]:
    """Every operation by its id, an id that is there twice under both its paths."""
    found = [
        (operation["operationId"], f"{method} {path}", operation)
        for path, item in openapi["paths"].items()
        for method, operation in item.items()
    ]
    ids = [name for name, _, _ in found]
    return {
        name if ids.count(name) == 1 else f"{name} at {where}": operation for name, where, operation in found
    }


class TestOpenapi:
    async def test_it_is_valid(self, openapi: Json) -> None:
        validator = pytest.importorskip("openapi_spec_validator")
        validator.validate(openapi)

    async def test_every_operation_has_an_id_of_its_own_and_a_word_for_people(self, openapi: Json) -> None:
        for name, operation in operations(openapi).items():
            assert re.fullmatch(r"[a-z_]+", name)
            assert operation["summary"]
            assert operation["description"]

    async def test_it_lists_what_the_app_calls(self, openapi: Json) -> None:
        described = {path: set(item) for path, item in openapi["paths"].items()}
        assert described == {
            "/login": {"get"},
            "/callback": {"get"},
            "/api/withings/auth/initiate": {"get"},
            "/api/vitals7/configure": {"post"},
            "/api/status": {"get"},
            "/api/withings/status": {"get"},
            "/api/withings/data": {"get"},
            "/api/withings/register-webhooks": {"post"},
            "/api/withings/sync": {"post"},
            "/api/withings/disconnect": {"post"},
            "/webhook/withings": {"get", "post"},
            "/api/withings/inbox": {"get"},
            "/api/withings/inbox/{account}": {"get"},
            "/api/withings/inbox/replay": {"post"},
            "/api/withings/inbox/{account}/replay": {"post"},
            "/api/withings/inbox/{account}/drop": {"post"},
            "/health": {"get"},
        }

    async def test_every_reply_but_a_page_is_typed(self, openapi: Json) -> None:
        for name, operation in operations(openapi).items():
            for status, reply in operation["responses"].items():
                assert reply["description"], (name, status)
                typed = [content.get("schema") for content in reply.get("content", {}).values()]
                assert all(typed), (name, status)
                assert typed or operation["tags"] == ["connect"], (name, status)

    async def test_every_error_of_a_call_has_the_one_shape(self, openapi: Json) -> None:
        called = [op for op in operations(openapi).values() if op["tags"] != ["connect"]]
        assert called
        for operation in called:
            for status, reply in operation["responses"].items():
                if not status.startswith("2"):
                    assert set(reply["content"]) == {"application/json"}
                    schema = reply["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorReply"}
        assert "HTTPValidationError" not in openapi["components"]["schemas"]

    async def test_every_field_of_a_reply_has_an_example_or_one_value(self, openapi: Json) -> None:
        replies = ("ErrorReply", "HealthReply", "LinkedStatus", "UnlinkedStatus", "Weight", "InboxEntry")
        for name in replies:
            for field, schema in openapi["components"]["schemas"][name]["properties"].items():
                assert schema.get("examples") or "const" in schema, (name, field)

    async def test_both_names_of_the_user_are_documented(self, openapi: Json) -> None:
        fields = openapi["components"]["schemas"]["SyncRequest"]["properties"]
        assert set(fields) == {"cognitoUserId", "userId", "full"}
        assert fields["full"]["default"] is False

    async def test_every_tag_is_explained_and_used(self, openapi: Json) -> None:
        used = {tag for operation in operations(openapi).values() for tag in operation["tags"]}
        assert {tag["name"] for tag in openapi["tags"]} == used


class TestDocsPage:
    async def test_it_asks_nobody_else_for_anything(self, lone: Bridge) -> None:
        page = await lone.http.get("/docs")
        assert page.status_code == 200
        addresses = re.findall(r'(?:src|href|action|data-openapi)="([^"]*)"', page.text)
        assert addresses
        assert all(address.startswith("/") and not address.startswith("//") for address in addresses)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "http" not in page.headers["content-security-policy"]

    async def test_what_it_needs_is_there(self, lone: Bridge) -> None:
        page = await lone.http.get("/docs")
        for address in re.findall(r'(?:src|href|data-openapi)="(/[^"]+)"', page.text):
            assert (await lone.http.get(address)).status_code == 200, address

    async def test_the_description_shows_the_way_from_a_shell(self, openapi: Json) -> None:
        assert "curl" in openapi["info"]["description"]
        assert "WITHINGS_AUTH_COMPLETE" in openapi["info"]["description"]

    @pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
    async def test_no_other_documentation_pages_are_served(self, lone: Bridge, path: str) -> None:
        assert (await lone.http.get(path)).status_code == 404


class TestHome:
    async def test_it_links_to_the_documentation_and_names_the_store(self, lone: Bridge) -> None:
        page = await lone.http.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert 'href="/docs"' in page.text
        assert "SQLite" in page.text

    async def test_times_are_told_by_the_clock_of_the_bridge(self, tmp_path: Path) -> None:
        await given_links(tmp_path, an_account("1234", USER, synced_at=NOON))
        async with alone(tmp_path, clock=lambda: NOON + 12 * MINUTE) as bridge:
            page = await bridge.http.get("/")
        assert USER in page.text
        assert "12 minutes ago" in page.text

    async def test_examples_are_no_ones_data(self, openapi: Json) -> None:
        """What is shown as an example of a token is none of a real length."""
        assert not re.search(r"\b[0-9a-f]{40}\b", json.dumps(openapi))
