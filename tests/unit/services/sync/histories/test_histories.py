"""Whatever happens, and in whatever order: at rest the store equals Withings.

A machine lives random histories: people weigh themselves, walk, sleep, edit and delete; notifications
arrive, late, twice, in any order, or never; processes of the bridge are killed between any two of their
calls; the store and Withings fail; tokens end; users come and go. Then all comes to rest, and what
``promise`` says must hold.

``HYPOTHESIS_PROFILE=proof`` lives thousands of steps instead of hundreds.
"""

import asyncio
import os
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from builders import DAY, HOUR, MINUTE, SECOND
from e2e.lengths import LONG
from fakes import FakeClock
from unit.services.sync.histories.peril import Mishap
from unit.services.sync.histories.skipping import SkippingLoop
from unit.services.sync.histories.town import USERS, Person, Town, a_town
from withings_bridge.sandbox.world.records import Record as Row
from withings_bridge.sandbox.world.records import Service

pytestmark = [pytest.mark.proof, pytest.mark.timeout(4 * 3600 if LONG else 120)]

ResultT = TypeVar("ResultT")


class Told(StrEnum):
    """What becomes of the notifications of a deed."""

    AT_ONCE = "at once"
    LATER = "later"
    NEVER = "never"


which = st.integers(0, 7)
told = st.sampled_from(Told)
processes = st.sampled_from([0, 1])
users = st.sampled_from(USERS)
ago = st.sampled_from(
    [
        *(
            0 * DAY,
            1 * SECOND,
            2 * MINUTE,
            3 * HOUR,
            11.5 * HOUR,
            12 * HOUR,
            13 * HOUR,
            DAY,
            2 * DAY,
            10 * DAY,
        ),
        *(40 * DAY, 89.5 * DAY, 100 * DAY, 300 * DAY, 400 * DAY),
    ]
)
"""How long before it reaches Withings something was measured: now, around midnight, months ago."""
kilos = st.sampled_from([60, 70, 80])
steps = st.sampled_from([0, 1000, 2000])
WEIGHT, HEIGHT, FAT, TEMPERATURE, OXYGEN = 1, 4, 6, 71, 54


class Histories(RuleBasedStateMachine):
    """Rules are what may happen; the town is where it happens."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = FakeClock()
        self.loop = SkippingLoop(self.clock)
        self.runner = asyncio.Runner(loop_factory=lambda: self.loop)
        self.stack = AsyncExitStack()
        self.ids = iter(range(1, 10_000))
        self.town: Town = self.runner.run(
            self.stack.enter_async_context(a_town(Path(self.folder.name), self.clock, self.loop))
        )

    def teardown(self) -> None:
        try:
            if sys.exception() is None:  # else the story is over already
                self.come_to_rest()
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()
            self.folder.cleanup()

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        result = self.runner.run(coroutine)
        self.runner.run(self.town.note_links())
        return result

    @initialize(weighings=st.lists(ago, max_size=3), nights=st.lists(ago, max_size=2))
    def somebody_has_a_past_and_links(self, weighings: list[timedelta], nights: list[timedelta]) -> None:
        person = self.town.people[0]
        for before in weighings:
            self.post(person, "/weighings", {"kg": 75, "at": self.at(before)})
        for before in nights:
            self.post(person, "/nights", {"hours": 8, "start": self.at(before + 8 * HOUR)})
        self.run(self.town.link(USERS[0], person))
        self.run(self.town.goes_by(MINUTE))

    # --- people at Withings -----------------------------------------------------------------------

    @rule(
        who=which,
        kg=kilos,
        fat=st.sampled_from([None, 20]),
        pulse=st.sampled_from([None, 60]),
        before=ago,
        told=told,
    )
    def steps_on_the_scale(
        self, who: int, kg: int, fat: int | None, pulse: int | None, before: timedelta, told: Told
    ) -> None:
        act = {"kg": kg, "fat_percent": fat, "pulse": pulse, "at": self.at(before)}
        self.does(who, "POST", "/weighings", act, told)

    @rule(who=which, before=ago, told=told, number=st.integers(2, 8))
    def several_weigh_themselves_in_the_same_second(
        self, who: int, before: timedelta, told: Told, number: int
    ) -> None:
        for kg in range(60, 60 + number):
            self.post(self.person(who), "/weighings", {"kg": kg, "at": self.at(before)})
        self.tell(told)

    @rule(who=which, kg=kilos, before=ago, told=told, attrib=st.sampled_from([1, 2]))
    def types_in_a_weight_or_has_one_that_may_be_anothers(
        self, who: int, kg: int, before: timedelta, told: Told, attrib: int
    ) -> None:
        self.does(who, "POST", "/weighings", {"kg": kg, "at": self.at(before), "attrib": attrib}, told)

    @rule(who=which, pulse=st.sampled_from([None, 60]), before=ago, told=told)
    def takes_a_blood_pressure(self, who: int, pulse: int | None, before: timedelta, told: Told) -> None:
        act = {"systolic": 120, "diastolic": 80, "pulse": pulse, "at": self.at(before)}
        self.does(who, "POST", "/blood-pressures", act, told)

    @rule(who=which, type_=st.sampled_from([TEMPERATURE, OXYGEN, HEIGHT]), before=ago, told=told)
    def measures_something_else(self, who: int, type_: int, before: timedelta, told: Told) -> None:
        at = int((self.clock() - before).timestamp())
        unit = -2 if type_ == HEIGHT else 0
        value = {TEMPERATURE: 37, OXYGEN: 97, HEIGHT: 170 + next(self.ids) % 20}[type_]
        group: dict[str, Any] = {
            "grpid": next(self.ids),
            "attrib": 0,
            "category": 1,
            "date": at,
            "deviceid": None,
        }
        group["measures"] = [{"type": type_, "value": value, "unit": unit}]
        self.does(who, "POST", "/records", {"measuregrps": [group], "stamp": True}, told)

    @rule(who=which, steps=steps, phone=st.booleans(), before=ago, told=told)
    def walks(self, who: int, steps: int, phone: bool, before: timedelta, told: Told) -> None:  # noqa: FBT001 - hypothesis names it
        day = (self.clock() - before).date().isoformat()
        self.does(who, "POST", "/activity-days", {"steps": steps, "phone": phone, "date": day}, told)

    @rule(who=which, hours=st.sampled_from([1, 8]), before=ago, told=told)
    def sleeps(self, who: int, hours: int, before: timedelta, told: Told) -> None:
        start = self.at(before + hours * HOUR)
        self.does(who, "POST", "/nights", {"hours": hours, "start": start}, told)

    @rule(who=which, before=ago, told=told)
    def works_out(self, who: int, before: timedelta, told: Told) -> None:
        person = self.person(who)
        at = self.clock() - before
        workout = {"id": next(self.ids), "category": 2, "data": {"calories": 100}, "deviceid": None}
        workout |= {"startdate": int(at.timestamp()) - 1800, "enddate": int(at.timestamp())}
        workout["date"] = at.astimezone(self.zone(person)).date().isoformat()
        self.does(who, "POST", "/records", {"series": [workout], "stamp": True}, told)

    @rule(who=which, before=ago, told=told)
    def records_an_ecg(self, who: int, before: timedelta, told: Told) -> None:
        number = next(self.ids)
        ecg = {"deviceid": "w", "model": 93, "ecg": {"signalid": number, "afib": 0}, "heart_rate": 60}
        ecg["timestamp"] = int((self.clock() - before).timestamp())
        self.does(who, "POST", "/records", {"series": [ecg], "stamp": True}, told)

    @precondition(lambda self: self.rows(Service.MEASURES))
    @rule(which=which, attrib=st.sampled_from([0, 1, 7]), told=told)
    def settles_whose_a_measurement_is(self, which: int, attrib: int, told: Told) -> None:
        self.edits(self.pick(which, Service.MEASURES), {"attrib": attrib}, told)

    @precondition(lambda self: self.rows(Service.MEASURES))
    @rule(which=which, type_=st.sampled_from([WEIGHT, FAT, HEIGHT]), told=told)
    def corrects_a_measurement(self, which: int, type_: int, told: Told) -> None:
        value = {WEIGHT: 77, FAT: 30, HEIGHT: 2}[type_]
        measures = [{"type": type_, "value": value, "unit": 0}]
        self.edits(self.pick(which, Service.MEASURES), {"measures": measures}, told)

    @precondition(lambda self: self.rows(Service.MEASURES))
    @rule(which=which, before=ago, told=told)
    def moves_a_measurement_in_time(self, which: int, before: timedelta, told: Told) -> None:
        self.edits(self.pick(which, Service.MEASURES), {"date": self.at(before)}, told)

    @precondition(lambda self: self.rows(Service.NIGHTS))
    @rule(which=which, before=ago, hours=st.sampled_from([1, 8]), told=told)
    def has_a_night_revised(self, which: int, before: timedelta, hours: int, told: Told) -> None:
        person, row = self.pick(which, Service.NIGHTS)
        start = self.at(before + hours * HOUR)
        self.run(self.town.does(person, "PATCH", f"/nights/{row.key}", {"start": start, "hours": hours}))
        self.tell(told)

    @precondition(lambda self: self.rows(Service.WORKOUTS, Service.HEART))
    @rule(which=which, told=told)
    def has_a_workout_or_an_ecg_revised(self, which: int, told: Told) -> None:
        person, row = self.pick(which, Service.WORKOUTS, Service.HEART)
        body = {"series": [row.body | {"revised": next(self.ids)}], "stamp": True}
        self.post(person, "/records", body)
        self.tell(told)

    @precondition(lambda self: self.rows())
    @rule(which=which, number=st.integers(1, 8), told=told)
    def deletes_some(self, which: int, number: int, told: Told) -> None:
        for _ in range(number):
            if self.rows():
                self.run(self.town.deletes(*self.pick(which)))
        self.tell(told)

    @rule(seconds=st.sampled_from([0, 60, 240]))
    def deletions_begin_to_show_late(self, seconds: int) -> None:
        self.run(self.town.deletions_show_after(seconds))

    # --- the post ---------------------------------------------------------------------------------

    @precondition(lambda self: self.town.post)
    @rule(which=which, to=processes, again=st.booleans())
    def a_notification_arrives(self, which: int, to: int, again: bool) -> None:  # noqa: FBT001 - hypothesis names it
        letter = self.town.post[which % len(self.town.post)]
        self.run(self.town.deliver(letter, to=to, keep=again))

    @precondition(lambda self: self.town.post)
    @rule(backwards=st.booleans(), to=processes)
    def the_whole_post_arrives(self, backwards: bool, to: int) -> None:  # noqa: FBT001 - hypothesis names it
        for letter in sorted(self.town.post, key=lambda letter: letter.id, reverse=backwards):
            self.run(self.town.deliver(letter, to=to))

    @precondition(lambda self: self.town.post)
    @rule(which=which)
    def a_notification_is_lost(self, which: int) -> None:
        self.town.post.pop(which % len(self.town.post))

    @rule(who=which, appli=st.sampled_from([1, 16, 44, 46, 54]))
    def a_stranger_posts_something(self, who: int, appli: int) -> None:
        fields = {"userid": self.person(who).userid, "appli": str(appli), "action": "unlink"}
        self.run(self.town.receive_from_a_stranger(fields))

    # --- mishaps ----------------------------------------------------------------------------------

    @rule(who=processes, what=st.sampled_from(Mishap), after=st.integers(0, 25), times=st.integers(1, 3))
    def something_will_befall_a_process(self, who: int, what: Mishap, after: int, times: int) -> None:
        self.town.processes[who].peril.befall(what, after=after, times=times)

    @rule(
        who=processes,
        action=st.sampled_from(
            ["getmeas", "getactivity", "getsummary", "getworkouts", "list", "requesttoken"]
        ),
        how=st.sampled_from(["breaks", "loses", "busy", "token"]),
    )
    def withings_will_fail(self, who: int, action: str, how: str) -> None:
        weather = self.town.processes[who].weather
        match how:
            case "breaks":
                weather.breaks(action)
            case "loses":
                weather.loses(action)
            case "busy":
                weather.refuses(action, 601, text="Too Many Requests")
            case _ if action != "requesttoken" and not weather.ahead(action):
                # Refused twice in a row is a link that has ended.
                weather.refuses(action, 401, text="invalid_token")

    @precondition(lambda self: self.town.asleep)
    @rule(which=which)
    def a_frozen_process_goes_on(self, which: int) -> None:
        self.run(self.town.a_process_wakes(which))

    # --- time -------------------------------------------------------------------------------------

    @rule(span=st.sampled_from([SECOND, 10 * SECOND, MINUTE, 5 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR, 2 * DAY]))
    def time_goes_by(self, span: timedelta) -> None:
        self.run(self.town.goes_by(span))

    @rule(span=st.sampled_from([16 * SECOND, 5 * MINUTE, 3 * HOUR, DAY]))
    def nobody_works_for_some_time(self, span: timedelta) -> None:
        if self.run(self.town.links_survive(span)):
            self.run(self.town.goes_by(span, working=False))

    # --- users ------------------------------------------------------------------------------------

    @rule(user=users, who=which, at=processes)
    def a_user_links(self, user: str, who: int, at: int) -> None:
        self.run(self.town.link(user, self.person(who), at=at))

    @rule(user=users, at=processes)
    def a_user_asks_for_a_sync(self, user: str, at: int) -> None:
        self.run(self.town.ask_for_a_sync(user, at=at))

    @rule(user=users, purge=st.booleans(), at=processes)
    def a_user_disconnects(self, user: str, purge: bool, at: int) -> None:  # noqa: FBT001 - hypothesis names it
        self.run(self.town.disconnect(user, purge=purge, at=at))

    @rule(who=which, told=told)
    def removes_the_application_at_withings(self, who: int, told: Told) -> None:
        self.run(self.town.removes_the_application(self.person(who)))
        self.tell(told)

    # --- rest -------------------------------------------------------------------------------------

    @rule()
    def all_comes_to_rest(self) -> None:
        self.come_to_rest()

    def come_to_rest(self) -> None:
        self.run(self.town.comes_to_rest())
        faults = self.run(self.town.faults())
        assert not faults, "\n".join(faults)

    # --- words ------------------------------------------------------------------------------------

    def person(self, which: int) -> Person:
        return self.town.people[which % len(self.town.people)]

    def zone(self, person: Person) -> Any:
        found = self.town.cloud.running.world.people.find(int(person.userid))
        assert found is not None
        return found.zone

    def at(self, before: timedelta) -> str:
        return (self.clock() - before).isoformat()

    def rows(self, *services: Service) -> list[tuple[Person, Row]]:
        return [(person, row) for person in self.town.people for row in self.town.rows(person, *services)]

    def pick(self, which: int, *services: Service) -> tuple[Person, Row]:
        rows = self.rows(*services)
        return rows[-1 - which % len(rows)]

    def post(self, person: Person, path: str, body: dict[str, Any]) -> None:
        self.run(self.town.does(person, "POST", path, body))

    def does(self, who: int, method: str, path: str, body: dict[str, Any], told: Told) -> None:
        self.run(self.town.does(self.person(who), method, path, body))
        self.tell(told)

    def edits(self, picked: tuple[Person, Row], changes: dict[str, Any], told: Told) -> None:
        person, row = picked
        self.run(self.town.does(person, "PATCH", f"/measure-groups/{row.key}", changes))
        self.tell(told)

    def tell(self, told: Told) -> None:
        """What becomes of what lies newly in the post."""
        letters = self.town.new_letters()
        for letter in letters:
            if told is Told.AT_ONCE:
                self.run(self.town.deliver(letter, to=letter.id % 2))
            elif told is Told.NEVER:
                self.town.post.remove(letter)


settings.register_profile("quick", derandomize=True, max_examples=15, stateful_step_count=25, deadline=None)
settings.register_profile(
    "proof",
    max_examples=1000,
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

TestHistories = Histories.TestCase
TestHistories.settings = settings(
    settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "proof" if LONG else "quick"))
)
