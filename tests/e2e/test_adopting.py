"""The predecessor's table as it was left, and a bridge that is started on it."""

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest

from builders import a_token_row, a_weighing
from contract.storage.predecessor import foreign_rows
from e2e.stores import Row
from e2e.world import World
from processes import eventually
from withings_bridge.domain.links import Place

pytestmark = pytest.mark.e2e

HOUR, DAY = 3_600, 86_400
WITHIN = 60.0
"""Seconds: a scan that was killed leaves a lock, and a refresh that was cut off another."""


@dataclass
class Somebody:
    """A user of the predecessor with a Withings account, weighed a month ago."""

    user: str
    person: int
    kg: float
    rows: list[Row] = field(default_factory=list)

    @property
    def userid(self) -> str:
        return str(self.person)


class Predecessor:
    """Fills the table the way it was found to be."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.now = int(time.time())
        self.people: list[Somebody] = []
        self.foreign: list[Row] = []

    def somebody(self, name: str, *, of: Somebody | None = None) -> Somebody:
        """A user with an account of their own, or one who shares another's."""
        number = len(self.people)
        if of is None:
            group = a_weighing(7000 + number, self.now - 30 * DAY)
            person, kg = self._world.add_person(measuregrps=[group]), 77.0 + number / 1000
        else:
            person, kg = of.person, of.kg
        one = Somebody(f"{number}-{name}", person, kg)
        self.people.append(one)
        return one

    def left(self, one: Somebody, place: Place, *, hours: int, live: bool = True, **attributes: Any) -> None:
        """A row saved so many hours ago, with a pair that Withings honours or refuses."""
        dead = dict.fromkeys(("access_token", "refresh_token"), f"dead-{place}-{one.user}")
        tokens = self._pair(one.person) if live else dead
        at = (self.now - hours * HOUR) * 1000
        row = a_token_row(one.user, one.userid, key=place.key(one.user), created_at=at, updated_at=at)
        named = f"{one.user}#withings" if place is Place.DOUBLED else one.user
        one.rows.append(row | tokens | {"expires_at": at + 10_800_000, "cognito_user_id": named} | attributes)

    def left_damaged(self, one: Somebody, **attributes: Any) -> None:
        """A row in the user's place that holds no pair."""
        one.rows.append({"userId": f"{one.user}#withings", "updated_at": 1, **attributes})

    def write(self) -> None:
        """Everybody's rows, beside those of other connectors."""
        for one in self.people:
            self.foreign += foreign_rows(f"{one.user}-elsewhere", one.userid)
            self.foreign.append(
                {"userId": f"{one.user}#fitbit", "api_name": "Fitbit", "refresh_token": "theirs"}
            )
            for row in one.rows:
                self._world.store.put_token_row(row)
        for row in self.foreign:
            self._world.store.put_token_row(row)

    def _pair(self, person: int) -> Row:
        """A pair of a person who consents now, but not to the bridge."""
        callback = f"{self._world.url}/callback"
        client = {"client_id": "sandbox", "redirect_uri": callback}
        asked = {"response_type": "code", "state": "s", "scope": SCOPES, "sandbox_person": str(person)}
        cloud = self._world.cloud
        consented = httpx.get(f"{cloud}/oauth2_user/authorize2", params={**client, **asked})
        grant = {
            "action": "requesttoken",
            "grant_type": "authorization_code",
            "client_secret": "sandbox-secret",
            "code": httpx.URL(consented.headers["location"]).params["code"],
        }
        body = httpx.post(f"{cloud}/v2/oauth2", data={**client, **grant}).json()["body"]
        return {name: body[name] for name in ("access_token", "refresh_token")}


SHORT_IMPORTS = {
    "WITHINGS_MEASURE_DAYS": "60",
    "WITHINGS_ACTIVITY_DAYS": "60",
    "WITHINGS_SLEEP_DAYS": "60",
}

SCOPES = "user.info,user.metrics,user.activity,user.sleepevents"


@pytest.fixture
def predecessor(world: World) -> Predecessor:
    """A table with rows of every shape; the bridge is not running yet."""
    eventually("the empty table is looked through", lambda: "taken in" in world.bridge.log)
    world.bridge.kill()
    world.tell("PUT", "/faults", {"quota": False})
    left = Predecessor(world)

    # Those first who take a call, so that a scan that is held there has the others before it.
    doubled = left.somebody("refreshed-under-a-doubled-suffix")
    left.left(doubled, Place.OWN, hours=40, live=False)
    left.left(doubled, Place.DOUBLED, hours=4)

    wrong_first = left.somebody("whose-newest-is-dead")
    left.left(wrong_first, Place.DOUBLED, hours=4, live=False)
    left.left(wrong_first, Place.OWN, hours=30)

    all_three = left.somebody("with-a-live-pair-in-the-oldest-row")
    left.left(all_three, Place.OWN, hours=5, live=False)
    left.left(all_three, Place.DOUBLED, hours=4, live=False)
    left.left(all_three, Place.BARE, hours=90, api_name="WITHINGS")

    first = left.somebody("who-shares-an-account")
    left.left(first, Place.OWN, hours=4, live=False)
    second = left.somebody("who-shares-it-too", of=first)
    left.left(second, Place.OWN, hours=5)

    left.left(left.somebody("as-it-should-be"), Place.OWN, hours=1)
    left.left(left.somebody("bare"), Place.BARE, hours=1, api_name="withings")
    left.left(left.somebody("doubled-alone"), Place.DOUBLED, hours=9)
    shadowed = left.somebody("hidden-by-a-push")
    left.left(shadowed, Place.BARE, hours=50)
    left.left_damaged(shadowed, last_vitals7_push_at=left.now * 1000)
    failed = left.somebody("hidden-by-a-failed-refresh")
    left.left(failed, Place.BARE, hours=50)
    left.left_damaged(failed, refresh_token="", withings_userid="undefined", created_at=left.now * 1000)

    left.write()
    return left


class TestABridgeOnThePredecessorsTable:
    def test_keeps_every_link_and_imports_for_everybody(self, world: World, predecessor: Predecessor) -> None:
        world.restart_with(SHORT_IMPORTS)
        await_everybody(world, predecessor)
        check_what_is_left(world, predecessor)

    def test_killed_in_the_middle_of_the_scan_goes_on_and_loses_no_notification(
        self, world: World, predecessor: Predecessor
    ) -> None:
        held = world.tell(
            "POST", "/mishaps", {"kind": "slow", "action": "requesttoken", "seconds": 600, "times": 1}
        )
        world.restart_with(SHORT_IMPORTS)
        eventually("a refresh is held", lambda: hits_of(world, held["id"]))
        late = [one for one in predecessor.people if world.store.account(one.userid) is None]
        assert late

        # Taken before the import begins, changed before the account is adopted, and announced meanwhile:
        # only the mark tells how far the live look has to go back.
        long_ago = predecessor.now - 500 * DAY
        for number, one in enumerate(late):
            group = a_weighing(9000 + number, long_ago) | {"modified": predecessor.now - 2 * HOUR}
            world.tell("POST", f"/people/{one.person}/records", {"measuregrps": [group], "notify": False})
            announced = {"userid": one.userid, "appli": "1"}
            window = {"startdate": str(long_ago - 1), "enddate": str(long_ago)}
            assert world.http.post(f"{world.url}/webhook/withings", data=announced | window).text == "OK"
        world.bridge.kill()
        world.tell("POST", "/clock", {"advance_seconds": 11})

        world.bridge.start()
        await_everybody(world, predecessor)
        for number, one in enumerate(late):
            eventually(
                f"{one.user} has what was announced during the scan",
                partial(has_weight, world, one, 79.0 + number / 1000),
            )
        check_what_is_left(world, predecessor)


def await_everybody(world: World, predecessor: Predecessor) -> None:
    for one in predecessor.people:
        eventually(
            f"{one.user} is linked and imported; the log:\n{world.bridge.log}",
            partial(is_taken_in, world, one),
            within=WITHIN,
        )
        eventually(f"rows of {one.user} are folded", partial(is_folded, world, one), within=WITHIN)


def check_what_is_left(world: World, predecessor: Predecessor) -> None:
    for row in predecessor.foreign:
        assert world.store.token_row(row["userId"]) == row
    for one in predecessor.people:
        account = world.store.account(one.userid)
        assert account is not None
        assert account.consent_needed_at is None
    doctor = world.command("doctor", "--json")
    doctor.launch()
    assert doctor.await_end() == 0, doctor.log


def is_taken_in(world: World, one: Somebody) -> bool:
    """Whether the user is linked, and the import done."""
    account = world.store.account(one.userid)
    linked = account is not None and one.user in account.users and not account.importing
    return linked and has_weight(world, one, one.kg)


def is_folded(world: World, one: Somebody) -> bool:
    """Whether only the row in the user's own place is left, with a pair."""
    others = (Place.BARE, Place.DOUBLED)
    own = world.store.token_row(Place.OWN.key(one.user))
    return bool(own and own.get("refresh_token")) and not any(
        world.store.token_row(place.key(one.user)) for place in others
    )


def has_weight(world: World, one: Somebody, kg: float) -> bool:
    pounds = f"{kg * 2.20462:.2f}".rstrip("0").rstrip(".")
    return any(row["value"] == pounds for row in world.rows("weight", one.user))


def hits_of(world: World, mishap: int) -> int:
    hits: int = next(shown["hits"] for shown in world.tell("GET", "/mishaps") if shown["id"] == mishap)
    return hits
