"""Records on every backend page by page: the stretch, the order, the place where a page ended."""

from datetime import UTC, datetime, timedelta

import pytest

from builders import DAY, HOUR, NOON, SECOND, a_record
from withings_bridge.domain.records import EPOCH, Kind, Record
from withings_bridge.storage.base import Place, Storage

both_ways = pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])

MICROSECOND = timedelta(microseconds=1)
FOREVER = datetime.max.replace(tzinfo=UTC)

ODD_KEYS = [
    *("#", "#1", "-", "/", "0", "1", "10", "2", ":", "A", "Z", "a", "a ", "a#1", "a\0", "a\0b", "aa", "b"),
    *("e\N{COMBINING ACUTE ACCENT}", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\x7f", "\x80", "\uffff", "体"),
    *("\N{SMILING FACE WITH SUNGLASSES}", "~", "%", "_", "'", '"', "\\"),
]
"""In the order of code points the last character of 16 bits comes before a smiley; in UTF-16 behind it."""


def some_records() -> list[Record]:
    """In order: some alone at their time, some three or five at one, a microsecond and a day apart."""
    times = [NOON - DAY, *[NOON] * 3, NOON + MICROSECOND, NOON + HOUR, *[NOON + 2 * HOUR] * 5, NOON + DAY]
    return [a_record(f"{n:02}", at=at) for n, at in enumerate(times)]


def place_of(record: Record) -> Place:
    return Place(record.at, record.key)


async def all_pages(
    storage: Storage,
    userid: str,
    *,
    start: datetime = EPOCH,
    end: datetime = FOREVER,
    limit: int = 7,
    backward: bool = False,
) -> list[Record]:
    """What one gets who goes on until a page is shorter than its limit."""
    found: list[Record] = []
    while True:
        page = await storage.records.page(
            userid,
            Kind.MEASURES,
            start,
            end,
            limit=limit,
            after=place_of(found[-1]) if found else None,
            backward=backward,
        )
        assert len(page) <= limit
        found += page
        if len(page) < limit:
            return found


@pytest.fixture
async def stored(storage: Storage, userid: str) -> list[Record]:
    """Some records, saved in an order that is not theirs, between those of other kinds and accounts."""
    records = some_records()
    kinds = (Kind.ACTIVITY, Kind.INTRADAY, Kind.SEGMENT)
    others = [a_record(record.key, kind=kind, at=record.at) for kind in kinds for record in records]
    await storage.records.save(userid, [*others, *reversed(records)], now=NOON)
    await storage.records.save(f"{userid}9", records, now=NOON)
    return records


class TestPages:
    @both_ways
    @pytest.mark.parametrize("limit", [1, 2, 5, 12, 13])
    async def test_give_each_record_once_and_in_order(
        self, storage: Storage, userid: str, stored: list[Record], *, limit: int, backward: bool
    ) -> None:
        """Limits that end within one time, and one that ends with the last record."""
        expected = stored[::-1] if backward else stored
        assert await all_pages(storage, userid, limit=limit, backward=backward) == expected

    @both_ways
    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (NOON, NOON + 2 * HOUR),
            (NOON + MICROSECOND, NOON + 2 * HOUR - MICROSECOND),
            (NOON - MICROSECOND, NOON),
            (NOON, NOON),
            (NOON + SECOND, NOON + 2 * SECOND),
            (NOON + HOUR, NOON),
            (NOON + MICROSECOND, NOON),
            (datetime.min.replace(tzinfo=UTC), FOREVER),
        ],
    )
    async def test_keep_to_the_stretch_with_both_its_ends(
        self,
        storage: Storage,
        userid: str,
        stored: list[Record],
        *,
        start: datetime,
        end: datetime,
        backward: bool,
    ) -> None:
        inside = [record for record in stored if start <= record.at <= end]
        found = await all_pages(storage, userid, start=start, end=end, limit=2, backward=backward)
        assert found == (inside[::-1] if backward else inside)

    @both_ways
    async def test_order_keys_of_one_time_by_their_code_points(
        self, storage: Storage, userid: str, *, backward: bool
    ) -> None:
        await storage.records.save(userid, [a_record(key) for key in ODD_KEYS], now=NOON)
        found = await all_pages(storage, userid, limit=3, backward=backward)
        assert [record.key for record in found] == sorted(ODD_KEYS, reverse=backward)
        assert await storage.records.between(userid, Kind.MEASURES, NOON, NOON) == (
            found[::-1] if backward else found
        )

    async def test_of_nobody_are_empty(self, storage: Storage, userid: str) -> None:
        assert await all_pages(storage, userid) == []

    async def test_leave_out_what_was_removed_and_are_full_all_the_same(
        self, storage: Storage, userid: str, stored: list[Record]
    ) -> None:
        gone = [record.name for record in stored[2:9]]
        await storage.records.save(userid, [], removed=gone, now=NOON)
        page = await storage.records.page(userid, Kind.MEASURES, EPOCH, FOREVER, limit=4)
        assert page == [*stored[:2], *stored[9:11]]


class TestThePlace:
    @both_ways
    async def test_holds_when_its_record_has_gone_and_when_it_has_moved(
        self, storage: Storage, userid: str, stored: list[Record], *, backward: bool
    ) -> None:
        way = stored[::-1] if backward else stored
        first = await storage.records.page(userid, Kind.MEASURES, EPOCH, FOREVER, limit=6, backward=backward)
        assert first == way[:6]
        *_, moving, last = first
        moved = a_record(moving.key, at=NOON - 2 * DAY if not backward else NOON + 2 * DAY)
        await storage.records.save(userid, [moved], removed={last.name}, now=NOON)
        for place in (place_of(last), place_of(moving)):
            rest = await storage.records.page(
                userid, Kind.MEASURES, EPOCH, FOREVER, limit=100, after=place, backward=backward
            )
            assert rest == way[6:]

    @both_ways
    async def test_is_not_shifted_by_what_is_written_in_front_of_it(
        self, storage: Storage, userid: str, stored: list[Record], *, backward: bool
    ) -> None:
        way = stored[::-1] if backward else stored
        early = a_record("early", at=NOON - 2 * DAY if not backward else NOON + 2 * DAY)
        late = a_record("late", at=NOON + 2 * DAY if not backward else NOON - 2 * DAY)
        await storage.records.save(userid, [early, late], now=NOON)
        rest = await storage.records.page(
            userid, Kind.MEASURES, EPOCH, FOREVER, limit=100, after=place_of(way[4]), backward=backward
        )
        assert rest == [*way[5:], late]

    @both_ways
    async def test_in_front_of_the_stretch_leaves_all_and_behind_it_nothing(
        self, storage: Storage, userid: str, stored: list[Record], *, backward: bool
    ) -> None:
        inside = [record for record in stored if NOON <= record.at <= NOON + HOUR]
        below, above = Place(NOON - MICROSECOND, "~"), Place(NOON + HOUR + MICROSECOND, "")
        for place, expected in (
            (below, [] if backward else inside),
            (above, inside[::-1] if backward else []),
        ):
            found = await storage.records.page(
                userid, Kind.MEASURES, NOON, NOON + HOUR, limit=100, after=place, backward=backward
            )
            assert found == expected

    async def test_between_two_keys_of_one_time_parts_them(self, storage: Storage, userid: str) -> None:
        """Also where one key begins with the other: the next possible one is still behind."""
        records = [a_record(key) for key in ("a", "a\0", "a#", "ab", "b")]
        await storage.records.save(userid, records, now=NOON)
        for n, record in enumerate(records):
            place = place_of(record)
            forward = await storage.records.page(userid, Kind.MEASURES, NOON, NOON, limit=9, after=place)
            assert forward == records[n + 1 :]
            backward = await storage.records.page(
                userid, Kind.MEASURES, NOON, NOON, limit=9, after=place, backward=True
            )
            assert backward == records[:n][::-1]


class TestThrough:
    async def test_of_nobody_is_nought(self, storage: Storage, userid: str) -> None:
        assert await storage.records.through(userid) == 0

    async def test_is_the_number_of_the_last_change_and_grows_with_each(
        self, storage: Storage, userid: str
    ) -> None:
        record = a_record()
        edited = a_record(body={"edited": True})
        seen = 0
        for records, removed in (([record], []), ([edited], []), ([], [record.name]), ([record], [])):
            await storage.records.save(userid, records, removed=removed, now=NOON)
            through = await storage.records.through(userid)
            (change,) = await storage.records.changes(userid, after=seen, limit=10)
            assert change.number == through > seen
            assert await storage.records.changes(userid, after=through, limit=10) == []
            seen = through

    async def test_is_that_of_one_account(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [a_record()], now=NOON)
        before = await storage.records.through(userid)
        await storage.records.save(f"{userid}9", [a_record()], now=NOON + DAY)
        assert await storage.records.through(userid) == before

    async def test_is_nought_again_when_all_is_forgotten(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [a_record()], now=NOON)
        await storage.records.forget(userid)
        assert await storage.records.through(userid) == 0
