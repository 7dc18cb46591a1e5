"""A weigh-in arrives by itself: announced, acknowledged, fetched with one call, in the store."""

import time

import httpx
import pytest

from e2e.world import USER, World
from processes import eventually

pytestmark = pytest.mark.e2e


def linked(world: World) -> int:
    """A person who is linked, for whom nothing is left to do; what Withings was asked for it is forgotten."""
    person = world.add_person()
    world.link(person=person)
    world.await_rest(person)
    world.tell("DELETE", "/requests")
    return person


class TestAWeighIn:
    def test_costs_one_withings_call_and_is_in_the_store_within_two_seconds(self, world: World) -> None:
        person = linked(world)

        began = time.monotonic()
        world.tell("POST", f"/people/{person}/weighings", {"kg": 81.3})
        row = world.await_row("weight", "179.24")
        waited = time.monotonic() - began

        assert world.data_calls() == ["getmeas"]
        assert waited < 2
        assert row["units"] == "lbs"
        token_row = world.store.token_row(f"{USER}#withings")
        assert token_row is not None
        assert token_row["last_vitals7_push_at"] >= row["created_at"] * 1000

    def test_is_edited_in_place_and_goes_when_it_is_deleted(self, world: World) -> None:
        person = world.add_person()
        world.link(person=person)
        weighed = world.tell("POST", f"/people/{person}/weighings", {"kg": 81.3})
        first = world.await_row("weight", "179.24")
        group = weighed["measuregrps"][0]["grpid"]

        world.tell(
            "PATCH",
            f"/people/{person}/measure-groups/{group}",
            {"measures": [{"type": 1, "value": 8000, "unit": -2}]},
        )
        second = world.await_row("weight", "176.37")
        assert (second["id"], second["created_at"], second["item_key"]) == (
            first["id"],
            first["created_at"],
            first["item_key"],
        )

        world.tell("DELETE", f"/people/{person}/measure-groups/{group}")
        eventually("the row is gone", lambda: not world.rows("weight"))

    def test_of_a_person_who_is_not_linked_is_acknowledged_and_leaves_no_trace(self, world: World) -> None:
        linked(world)

        answered = httpx.post(
            f"{world.url}/webhook/withings",
            data={"userid": "999", "appli": "1", "startdate": "1700000000", "enddate": "1700000001"},
        )

        assert (answered.status_code, answered.text) == (200, "OK")
        assert world.data_calls() == []


class TestADay:
    def test_of_walking_costs_two_calls(self, world: World) -> None:
        person = linked(world)

        world.tell("POST", f"/people/{person}/activity-days", {"steps": 7321})
        world.await_row("steps", "7321")

        eventually("workouts were asked for too", lambda: len(world.data_calls()) >= 2)
        assert sorted(world.data_calls()) == ["getactivity", "getworkouts"]


class TestANight:
    def test_brings_its_hours_and_its_breathing(self, world: World) -> None:
        person = world.add_person()
        world.link(person=person)

        world.tell("POST", f"/people/{person}/nights", {"hours": 7.5})

        night = eventually("the night is in the store", lambda: world.rows("sleep-hours"))[0]
        assert night["recordingContext"] == "sleep"
        assert eventually("its breathing too", lambda: world.rows("respiratory-rate"))
