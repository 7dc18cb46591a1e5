import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from api.running import USER, Bridge, alone, given_links
from builders import MINUTE, NOON, an_account
from withings_bridge.callers import ApiKey, Scope
from withings_bridge.domain.notifications import parse_notification

Json = dict[str, Any]

NOT_MODIFIED = "304"


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


def contents(openapi: Json) -> Iterator[tuple[str, Json]]:
    """Every body and answer, with where it stands."""
    for items in (openapi["paths"], openapi["webhooks"]):
        for path, item in items.items():
            for method, operation in item.items():
                described = {"body": operation.get("requestBody", {}), **operation["responses"]}
                for what, part in described.items():
                    for kind, content in part.get("content", {}).items():
                        yield f"{method} {path} {what} {kind}", content


def parts(schema: Json) -> Iterator[Json]:
    """The schema and what it is made of, without what it refers to."""
    yield schema
    for one in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from parts(one)


def is_untyped(schema: Json) -> bool:
    """Whether it is an object of which nothing is said."""
    return schema.get("type") == "object" and "properties" not in schema


class TestOpenapi:
    async def test_it_is_valid(self, openapi: Json) -> None:
        validate(openapi)

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
            "/api/withings/explain": {"get"},
            "/api/withings/measurements": {"get"},
            "/api/withings/latest": {"get"},
            "/api/withings/activity": {"get"},
            "/api/withings/activity/intraday": {"get"},
            "/api/withings/sleep": {"get"},
            "/api/withings/sleep/{id}/stages": {"get"},
            "/api/withings/workouts": {"get"},
            "/api/withings/ecg": {"get"},
            "/api/withings/stetho": {"get"},
            "/api/withings/ecg/{signalId}/signal": {"get"},
            "/api/withings/stetho/{signalId}/signal": {"get"},
            "/api/withings/devices": {"get"},
            "/api/withings/goals": {"get"},
            "/api/withings/events": {"get"},
            "/api/withings/changes": {"get"},
            "/api/withings/fhir/metadata": {"get"},
            "/api/withings/fhir/Observation": {"get"},
            "/api/withings/fhir/Observation/{id}": {"get"},
            "/api/withings/fhir/Device": {"get"},
            "/api/withings/fhir/Device/{id}": {"get"},
            "/api/withings/fhir/Patient/$everything": {"get"},
            "/api/withings/fhir/Patient/{id}": {"get"},
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
            "/ready": {"get"},
            "/metrics": {"get"},
        }

    async def test_every_reply_but_a_page_is_typed(self, openapi: Json) -> None:
        for name, operation in operations(openapi).items():
            for status, reply in operation["responses"].items():
                assert reply["description"], (name, status)
                typed = [content.get("schema") for content in reply.get("content", {}).values()]
                assert all(typed), (name, status)
                assert typed or operation["tags"] == ["connect"] or status == NOT_MODIFIED, (name, status)

    async def test_every_body_and_answer_has_examples_of_its_shape(self, openapi: Json) -> None:
        for where, content in contents(openapi):
            values = [example["value"] for example in content.get("examples", {}).values()]
            if "example" in content:
                values.append(content["example"])
            assert values, where
            whole = {**content["schema"], "components": openapi["components"]}
            for value in values:
                assert value is not None, where
                assert [str(error) for error in OAS31Validator(whole).iter_errors(value)] == [], where

    async def test_no_object_is_untyped_but_records_of_withings(self, openapi: Json) -> None:
        untyped = {
            (name, field)
            for name, schema in openapi["components"]["schemas"].items()
            for field, part in schema.get("properties", {}).items()
            if any(is_untyped(one) for one in parts(part))
        }
        days = ("ActivityDay", "ActivityHour", "Night", "SleepStage", "Workout")
        others = ("Ecg", "StethoRecording", "WithingsEvent", "Goals", "DeviceReply", "RecordChange")
        signals = ("EcgSignal", "StethoSignal")
        records = {
            *(("SummaryReply", field) for field in ("devices", "activity", "sleep", "metrics")),
            *((kind, "record") for kind in (*days, *others, *signals)),
            ("MeasurementsPage", "records"),
        }
        assert untyped == records
        for where, content in contents(openapi):
            assert not any(is_untyped(one) for one in parts(content["schema"])), where

    async def test_every_error_is_documented_where_it_can_occur(self, openapi: Json) -> None:
        for name, operation in operations(openapi).items():
            described = set(operation["responses"])
            if "security" in operation:
                assert described >= {"401", "403", "429", "503"}, name
            if "application/json" in operation.get("requestBody", {}).get("content", {}):
                assert described >= {"413", "415", "422"}, name
            if "parameters" in operation and operation["tags"] != ["connect"]:
                assert "422" in described, name
            for status in described & {"429", "503"}:
                if operation["tags"] != ["connect"]:
                    assert "Retry-After" in operation["responses"][status]["headers"], name

    async def test_an_error_is_described_in_its_own_words(self, openapi: Json) -> None:
        replies = openapi["paths"]["/api/withings/sync"]["post"]["responses"]
        examples = replies["401"]["content"]["application/json"]["examples"]
        assert set(examples) >= {"not_authenticated", "not_linked", "consent_needed"}
        for code, example in examples.items():
            assert example["value"]["code"] == code
            assert example["value"]["error"] in replies["401"]["description"]
        wrong = replies["422"]["content"]["application/json"]["examples"]["invalid_request"]["value"]
        assert wrong["detail"][0]["field"] == "cognitoUserId"

    async def test_what_withings_posts_is_described_as_a_webhook_too(self, openapi: Json) -> None:
        posted = openapi["webhooks"]["notification"]["post"]
        served = openapi["paths"]["/webhook/withings"]["post"]
        assert posted["requestBody"] == served["requestBody"]
        (content,) = posted["requestBody"]["content"].values()
        for name, example in content["examples"].items():
            assert parse_notification(example["value"]) is not None, name

    async def test_only_an_open_bridge_takes_calls_without_credentials(self, tmp_path: Path) -> None:
        _, key = ApiKey.made("reports", Scope.READ)
        async with alone(tmp_path / "open") as lone, alone(tmp_path, api_keys=str(key)) as guarded:
            for bridge, demands in ((lone, False), (guarded, True)):
                described = (await bridge.http.get("/openapi.json")).json()
                for path, item in described["paths"].items():
                    for operation in item.values():
                        if path.startswith("/api"):
                            assert {"ApiKey": []} in operation["security"]
                            assert ({} not in operation["security"]) == demands

    async def test_every_error_of_a_call_has_the_one_shape(self, openapi: Json) -> None:
        # What `/ready` answers with 503 is what it was asked for.
        called = [op for op in operations(openapi).values() if op["tags"] != ["connect"]]
        called = [op for op in called if op["operationId"] != "ready"]
        assert called
        for operation in called:
            for status, reply in operation["responses"].items():
                if not status.startswith("2") and status != NOT_MODIFIED:
                    assert set(reply["content"]) == {"application/json"}
                    schema = reply["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorReply"}
        assert "HTTPValidationError" not in openapi["components"]["schemas"]

    async def test_every_field_of_a_reply_has_an_example_or_one_value(self, openapi: Json) -> None:
        replies = ("ErrorReply", "HealthReply", "LinkedStatus", "UnlinkedStatus", "Weight", "InboxEntry")
        for name in replies:
            for field, schema in openapi["components"]["schemas"][name]["properties"].items():
                assert schema.get("examples") or "const" in schema, (name, field)

    async def test_every_call_that_reads_can_be_asked_whether_anything_changed(self, openapi: Json) -> None:
        readers = [operation for operation in operations(openapi).values() if "readings" in operation["tags"]]
        assert readers
        for operation in readers:
            assert "If-None-Match" in {parameter["name"] for parameter in operation["parameters"]}
            assert all(
                "ETag" in operation["responses"][status]["headers"] for status in ("200", NOT_MODIFIED)
            )

    async def test_every_parameter_is_described(self, openapi: Json) -> None:
        for name, operation in operations(openapi).items():
            for parameter in operation.get("parameters", ()):
                assert parameter.get("description"), (name, parameter["name"])

    async def test_an_example_of_a_value_shows_each_field_as_the_kinds_do(self, openapi: Json) -> None:
        schemas = openapi["components"]["schemas"]
        told = [part for part in schemas.values() if "values" in part.get("properties", {})]
        values = [
            value for part in told for example in part.get("examples", ()) for value in example["values"]
        ]
        assert len(values) > 10
        for value in values:
            assert set(value) == set(schemas["Value"]["properties"])

    async def test_every_field_is_described(self, openapi: Json) -> None:
        """By a description of its own, or by that of the one schema it refers to."""
        for name, schema in openapi["components"]["schemas"].items():
            for field, part in schema.get("properties", {}).items():
                assert part.get("description") or "$ref" in part, (name, field)

    async def test_both_names_of_the_user_are_documented(self, openapi: Json) -> None:
        fields = openapi["components"]["schemas"]["SyncRequest"]["properties"]
        assert set(fields) == {"cognitoUserId", "userId", "full"}
        assert fields["full"]["default"] is False

    async def test_every_tag_is_explained_and_used(self, openapi: Json) -> None:
        used = {tag for operation in operations(openapi).values() for tag in operation["tags"]}
        assert {tag["name"] for tag in openapi["tags"]} == used
        assert all(tag["description"] for tag in openapi["tags"])

    async def test_the_tags_stand_in_the_order_a_newcomer_needs(self, openapi: Json) -> None:
        names = [tag["name"] for tag in openapi["tags"]]
        assert (names[0], names[-1]) == ("connect", "operations")
        assert names.index("users") < names.index("webhook")


class TestDocsPage:
    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    async def test_it_asks_nobody_else_for_anything(self, lone: Bridge, path: str) -> None:
        page = await lone.http.get(path)
        assert page.status_code == 200
        addresses = re.findall(r'(?:src|href|action|data-openapi)="([^"]*)"', page.text)
        assert addresses
        assert all(address.startswith("/") and not address.startswith("//") for address in addresses)
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "http" not in page.headers["content-security-policy"]

    @pytest.mark.parametrize("path", ["/docs", "/redoc"])
    async def test_what_it_needs_is_there(self, lone: Bridge, path: str) -> None:
        page = await lone.http.get(path)
        for address in re.findall(r'(?:src|href|data-openapi)="(/[^"]+)"', page.text):
            assert (await lone.http.get(address)).status_code == 200, address

    @pytest.mark.parametrize(
        "word",
        [
            "API version v1",
            "X-API-Key",
            "Authorization: Bearer",
            "withings-bridge keys new",
            "/api/withings/auth/initiate",
            "WITHINGS_AUTH_COMPLETE",
            "curl",
            "withings-bridge sync",
            "WITHINGS_WEBHOOK_SECRET",
            "API_RATE_LIMIT_PER_MINUTE",
            "Retry-After",
        ],
    )
    async def test_the_description_carries_what_a_page_by_hand_did(self, openapi: Json, word: str) -> None:
        assert word in openapi["info"]["description"]

    async def test_the_error_codes_it_names_are_codes(self, openapi: Json) -> None:
        named = set(re.findall(r"`\d{3} ([a-z_]+)`", openapi["info"]["description"]))
        assert named
        assert named <= {
            code
            for operation in operations(openapi).values()
            for reply in operation["responses"].values()
            for content in reply.get("content", {}).values()
            for code in content.get("examples", {})
        }

    async def test_no_other_documentation_pages_are_served(self, lone: Bridge) -> None:
        assert (await lone.http.get("/docs/oauth2-redirect")).status_code == 404


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
