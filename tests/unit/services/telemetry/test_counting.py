"""What the bridge counts: each unknown thing once a record, told apart within bounds, and of nobody."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from builders import DAY, MINUTE
from fakes import FakeClock
from scrape import Scrape
from unit.services.house import House, a_house
from withings_bridge.domain.categories import Category
from withings_bridge.domain.records import Kind
from withings_bridge.services.telemetry import MOST_CODES, Telemetry

UNKNOWN = "withings_bridge_unknown_total"


def counted(telemetry: Telemetry) -> dict[tuple[str, str], float]:
    """How often by what and code, as Prometheus reads it."""
    samples = Scrape(telemetry.text()).samples.get(UNKNOWN, [])
    return {(sample.labels["what"], sample.labels["code"]): sample.value for sample in samples}


class TestTelemetry:
    def test_counts_what_is_unknown(self) -> None:
        telemetry = Telemetry()
        for _ in range(2):
            telemetry.unknown("measure type", "271")
        telemetry.unknown("field", "sleep.new_one")
        assert counted(telemetry) == {("measure type", "271"): 2, ("field", "sleep.new_one"): 1}

    def test_tells_so_many_codes_apart_and_no_more(self) -> None:
        telemetry = Telemetry()
        for code in range(MOST_CODES + 10):
            telemetry.unknown("appli", str(code))
            telemetry.unknown("attrib", "99")
        telemetry.unknown("appli", "0")
        found = counted(telemetry)
        assert len(found) == MOST_CODES + 2
        assert found["appli", "other"] == 10
        assert found["appli", "0"] == 2
        assert found["attrib", "99"] == MOST_CODES + 10

    @pytest.mark.parametrize(
        "code",
        ["1774900000", "70.5", "somebody", "sleep.a b", "sleep.somebody@example.org", "", "4\n", "½"],
    )
    def test_tells_nothing_that_might_be_about_a_person(self, code: str) -> None:
        telemetry = Telemetry()
        telemetry.unknown("field", code)
        assert counted(telemetry) == {("field", "other"): 1}

    def test_of_two_bridges_is_apart_and_none_of_it_global(self) -> None:
        first, second = Telemetry(), Telemetry()
        first.unknown("appli", "7")
        assert counted(second) == {}
        assert all(not metric.name.startswith("withings") for metric in REGISTRY.collect())


class TestWhatIsStored:
    async def test_is_counted_when_it_is_new_or_changed_and_not_again(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        assert counted(house.telemetry) == {}
        group = a_group(clock, type_=271, attrib=93)
        await house.load(userid, measuregrps=[group])
        await house.notified(userid, group)
        assert counted(house.telemetry) == {("measure type", "271"): 1, ("attrib", "93"): 1}
        clock.advance(MINUTE)
        await house.notified(userid, group)
        assert counted(house.telemetry)["measure type", "271"] == 1

    @pytest.mark.slow
    async def test_is_nothing_of_all_that_the_sandbox_has(self, tmp_path: Path, clock: FakeClock) -> None:
        detail = dict.fromkeys((Category.INTRADAY, Category.SLEEP_DETAIL), 3 * DAY)
        kinds: set[Kind] = set()
        async with a_house(tmp_path, clock, cloud={"days": 60, "people": 5}, detail=detail) as house:
            for person in await house.cloud.control("GET", "/people"):
                userid = await house.linked(f"user-{person['userid']}", person=person["userid"])
                kinds |= {kind for kind in Kind if await house.records(userid, kind)}
            assert counted(house.telemetry) == {}
        assert kinds == set(Kind) - {Kind.EVENT, Kind.SIGNAL}


class TestWhatIsAnnounced:
    async def test_is_counted_where_the_account_is_linked(self, house: House) -> None:
        userid = await house.linked()
        for account in (userid, "999"):
            await house.receiving.receive({"userid": account, "appli": "77"})
        await house.receiving.receive({"userid": userid, "appli": "1"})
        assert counted(house.telemetry) == {("appli", "77"): 1}


def a_group(clock: FakeClock, *, type_: int, attrib: int) -> dict[str, Any]:
    at = int(clock().timestamp())
    measure = {"type": type_, "value": 5, "unit": 0}
    stamps = {"date": at, "created": at, "modified": at}
    return {"grpid": 5, "attrib": attrib, "category": 1, "deviceid": None, "measures": [measure], **stamps}
