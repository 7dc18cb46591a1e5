"""What the services count as they work: a whole bridge does each thing, and Prometheus hears of it."""

import asyncio

import pytest

from builders import HOUR, MINUTE
from fakes import FakeClock
from scrape import Scrape
from unit.services.house import House
from withings_bridge.domain.accounts import LEASE
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import RateLimited, StorageUnavailable
from withings_bridge.domain.inbox import ASKED


def told(house: House) -> Scrape:
    return Scrape(house.telemetry.text())


async def asked(house: House, userid: str) -> None:
    assert await house.storage.accounts.announce(userid, {Category.MEASURES: ASKED}, now=house.clock())


class TestNotifications:
    async def test_are_told_apart_by_what_became_of_them(self, house: House) -> None:
        userid = await house.linked()
        for fields in (
            {"userid": userid, "appli": "1"},
            {"userid": userid, "appli": "1"},
            {"userid": userid, "appli": "77"},
            {"userid": "999", "appli": "77"},
            {"userid": "999", "appli": "16"},
            {"userid": userid, "appli": "16"},
            {"userid": "999", "appli": "16"},
            {"userid": userid, "appli": "46", "action": "update"},
            {"appli": "1"},
            {"userid": userid, "appli": "weight"},
        ):
            await house.receiving.receive(fields)
        counted = told(house).samples["withings_bridge_notifications_total"]
        assert {(one.labels["appli"], one.labels["outcome"]): one.value for one in counted} == {
            ("1", "stored"): 2,
            ("77", "stored"): 1,
            ("other", "unknown account"): 1,
            ("16", "unknown account"): 2,
            ("16", "stored"): 1,
            ("46", "nothing to do"): 1,
            ("none", "senseless"): 2,
        }

    async def test_that_cannot_be_kept_are_counted_too(self, house: House) -> None:
        userid = await house.linked()
        await house.storage.__aexit__()
        with pytest.raises(StorageUnavailable):
            await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.storage.__aenter__()
        assert told(house).of("notifications_total", appli="1", outcome="not kept") == 1


class TestTurns:
    async def test_count_what_they_fetch_and_write(self, house: House) -> None:
        userid = await house.linked()
        before = told(house)
        await house.notified(userid, await house.weigh(userid, 70))
        after = told(house)

        def more(name: str, **labels: str) -> float:
            return after.of(name, **labels) - before.of(name, **labels)

        assert more("turn_seconds_count", outcome="settled") == 1
        assert more("tasks_total", category="measures", lane="live", result="done") == 1
        assert more("tasks_total") == 1
        assert more("records_stored_total", kind="measures") == 1
        assert more("rows_written_total") == 2  # the weight, and its bmi
        assert more("withings_calls_total", service="measure", action="getmeas", status="0") == 1
        assert more("withings_calls_total") == 1
        assert more("withings_call_seconds_count", service="measure") == 1
        assert more("quota_wait_seconds_count") == 1

    async def test_count_what_fails_and_what_is_given_up(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        house.weather.breaks("getmeas")
        await house.notified(userid, await house.weigh(userid, 70))
        assert told(house).of("tasks_total", category="measures", result="failed") == 1
        assert told(house).of("buried_total") == 0
        clock.advance(HOUR)
        house.weather.refuses("getmeas", 601)
        await house.drain(userid)
        clock.advance(HOUR)
        house.weather.refuses("getmeas", 277)
        await house.drain(userid)
        counted = told(house)
        assert counted.of("tasks_total", category="measures", result="put off") == 1
        assert counted.of("tasks_total", category="measures", result="failed") == 2
        assert counted.of("buried_total", category="measures") == 1
        for status in ("http 502", "601", "277"):
            assert counted.of("withings_calls_total", action="getmeas", status=status) == 1

    async def test_tell_calls_that_got_no_answer_from_those_that_never_left(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        house.weather.cuts_off("getmeas")
        await house.notified(userid, await house.weigh(userid, 70))
        clock.advance(HOUR)
        house.weather.loses("getmeas")
        await house.drain(userid)
        for status in ("unreachable", "no answer"):
            assert told(house).of("withings_calls_total", action="getmeas", status=status) == 1

    async def test_that_lose_their_account_or_the_store_are_told_apart(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        await asked(house, userid)
        async with house.weather.holding("getmeas") as arrived:
            turning = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            clock.advance(2 * LEASE)
            assert await house.storage.accounts.claim_one(userid, "another", now=clock(), lease=LEASE)
        await turning
        assert told(house).of("turn_seconds_count", outcome="abandoned") == 1
        clock.advance(2 * LEASE)
        house.links.unread = 1
        await house.working.turn(userid)
        assert told(house).of("turn_seconds_count", outcome="not settled") == 1

    async def test_that_are_cut_off_are_counted_so(self, house: House) -> None:
        userid = await house.linked()
        await asked(house, userid)
        async with house.weather.holding("getmeas") as arrived:
            turning = asyncio.create_task(house.drain(userid))
            await arrived.wait()
            turning.cancel()
            await asyncio.gather(turning, return_exceptions=True)
        assert told(house).of("turn_seconds_count", outcome="cut off") == 1


class TestRefreshes:
    async def test_are_counted_by_how_they_ended(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        clock.advance(4 * HOUR)
        await asked(house, userid)
        await house.drain(userid)
        assert told(house).of("refreshes_total", outcome="granted") == 1
        clock.advance(4 * HOUR)
        house.weather.refuses("requesttoken", 601)
        with pytest.raises(RateLimited):
            await house.tokens.call(await house.account(userid), house.client.devices)
        assert told(house).of("refreshes_total", outcome="failed") == 1
        clock.advance(HOUR)
        house.weather.refuses("requesttoken", 503, text="Invalid Params: invalid refresh_token")
        await asked(house, userid)
        await house.drain(userid)
        assert told(house).of("refreshes_total", outcome="refused") == 1
        assert told(house).of("turn_seconds_count", outcome="consent needed") == 1


class TestCallsThatTheBudgetHoldsBack:
    async def test_are_counted_and_are_no_calls(self, house: House, clock: FakeClock) -> None:
        account = await house.account(await house.linked())
        calls = told(house).of("withings_calls_total")
        paced = house.paced_client()
        await house.tokens.call(account, paced.devices)
        clock.advance(MINUTE)
        await house.pacing.slow_down(10 * MINUTE)
        with pytest.raises(RateLimited):
            await house.tokens.call(account, paced.devices)
        assert told(house).of("calls_put_off_total", service="v2/user") == 1
        assert told(house).of("withings_calls_total") == calls + 1
