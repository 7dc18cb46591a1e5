"""What docs/read-api.md tells people to do works, to the letter."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.readers import EPOCH_NOON, Reader, slept, weighed
from api.running import USER, Json
from withings_bridge.domain.records import RecordKey

PAGE = (Path(__file__).parents[2] / "docs/read-api.md").read_text()

CURLS = re.findall(r'^curl (?:-i )?"\$BRIDGE([^"]+)"', PAGE, re.MULTILINE)

CODE = re.findall(r"^```python\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)


class Caller:
    """``get`` of the page's Python, which waits for nobody: pages were asked for before."""

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str | None], Json] = {}

    async def ask(self, reader: Reader, path: str, name: str, **query: Any) -> None:
        """Have all pages of a list, by the cursor that asks for each."""
        cursor: str | None = None
        while (path, cursor) not in self.pages:
            page = await reader.got(path, **query, **({name: cursor} if cursor else {}))
            self.pages[path, cursor] = page
            if not page.get("more", page["next"]):
                return
            cursor = page["next"]

    def get(self, path: str, **query: Any) -> Json:
        return self.pages[path.removeprefix("/api/withings"), query.get("cursor") or query.get("since")]


@pytest.fixture
def written() -> dict[str, Any]:
    """The functions that the page shows."""
    scope: dict[str, Any] = {}
    for code in CODE:
        exec(code, scope)  # noqa: S102 - our own page
    return scope


class TestThePage:
    @pytest.mark.parametrize("url", CURLS)
    async def test_shows_calls_that_work(self, reader: Reader, url: str) -> None:
        await reader.has(weighed(1), slept(2))
        reply = await reader.bridge.http.get(httpx.URL(url.replace("$USER_ID", USER)))
        assert reply.status_code == 200, reply.text

    async def test_names_every_call_there_is_and_no_other(self, reader: Reader) -> None:
        paths = (await reader.bridge.http.get("/openapi.json")).json()["paths"]
        read = {path for path, item in paths.items() if item.get("get", {}).get("tags") == ["readings"]}
        rows = re.findall(r"^\| (`/.+?) \|", PAGE, re.MULTILINE)
        named = {f"/api/withings{path}" for row in rows for path in re.findall(r"`(/[^`]+)`", row)}
        assert named == read

    async def test_shows_how_to_have_everything(self, reader: Reader, written: dict[str, Any]) -> None:
        await reader.has(*(weighed(n, at=EPOCH_NOON - n) for n in range(5)))
        caller = Caller()
        await caller.ask(reader, "/measurements", "cursor", limit=2)
        written["get"] = caller.get
        found = [item["withings"]["id"] for item in written["everything"]("/measurements", limit=2)]
        assert found == ["0", "1", "2", "3", "4"]

    async def test_shows_how_to_keep_a_copy(self, reader: Reader, written: dict[str, Any]) -> None:
        copy: dict[tuple[str, str], Json] = {}
        caller = Caller()
        written["get"] = caller.get
        await reader.has(weighed(1), weighed(2), slept(3))
        await caller.ask(reader, "/changes", "since", limit=2)
        since = written["catch_up"](copy)
        await reader.has(weighed(4), removed=(RecordKey(weighed(1).kind, "1"),))
        caller.pages[("/changes", since)] = await reader.got("/changes", since=since)
        written["catch_up"](copy, since)
        assert sorted(copy) == [("measures", "2"), ("measures", "4"), ("sleep", "3")]
