"""A turn belongs to the trace of the notification that it works off, whichever process took that."""

import json

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from builders import HOUR
from collector import Told, traced
from unit.services.house import House
from withings_bridge import tracing
from withings_bridge.storage.documents import dump_account


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


async def weighed(house: House, userid: str, kg: float) -> None:
    """Somebody stands on a scale, and the notification of it is taken in a request of its own."""
    group = await house.weigh(userid, kg)
    with tracing.span("request"):
        await house.receive(userid, group)


def below(spans: list[Told], above: Told) -> set[str]:
    return {span.name for span in spans if span.parent == above.span_id}


class TestATurn:
    async def test_goes_on_with_the_trace_of_its_notification(self, house: House, userid: str) -> None:
        with traced() as collector:
            await weighed(house, userid, 70)
            await house.drain(userid)
        (request,) = collector.named("request")
        (received,) = collector.named("notification received")
        (turn,) = collector.named("turn")
        (sync,) = collector.named("sync measures")
        assert {span.trace_id for span in collector.spans} == {request.trace_id}
        assert (received.parent, turn.parent, sync.parent) == (
            request.span_id,
            received.span_id,
            turn.span_id,
        )
        assert below(collector.spans, sync) == {"Withings getmeas", "save records", "write rows"}
        assert turn.kind == "consumer"

    async def test_tells_counts_and_actions_and_never_who_or_what(self, house: House, userid: str) -> None:
        with traced() as collector:
            await weighed(house, userid, 81.3)
            await house.drain(userid)
        told = {span.name: span.attributes for span in collector.spans}
        assert told == {
            "request": {},
            "notification received": {"appli": 1, "known": True, "account": userid},
            "turn": {"account": userid},
            "sync measures": {"lane": "live"},
            "Withings getmeas": {
                "withings.service": "measure",
                "withings.action": "getmeas",
                "withings.status": 0,
            },
            "save records": {"records": 1},
            "write rows": {"rows": 2, "changed": 2},
        }

    @pytest.mark.slow
    async def test_of_several_is_in_the_trace_of_the_first_and_names_the_others(
        self, house: House, userid: str
    ) -> None:
        with traced() as collector:
            for kg in (70, 71, 72):
                await weighed(house, userid, kg)
            await house.drain(userid)
            await house.receiving.receive({"userid": userid, "appli": "1"})
        first, *others = collector.named("notification received")
        (turn,) = collector.named("turn")
        assert turn.trace_id == first.trace_id
        assert set(turn.links) == {other.span_id for other in others[:2]}

    async def test_that_is_tried_again_goes_on_with_the_same_trace(self, house: House, userid: str) -> None:
        house.weather.refuses("getmeas", 522, times=1)
        with traced() as collector:
            await weighed(house, userid, 70)
            await house.drain(userid)
            assert (await house.account(userid)).traces
            house.clock.advance(HOUR)
            await house.drain(userid)
        failed, done = collector.named("sync measures")
        assert (failed.failed, done.failed) == (True, False)
        assert failed.attributes["error.type"] == "Transient"
        assert failed.trace_id == done.trace_id
        assert collector.named("Withings getmeas")[0].attributes["withings.status"] == 522
        assert (await house.account(userid)).traces == ()

    async def test_without_a_notification_is_in_the_trace_of_whoever_asks(
        self, house: House, userid: str
    ) -> None:
        with traced() as collector, tracing.span("request"):
            await house.requesting.sync("user-1")
        (request,) = collector.named("request")
        assert {turn.parent for turn in collector.named("turn")} == {request.span_id}

    async def test_without_traces_leaves_no_word_of_them_in_the_store(
        self, house: House, userid: str
    ) -> None:
        await weighed(house, userid, 70)
        assert "traces" not in json.loads(dump_account(await house.account(userid)))

    async def test_has_the_account_on_every_line(self, house: House, userid: str) -> None:
        group = await house.weigh(userid, 70)
        await house.receive(userid, group)
        with capture_logs(processors=[merge_contextvars]) as lines:
            await house.drain(userid)
        assert [line["event"] for line in lines] == ["synced"]
        assert {line["account"] for line in lines} == {userid}


class TestARefresh:
    async def test_is_a_step_of_the_turn_that_wants_it(self, house: House, userid: str) -> None:
        house.clock.advance(4 * HOUR)
        with traced() as collector:
            await weighed(house, userid, 70)
            await house.drain(userid)
        (refresh,) = collector.named("refresh tokens")
        (sync,) = collector.named("sync measures")
        assert refresh.parent == sync.span_id
        assert below(collector.spans, refresh) >= {"Withings requesttoken"}
