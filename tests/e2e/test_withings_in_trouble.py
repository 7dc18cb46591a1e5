"""Whatever Withings answers, or fails to answer: news comes later, none is lost, and the link lives."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from e2e import failing
from e2e.trial import Person, Trial

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

HOUR = 3600
ENV = {failing.TIMEOUT: "2"}

Json = dict[str, Any]

SAME = "Same arguments in less than 10 seconds"
TOO_MANY = "Too Many Requests"


def troubles(*mishaps: Json) -> pytest.MarkDecorator:
    def named(mishap: Json) -> str:
        return " ".join(str(value) for value in mishap.values())

    return pytest.mark.parametrize("mishap", mishaps, ids=named)


def live_a_little(trial: Trial, person: Person, *, group: int) -> None:
    """News of every kind, an edit and a deletion among them."""
    trial.tell("PATCH", f"{person.path}/measure-groups/{group}", {"attrib": 1})
    trial.tell("DELETE", f"{person.path}/measure-groups/{group + 1}")
    trial.tell("POST", f"{person.path}/weighings", {"kg": 72.4, "fat_percent": 21, "pulse": 61})
    trial.tell("POST", f"{person.path}/activity-days", {"steps": 4321})
    trial.tell("POST", f"{person.path}/nights", {"hours": 7})


def two_weighings(trial: Trial, person: Person) -> int:
    """The grpid of the first."""
    first, _ = (trial.tell("POST", f"{person.path}/weighings", {"kg": 70 + n}) for n in range(2))
    trial.quiet()
    grpid: int = first["measuregrps"][0]["grpid"]
    return grpid


@pytest.mark.twin_suffices
class TestTrouble:
    @troubles(
        {"kind": "status", "status": 522, "times": 3},
        {"kind": "status", "status": 215, "times": 3},
        {"kind": "status", "status": 401, "times": 1},
        {"kind": "status", "status": 601, "error": TOO_MANY, "wait_seconds": 40, "times": 3},
        {"kind": "status", "status": 601, "error": SAME, "wait_seconds": 10, "times": 3},
        {"kind": "http", "http_status": 500, "times": 3},
        {"kind": "http", "http_status": 503, "retry_after": 30, "times": 3},
        {"kind": "empty", "times": 3},
        {"kind": "cut", "times": 3},
        {"kind": "lost", "times": 3},
        {"kind": "slow", "seconds": 4, "times": 1},
        {"kind": "stuck", "action": "getmeas", "times": 2},
    )
    def test_delays_news_and_loses_none(self, lasting_trial: Trial, mishap: Json) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        group = two_weighings(trial, person)
        trial.advance(60)
        trial.tell("POST", "/mishaps", mishap)

        live_a_little(trial, person, group=group)
        trial.quiet()

        assert trial.mishaps_are_over()
        trial.check()


class TestARefresh:
    @troubles(
        {"kind": "lost", "action": "requesttoken"},
        {"kind": "slow", "action": "requesttoken", "seconds": 4},
        {"kind": "empty", "action": "requesttoken"},
        {"kind": "http", "http_status": 502, "action": "requesttoken"},
    )
    def test_without_an_answer_is_made_once_more_with_the_old_token(
        self, lasting_trial: Trial, mishap: Json
    ) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        trial.advance(3 * HOUR)
        trial.tell("POST", "/mishaps", mishap)

        trial.tell("POST", f"{person.path}/weighings", {"kg": 73})
        trial.quiet()

        assert trial.mishaps_are_over()
        first, second = trial.refreshes()
        assert told_at(second) - told_at(first) >= timedelta(seconds=10)
        assert second["status"] == 0
        trial.check()

    def test_that_fails_time_and_again_ends_no_link(self, lasting_trial: Trial) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        trial.advance(3 * HOUR)
        trial.tell("POST", "/mishaps", {"kind": "lost", "action": "requesttoken", "times": 4})

        trial.tell("POST", f"{person.path}/weighings", {"kg": 74})
        trial.quiet()

        assert trial.mishaps_are_over()
        trial.check()


class TestBeingToldToWait:
    def test_holds_everybody_back_for_as_long(self, lasting_trial: Trial) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        other = trial.link_person(trial.add_somebody())
        trial.advance(60)
        trial.tell("DELETE", "/requests")
        trial.tell("POST", "/mishaps", {"kind": "status", "status": 601, "wait_seconds": 40})

        trial.tell("POST", f"{person.path}/weighings", {"kg": 75})
        trial.work_until_idle(person)
        trial.tell("POST", f"{other.path}/weighings", {"kg": 75})
        trial.quiet(person, other)

        refused, *later = trial.tell("GET", "/requests")
        assert refused["status"] == 601
        assert later
        assert min(map(told_at, later)) - told_at(refused) >= timedelta(seconds=40)
        trial.check(other)
        trial.check(person)


class TestAShortAnswer:
    def test_to_a_sweep_erases_nothing(self, lasting_trial: Trial) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        for days in range(8):
            trial.tell("POST", f"{person.path}/weighings", {"kg": 70, "at": trial.ago(days=days)})
        trial.quiet()
        trial.tell("POST", "/mishaps", {"kind": "incomplete", "action": "getmeas", "rows": 0, "times": 2})
        rows = trial.store.rows(person.user)

        trial.sweep()

        assert trial.mishaps_are_over()
        assert trial.store.rows(person.user) == rows
        trial.check()

    def test_about_an_announced_window_erases_no_history(self, lasting_trial: Trial) -> None:
        trial, person = lasting_trial, lasting_trial.at_home()
        for minutes in range(8):
            trial.tell("POST", f"{person.path}/weighings", {"kg": 70, "at": trial.ago(minutes=minutes)})
        trial.quiet()
        trial.advance(60)
        trial.tell("POST", "/mishaps", {"kind": "incomplete", "action": "getmeas", "rows": 0})
        rows = trial.store.rows(person.user)

        now = int(trial.clock().timestamp())
        trial.notify(person, appli=1, startdate=now - HOUR, enddate=now)
        trial.work_until_idle(person)

        assert trial.mishaps_are_over()
        assert trial.store.rows(person.user) == rows
        trial.check()


def told_at(entry: Json) -> datetime:
    """When Withings was asked."""
    return datetime.fromisoformat(entry["at"])
