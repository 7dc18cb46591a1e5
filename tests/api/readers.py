"""A bridge whose user has records, and a client that reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from api.running import USER, Bridge, Json, given_records
from builders import NOON
from withings_bridge.domain.records import Kind, Record, RecordKey, record_from

EPOCH_NOON = int(NOON.timestamp())


def weighed(number: int, *, at: int = EPOCH_NOON, grams: int = 81300, **fields: Any) -> Record:
    """A measure group with one weight."""
    measures = [{"type": 1, "value": grams, "unit": -3}]
    group = {
        "grpid": number,
        "attrib": 0,
        "category": 1,
        "date": at,
        "modified": at + 9,
        "measures": measures,
    }
    return record_from(Kind.MEASURES, group | fields)


def slept(number: int, *, at: int = EPOCH_NOON, **fields: Any) -> Record:
    """A night of eight hours."""
    night = {"id": number, "startdate": at, "enddate": at + 8 * 3600, "data": {"sleep_score": 80}}
    return record_from(Kind.SLEEP, night | fields)


@dataclass
class Reader:
    """Reads what is stored of the user, and writes as a sync would."""

    bridge: Bridge
    folder: Path

    async def has(self, *records: Record, removed: tuple[RecordKey, ...] = ()) -> None:
        await given_records(self.folder, *records, removed=removed)

    async def asked(
        self, path: str, headers: dict[str, str] | None = None, /, **query: Any
    ) -> httpx.Response:
        given = {"userId": USER} | {name.strip("_"): value for name, value in query.items()}
        return await self.bridge.http.get(f"/api/withings{path}", params=given, headers=headers)

    async def got(self, path: str, /, **query: Any) -> Json:
        """The answer to a call that succeeds. A word of Python's takes an underscore: ``from_``."""
        reply = await self.asked(path, **query)
        assert reply.status_code == 200, reply.text
        found: Json = reply.json()
        return found

    async def refused(self, path: str, /, **query: Any) -> tuple[int, str, str]:
        """Status, code and sentence of a call that fails."""
        reply = await self.asked(path, **query)
        return reply.status_code, reply.json()["code"], reply.json()["error"]

    async def all(self, path: str, /, **query: Any) -> list[Json]:
        """The items of all pages, none of which is too long."""
        items: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.got(path, **query, **cursor)
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = {"cursor": page["next"]}
