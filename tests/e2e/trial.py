"""A world that puts bridges to the test: killed where and when it likes, moved through time, then compared.

Time is one clock for Withings and for the bridges, which a test moves; so retries, leases, expiries
and second looks take no waiting.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx

from e2e import failing
from e2e.forked import Forked
from e2e.levers import Failpoint, MovableClock, Trap
from e2e.stores import DynamoTables, Store
from e2e.truth import differences, truth
from e2e.world import USER, Json, World
from processes import Process, eventually
from withings_bridge.domain.accounts import Account, due
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.records import Kind

LEASES_END = 95
"""Seconds after which nothing is left of a dead process's leases and locks."""

SOON = 0.5
"""Seconds in which a bridge does what it can do at once; what takes longer waits for its time."""

ASKED_AGAIN = 11
"""Seconds after which Withings answers the identical question."""

SWEEP_HOURS = 72
"""So seldom that no sweep heals what a test is about, unless it lets one come."""

ALONE = {
    "RECONCILE_HOURS": str(SWEEP_HOURS),
    "WITHINGS_QUOTA_PER_MINUTE": "6000",
    "WITHINGS_MEASURE_DAYS": "90",
}
"""No budget slows a test down, and an import is one chunk a category."""


class Person:
    """Somebody at Withings who links as a user."""

    def __init__(self, userid: int) -> None:
        self.userid = userid
        self.user = str(uuid4())

    @property
    def account(self) -> str:
        return str(self.userid)

    @property
    def path(self) -> str:
        return f"/people/{self.userid}"


class Trial(World):
    """A pretend Withings and a bridge by one movable clock, and the first person there."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        days: int = 14,
        seed: int = 1,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.clock = MovableClock(folder / "clock")
        self.trap = Trap(folder / "trap")
        self._env = ALONE | dict(env or {})
        self.sound = True
        self._ahead = 0.0
        super().__init__(store, folder, days=days, seed=seed)

    def start(self) -> None:
        super().start()
        self.tell("PUT", "/faults", {"quota": False})
        self.person = Person(self.tell("GET", "/people")[0]["userid"])

    # People

    def add_somebody(self) -> Person:
        """Another person, with a record of most kinds."""
        person = Person(self.add_person())
        for path, deed in (
            ("weighings", {"kg": 82.5, "fat_percent": 24}),
            ("blood-pressures", {"systolic": 124, "diastolic": 81}),
            ("activity-days", {"steps": 5150}),
            ("nights", {"hours": 8}),
        ):
            self.tell("POST", f"{person.path}/{path}", deed)
        return person

    def link_person(self, person: Person | None = None) -> Person:
        """Link somebody, by default the first person, and wait until the import is done."""
        person = person or self.person
        self.link(person.user, person.userid)
        self.quiet(person)
        return person

    def at_home(self) -> Person:
        """The first person, linked, a minute after the last call."""
        if not self.linked(self.person):
            self.link_person()
        self.advance(60)
        self.tell("DELETE", "/requests")
        return self.person

    def linked(self, person: Person) -> bool:
        """Whether a token row names the person's account."""
        row = self.store.token_row(f"{person.user}#withings")
        return row is not None and row["withings_userid"] == person.account

    # Time

    def advance(self, seconds: float) -> None:
        """Move Withings and the bridges through time."""
        self.tell("POST", "/clock", {"advance_seconds": seconds})
        self.clock.offset += timedelta(seconds=seconds)

    def run_ahead(self, seconds: float) -> None:
        """Move Withings' clock alone: what it counts as over, the bridges do not."""
        self.tell("POST", "/clock", {"advance_seconds": seconds})
        self._ahead += seconds

    def catch_up(self) -> None:
        """Move the bridges to where Withings ran ahead to."""
        self.clock.offset += timedelta(seconds=self._ahead)
        self._ahead = 0.0

    def ago(self, **since: float) -> str:
        """An instant so long ago, as the console takes it."""
        return (self.clock() - timedelta(**since)).isoformat(timespec="seconds")

    def quiet(self, *people: Person) -> None:
        """Let all that is pending be done, moving the clock on to whatever is due next."""
        people = people or (self.person,)
        while (at := self._next_due(people)) is not None:
            if (wait := (at - self.clock()).total_seconds()) > 0:
                self.advance(wait + 0.01)
            self.work_until_idle(*people)
            assert not self.dead, f"the bridge ended by itself\n{self._tail}"

    def work_until_idle(self, *people: Person, within: float = 60) -> None:
        """Wait until nothing is left to do now, or the bridge is dead. Time passes faster after a while."""
        began = time.monotonic()
        while (at := self._next_due(people)) is not None and at <= self.clock():
            if self.dead:
                return
            waited = time.monotonic() - began
            if waited > within:
                pending = [self.store.account(person.account) for person in people]
                raise AssertionError(f"still pending after {within:g} s: {pending}\n{self._tail}")
            if waited > SOON:
                self.advance(1)
            time.sleep(0.1 if waited > SOON else 0.01)

    def sync(self, user: str = USER, *, full: bool = False) -> Json:
        """A sync that somebody waits for; time passes faster after a while."""
        with ThreadPoolExecutor(1) as meanwhile:
            asked = meanwhile.submit(super().sync, user, full=full)
            while not asked.done():
                with suppress(TimeoutError):
                    asked.exception(SOON)
                    break
                self.advance(1)
        return asked.result()

    def sweep(self, *people: Person) -> None:
        """Let the time come at which accounts without news are compared, and let it be done."""
        self.advance(SWEEP_HOURS * 3600 + 60)
        self.quiet(*people)

    def _next_due(self, people: tuple[Person, ...]) -> datetime | None:
        """When something is to be done next; a sweep, which comes back for ever, only once it is due."""
        waiting = self.tell("GET", "/deliveries?state=waiting")
        times = [datetime.fromisoformat(delivery["due_at"]) for delivery in waiting]
        for person in people:
            if account := self.store.account(person.account):
                times += self._due(account)
        return min(times, default=None)

    def _due(self, account: Account) -> list[datetime]:
        now = self.clock()
        times = [at for lane, at in due(account, now).items() if lane is not Lane.RECONCILE or at <= now]
        return [*times, now] if account.leased_at(now) else times

    # Death

    @property
    def dead(self) -> bool:
        """Whether the bridge has ended, or is about to be found dead."""
        return self.trap.sprung or self.bridge.ended() is not None

    def dies_at(self, failpoint: Failpoint, *, within: float = 20) -> None:
        """Wait until the bridge has killed itself there."""
        eventually(f"the bridge died {failpoint}\n{self._tail}", lambda: self.trap.sprung, within=within)
        assert self.bridge.await_end() == -9
        self.trap.set(None)

    def revive(self) -> None:
        """Start the bridge again, with the dead one's leases at their end."""
        self.bridge.await_end()
        self.trap.set(None)
        self.advance(LEASES_END)
        self.bridge.start()

    # Judgement

    def check(self, person: Person | None = None, *, beyond: frozenset[str] = frozenset()) -> None:
        """The store equals Withings, the link is alive, and a sync has nothing to mend."""
        person = person or self.person
        self.quiet(person)
        found = self.differences_of_news(person, beyond=beyond)
        assert not found, self._told(found)
        self.advance(ASKED_AGAIN)
        self.sync(person.user)
        self.quiet(person)
        found = self.differences(person, beyond=beyond)
        assert not found, self._told(found)
        self.sound = True

    def await_equality(self, person: Person) -> None:
        """Wait until the store equals Withings, which sweeps alone may bring about."""
        self.await_true("the store equals Withings", lambda: not self.differences_of_news(person))

    def await_true(self, what: str, probe: Callable[[], bool]) -> None:
        """Wait for something that takes its time, which passes faster meanwhile."""

        def later() -> bool:
            if probe():
                return True
            self.advance(5)
            return False

        eventually(f"{what}\n{self._tail}", later, within=60)

    def subscriptions(self, person: Person) -> int:
        """How many Withings has of the person."""
        count: int = self.tell("GET", person.path)["subscriptions"]
        return count

    def differences_of_news(self, person: Person, *, beyond: frozenset[str] = frozenset()) -> list[str]:
        """The same without the devices, whose last session nobody announces: a sync fetches it."""
        found = self.differences(person, beyond=beyond)
        return [line for line in found if not line.startswith(f"record {Kind.DEVICE}#")]

    def refreshes(self) -> list[Json]:
        """The refreshes that Withings was asked for since its journal was last emptied."""
        entries: list[Json] = self.tell("GET", "/requests?action=requesttoken")
        return [entry for entry in entries if entry["parameters"].get("grant_type") == "refresh_token"]

    def mishaps_are_over(self) -> bool:
        """Whether every mishap has hit as often as it was meant to; none is left afterwards."""
        planned = self.tell("GET", "/mishaps")
        self.tell("DELETE", "/mishaps")
        return bool(planned) and all(mishap["over"] for mishap in planned)

    def notify(self, person: Person, **fields: object) -> httpx.Response:
        """Post a notification as Withings would."""
        form = {"userid": person.account, **{name: str(value) for name, value in fields.items()}}
        return self.http.post(f"{self.url}/webhook/withings", data=form)

    def differences(self, person: Person, *, beyond: frozenset[str] = frozenset()) -> list[str]:
        """In what the store is not equal to Withings."""
        expected = truth(self.tell, person.userid, person.user, beyond=beyond)
        return differences(self.store, person.userid, person.user, expected)

    def _told(self, found: list[str]) -> str:
        return "\n".join(["the store differs from Withings:", *found, self._tail])

    @property
    def _tail(self) -> str:
        return "its log ends:\n" + "\n".join(self.logs.splitlines()[-25:])

    @property
    def logs(self) -> str:
        return self.bridge.log

    # Processes

    def _settings(self) -> dict[str, str]:
        costly = isinstance(self.store, DynamoTables)
        return {
            **super()._settings(),
            **self._env,
            failing.CLOCK: str(self._folder / "clock"),
            failing.TRAP: str(self._folder / "trap"),
            failing.LOOK: "0.25" if costly else "0.02",
        }

    def _process(
        self, arguments: tuple[str, ...], *, env: Mapping[str, str], url: str, name: str = ""
    ) -> Process:
        return Forked(*arguments, env=env, folder=self._folder, url=url, name=name, program=failing.bridge)


@contextmanager
def begun(trial: Trial) -> Iterator[Trial]:
    """The trial while it runs."""
    try:
        trial.start()
        yield trial
    finally:
        trial.end()


class Lasting:
    """A trial for as long as it is sound."""

    def __init__(self, another: Callable[[], Trial]) -> None:
        self._another = another
        self._trial: Trial | None = None

    def trial(self) -> Trial:
        """The same one as before, unless a test has left it unsound."""
        if self._trial is None or not self._trial.sound:
            self.end()
            self._trial = self._another()
            self._trial.start()
        # Whoever takes it has to prove that it is sound.
        self._trial.sound = False
        return self._trial

    def end(self) -> None:
        if self._trial is not None:
            self._trial.end()
