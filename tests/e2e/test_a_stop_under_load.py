"""Told to stop in the middle of everything, a bridge ends with 0 in time, and the next one goes on."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from e2e.levers import Failpoint
from e2e.trial import Person, Trial
from processes import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

GRACE_SECONDS = 8
SLOWER_THAN_THAT = 15


class TestAStop:
    def test_under_load_ends_with_0_within_the_grace_and_loses_nothing(self, trial: Trial) -> None:
        person = trial.link_person()
        newcomer = trial.add_somebody()
        for each in (person, newcomer):
            let_hang(trial, each)
        trial.begin_link(newcomer.user, newcomer.userid)
        with ThreadPoolExecutor(4) as callers:
            for _ in range(4):
                callers.submit(ask, trial, person.user)
            for number in range(10):
                trial.tell("POST", f"{person.path}/weighings", {"kg": 70 + number})
            await_hanging(trial)
            stop_in_time(trial)

        go_on(trial, person, newcomer)

    def test_in_a_turn_of_the_loop_does_too(self, trial: Trial) -> None:
        person = trial.link_person()
        answered = Failpoint("begun", "before")
        trial.trap.set(answered)
        trial.tell("POST", f"{person.path}/weighings", {"kg": 70})
        trial.dies_at(answered)
        let_hang(trial, person)
        trial.revive()
        await_hanging(trial)

        stop_in_time(trial)

        go_on(trial, person)


def let_hang(trial: Trial, person: Person) -> None:
    """One call for this person takes longer than any stop may."""
    slow = {"kind": "slow", "userid": person.userid, "action": "getmeas", "seconds": SLOWER_THAN_THAT}
    trial.tell("POST", "/mishaps", slow)


def await_hanging(trial: Trial) -> None:
    """All the calls that are meant to hang do."""
    eventually("the calls hang", lambda: all(mishap["hits"] for mishap in trial.tell("GET", "/mishaps")))


def stop_in_time(trial: Trial) -> None:
    """Stop the bridge, which plays along."""
    began = time.monotonic()
    assert trial.bridge.stop() == 0
    assert time.monotonic() - began < GRACE_SECONDS + 1


def go_on(trial: Trial, *people: Person) -> None:
    """The next bridge has it all."""
    trial.tell("DELETE", "/mishaps")
    trial.bridge.start()
    trial.quiet(*people)
    for person in people:
        trial.check(person)


def ask(trial: Trial, user: str) -> None:
    """A sync that may be cut off."""
    with suppress(httpx.HTTPError):
        trial.http.post(f"{trial.url}/api/withings/sync", json={"cognitoUserId": user})
