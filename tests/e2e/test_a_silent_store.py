"""The store is unreachable for a while, under load: Withings is told so in time, and nothing is lost."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from e2e.lengths import OUTAGE_SECONDS
from e2e.silence import LockableFile, Silenceable, WiredTables
from e2e.stores import BACKENDS
from e2e.trial import Person, Trial, begun
from processes import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

HOUR = 3600
WITHINGS_PATIENCE = 2.0
AT_ONCE = 8


@pytest.fixture(params=BACKENDS)
def silenceable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Silenceable]:
    store: Silenceable
    if request.param == "sqlite":
        store = LockableFile(tmp_path / "data" / "bridge.db")
    else:
        store = WiredTables(request.getfixturevalue("dynamodb"), prefix=f"e2e-{uuid4().hex[:8]}")
    yield store
    store.end()


@pytest.fixture
def trial(silenceable: Silenceable, tmp_path: Path) -> Iterator[Trial]:
    with begun(Trial(silenceable, tmp_path, days=6)) as trial:
        yield trial


def post(trial: Trial, person: Person) -> tuple[int, float]:
    """A notification: the status of its answer, and the seconds it took."""
    at = int(trial.clock().timestamp())
    began = time.monotonic()
    answered = trial.notify(person, appli=1, startdate=at - 1, enddate=at)
    return answered.status_code, time.monotonic() - began


class TestASilentStore:
    def test_has_notifications_refused_in_time_and_delivered_again(
        self, trial: Trial, silenceable: Silenceable
    ) -> None:
        person = trial.link_person()
        newcomer = trial.add_somebody()
        trial.begin_link(newcomer.user, newcomer.userid)  # whose import is under way

        answers: list[tuple[int, float]] = []
        with silenceable.silent(), ThreadPoolExecutor(AT_ONCE) as load:
            ends_at = time.monotonic() + OUTAGE_SECONDS
            while time.monotonic() < ends_at:
                trial.tell("POST", f"{person.path}/weighings", {"kg": 70 + len(answers) / 100})
                answers += load.map(lambda _: post(trial, person), range(AT_ONCE))
            waiting = trial.tell("GET", "/deliveries?state=waiting")

        assert {status for status, _ in answers} == {503}
        assert max(seconds for _, seconds in answers) < WITHINGS_PATIENCE
        assert waiting
        trial.quiet(person, newcomer)
        trial.check(person)
        trial.check(newcomer)

    def test_between_the_answer_to_a_refresh_and_its_save_ends_no_link(
        self, trial: Trial, silenceable: Silenceable
    ) -> None:
        person = trial.link_person()
        trial.advance(3 * HOUR)
        trial.tell("POST", "/mishaps", {"kind": "slow", "action": "requesttoken", "seconds": 1.5})
        trial.tell("POST", f"{person.path}/weighings", {"kg": 70})
        eventually("the refresh is under way", lambda: trial.tell("GET", "/mishaps")[0]["hits"])

        with silenceable.silent():
            began, lasts = time.monotonic(), OUTAGE_SECONDS / 2
            eventually("the silence has lasted", lambda: time.monotonic() - began > lasts, within=2 * lasts)

        trial.check()
