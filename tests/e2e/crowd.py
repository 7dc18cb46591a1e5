"""Many people at once, and a Withings that counts every call."""

import random
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from e2e.balancer import Balancer
from e2e.forked import Forked
from e2e.stores import Store
from e2e.trial import Person
from e2e.truth import differences, truth
from e2e.world import Json, World
from processes import Process, eventually, free_port

POUNDS = 2.20462
WEIGHT = 1
"""The notification category of weighings."""
TOO_FAST = 601
SHOWN_WITHIN = 120.0
"""Seconds: long enough that only a weigh-in which never comes makes a measurement fail."""


@dataclass(frozen=True)
class Journal:
    """What Withings was asked, as it counted."""

    calls: int
    too_fast: int
    """Refusals for the sake of the quota, of either kind."""
    busiest_minute: int
    lasted: timedelta


class Crowd(World):
    """People with a history, bridges behind a balancer, and a Withings that enforces its quota."""

    def __init__(
        self, store: Store, folder: Path, *, people: int, days: int, quota: int, replicas: int
    ) -> None:
        self._people, self._quota = people, quota
        super().__init__(store, folder, days=days)
        ports = [free_port() for _ in range(replicas)]
        self._balancer = Balancer(ports)
        self.url = self._balancer.url
        self.bridges = [self._replica(port) for port in ports]
        self.people: list[Person] = []

    def start(self) -> None:
        self._balancer.start()
        self.bridge = self.bridges[0]
        self.withings.start()
        for bridge in self.bridges:
            bridge.start()
        self.people = [Person(entry["userid"]) for entry in self.tell("GET", "/people")]

    def end(self) -> None:
        for other in self.bridges[1:]:
            other.kill()
        super().end()
        self._balancer.end()

    def link_all(self) -> None:
        """Everybody consents at about the same time."""
        with ThreadPoolExecutor(8) as browsers:
            list(browsers.map(lambda person: self.begin_link(person.user, person.userid), self.people))

    def importing(self) -> int:
        """How many accounts have work left of their import or their subscriptions."""
        accounts = [self.store.account(person.account) for person in self.people]
        return sum(
            account is None or account.importing or any(work.news for work in account.work.values())
            for account in accounts
        )

    def weigh_ins(self, *, every: float, chooser: random.Random) -> Iterator[timedelta]:
        """Somebody whose weight is announced steps on the scale every few seconds, for as long as imports
        go on: how long each weigh-in took to the row.
        """
        while self.importing():
            announced = [person for person in self.people if self._announced(person)]
            if not announced:
                time.sleep(every)
                continue
            person = chooser.choice(announced)
            kg = round(chooser.uniform(50, 110), 2)
            began = time.monotonic()
            self.tell("POST", f"{person.path}/weighings", {"kg": kg})
            self._shown(person, kg)
            took = time.monotonic() - began
            yield timedelta(seconds=took)
            time.sleep(max(0.0, every - took))

    def journal(self) -> Journal:
        totals: Json = self.tell("GET", "/requests/totals")
        first, last = (datetime.fromisoformat(totals[name]) for name in ("first_at", "last_at"))
        return Journal(
            calls=totals["calls"],
            too_fast=sum(answer["calls"] for answer in totals["answers"] if answer["status"] == TOO_FAST),
            busiest_minute=totals["busiest_minute"],
            lasted=last - first,
        )

    def differences(self, person: Person) -> list[str]:
        """In what the store is not equal to Withings, devices aside: nobody announces their sessions."""
        expected = truth(self.tell, person.userid, person.user)
        found = differences(self.store, person.userid, person.user, expected)
        return [line for line in found if not line.startswith("record device#")]

    def _announced(self, person: Person) -> bool:
        account = self.store.account(person.account)
        return account is not None and WEIGHT in account.subscriptions.confirmed

    def _shown(self, person: Person, kg: float) -> None:
        value = kg * POUNDS

        def found() -> bool:
            return any(abs(float(row["value"]) - value) < 0.02 for row in self.rows("weight", person.user))

        eventually(f"{kg} kg of {person.user} is in the store", found, within=SHOWN_WITHIN)

    def _withings(self, days: int, seed: int) -> Process:
        options = {
            "--port": self._cloud_port,
            "--days": days,
            "--seed": seed,
            "--people": self._people,
            "--quota": self._quota,
        }
        given = [str(word) for option in options.items() for word in option]
        state = str(self._folder / "cloud.db")
        return self._process(
            ("sandbox", *given, "--auto-approve", "--state", state), env={}, url=f"{self.cloud}/sandbox/clock"
        )

    def _replica(self, port: int) -> Process:
        env = {
            **self._settings(),
            **self.store.env,
            "PORT": str(port),
            "WITHINGS_QUOTA_PER_MINUTE": str(self._quota),
            "SUBSCRIBE_SPACING_SECONDS": "1",
        }
        return Forked(
            "serve", env=env, folder=self._folder, url=f"http://127.0.0.1:{port}/health", name=f"serve-{port}"
        )


def percentile(times: list[timedelta], share: float) -> timedelta:
    """The time that so large a share of them did not exceed."""
    if len(times) < 2:
        return times[0]
    cuts = statistics.quantiles([took.total_seconds() for took in times], n=100, method="inclusive")
    return timedelta(seconds=cuts[round(share * 100) - 1])
