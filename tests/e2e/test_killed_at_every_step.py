"""Killed before and after each named step of a walk, a bridge loses nothing and keeps its links."""

from contextlib import suppress

import httpx
import pytest

from e2e.failing import LEAVING, LINK, MOMENTS, NOTIFICATION, REFRESH, TURN, Step
from e2e.lengths import LONG
from e2e.levers import Failpoint
from e2e.trial import Trial

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

HOUR = 3600
NOT_OF_A_WEIGH_IN = {"tombstones written"}


def failpoints(*steps: Step, once: bool = False) -> pytest.MarkDecorator:
    """Before and after each; in the long proof also at later passings of what is passed often.

    What was before a step is after the one before it, so on a slow engine the one half may do.
    """
    found = [
        pytest.param(
            Failpoint(step.name, moment, passing),
            marks=[pytest.mark.twin_suffices] if moment == "before" else [],
        )
        for step in steps
        for moment in MOMENTS
        for passing in ((1, 2, 3) if LONG and step.often and not once else (1,))
    ]
    return pytest.mark.parametrize("failpoint", found, ids=str)


class TestATurn:
    @failpoints(*NOTIFICATION, *TURN, *REFRESH)
    def test_that_is_killed_is_done_again(self, lasting_trial: Trial, failpoint: Failpoint) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        weighed = trial.tell("POST", f"{person.path}/weighings", {"kg": 71, "fat_percent": 20})
        trial.quiet()
        trial.advance(3 * HOUR)  # so that the first call needs a refresh
        trial.trap.set(failpoint)

        trial.tell("POST", f"{person.path}/weighings", {"kg": 72, "fat_percent": 21, "pulse": 61})
        trial.tell("POST", f"{person.path}/activity-days", {"steps": 4321})
        trial.tell("POST", f"{person.path}/nights", {"hours": 7})
        trial.tell("DELETE", f"{person.path}/measure-groups/{weighed['measuregrps'][0]['grpid']}")
        trial.dies_at(failpoint)
        trial.revive()

        trial.check()


@pytest.mark.twin_suffices
class TestOneWeighIn:
    @failpoints(*NOTIFICATION, *(step for step in TURN if step.name not in NOT_OF_A_WEIGH_IN), once=True)
    def test_that_nothing_else_tells_of_is_not_lost(self, lasting_trial: Trial, failpoint: Failpoint) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        trial.trap.set(failpoint)
        trial.tell("POST", f"{person.path}/weighings", {"kg": 73})
        trial.dies_at(failpoint)
        trial.revive()

        trial.check()


class TestALink:
    @failpoints(*LINK)
    def test_that_is_killed_can_be_made(self, lasting_trial: Trial, failpoint: Failpoint) -> None:
        trial = lasting_trial
        person = trial.add_somebody()
        trial.trap.set(failpoint)
        with suppress(httpx.HTTPError):
            trial.begin_link(person.user, person.userid)
        trial.dies_at(failpoint)
        trial.revive()

        if not trial.linked(person):
            trial.begin_link(person.user, person.userid)

        trial.check(person)


class TestADisconnect:
    @failpoints(*LEAVING)
    def test_that_is_killed_can_be_completed(self, lasting_trial: Trial, failpoint: Failpoint) -> None:
        trial = lasting_trial
        person = trial.link_person(trial.add_somebody())
        trial.trap.set(failpoint)
        with suppress(httpx.HTTPError):
            trial.disconnect(person.user, purge=True)
        trial.dies_at(failpoint)
        trial.revive()

        trial.disconnect(person.user, purge=True)

        assert trial.store.token_row(f"{person.user}#withings") is None
        assert trial.store.account(person.account) is None
        assert trial.store.records(person.account) == {}
        assert trial.store.rows(person.user) == []
        shown = trial.tell("GET", person.path)
        assert (shown["linked"], shown["subscriptions"]) == (False, 0)
        trial.sound = True
