"""Told to stop in the middle of everything, a bridge ends with 0 in time, and the next one goes on."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from e2e.trial import Trial
from processes import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

GRACE_SECONDS = 8
SLOWER_THAN_THAT = 15


class TestAStop:
    def test_under_load_ends_with_0_within_the_grace_and_loses_nothing(self, trial: Trial) -> None:
        person = trial.link_person()
        newcomer = trial.add_somebody()
        slow = {"kind": "slow", "action": "getmeas", "seconds": SLOWER_THAN_THAT, "skip": 1}
        trial.tell("POST", "/mishaps", slow)
        trial.begin_link(newcomer.user, newcomer.userid)
        with ThreadPoolExecutor(4) as callers:
            for _ in range(4):
                callers.submit(ask, trial, person.user)
            for number in range(10):
                trial.tell("POST", f"{person.path}/weighings", {"kg": 70 + number})
            eventually("a call hangs", lambda: trial.tell("GET", "/mishaps")[0]["hits"])

            began = time.monotonic()
            code = trial.bridge.stop()
            took = time.monotonic() - began

        assert code == 0
        assert took < GRACE_SECONDS + 1
        trial.tell("DELETE", "/mishaps")
        trial.bridge.start()
        trial.quiet(person, newcomer)
        trial.check(person)
        trial.check(newcomer)


def ask(trial: Trial, user: str) -> None:
    """A sync that may be cut off."""
    with suppress(httpx.HTTPError):
        trial.http.post(f"{trial.url}/api/withings/sync", json={"cognitoUserId": user})
