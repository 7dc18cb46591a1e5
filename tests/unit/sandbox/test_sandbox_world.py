from pathlib import Path

import pytest
import respx

from unit.sandbox.sandbox_driver import WEBHOOK, Linked, opened
from withings_bridge.sandbox import SandboxOptions
from withings_bridge.sandbox.world import World


class TestARestart:
    @respx.mock
    async def test_keeps_tokens_records_subscriptions_and_the_clock(self, tmp_path: Path) -> None:
        respx.head(WEBHOOK).respond(200)
        options = SandboxOptions(auto_approve=True, days=3, state_path=tmp_path / "world.sqlite")
        async with opened(options) as driver:
            linked = await driver.link()
            await linked.subscribe(44)
            await driver.control("POST", f"/people/{linked.userid}/weighings", {"kg": 77.7})
            moved = await driver.control("POST", "/clock", {"advance_seconds": 5000})
            before = await linked.body("/measure", "getmeas", lastupdate=0)
        async with opened(options) as driver:
            again = Linked(driver, linked.tokens)
            after = await again.body("/measure", "getmeas", lastupdate=0)
            profiles = (await again.body("/notify", "list"))["profiles"]
            kept = await driver.control("GET", "/clock")
        assert after == before
        assert [profile["appli"] for profile in profiles] == [44]
        assert kept == moved


class TestTransaction:
    def test_keeps_nothing_of_a_block_that_fails(self) -> None:
        world = World.open(None)

        def add_and_fail() -> None:
            with world.transaction():
                world.people.add(timezone="Europe/Paris", goals={})
                raise RuntimeError("halfway")

        with pytest.raises(RuntimeError, match="halfway"):
            add_and_fail()
        assert world.people.all() == []
        world.close()


class TestIds:
    def test_are_never_taken_twice(self) -> None:
        world = World.open(None)
        first, second = world.take_ids(3), world.take_ids(2)
        assert not set(first) & set(second)
        assert len(first) == 3
        world.close()
