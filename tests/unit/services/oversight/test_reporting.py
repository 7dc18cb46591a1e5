"""The read side: who is linked, how it stands, and the latest of each metric."""

from dataclasses import replace
from decimal import Decimal

import pytest

from builders import DAY, HOUR, MINUTE, a_record
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import SWEEP_EVERY
from withings_bridge.domain.errors import ConsentNeeded, NotLinked, UserUnknown
from withings_bridge.domain.records import Kind
from withings_bridge.services.oversight.reporting import NEWEST_HELD_BACK, HeldBack


class TestTheUser:
    async def test_is_the_one_that_is_named(self, house: House) -> None:
        assert await house.reporting.the_user("user-9") == "user-9"

    async def test_is_the_only_one_that_is_linked(self, house: House) -> None:
        await house.link()
        assert await house.reporting.the_user(None) == "user-1"

    async def test_is_nobody_where_nobody_is_linked(self, house: House) -> None:
        with pytest.raises(NotLinked, match="/api/withings/auth/initiate"):
            await house.reporting.the_user(None)

    async def test_must_be_named_where_several_are_linked(self, house: House) -> None:
        await house.link("user-1")
        await house.link("user-2")
        with pytest.raises(UserUnknown):
            await house.reporting.the_user(None)


class TestLinkedUsers:
    async def test_are_told_with_how_they_stand(self, house: House, clock: FakeClock) -> None:
        people = [entry["userid"] for entry in await house.cloud.control("GET", "/people")]
        done = await house.linked("user-1", person=people[0])
        house.weather.refuses("getmeas", 277)
        await house.receiving.receive({"userid": done, "appli": "1"})
        await house.drain(done)
        await house.link("user-2", person=people[1])
        first, second = await house.reporting.linked_users(limit=10)
        assert (first.user, first.importing, first.consent_needed) == ("user-1", None, False)
        assert first.synced_at == clock() - MINUTE
        assert [text.partition(":")[0] for text in first.troubles] == ["measures"]
        assert (second.user, second.importing, second.synced_at) == ("user-2", 0.0, None)
        assert len(await house.reporting.linked_users(limit=1)) == 1


class TestStatus:
    async def test_tells_of_the_pair_without_giving_it_away(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        token = (await house.link_of()).pair.access_token
        status = await house.reporting.status("user-1")
        assert (status.account, status.access_token_preview) == (userid, f"{token[:12]}...")
        assert (status.token_age, status.expires_in) == (MINUTE, 3 * HOUR - MINUTE)
        assert (status.synced_at, status.fetched_at) == (clock() - MINUTE, clock() - MINUTE)
        assert status.has_data

    async def test_of_a_link_that_withings_no_longer_honours_asks_for_consent(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await house.storage.accounts.change(
            userid, lambda account: replace(account, consent_needed_at=clock()), now=clock()
        )
        with pytest.raises(ConsentNeeded):
            await house.reporting.status("user-1")

    async def test_of_a_stranger_is_none(self, house: House) -> None:
        with pytest.raises(NotLinked):
            await house.reporting.status("nobody")

    async def test_before_the_first_import_has_no_data(self, house: House) -> None:
        await house.link()
        assert not (await house.reporting.status("user-1")).has_data

    @pytest.mark.slow
    async def test_says_how_far_an_import_is(self, house: House) -> None:
        userid = await house.link()
        assert (await house.reporting.status("user-1")).importing == 0
        await house.working.turn(userid)
        assert (await house.reporting.importing("user-1")) == (await house.account(userid)).imported
        share = (await house.reporting.status("user-1")).importing
        assert share is not None
        assert 0 < share < 1
        await house.drain(userid)
        assert (await house.reporting.status("user-1")).importing is None

    async def test_counts_the_groups_that_may_be_another_persons(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        assert (await house.reporting.status("user-1")).held_back == HeldBack(0, None)
        await house.notified(userid, await house.weigh(userid, 70))
        doubtful = await house.weigh(userid, 99, attrib=1)
        taken = clock()
        await house.notified(userid, doubtful)
        await house.notified(userid, await house.weigh(userid, 98, attrib=1, at=(clock() - DAY).isoformat()))
        clock.advance(HOUR)
        assert (await house.reporting.status("user-1")).held_back == HeldBack(2, taken)
        await house.notified(userid, await house.edit(userid, doubtful, attrib=0))
        assert (await house.reporting.status("user-1")).held_back == HeldBack(1, taken - DAY)

    async def test_counts_none_of_before_the_import_window_nor_behind_many_newer_ones(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        doubtful = {"attrib": 1, "measures": []}
        ages = {"old": 366 * DAY, "counted": 300 * DAY, "new": DAY}
        await house.storage.records.save(
            userid,
            [a_record(key, at=clock() - age, body=doubtful) for key, age in ages.items()],
            now=clock(),
        )
        assert (await house.reporting.status("user-1")).held_back.groups == 2
        newer = [a_record(f"n{number}", at=clock() - 2 * DAY) for number in range(NEWEST_HELD_BACK)]
        await house.storage.records.save(userid, newer, now=clock())
        assert (await house.reporting.status("user-1")).held_back.groups == 1


class TestSummary:
    async def test_has_the_latest_value_of_each_metric(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        group = await house.weigh(userid, 72, fat_percent=21.5)
        await house.notified(userid, group)
        clock.advance(DAY)
        await house.notified(userid, await house.weigh(userid, 70.5))
        summary = await house.reporting.summary("user-1", [])
        assert summary.weight is not None
        assert (summary.weight.value, summary.weight.at) == (Decimal("70.500"), clock())
        assert summary.composition["fat_ratio"] == Decimal("21.500")
        height = summary.composition["height"]
        expected = (Decimal("70.5") / height / height).quantize(Decimal("0.1"))
        assert summary.composition["bmi"] == expected
        assert len(summary.records[Kind.DEVICE]) == 5

    async def test_leaves_out_what_may_be_another_persons(self, house: House) -> None:
        userid = await house.linked()
        await house.notified(userid, await house.weigh(userid, 99, attrib=1))
        summary = await house.reporting.summary("user-1", [])
        assert summary.weight is None
        assert "bmi" not in summary.composition

    async def test_has_what_was_fetched_as_withings_sent_it_each_once(self, house: House) -> None:
        userid = await house.linked()
        group = await house.weigh(userid, 70)
        synced = await house.requesting.sync("user-1")
        summary = await house.reporting.summary("user-1", [*synced.fetched, *synced.fetched])
        ids = [row["grpid"] for row in summary.records[Kind.MEASURES]]
        assert ids.count(group["grpid"]) == 1
        assert group in summary.records[Kind.MEASURES]
        assert len(summary.records[Kind.DEVICE]) == 5

    async def test_of_an_account_without_data_is_empty(self, house: House) -> None:
        await house.link()
        summary = await house.reporting.summary("user-1", [])
        assert (summary.weight, summary.composition, summary.synced_at) == (None, {}, None)

    async def test_of_a_stranger_is_none(self, house: House) -> None:
        with pytest.raises(NotLinked):
            await house.reporting.summary("nobody", [])


class TestSweepInterval:
    async def test_is_the_one_that_is_configured_while_sweeps_keep_up(self, house: House) -> None:
        await house.linked()
        assert await house.reporting.sweep_interval() == SWEEP_EVERY

    async def test_is_longer_when_an_account_has_been_waiting_for_its_sweep(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await house.storage.accounts.change(
            userid, lambda account: replace(account, sweep_at=clock() - HOUR), now=clock()
        )
        assert await house.reporting.sweep_interval() == SWEEP_EVERY + HOUR

    async def test_is_known_when_nobody_is_linked(self, house: House) -> None:
        assert await house.reporting.sweep_interval() == SWEEP_EVERY
