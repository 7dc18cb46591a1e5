"""Three bridges on one store share the work: one refresh, one fetch a need, and no turn is lost."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from e2e.fleet import Fleet
from e2e.levers import Failpoint
from e2e.stores import Store
from e2e.trial import ASKED_AGAIN, begun
from processes import eventually
from withings_bridge.sandbox.cloud.envelope import THROTTLED

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

HOUR = 3600
LEASE = 15
MINUTE = timedelta(minutes=1)


@pytest.fixture
def fleet(store: Store, tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(store, tmp_path)
    with begun(fleet):
        yield fleet


class TestThirtySyncsAtOnce:
    @pytest.mark.parametrize("pass_time", [Fleet.advance, Fleet.run_ahead], ids=["for all", "for Withings"])
    def test_on_an_expired_pair_make_one_refresh_and_are_all_answered(
        self, fleet: Fleet, pass_time: Callable[[Fleet, float], None]
    ) -> None:
        person = fleet.link_person()
        pass_time(fleet, 3 * HOUR)
        fleet.tell("DELETE", "/requests")

        def sync(_: int) -> int:
            asked = {"cognitoUserId": person.user}
            return fleet.http.post(f"{fleet.url}/api/withings/sync", json=asked).status_code

        with ThreadPoolExecutor(30) as callers:
            answers = list(callers.map(sync, range(30)))

        assert answers == [200] * 30
        assert len(fleet.refreshes()) == 1
        assert THROTTLED not in {call["status"] for call in fleet.tell("GET", "/requests")}
        fleet.catch_up()
        fleet.check()


class TestABurst:
    def test_over_all_replicas_costs_no_more_calls_than_it_brings_news(self, fleet: Fleet) -> None:
        person = fleet.link_person()
        fleet.advance(60)
        fleet.tell("DELETE", "/requests")
        fleet.tell("PUT", "/faults", {"quota": False, "hold_notifications": True})
        for number in range(10):
            fleet.tell("POST", f"{person.path}/weighings", {"kg": 70, "at": fleet.ago(hours=number)})
        began = fleet.clock()

        fleet.tell("PUT", "/faults", {"quota": False})
        fleet.quiet()

        assert [delivery["state"] for delivery in fleet.tell("GET", "/deliveries")] == ["delivered"] * 10
        calls = fleet.tell("GET", "/requests?action=getmeas")
        # What looked like an echo is looked at once more after five minutes.
        at_once = [call for call in calls if datetime.fromisoformat(call["at"]) - began < MINUTE]
        assert len(at_once) <= 10
        assert {call["status"] for call in calls} == {0}
        fleet.check()


class TestAReplica:
    def test_killed_in_mid_turn_is_taken_over_from_when_its_lease_has_ended(self, fleet: Fleet) -> None:
        person = fleet.link_person()
        fleet.advance(ASKED_AGAIN)
        first, *others = fleet.bridges
        for other in others:
            other.kill()
        failpoint = Failpoint("records saved", "before")
        fleet.trap.set(failpoint)
        fleet.tell("POST", f"{person.path}/weighings", {"kg": 70})
        fleet.dies_at(failpoint)
        for other in others:
            other.start()
        account = fleet.store.account(person.account)
        assert account is not None
        assert account.leased_at(fleet.clock())

        fleet.advance(LEASE)

        eventually("another has done it", lambda: not fleet.differences_of_news(person))
        fleet.check()
        first.start()
