"""Killed at any moment, a bridge goes on where it stopped."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx
import pytest

from builders import a_weighing
from e2e.world import World
from processes import eventually

pytestmark = pytest.mark.e2e


class TestARestart:
    def test_keeps_the_link_and_brings_what_was_announced_meanwhile(self, world: World) -> None:
        person = world.add_person()
        world.link(person=person)
        world.bridge.kill()
        world.tell("POST", f"/people/{person}/weighings", {"kg": 70})
        eventually(
            "Withings found nobody to tell",
            lambda: any(delivery["tries"] for delivery in world.tell("GET", "/deliveries?state=waiting")),
        )

        world.bridge.start()
        world.tell("POST", "/clock", {"advance_seconds": 15})

        world.await_row("weight", "154.32")

    def test_right_after_the_acknowledgement_loses_nothing(self, world: World) -> None:
        person = world.add_person()
        world.link(person=person)
        world.tell("PUT", "/faults", {"hold_notifications": True})
        for weight in (70, 71, 72):
            world.tell("POST", f"/people/{person}/weighings", {"kg": weight})
        world.tell("PUT", "/faults", {})
        eventually(
            "the notifications are acknowledged",
            lambda: not world.tell("GET", "/deliveries?state=waiting"),
        )
        world.bridge.kill()

        world.bridge.start()

        for value in ("154.32", "156.53", "158.73"):
            world.await_row("weight", value)

    def test_in_the_middle_of_the_import_resumes_it(self, world: World) -> None:
        now = int(datetime.now(UTC).timestamp())
        times = [now - 80_000 * number for number in range(1, 400)]
        groups = [a_weighing(1000 + number, at) for number, at in enumerate(times)]
        person = world.add_person(measuregrps=groups)
        world.begin_link(person=person)
        eventually("the import has begun", lambda: world.rows("weight"))
        world.bridge.kill()

        world.bridge.start()
        world.sync()

        within_a_year = [at for at in times if at > now - 365 * 86_400]
        assert len(within_a_year) < len(times)
        assert len(world.rows("weight")) == len(within_a_year)

    def test_in_the_middle_of_a_whole_history_goes_on_to_its_beginning(self, world: World) -> None:
        now = int(datetime.now(UTC).timestamp())
        times = [now - 40 * 86_400 * number for number in range(1, 130)]
        person = world.add_person(measuregrps=[a_weighing(1000 + n, at) for n, at in enumerate(times)])
        world.restart_with({"WITHINGS_SCOPES": "user.metrics"})
        world.link(person=person)
        before = len(world.rows("weight"))
        with ThreadPoolExecutor() as aside:
            asked = aside.submit(world.sync, full=True)
            eventually("old weighings arrive", lambda: len(world.rows("weight")) > before)
            world.bridge.kill()
            assert isinstance(asked.exception(), httpx.TransportError)

        world.bridge.start()

        eventually("all of it arrives", lambda: len(world.rows("weight")) == len(times), within=60)
        eventually("it is done", lambda: world.status()["importing"] is None)

    def test_by_sigterm_ends_with_zero(self, world: World) -> None:
        assert world.bridge.stop() == 0
