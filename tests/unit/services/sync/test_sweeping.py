"""The periodic look for what notifications missed."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builders import DAY, HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.services.house import House, a_house
from unit.services.listener import listening
from withings_bridge.domain.categories import SWEPT, Category
from withings_bridge.domain.inbox import Lane
from withings_bridge.domain.records import Kind
from withings_bridge.services.inbox.turning import SWEEP_CALLS

EVERY = 6 * HOUR


@pytest.fixture
async def house(tmp_path: Path, clock: FakeClock) -> AsyncIterator[House]:
    async with a_house(tmp_path, clock, sweep_every=EVERY) as house:
        yield house


@pytest.fixture
async def userid(house: House, clock: FakeClock) -> str:
    """Linked and imported; the sweep is due."""
    userid = await house.linked()
    clock.advance(EVERY)
    return userid


async def look_twice(house: House, userid: str) -> None:
    """A sweep, and the second look at what it found missing."""
    await house.drain(userid)
    house.clock.advance(2 * MINUTE)
    await house.drain(userid)


class TestWhen:
    async def test_is_once_in_the_interval(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        clock.advance(EVERY - 2 * MINUTE)
        await house.drain(userid)
        assert await house.calls() == []
        clock.advance(2 * MINUTE)
        await house.drain(userid)
        assert len(await house.calls()) <= SWEEP_CALLS
        await house.forget_calls()
        clock.advance(EVERY - MINUTE)
        await house.drain(userid)
        assert await house.calls() == []

    async def test_is_found_by_the_loop_in_its_own_lane(self, house: House, userid: str) -> None:
        ((lane, _, account),) = await house.working._claim_due([])
        assert (lane, account.userid) == (Lane.RECONCILE, userid)

    async def test_is_later_when_sweeps_have_used_their_share_of_the_budget(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.pacing.sweeping(SWEEP_CALLS)
        assert await house.working._claim_due([]) == []
        await house.drain(userid)
        assert await house.calls() == []
        clock.advance(MINUTE)
        assert len(await house.working._claim_due([])) == 1

    async def test_is_never_while_consent_is_needed(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.drain(userid)
        clock.advance(EVERY)
        await house.forget_calls()
        await house.drain(userid)
        assert await house.calls() == []


class TestWhat:
    @pytest.mark.slow
    async def test_finds_what_was_added_without_a_word(self, house: House, userid: str) -> None:
        await house.cloud.control("PUT", "/faults", {"lose_notifications": True})
        await house.weigh(userid, 70)
        await house.drain(userid)
        assert await house.values("weight") == ["154.32"]

    @pytest.mark.slow
    async def test_finds_what_was_edited_long_ago(self, house: House, userid: str, clock: FakeClock) -> None:
        group = await house.weigh(userid, 70, at=(clock() - 200 * DAY).isoformat())
        await house.drain(userid)
        clock.advance(EVERY)
        weight = {"type": 1, "value": 71_000, "unit": -3}
        await house.edit(userid, group, measures=[weight])
        await house.drain(userid)
        assert await house.values("weight") == ["156.53"]

    async def test_finds_what_was_deleted_in_recent_weeks_and_looks_twice_before_it_believes_so(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        group = await house.weigh(userid, 70, at=(clock() - 20 * DAY).isoformat())
        await house.weigh(userid, 71)
        await house.drain(userid)
        clock.advance(EVERY)
        await house.delete(userid, group)
        await house.drain(userid)
        assert await house.values("weight") == ["154.32", "156.53"]
        clock.advance(MINUTE)
        await house.drain(userid)
        assert await house.values("weight") == ["156.53"]

    @pytest.mark.slow
    async def test_keeps_what_a_short_answer_left_out(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        for number in range(8):
            await house.weigh(userid, 70 + number, at=(clock() - number * DAY).isoformat())
        await look_twice(house, userid)
        clock.advance(EVERY)
        groups = [record.body for record in await house.records(userid)]
        for group in groups[:6]:
            await house.delete(userid, dict(group))
        await house.drain(userid)
        # What was missing comes back before the second look.
        await house.load(userid, measuregrps=groups)
        clock.advance(2 * MINUTE)
        await house.drain(userid)
        assert len(await house.values("weight")) == 8

    async def test_asks_each_category_for_changes_and_for_recent_weeks(
        self, house: House, userid: str
    ) -> None:
        await house.drain(userid)
        asked = [call for call in await house.asked() if call[0] != "requesttoken"]
        assert Counter(asked) == {
            ("getmeas", "lastupdate"): 1,
            ("getmeas", "dates"): 1,
            ("getactivity", "lastupdate"): 1,
            ("getactivity", "dates"): 1,
            ("getsummary", "lastupdate"): 1,
            ("getsummary", "dates"): 1,
            ("getworkouts", "lastupdate"): 1,
            ("getworkouts", "dates"): 1,
            ("list", "dates"): 2,  # ECGs, and stethoscope recordings: the person has a BPM Core
            ("getdevice", "dates"): 1,
            ("getgoals", "dates"): 1,
        }

    @pytest.mark.slow
    async def test_learns_when_a_silent_device_last_synchronised(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.cloud.control("PUT", "/faults", {"lose_notifications": True})
        await house.weigh(userid, 70)
        await house.drain(userid)
        sessions = [record.body["last_session_date"] for record in await house.records(userid, Kind.DEVICE)]
        assert int(clock().timestamp()) in sessions

    @pytest.mark.slow
    async def test_leaves_out_what_the_consent_does_not_cover(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path / "narrow", clock, sweep_every=EVERY) as house:
            userid = await house.link(scope="user.metrics")
            await house.drain(userid)
            clock.advance(EVERY)
            await house.forget_calls()
            await house.drain(userid)
            assert {call.action for call in await house.calls()} - {"requesttoken"} == {"getmeas", "list"}


class TestCrash:
    async def test_leaves_the_sweep_to_whoever_comes_after(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.cloud.control("PUT", "/faults", {"lose_notifications": True})
        await house.weigh(userid, 70)
        claimed = await house.storage.accounts.claim_one(userid, "dies", now=clock(), lease=15 * SECOND)
        assert claimed is not None
        await house.turning._swept(claimed, "dies")
        clock.advance(MINUTE)
        await House(house.storage, house.cloud, clock, sweep_every=EVERY).drain(userid)
        assert await house.values("weight") == ["154.32"]
        account = await house.account(userid)
        assert not any(account.of(category).news for category in SWEPT)


class TestSubscriptions:
    async def test_that_were_dropped_are_restored_and_those_of_others_left_alone(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with listening() as webhook:
            url, elsewhere = f"{webhook.url}/webhook?secret=s", f"{webhook.url}/another"
            house_with = a_house(tmp_path, clock, sweep_every=EVERY, callback_url=url, applis=(1, 44))
            async with house_with as house:
                userid = await house.linked()
                await self.settle(house, userid)
                await house.cloud.control("DELETE", f"/subscriptions?userid={userid}")
                token = (await house.link_of()).pair.access_token
                await house.client.subscribe(token, elsewhere, 1)
                clock.advance(EVERY)
                await self.settle(house, userid)
                assert await self.listed(house) == [(1, elsewhere), (1, url), (44, url)]

    @pytest.mark.slow
    async def test_to_a_former_secret_are_replaced_first_and_revoked_then(
        self, tmp_path: Path, clock: FakeClock
    ) -> None:
        async with listening() as webhook:
            before, now = f"{webhook.url}/webhook?secret=old", f"{webhook.url}/webhook?secret=new"
            house_with = a_house(tmp_path, clock, sweep_every=EVERY, callback_url=before, applis=(1, 44))
            async with house_with as house:
                userid = await house.linked()
                await self.settle(house, userid)
                assert await self.listed(house) == [(1, before), (44, before)]
                after = House(
                    house.storage, house.cloud, clock, sweep_every=EVERY, callback_url=now, applis=(1, 44)
                )
                clock.advance(EVERY)
                await after.forget_calls()
                await self.settle(after, userid)
                assert await self.listed(house) == [(1, now), (44, now)]
                order = [c.action for c in await after.calls() if c.action in {"subscribe", "revoke"}]
                assert order == ["subscribe", "subscribe", "revoke", "revoke"]

    async def settle(self, house: House, userid: str) -> None:
        for _ in range(12):
            await house.drain(userid)
            house.clock.advance(5 * SECOND)
        assert not (await house.account(userid)).of(Category.SUBSCRIPTIONS).news

    async def listed(self, house: House) -> list[tuple[int, str]]:
        house.clock.advance(11 * SECOND)
        token = (await house.link_of()).pair.access_token
        profiles = (await house.client.subscriptions(token)).models
        return sorted((profile.appli, profile.callbackurl) for profile in profiles)
