"""Replies recorded from Withings' cloud go through the client's own steps, and nothing is lost."""

import json
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from recorded import content, needs_recorded
from withings_bridge.withings import Days, Since, WithingsClient
from withings_bridge.withings.answers import mapped, single
from withings_bridge.withings.models import (
    ActivityDay,
    Device,
    Goals,
    MeasureGroup,
    NotificationProfile,
    SleepSegment,
    SleepSummary,
    Workout,
)
from withings_bridge.withings.protocol import decode

DAYS = Days(date(2021, 4, 1), date(2023, 9, 30))
SINCE = Since(datetime(2023, 9, 1, tzinfo=UTC))

pytestmark = needs_recorded


def body_of(name: str) -> dict[str, Any]:
    """The body as the client decodes it; a bare list of groups is put back into its envelope first."""
    reply = content(name)
    if reply.lstrip().startswith(b"["):
        reply = b'{"status":0,"body":{"measuregrps":' + reply + b"}}"
    return decode(200, "application/json", reply, {})


ROWS: list[tuple[str, str, type[BaseModel], int]] = [
    ("measurement", "measuregrps", MeasureGroup, 2),
    ("measurement_list_2", "measuregrps", MeasureGroup, 34),
    ("measurement_positions", "measuregrps", MeasureGroup, 2),
    ("activity", "activities", ActivityDay, 2),
    ("sleep_no_datafields", "series", SleepSegment, 613),
    ("sleep_summary", "series", SleepSummary, 300),
    ("sleep_summary_no_datafields", "series", SleepSummary, 300),
    ("workouts", "series", Workout, 11),
    ("device", "devices", Device, 5),
    ("notify_list", "profiles", NotificationProfile, 1),
]


class TestLists:
    @pytest.mark.parametrize(("name", "key", "model", "count"), ROWS, ids=[row[0] for row in ROWS])
    def test_come_through_whole(self, name: str, key: str, model: type[BaseModel], count: int) -> None:
        raw = json.loads(content(name))
        sent = raw if isinstance(raw, list) else raw["body"][key]
        answer = single(body_of(name), key, model)
        assert list(answer.rows) == sent
        assert [typed.model_dump(exclude_unset=True) for typed in answer.models] == sent
        assert len(answer.models) == len(sent) == count

    def test_have_all_measures(self) -> None:
        answer = single(body_of("measurement_positions"), "measuregrps", MeasureGroup)
        assert sum(len(group.measures) for group in answer.models) == 56

    def test_have_all_types_and_positions(self) -> None:
        answer = single(body_of("measurement_list_2"), "measuregrps", MeasureGroup)
        measures = [measure for group in answer.models for measure in group.measures]
        assert len({measure.type for measure in measures}) == 21
        positions = {measure.position for measure in measures if measure.position is not None}
        assert len(positions) == 7
        assert 7 in positions

    def test_print_every_quantity_as_withings_meant_it(self) -> None:
        answer = single(body_of("measurement"), "measuregrps", MeasureGroup)
        assert str(answer.models[0].measures[0].quantity) == "118.003"


class TestSingleReplies:
    @pytest.mark.parametrize("name", ["goals", "goals_1"])
    def test_of_goals_come_through_whole(self, name: str) -> None:
        sent = json.loads(content(name))["body"]["goals"]
        answer = mapped(body_of(name), "goals", Goals)
        assert answer.rows == (sent,)
        assert answer.models[0].model_dump(exclude_unset=True) == sent

    def test_of_no_goals_are_a_list(self) -> None:
        assert body_of("no_goals") == {"goals": []}
        assert mapped(body_of("no_goals"), "goals", Goals).rows == ()

    @pytest.mark.parametrize("name", ["notify_subscribe", "notify_revoke"])
    def test_of_a_done_deed_are_empty(self, name: str) -> None:
        assert body_of(name) == {}


class Replaying(httpx.AsyncBaseTransport):
    """Answers every request with one recording."""

    def __init__(self, name: str) -> None:
        self._content = content(name)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=self._content, headers={"Content-Type": "application/json"})


class TestThroughTheClient:
    async def test_a_full_page_of_nights_promises_more(self) -> None:
        async with httpx.AsyncClient(transport=Replaying("sleep_summary")) as http:
            client = WithingsClient(http, "https://withings.example")
            answer = await client.sleep_summaries("token", DAYS, max_pages=1)
        assert (len(answer.rows), answer.complete, answer.next_offset) == (300, False, 300)

    async def test_a_single_page_of_measures_has_no_more(self) -> None:
        async with httpx.AsyncClient(transport=Replaying("measurement")) as http:
            answer = await WithingsClient(http, "https://withings.example").measures("token", SINCE)
        assert (len(answer.rows), answer.complete, answer.timezone) == (2, True, "Europe/Amsterdam")
        assert answer.updatetime is not None
        assert answer.updatetime.timestamp() == 1693651185
