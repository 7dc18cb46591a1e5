"""One trace from the notification to the row, also where a process ended in between."""

import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from builders import a_weighing
from collector import Collector, collecting
from e2e.stores import SqliteFile
from e2e.world import World
from processes import eventually

pytestmark = pytest.mark.e2e

WAY = {
    "POST /webhook/withings",
    "notification received",
    "turn",
    "sync measures",
    "Withings getmeas",
    "save records",
    "write rows",
}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "bridge.db"


@pytest.fixture
def traced(database: Path, tmp_path: Path, collector: Collector) -> Iterator[World]:
    """A world whose bridge tells the collector."""
    world = World(SqliteFile(database), tmp_path)
    try:
        world.withings.start()
        world.restart_with({"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50"})
        yield world
    finally:
        world.end()


def linked(world: World) -> int:
    """A person of whom nothing is left to do, so that the next turn is about what comes next alone."""
    person = world.add_person()
    world.link(person=person)

    def at_rest() -> bool:
        account = world.store.account(str(person))
        assert account is not None
        return not (account.lease or any(work.news or work.backfill for work in account.work.values()))

    eventually("nothing is left to do", at_rest)
    return person


class TestATrace:
    def test_leads_from_the_notification_to_the_row(self, traced: World, collector: Collector) -> None:
        person = linked(traced)
        traced.tell("POST", f"/people/{person}/weighings", {"kg": 81.3})
        traced.await_row("weight", "179.24")

        assert traced.bridge.stop() == 0

        (received,) = collector.named("notification received")
        assert collector.trace(received.trace_id) == WAY
        lines = [json.loads(line) for line in traced.bridge.log.splitlines()]
        told = [line for line in lines if line.get("trace_id") == received.trace_id]
        assert {line["event"] for line in told} == {"notification received", "synced"}
        assert len({line["request_id"] for line in told}) == 1
        assert {line["account"] for line in told} == {str(person)}
        assert "81.3" not in str(collector.spans)
        assert "179.24" not in str(collector.spans)

    def test_goes_on_in_another_process_after_a_kill(
        self, traced: World, collector: Collector, database: Path
    ) -> None:
        person = linked(traced)
        taken = int(time.time()) - 60
        records = {"measuregrps": [a_weighing(1001, taken)], "notify": False}
        traced.tell("POST", f"/people/{person}/records", records)
        traced.withings.signal(signal.SIGSTOP)
        window = {"startdate": str(taken), "enddate": str(taken)}
        httpx.post(f"{traced.url}/webhook/withings", data={"userid": str(person), "appli": "1", **window})
        (received,) = eventually("it is told", lambda: collector.named("notification received"))
        traced.bridge.kill()
        traced.withings.signal(signal.SIGCONT)
        assert "turn" not in collector.trace(received.trace_id)

        with sqlite3.connect(database) as opened:  # as if the lease of the killed turn had ended
            opened.execute(
                "UPDATE accounts SET document = json_remove(document, '$.lease'), leased_until = NULL"
            )
        traced.bridge.start()

        traced.await_row("weight", "156.53")
        eventually("the rest is told", lambda: collector.trace(received.trace_id) == WAY)
