"""Notifications that come twice, in the wrong order, or never."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.stores import Store
from e2e.trial import Person, Trial, begun

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

SUBSCRIPTIONS = 9


def live_a_little(trial: Trial, person: Person) -> None:
    """News, an edit and a deletion of it among them, and of something older."""
    groups = trial.tell("GET", f"{person.path}/records")["measures"]
    edited, deleted = groups[-1]["grpid"], groups[-2]["grpid"]
    trial.tell("PATCH", f"{person.path}/measure-groups/{edited}", {"attrib": 1})
    trial.tell("DELETE", f"{person.path}/measure-groups/{deleted}")
    weighed = trial.tell("POST", f"{person.path}/weighings", {"kg": 72.4, "fat_percent": 21})
    grpid = weighed["measuregrps"][0]["grpid"]
    measures = [{"type": 1, "value": 7310, "unit": -2}]
    trial.tell("PATCH", f"{person.path}/measure-groups/{grpid}", {"measures": measures})
    trial.tell("POST", f"{person.path}/weighings", {"kg": 71.9, "at": trial.ago(days=3)})
    trial.tell("POST", f"{person.path}/activity-days", {"steps": 4321})
    night = trial.tell("POST", f"{person.path}/nights", {"hours": 7})["row"]
    trial.tell("PATCH", f"{person.path}/nights/{night['id']}", {"hours": 6})


class TestNotifications:
    @pytest.mark.parametrize("switches", [{"duplicate_notifications": True}, {"hold_notifications": True}])
    def test_that_come_twice_or_newest_first_end_in_the_same_store(
        self, lasting_trial: Trial, switches: dict[str, bool]
    ) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        trial.tell("PUT", "/faults", {"quota": False, **switches})

        live_a_little(trial, person)
        trial.tell("POST", "/deliveries/release", {"order": "newest"})
        trial.tell("PUT", "/faults", {"quota": False})

        trial.check()


class TestNotificationsThatNeverCome:
    @pytest.fixture
    def swept_often(self, store: Store, tmp_path: Path) -> Iterator[Trial]:
        with begun(Trial(store, tmp_path, days=6, env={"RECONCILE_HOURS": "0.02"})) as trial:
            trial.link(trial.person.user, trial.person.userid)
            trial.await_equality(trial.person)
            yield trial

    def test_are_made_good_by_the_next_sweeps(self, swept_often: Trial) -> None:
        trial, person = swept_often, swept_often.person
        trial.tell("PUT", "/faults", {"quota": False, "lose_notifications": True})

        live_a_little(trial, person)
        trial.await_equality(person)

        assert {delivery["state"] for delivery in trial.tell("GET", "/deliveries")} == {"lost"}
        trial.sync(person.user)

    def test_since_withings_dropped_the_subscriptions_come_again(self, swept_often: Trial) -> None:
        trial, person = swept_often, swept_often.person
        trial.tell("DELETE", f"/subscriptions?userid={person.userid}")

        trial.await_true("all is subscribed again", lambda: trial.subscriptions(person) == SUBSCRIPTIONS)
