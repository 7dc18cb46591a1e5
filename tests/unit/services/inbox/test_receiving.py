"""A notification in: durable, acknowledged, and no call to anybody."""

import pytest

from builders import NOON, SECOND, a_window
from unit.services.house import House
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.inbox import ASKED, EVERYTHING, News

NOON_EPOCH = int(NOON.timestamp())
WINDOW = {"startdate": str(NOON_EPOCH), "enddate": str(NOON_EPOCH + 1)}


@pytest.fixture
async def userid(house: House) -> str:
    return await house.linked()


class TestReceive:
    async def test_keeps_the_window_of_every_category_the_appli_is_about(
        self, house: House, userid: str
    ) -> None:
        assert await house.receiving.receive({"userid": userid, "appli": "16"} | WINDOW) == userid
        account = await house.account(userid)
        told = {category: account.of(category).news for category in Category if account.of(category).news}
        news = News(frozenset({a_window()}))
        assert told == {Category.ACTIVITY: news, Category.WORKOUTS: news}

    async def test_folds_repeats(self, house: House, userid: str) -> None:
        for _ in range(10):
            await house.receiving.receive({"userid": userid, "appli": "1"} | WINDOW)
        assert len((await house.account(userid)).of(Category.MEASURES).news) == 1

    async def test_without_a_window_keeps_that_somebody_asked(self, house: House, userid: str) -> None:
        await house.receiving.receive({"userid": userid, "appli": "44"})
        assert (await house.account(userid)).of(Category.SLEEP).news == ASKED

    async def test_of_a_century_is_left_to_a_comparison_in_chunks(self, house: House, userid: str) -> None:
        fields = {"userid": userid, "appli": "1", "startdate": "1", "enddate": str(NOON_EPOCH)}
        assert await house.receiving.receive(fields) == userid
        assert (await house.account(userid)).of(Category.MEASURES).news == EVERYTHING

    async def test_of_an_ending_has_the_link_looked_at(self, house: House, userid: str) -> None:
        assert await house.receiving.receive({"userid": userid, "appli": "46", "action": "unlink"}) == userid
        assert (await house.account(userid)).of(Category.LINK).news == ASKED

    async def test_asks_withings_nothing(self, house: House, userid: str) -> None:
        await house.receiving.receive({"userid": userid, "appli": "1"} | WINDOW)
        assert await house.calls() == []

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"userid": "1"},
            {"userid": "nobody", "appli": "1"},
            {"userid": "", "appli": "1"},
            {"nonsense": "yes"},
        ],
    )
    async def test_has_nothing_to_do_for_a_stranger_or_without_sense(
        self, house: House, fields: dict[str, str]
    ) -> None:
        assert await house.receiving.receive(fields) is None
        assert await house.storage.accounts.list() == []

    @pytest.mark.parametrize("appli", ["46", "50", "51", "52", "55"])
    async def test_has_nothing_to_do_where_nothing_can_be_fetched(
        self, house: House, userid: str, appli: str
    ) -> None:
        before = await house.account(userid)
        assert await house.receiving.receive({"userid": userid, "appli": appli, "action": "update"}) is None
        assert await house.account(userid) == before

    @pytest.mark.parametrize(
        "odd",
        [
            {"startdate": "0"},
            {"enddate": "0"},
            {"date": "0001-01-01"},
            {"date": "9999-12-31"},
            {"startdate": "0", "enddate": "9999999999"},
        ],
    )
    async def test_is_not_thrown_by_a_time_that_no_device_has_seen(
        self, house: House, userid: str, odd: dict[str, str]
    ) -> None:
        for appli in ("1", "16", "44"):
            assert await house.receiving.receive({"userid": userid, "appli": appli} | odd) == userid
            assert await house.receiving.receive({"userid": userid, "appli": appli} | WINDOW) == userid
        await house.drain(userid)
        account = await house.account(userid)
        assert not any(account.of(category).trouble for category in Category)

    async def test_says_so_when_it_cannot_be_kept(self, house: House, userid: str) -> None:
        await house.storage.__aexit__()
        with pytest.raises(StorageUnavailable):
            await house.receiving.receive({"userid": userid, "appli": "1"} | WINDOW)
        await house.storage.__aenter__()

    async def test_makes_the_account_due_at_once(self, house: House, userid: str) -> None:
        await house.receiving.receive({"userid": userid, "appli": "1"} | WINDOW)
        due = (await house.account(userid)).of(Category.MEASURES).live_at(house.clock() + SECOND)
        assert due == house.clock() + SECOND
