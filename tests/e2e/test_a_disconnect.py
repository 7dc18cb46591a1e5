"""People leave, move to another account and come back: what is left, here and at Withings."""

import threading
from datetime import UTC, datetime

import httpx
import pytest

from builders import a_weighing
from e2e.world import USER, World
from processes import eventually

pytestmark = pytest.mark.e2e

OTHER = "5b1c7f02-93d4-4c55-8a0f-6f0e2f6d1a77"


def at_withings(world: World, person: int) -> tuple[bool, int]:
    """Whether Withings still honours our grant for the person, and how many subscriptions it has."""
    shown = world.tell("GET", f"/people/{person}")
    return shown["linked"], shown["subscriptions"]


def linked_person(world: World, *, weights: int = 1, user: str = USER) -> int:
    """A person with weighings, linked and subscribed."""
    now = int(datetime.now(UTC).timestamp())
    groups = [a_weighing(1000 + n, now - 80_000 * n) for n in range(1, weights + 1)]
    person = world.add_person(measuregrps=groups)
    world.link(user, person)
    eventually("the bridge has subscribed", lambda: at_withings(world, person)[1] == 9)
    return person


class TestADisconnect:
    def test_ends_the_link_everywhere_and_keeps_the_rows(self, world: World) -> None:
        person = linked_person(world)
        rows = world.store.rows(USER)
        assert world.disconnect() == "Withings is disconnected."
        assert at_withings(world, person) == (False, 0)
        assert world.store.token_row(f"{USER}#withings") is None
        assert world.store.rows(USER) == rows
        assert world.disconnect() == "No Withings account was linked."

    def test_with_purge_leaves_nothing_and_linking_again_brings_it_all_back(self, world: World) -> None:
        person = linked_person(world, weights=3)
        world.disconnect(purge=True)
        assert world.store.rows(USER) == []
        world.tell("PUT", "/faults", {"same_arguments": False})
        world.link(USER, person)
        assert len(world.rows("weight")) == 3
        world.tell("POST", f"/people/{person}/weighings", {"kg": 90})
        world.await_row("weight", "198.42")
        assert len(world.rows("weight")) == 4

    def test_in_the_middle_of_the_import_brings_nothing_back(self, world: World) -> None:
        now = int(datetime.now(UTC).timestamp())
        person = world.add_person(measuregrps=[a_weighing(1000 + n, now - 40_000 * n) for n in range(700)])
        world.begin_link(USER, person)
        eventually("the import has begun", lambda: world.rows("weight"))
        world.disconnect(purge=True)
        assert world.store.rows(USER) == []
        assert at_withings(world, person) == (False, 0)
        asked = world.http.post(f"{world.url}/api/withings/sync", json={"userId": USER})
        assert asked.status_code == 401
        # Whatever turn was under way has ended by then.
        assert world.bridge.stop() == 0
        assert world.store.rows(USER) == []

    def test_killed_on_the_way_is_completed_by_the_next(self, world: World) -> None:
        person = linked_person(world)
        world.restart_with({"SUBSCRIBE_SPACING_SECONDS": "1"})
        url = f"{world.url}/api/withings/disconnect"

        def ask() -> None:
            with pytest.raises(httpx.HTTPError):
                httpx.post(url, json={"userId": USER, "purge": True}, timeout=60)

        asking = threading.Thread(target=ask)
        asking.start()
        eventually("some subscriptions are revoked", lambda: at_withings(world, person)[1] < 9)
        world.bridge.kill()
        asking.join()
        assert at_withings(world, person)[0]
        assert world.store.token_row(f"{USER}#withings") is not None

        world.restart_with({})
        world.disconnect(purge=True)
        assert at_withings(world, person) == (False, 0)
        assert world.store.token_row(f"{USER}#withings") is None
        assert world.store.rows(USER) == []


class TestTwoUsersOfOnePerson:
    def test_leave_one_after_the_other(self, world: World) -> None:
        person = linked_person(world)
        world.link(OTHER, person)
        assert len(world.rows("weight", OTHER)) == 1

        assert "Others stay linked" in world.disconnect(USER, purge=True)
        assert world.store.rows(USER) == []
        assert at_withings(world, person) == (True, 9)
        world.tell("POST", f"/people/{person}/weighings", {"kg": 90})
        world.await_row("weight", "198.42", OTHER)
        assert len(world.rows("weight", OTHER)) == 2
        assert world.store.rows(USER) == []

        world.disconnect(OTHER)
        assert at_withings(world, person) == (False, 0)
        assert len(world.rows("weight", OTHER)) == 2


class TestAnotherAccount:
    def test_takes_the_place_of_the_first_which_ends_at_withings_too(self, world: World) -> None:
        old = linked_person(world)
        new = world.add_person()
        world.link(USER, new)
        eventually("the first account is let go", lambda: at_withings(world, old) == (False, 0))
        assert len(world.rows("weight")) == 1, "the old rows stay"
        world.tell("POST", f"/people/{new}/weighings", {"kg": 90})
        world.await_row("weight", "198.42")
        row = world.store.token_row(f"{USER}#withings")
        assert row is not None
        assert row["withings_userid"] == str(new)


class TestAnUnlink:
    def test_that_withings_announces_takes_the_tokens_and_leaves_the_rows(self, world: World) -> None:
        person = linked_person(world)
        world.tell("POST", f"/people/{person}/unlink")
        eventually("the link has ended", lambda: world.store.token_row(f"{USER}#withings") is None)
        assert len(world.rows("weight")) == 1
        world.tell("PUT", "/faults", {"same_arguments": False})
        world.link(USER, person)
        assert len(world.rows("weight")) == 1
