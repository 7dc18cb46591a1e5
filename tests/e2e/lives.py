"""People at random: what they do, what becomes of the news of it, and when the bridge dies of it.

A round is drawn from a seed. The seed repeats what people do and where the traps stand; when
exactly a process is killed depends on the machine too.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from e2e.failing import LINK, MOMENTS, NOTIFICATION, REFRESH, TURN
from e2e.levers import Failpoint
from e2e.trial import Person, Trial

PARIS = ZoneInfo("Europe/Paris")
MINUTE, HOUR, DAY = 60, 3600, 86400
WITHIN_RECENT_WEEKS = 20
"""Days that any sweep compares; a change that nothing announces lies within them."""

Json = dict[str, Any]
Deed = Callable[[], None]


class Life:
    """One person's life for a round, and the bridge's deaths in it."""

    def __init__(self, trial: Trial, chance: Random) -> None:
        self._trial = trial
        self._chance = chance
        self._losses = bool(chance.randrange(2))
        """Whether some notifications never come, which a sweep has to heal."""
        self._ids = iter(range(chance.randrange(10**9, 10**10), 10**11))
        self._lost = False
        self._deeds = self._all_deeds()
        self.person: Person = trial.person
        self.story: list[str] = []
        """What happened, in words."""

    def round(self) -> Person:
        """Link, live through some spells, and come to rest; the person."""
        self.person = self._trial.add_somebody()
        if self._chance.random() < 0.2:
            self._set_a_trap()
        with suppress(httpx.HTTPError):
            self._trial.begin_link(self.person.user, self.person.userid)
        self._come_to_rest()
        if not self._trial.linked(self.person):
            self._trial.begin_link(self.person.user, self.person.userid)
        # Before everything is subscribed, only a sweep could tell of a deletion.
        self._trial.quiet(self.person)
        for _ in range(self._chance.randint(2, 4)):
            self._spell()
        if self._lost:
            self._tell("the sweep comes")
            self._trial.sweep(self.person)
        return self.person

    def _spell(self) -> None:
        """Some deeds under one fate, perhaps with a death among them."""
        self._let_time_pass()
        late = self._chance.randrange(4) == 0
        if late:
            # What is announced of the same moment for another reason hides a deletion that shows late, until
            # the next sweep. So nothing else happens in such a spell, and no clock jumps over the lateness.
            self._trial.catch_up()
            self._trial.quiet(self.person)
        self._deeds = {self._delete: 3, self._ask: 1} if late else self._all_deeds()
        fate = self._fate(late=late)
        death = self._chance.choice(("none", "a trap", "any moment"))
        if death == "a trap":
            self._set_a_trap()
        for _ in range(self._chance.randint(1, 4)):
            self._do_something()
        if fate == "hold_notifications":
            self._trial.tell("POST", "/deliveries/release", {"order": "newest"})
        if death == "any moment":
            self._die_by_chance()
        self._come_to_rest()

    def _fate(self, *, late: bool) -> str:
        """What becomes of the news of this spell."""
        fates = {"": 4, "duplicate_notifications": 2, "hold_notifications": 2}
        fates |= {"lose_notifications": 2} if self._losses else {}
        (fate,) = self._chance.choices(list(fates), list(fates.values()))
        self._lost = self._lost or fate == "lose_notifications"
        shows_after = 2 * MINUTE if late else 0
        switches = {"quota": False, "deletions_show_after_seconds": shows_after} | (
            {fate: True} if fate else {}
        )
        self._trial.tell("PUT", "/faults", switches)
        self._tell(f"news: {fate or 'as ever'}; deletions show {'late' if late else 'at once'}")
        return fate

    def _let_time_pass(self) -> None:
        match self._chance.randrange(5):
            case 0:
                self._tell("the pair expires")
                self._trial.advance(3 * HOUR)
            case 1:
                self._tell("Withings' clock runs ahead, the pair with it")
                self._trial.run_ahead(3 * HOUR)
            case 2:
                self._trial.advance(self._chance.uniform(1, 20 * MINUTE))
            case _:
                pass

    def _come_to_rest(self) -> None:
        """Whatever is due now is done, or the bridge died of it and lives again."""
        trial = self._trial
        trial.tell("PUT", "/faults", {"quota": False})
        trial.work_until_idle(self.person)
        trial.catch_up()
        if trial.dead:
            self._tell("it died")
            trial.revive()
        trial.trap.set(None)

    def _set_a_trap(self) -> None:
        step = self._chance.choice((*LINK, *NOTIFICATION, *TURN, *REFRESH))
        failpoint = Failpoint(step.name, self._chance.choice(MOMENTS), self._chance.choice((1, 1, 2, 3)))
        self._tell(f"a trap {failpoint}")
        self._trial.trap.set(failpoint)

    def _die_by_chance(self) -> None:
        # Any moment will do, and which one is the point.
        time.sleep(self._chance.uniform(0, 0.15))
        self._tell("killed")
        self._trial.trap.set(None)
        self._trial.bridge.kill()
        if self._chance.randrange(2):
            self._do_something()
        self._trial.revive()

    # Deeds

    def _do_something(self) -> None:
        (deed,) = self._chance.choices(list(self._deeds), list(self._deeds.values()))
        deed()

    def _all_deeds(self) -> dict[Deed, int]:
        """With how often each is done."""
        return {
            self._weigh: 4,
            self._take_pressure: 2,
            self._walk: 2,
            self._sleep: 2,
            self._work_out: 1,
            self._record_heart: 1,
            self._grow: 1,
            self._edit: 4,
            self._delete: 4,
            self._ask: 1,
        }

    def _weigh(self) -> None:
        kg = round(self._chance.uniform(60, 95), 2)
        fat = round(self._chance.uniform(15, 35), 1) if self._chance.randrange(2) else None
        deed = {"kg": kg, "fat_percent": fat, "attrib": self._chance.choice((0, 0, 0, 1, 2))}
        self._deed("POST", "weighings", deed | self._perhaps_late())

    def _take_pressure(self) -> None:
        deed = {"systolic": self._chance.randint(100, 160), "diastolic": self._chance.randint(60, 95)}
        self._deed("POST", "blood-pressures", deed | self._perhaps_late())

    def _walk(self) -> None:
        day = self._trial.clock().date() - timedelta(days=self._chance.randrange(self._reach))
        deed = {"steps": self._chance.randint(0, 20_000), "date": day.isoformat()}
        self._deed("POST", "activity-days", deed | {"phone": self._chance.randrange(3) == 0})

    def _sleep(self) -> None:
        start = self._trial.ago(days=self._chance.randrange(1, self._reach), hours=self._chance.randrange(9))
        self._deed("POST", "nights", {"start": start, "hours": self._chance.randint(4, 10)})

    def _work_out(self) -> None:
        start = self._some_time_ago()
        row = {
            "id": next(self._ids),
            "category": 2,
            "timezone": "Europe/Paris",
            "model": 93,
            "attrib": 0,
            "startdate": start,
            "enddate": start + 1800,
            "date": datetime.fromtimestamp(start, PARIS).date().isoformat(),
            "deviceid": None,
            "data": {"calories": self._chance.randint(50, 400), "intensity": 30},
        }
        self._deed("POST", "records", {"series": [row], "stamp": True})

    def _record_heart(self) -> None:
        row = {
            "deviceid": "an-ecg-watch",
            "model": 93,
            "ecg": {"signalid": next(self._ids), "afib": 0},
            "heart_rate": self._chance.randint(50, 120),
            "timestamp": self._some_time_ago(),
        }
        self._deed("POST", "records", {"series": [row], "stamp": True})

    def _grow(self) -> None:
        """Type weight and height in; every bmi after them rests on that height."""
        at = self._some_time_ago()
        group = {
            "grpid": next(self._ids),
            "attrib": 2,
            "date": at,
            "category": 1,
            "deviceid": None,
            "measures": [
                {"type": 1, "value": self._chance.randint(60, 95), "unit": 0},
                {"type": 4, "value": self._chance.randint(160, 195), "unit": -2},
            ],
        }
        self._deed("POST", "records", {"measuregrps": [group], "stamp": True})

    def _edit(self) -> None:
        service, row = self._some_record("measures", "nights", "activity")
        match service:
            case "measures":
                edit: Json = self._chance.choice(
                    (
                        {"attrib": self._chance.choice((0, 1))},
                        {"date": self._trial.ago(days=self._chance.uniform(0, self._reach))},
                        {"measures": [{"type": 1, "value": self._chance.randint(5000, 9000), "unit": -2}]},
                    )
                )
                self._deed("PATCH", f"measure-groups/{row['grpid']}", edit)
            case "nights":
                self._deed("PATCH", f"nights/{row['id']}", {"hours": self._chance.randint(3, 11)})
            case "activity":
                self._deed("PATCH", f"activity-days/{row['date']}", {"steps": self._chance.randint(0, 9999)})

    def _delete(self) -> None:
        service, row = self._some_record("measures", "nights", "activity", "workouts", "heart")
        match service:
            case "measures":
                self._deed("DELETE", f"records/measures/{row['grpid']}")
            case "activity":
                self._deed("DELETE", f"activity-days/{row['date']}")
            case "heart":
                self._deed("DELETE", f"records/heart/{row['ecg']['signalid']}")
            case "nights" | "workouts":
                self._deed("DELETE", f"records/{service}/{row['id']}")

    def _ask(self) -> None:
        """A sync that somebody waits for: answered, or the bridge is dead."""
        self._tell("sync")
        with suppress(httpx.HTTPError):
            self._trial.sync(self.person.user)

    def _deed(self, method: str, path: str, deed: Json | None = None) -> None:
        self._tell(f"{method} {path} {deed or ''}")
        self._trial.tell(method, f"{self.person.path}/{path}", deed)

    def _some_record(self, *services: str) -> tuple[str, Json]:
        """One of the person's, of a service that has any; new ones often enough."""
        held = self._trial.tell("GET", f"{self.person.path}/records")
        found = [(service, row) for service in services for row in held[service]]
        if not found:
            return "", {}
        return self._chance.choice(found)

    @property
    def _reach(self) -> int:
        """How many days back a deed may lie."""
        return WITHIN_RECENT_WEEKS if self._losses else 60

    def _perhaps_late(self) -> Json:
        if self._chance.randrange(2):
            return {}
        return {"at": self._trial.ago(days=self._chance.uniform(0, self._reach))}

    def _some_time_ago(self) -> int:
        return int(self._trial.clock().timestamp() - self._chance.uniform(0, self._reach * DAY))

    def _tell(self, what: str) -> None:
        self.story.append(what)
