"""Work that Withings refuses for good is kept, shown, and done at last."""

import re

import pytest

from e2e.world import USER, Json, World
from processes import eventually

pytestmark = pytest.mark.e2e


class TestADeadLetter:
    @pytest.fixture
    def buried(self, world: World) -> int:
        """A person who was weighed while the bridge asked Withings at a wrong address."""
        person = world.add_person()
        world.link(person=person)
        world.await_rest(person)
        world.restart_with({"WITHINGS_API_URL": f"{world.cloud}/v9"})
        world.tell("POST", f"/people/{person}/weighings", {"kg": 70})
        eventually("the weighing is given up", lambda: self.states(world) == {"measures": "buried"})
        world.restart_with({})
        return person

    def test_is_listed_replayed_and_done(self, world: World, buried: int) -> None:
        (entry,) = world.inbox()
        assert entry["reason"].startswith("NotImplementedByWithings: ")
        assert (entry["attempts"], entry["next_at"]) == (1, None)
        assert str(buried) in world.call("inbox", "show", USER).out
        assert world.rows("weight") == []

        replayed = world.call("inbox", "replay", USER)

        assert re.findall(r"replayed: (\S+) of account (\S+)", replayed.out) == [("measures", f"{buried}")]
        world.await_row("weight", "154.32")
        assert world.inbox() == []

    def test_comes_back_with_the_next_notification(self, world: World, buried: int) -> None:
        world.tell("POST", f"/people/{buried}/weighings", {"kg": 71})

        world.await_row("weight", "156.53")
        world.await_row("weight", "154.32")
        eventually("nothing is stuck", lambda: not world.inbox())

    def test_that_is_dropped_is_stuck_no_more(self, world: World, buried: int) -> None:
        dropped = world.call("inbox", "drop", str(buried), "--category", "measures")

        assert "dropped: measures" in dropped.out
        assert world.inbox("--all") == []

    @staticmethod
    def states(world: World) -> dict[str, str]:
        def state(entry: Json) -> tuple[str, str]:
            return entry["category"], entry["state"]

        return dict(map(state, world.inbox()))
