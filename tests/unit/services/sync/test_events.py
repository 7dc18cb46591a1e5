"""Into bed, out of bed: stored as notifications told it, without a call."""

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from builders import NOON, SECOND
from unit.services.house import House
from withings_bridge.domain.categories import Category
from withings_bridge.domain.inbox import MOST_EVENTS
from withings_bridge.domain.records import Kind

NOON_EPOCH = int(NOON.timestamp())


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


async def told(
    house: House, userid: str, *, appli: int = 50, at: int = NOON_EPOCH, confirmed: bool = False
) -> None:
    fields = {"userid": userid, "appli": str(appli), "deviceid": "mat", "date": str(at)}
    assert await house.receiving.receive(fields, confirmed=confirmed) == userid


async def stored(house: House, userid: str) -> list[tuple[int, int, bool]]:
    """What is stored: appli, epoch, whether it is confirmed."""
    bodies = [record.body for record in await house.records(userid, Kind.EVENT)]
    return [(body["appli"], body["date"], body["confirmed"]) for body in bodies]


class TestEvents:
    async def test_are_stored_without_a_call_and_make_no_row(self, house: House, userid: str) -> None:
        await told(house, userid)
        await told(house, userid, appli=51, at=NOON_EPOCH + 60)
        before, rows = await house.account(userid), await house.rows()
        await house.drain(userid)
        assert await stored(house, userid) == [(50, NOON_EPOCH, False), (51, NOON_EPOCH + 60, False)]
        assert await house.calls() == []
        assert await house.rows() == rows
        after = await house.account(userid)
        assert not after.of(Category.EVENTS).news
        assert (after.synced_at, after.fetched_at) == (before.synced_at, before.fetched_at)

    async def test_that_are_delivered_again_are_the_same_record(self, house: House, userid: str) -> None:
        for _ in range(2):
            await told(house, userid)
            await told(house, userid)
            await house.drain(userid)
        assert len(await stored(house, userid)) == 1

    async def test_are_confirmed_by_a_later_delivery_with_the_secret(self, house: House, userid: str) -> None:
        for confirmed in (False, True):
            await told(house, userid, confirmed=confirmed)
            await house.drain(userid)
        assert await stored(house, userid) == [(50, NOON_EPOCH, True)]

    async def test_that_are_confirmed_stay_so_whoever_posts_them_again(
        self, house: House, userid: str
    ) -> None:
        for confirmed in (True, False):
            await told(house, userid, confirmed=confirmed)
            await house.drain(userid)
        assert await stored(house, userid) == [(50, NOON_EPOCH, True)]

    async def test_that_wait_both_ways_are_stored_confirmed(self, house: House, userid: str) -> None:
        for confirmed in (False, True, False):
            await told(house, userid, confirmed=confirmed)
        await house.drain(userid)
        assert await stored(house, userid) == [(50, NOON_EPOCH, True)]

    @pytest.mark.slow
    async def test_beyond_the_limit_are_let_go_with_a_line_that_tells_none_of_them(
        self, house: House, userid: str
    ) -> None:
        for second in range(MOST_EVENTS + 5):
            await told(house, userid, at=NOON_EPOCH + second)
        with capture_logs(processors=[merge_contextvars]) as lines:
            await house.drain(userid)
        assert len(await stored(house, userid)) == MOST_EVENTS
        (line,) = [line for line in lines if line["event"] == "events let go"]
        assert line == {
            "event": "events let go",
            "account": userid,
            "reason": "too many were waiting",
            "log_level": "warning",
        }
        await told(house, userid, at=NOON_EPOCH + 500)
        await house.drain(userid)
        assert len(await stored(house, userid)) == MOST_EVENTS + 1

    async def test_are_kept_while_withings_cannot_be_reached(self, house: House, userid: str) -> None:
        house.weather.refuses("getmeas", 522, times=3)
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await told(house, userid)
        await house.drain(userid)
        assert len(await stored(house, userid)) == 1

    async def test_of_a_turn_that_was_cut_off_are_stored_by_the_next(self, house: House, userid: str) -> None:
        await told(house, userid)
        claimed = await house.storage.accounts.claim_one(userid, "dies", now=house.clock(), lease=15 * SECOND)
        assert claimed is not None
        house.clock.advance(15 * SECOND)
        await house.drain(userid)
        assert len(await stored(house, userid)) == 1

    async def test_of_an_unknown_account_leave_no_work_and_no_mark(self, house: House) -> None:
        fields = {"userid": "77", "appli": "50", "deviceid": "mat", "date": str(NOON_EPOCH)}
        await house.storage.ephemera.acquire(
            "adopting", "scan", until=house.clock() + 60 * SECOND, now=house.clock()
        )
        assert await house.receiving.receive(fields) is None
        assert await house.marking.seen("77") is None
