"""A user's data as FHIR: what a client gets over HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.running import USER, Bridge, alone, given_links, settings
from builders import an_account
from unit.domain.test_readings_of_kinds import DAY, HEART, NIGHT, WORKOUT
from unit.fhir.r4 import Json, checked
from unit.fhir.test_observations import HEIGHT
from unit.fhir.test_searching import CUFF
from withings_bridge.domain.records import Kind, record_from
from withings_bridge.storage.sqlite import SqliteStorage

FHIR = "/api/withings/fhir"
LOINC = "http://loinc.org"

RECORDS = [
    record_from(Kind.MEASURES, CUFF),
    record_from(Kind.HEIGHT, HEIGHT),
    record_from(Kind.ACTIVITY, DAY),
    record_from(Kind.SLEEP, NIGHT),
    record_from(Kind.WORKOUT, WORKOUT),
    record_from(Kind.HEART, HEART),
    record_from(Kind.DEVICE, {"deviceid": "d1", "type": "Scale", "model": "Body+", "model_id": 5}),
]


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Bridge]:
    """A bridge with a few records of one user."""
    await given_links(tmp_path, an_account("1234", USER))
    async with SqliteStorage(settings(tmp_path).sqlite_path) as storage:
        await storage.records.save("1234", RECORDS, now=datetime.now(UTC))
    async with alone(tmp_path) as bridge:
        yield bridge


async def ask(bridge: Bridge, path: str, **query: Any) -> httpx.Response:
    return await bridge.http.get(f"{FHIR}/{path}", params=query)


async def found(bridge: Bridge, path: str = "Observation", **query: Any) -> Json:
    """A resource that is valid."""
    reply = await ask(bridge, path, **query)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/fhir+json"
    return checked(reply.text)


async def walked(bridge: Bridge, **query: Any) -> list[Json]:
    """The resources on all pages of a search."""
    page = await found(bridge, **query)
    entries = page.get("entry", [])
    while following := {link["relation"]: link["url"] for link in page["link"]}.get("next"):
        page = checked((await bridge.http.get(following)).text)
        entries += page.get("entry", [])
    assert len({entry["fullUrl"] for entry in entries}) == len(entries)
    return [entry["resource"] for entry in entries]


async def everything(bridge: Bridge, **query: Any) -> list[Json]:
    reply = await ask(bridge, "Patient/$everything", **query)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/fhir+ndjson"
    return [checked(line) for line in reply.text.splitlines()]


class TestASearch:
    async def test_finds_by_code_with_exact_values(self, bridge: Bridge) -> None:
        page = await found(bridge, code=f"{LOINC}|8302-2")
        (entry,) = page["entry"]
        assert entry["resource"]["valueQuantity"]["value"] == 178
        assert page["type"] == "searchset"
        assert "total" not in page
        assert [link["relation"] for link in page["link"]] == ["self"]

    @pytest.mark.parametrize("count", [1, 4, 1000])
    async def test_has_on_all_its_pages_what_everything_has(self, bridge: Bridge, count: int) -> None:
        told = [one for one in await everything(bridge) if one["resourceType"] == "Observation"]
        assert await walked(bridge, _count=count) == told

    async def test_keeps_to_what_is_asked_for_on_the_next_page(self, bridge: Bridge) -> None:
        found = await walked(bridge, _count=1, code="8867-4,85354-9", date=["ge2026-03-30", "le2026-03-30"])
        assert [one["code"]["text"] for one in found] == ["Heart pulse", "Blood pressure"]

    async def test_finds_by_category_and_last_change(self, bridge: Bridge) -> None:
        days = await walked(bridge, category="activity", _lastUpdated="2026-03-30T19:46:40Z")
        assert {one["code"]["text"] for one in days} >= {"Steps", "Distance"}
        assert {one["category"][0]["coding"][0]["code"] for one in days} == {"activity"}

    async def test_finds_by_how_a_value_came_to_be(self, bridge: Bridge) -> None:
        all_, measured = await walked(bridge), await walked(bridge, _tag="device")
        assert measured == [one for one in all_ if one["meta"]["tag"][0]["code"] == "device"]
        assert 0 < len(measured) < len(all_)

    async def test_gives_the_address_of_each(self, bridge: Bridge) -> None:
        for entry in (await found(bridge))["entry"]:
            reply = await bridge.http.get(entry["fullUrl"])
            assert checked(reply.text) == entry["resource"]

    async def test_of_nothing_is_an_empty_page(self, bridge: Bridge) -> None:
        assert "entry" not in await found(bridge, code="99999-9")

    @pytest.mark.parametrize(
        ("query", "field", "problem"),
        [
            ({"date": "yesterday"}, "date", "ge2026-01-15"),
            ({"_lastUpdated": ["2026", "2026-13"]}, "_lastUpdated", "calendar"),
            ({"code": "29463-7,"}, "code", "should be a code"),
            ({"_count": 0}, "_count", "greater"),
            ({"_cursor": "mine"}, "_cursor", "next link"),
        ],
    )
    async def test_says_what_is_wrong_with_it(
        self, bridge: Bridge, query: dict[str, Any], field: str, problem: str
    ) -> None:
        reply = await ask(bridge, "Observation", **query)
        assert (reply.status_code, reply.json()["code"]) == (422, "invalid_request")
        assert reply.json()["detail"][0]["field"].startswith(field)
        assert problem in reply.json()["error"]


class TestOneResource:
    async def test_is_the_patient_whose_all_is(self, bridge: Bridge) -> None:
        subject = (await found(bridge))["entry"][0]["resource"]["subject"]["reference"]
        patient = await found(bridge, subject)
        assert patient["id"] == USER
        assert patient["identifier"] == [{"system": "urn:withings:userid", "value": "1234"}]

    async def test_is_a_device(self, bridge: Bridge) -> None:
        bundle = await found(bridge, "Device")
        assert [entry["resource"] for entry in bundle["entry"]] == [await found(bridge, "Device/d1")]

    @pytest.mark.parametrize("path", ["Observation/x", "Device/x", "Patient/x"])
    async def test_that_is_not_there_is_said_to_be_so(self, bridge: Bridge, path: str) -> None:
        reply = await ask(bridge, path)
        assert (reply.status_code, reply.json()["code"]) == (404, "no_such_resource")


class TestEverything:
    async def test_can_be_narrowed(self, bridge: Bridge) -> None:
        told = await everything(bridge, start="2026-03-29", end="2026-03-29")
        kinds = [one["resourceType"] for one in told]
        assert kinds[:2] == ["Patient", "Device"]
        assert {one["effectivePeriod"]["start"][:10] for one in told[2:]} == {"2026-03-29"}
        assert len(await everything(bridge, _since="2027")) == 2

    @pytest.mark.parametrize("name", ["start", "end", "_since"])
    async def test_takes_dates_alone(self, bridge: Bridge, name: str) -> None:
        for text in ("tomorrow", "ge2026"):
            assert (await ask(bridge, "Patient/$everything", **{name: text})).status_code == 422

    async def test_of_nobody_fails_before_it_begins(self, lone: Bridge) -> None:
        reply = await lone.http.get(f"{FHIR}/Patient/$everything", params={"userId": USER})
        assert (reply.status_code, reply.json()["code"]) == (401, "not_linked")
        assert json.loads(reply.text)["request_id"]


class TestTheCapabilities:
    async def test_are_those_that_the_api_describes(self, bridge: Bridge) -> None:
        stated = await found(bridge, "metadata")
        described = (await bridge.http.get("/openapi.json")).json()["paths"]
        for resource in stated["rest"][0]["resource"]:
            path = f"{FHIR}/{resource['type']}"
            codes = {interaction["code"] for interaction in resource["interaction"]}
            assert ("search-type" in codes) == (path in described)
            assert ("read" in codes) == (f"{path}/{{id}}" in described)
            named = {parameter["name"] for parameter in resource.get("searchParam", [])}
            taken = {one["name"] for one in described.get(path, {}).get("get", {}).get("parameters", [])}
            assert named == taken - {"_count", "_cursor", "userId"}
            for operation in resource.get("operation", []):
                assert f"{path}/${operation['name']}" in described
