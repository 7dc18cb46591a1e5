"""Withings' records on every backend: by name, by time, and by change."""

import random
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE, NOON, SECOND, a_record, a_weight
from withings_bridge.domain.records import EPOCH, Kind, Record, RecordKey, record_from
from withings_bridge.storage.base import Changed, Storage

FOREVER = NOON + 36500 * DAY


async def all_changes(storage: Storage, userid: str, *, after: int = 0, limit: int = 100) -> list[Changed]:
    found: list[Changed] = []
    while page := await storage.records.changes(
        userid, after=found[-1].number if found else after, limit=limit
    ):
        assert len(page) <= limit
        found += page
    return found


async def all_of(storage: Storage, userid: str, kind: Kind = Kind.MEASURES) -> list[Record]:
    return await storage.records.between(userid, kind, EPOCH, FOREVER)


class TestSave:
    async def test_keeps_a_record_as_it_is(self, storage: Storage, userid: str) -> None:
        record = a_record(modified=NOON + HOUR)
        await storage.records.save(userid, [record], now=NOON)
        assert await storage.records.get(userid, [record.name]) == {record.name: record}

    @pytest.mark.parametrize("kind", list(Kind))
    async def test_keeps_every_kind_in_a_space_of_its_own(
        self, storage: Storage, userid: str, kind: Kind
    ) -> None:
        records = [a_record("7", kind=each, at=NOON, body={"kind": each}) for each in Kind]
        await storage.records.save(userid, records, now=NOON)
        assert (await storage.records.get(userid, [RecordKey(kind, "7")])) == {
            RecordKey(kind, "7"): a_record("7", kind=kind, body={"kind": str(kind)})
        }
        assert len(await all_of(storage, userid, kind)) == 1

    async def test_keeps_a_record_without_a_modification_date(self, storage: Storage, userid: str) -> None:
        record = record_from(Kind.DEVICE, {"deviceid": "d" * 40, "model": "Body+"})
        assert record.modified is None
        await storage.records.save(userid, [record], now=NOON)
        assert await all_of(storage, userid, Kind.DEVICE) == [record]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"nothing": None, "yes": True, "no": False, "list": [], "map": {}, "text": ""},
            {"name": "Zoë \N{SMILING FACE WITH SUNGLASSES} 体重 \u0000 \u2028 \\ \" '"},
            {"nested": [{"deep": [[1, [2, {"x": [3]}]]]}], "big": 2**63, "negative": -(2**40)},
            {"clé": "á" * 5000},
        ],
        ids=["empty", "blanks", "unicode", "nested", "long unicode"],
    )
    async def test_keeps_bodies_of_every_shape(
        self, storage: Storage, userid: str, body: dict[str, Any]
    ) -> None:
        record = a_record(body=body)
        await storage.records.save(userid, [record], now=NOON)
        assert await all_of(storage, userid) == [record]

    async def test_keeps_numbers_to_the_last_digit(self, storage: Storage, userid: str) -> None:
        dice = random.Random(11)  # noqa: S311 - numbers of every length, guards nothing
        numbers = [0.1 + 0.2, 1e-7, 5e-324, 1.7976931348623157e308, 0.86, -0.0, 12345678901234567, 1.0]
        numbers += [dice.uniform(-1, 1) * 10 ** dice.randint(-20, 20) for _ in range(200)]
        record = a_record(body={"numbers": numbers})
        await storage.records.save(userid, [record], now=NOON)
        (stored,) = await all_of(storage, userid)
        assert [repr(number) for number in stored.body["numbers"]] == [repr(number) for number in numbers]

    async def test_keeps_a_body_of_more_than_400_kilobytes(self, storage: Storage, userid: str) -> None:
        body = {"series": [{"timestamp": n, "hr": 60 + n % 30, "rr": 14} for n in range(20_000)]}
        record = a_record("night", kind=Kind.SLEEP, body=body)
        await storage.records.save(userid, [record, a_record()], now=NOON)
        assert await all_of(storage, userid, Kind.SLEEP) == [record]

    async def test_puts_a_later_version_in_the_place_of_the_earlier(
        self, storage: Storage, userid: str
    ) -> None:
        moved = a_record("night", kind=Kind.SLEEP, at=NOON - HOUR, body={"id": "night", "edited": True})
        await storage.records.save(userid, [a_record("night", kind=Kind.SLEEP)], now=NOON)
        await storage.records.save(userid, [moved], now=NOON)
        assert await all_of(storage, userid, Kind.SLEEP) == [moved]
        assert await storage.records.between(userid, Kind.SLEEP, NOON, NOON) == []

    async def test_takes_more_than_a_thousand_at_once(self, storage: Storage, userid: str) -> None:
        records = [a_record(str(n), at=NOON + n * MINUTE) for n in range(1100)]
        await storage.records.save(userid, records, now=NOON)
        assert await all_of(storage, userid) == records
        gone = [record.name for record in records[::2]]
        await storage.records.save(userid, [], removed=gone, now=NOON)
        assert await all_of(storage, userid) == records[1::2]

    async def test_stores_and_removes_in_one_call(self, storage: Storage, userid: str) -> None:
        old, new = a_record("1"), a_record("2")
        await storage.records.save(userid, [old], now=NOON)
        await storage.records.save(userid, [new], removed={old.name}, now=NOON)
        assert await all_of(storage, userid) == [new]

    async def test_removal_of_what_is_not_there_does_no_harm(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [], removed={RecordKey(Kind.MEASURES, "1")}, now=NOON)
        assert await all_of(storage, userid) == []

    async def test_may_be_repeated(self, storage: Storage, userid: str) -> None:
        old, new = a_record("1"), a_record("2")
        await storage.records.save(userid, [old], now=NOON)
        for _ in range(2):
            await storage.records.save(userid, [new], removed={old.name}, now=NOON)
        assert await all_of(storage, userid) == [new]
        assert await storage.records.get(userid, [old.name]) == {}

    async def test_never_touches_another_account(self, storage: Storage, userid: str) -> None:
        another = f"{userid}9"
        await storage.records.save(another, [a_record()], now=NOON)
        await storage.records.save(userid, [a_record(body={"other": 1})], now=NOON)
        await storage.records.save(userid, [], removed={a_record().name}, now=NOON)
        assert await all_of(storage, another) == [a_record()]
        assert [change.record for change in await all_changes(storage, another)] == [a_record()]


class TestGet:
    async def test_gives_those_that_exist(self, storage: Storage, userid: str) -> None:
        records = [a_record(str(n)) for n in range(3)]
        await storage.records.save(userid, records, now=NOON)
        await storage.records.save(userid, [], removed={records[0].name}, now=NOON)
        names = [*(record.name for record in records), RecordKey(Kind.SLEEP, "1")]
        assert await storage.records.get(userid, names) == {record.name: record for record in records[1:]}

    async def test_of_none_is_empty(self, storage: Storage, userid: str) -> None:
        assert await storage.records.get(userid, []) == {}

    async def test_of_250_names_some_of_them_twice(self, storage: Storage, userid: str) -> None:
        records = [a_record(str(n)) for n in range(250)]
        await storage.records.save(userid, records, now=NOON)
        names = [record.name for record in records]
        found = await storage.records.get(userid, iter([*names, *names[:10]]))
        assert found == {record.name: record for record in records}


class TestBetween:
    async def test_includes_both_ends(self, storage: Storage, userid: str) -> None:
        records = [a_record(str(n), at=NOON + n * SECOND) for n in range(5)]
        await storage.records.save(userid, records, now=NOON)
        found = await storage.records.between(userid, Kind.MEASURES, NOON + SECOND, NOON + 3 * SECOND)
        assert found == records[1:4]

    async def test_comes_oldest_first_and_in_key_order_within_one_time(
        self, storage: Storage, userid: str
    ) -> None:
        records = [
            a_record(key, at=NOON + shift) for shift in (HOUR, -HOUR) for key in ("b", "a#1", "a", "c")
        ]
        named = {f"{n}-{record.key}": record for n, record in enumerate(records)}
        records = [a_record(key, at=record.at) for key, record in named.items()]
        await storage.records.save(userid, records, now=NOON)
        assert await all_of(storage, userid) == sorted(records, key=lambda record: (record.at, record.key))

    async def test_finds_records_before_1970_and_at_1970(self, storage: Storage, userid: str) -> None:
        """Withings lets people type in a height of long ago, and a row without a time is filed at 1970."""
        records = [a_record("old", at=EPOCH - 3650 * DAY), a_record("none", at=EPOCH), a_record("now")]
        await storage.records.save(userid, records, now=NOON)
        found = await storage.records.between(userid, Kind.MEASURES, EPOCH - 36500 * DAY, NOON)
        assert found == records

    async def test_gives_all_of_more_than_a_megabyte(self, storage: Storage, userid: str) -> None:
        dice = random.Random(3)  # noqa: S311 - text that does not compress, guards nothing
        records = [
            a_record(str(n), at=NOON + n * MINUTE, body={"noise": dice.randbytes(12_000).hex()})
            for n in range(120)
        ]
        await storage.records.save(userid, records, now=NOON)
        assert await all_of(storage, userid) == records
        newest = await storage.records.newest(userid, Kind.MEASURES, limit=120)
        assert newest == records[::-1]
        page = await storage.records.page(userid, Kind.MEASURES, EPOCH, FOREVER, limit=110)
        assert page == records[:110]
        assert [change.record for change in await all_changes(storage, userid, limit=1000)] == records

    async def test_of_other_kinds_is_empty(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [a_record()], now=NOON)
        for kind in set(Kind) - {Kind.MEASURES}:
            assert await all_of(storage, userid, kind) == []


class TestNewest:
    async def test_comes_newest_first_up_to_the_limit(self, storage: Storage, userid: str) -> None:
        records = [a_record(str(n), at=NOON + n * HOUR) for n in range(5)]
        await storage.records.save(userid, records, now=NOON)
        assert await storage.records.newest(userid, Kind.MEASURES, limit=2) == [records[4], records[3]]

    async def test_before_an_instant_leaves_that_instant_out(self, storage: Storage, userid: str) -> None:
        records = [a_record(str(n), at=NOON + n * HOUR) for n in range(5)]
        await storage.records.save(userid, records, now=NOON)
        found = await storage.records.newest(userid, Kind.MEASURES, limit=2, before=NOON + 3 * HOUR)
        assert found == [records[2], records[1]]

    async def test_skips_what_was_removed(self, storage: Storage, userid: str) -> None:
        records = [a_record(str(n), at=NOON + n * HOUR) for n in range(60)]
        await storage.records.save(userid, records, now=NOON)
        gone = [record.name for record in records[1:]]
        await storage.records.save(userid, [], removed=gone, now=NOON)
        assert await storage.records.newest(userid, Kind.MEASURES, limit=1) == [records[0]]

    async def test_of_nothing_is_empty(self, storage: Storage, userid: str) -> None:
        assert await storage.records.newest(userid, Kind.SLEEP, limit=3) == []


class TestChanges:
    async def test_come_in_the_order_of_their_saving(self, storage: Storage, userid: str) -> None:
        for key in ("b", "c", "a"):
            await storage.records.save(userid, [a_record(key)], now=NOON)
        changes = await all_changes(storage, userid)
        assert [change.name.key for change in changes] == ["b", "c", "a"]
        assert [change.record for change in changes] == [a_record(key) for key in ("b", "c", "a")]
        numbers = [change.number for change in changes]
        assert numbers == sorted(set(numbers))
        assert numbers[0] > 0

    async def test_of_one_save_each_have_a_number_of_their_own(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [a_record(str(n)) for n in range(60)], now=NOON)
        changes = await all_changes(storage, userid, limit=7)
        assert len({change.number for change in changes}) == 60
        assert {change.name.key for change in changes} == {str(n) for n in range(60)}

    async def test_show_a_record_once_in_its_last_state(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [a_record("1"), a_record("2")], now=NOON)
        (*_, last) = await all_changes(storage, userid)
        edited = a_record("1", body={"edited": True})
        await storage.records.save(userid, [edited], now=NOON)
        changes = await all_changes(storage, userid)
        assert [(change.name.key, change.record) for change in changes] == [
            ("2", a_record("2")),
            ("1", edited),
        ]
        assert changes[-1].number > last.number
        assert [change.record for change in await all_changes(storage, userid, after=last.number)] == [edited]

    async def test_tell_of_removal_and_of_coming_back(self, storage: Storage, userid: str) -> None:
        record = a_record()
        await storage.records.save(userid, [record], now=NOON)
        (first,) = await all_changes(storage, userid)
        await storage.records.save(userid, [], removed={record.name}, now=NOON)
        (second,) = await all_changes(storage, userid, after=first.number)
        assert (second.name, second.record) == (record.name, None)
        assert await storage.records.get(userid, [record.name]) == {}
        assert await storage.records.newest(userid, Kind.MEASURES, limit=1) == []
        await storage.records.save(userid, [record], now=NOON)
        (third,) = await all_changes(storage, userid, after=second.number)
        assert third.record == record
        assert first.number < second.number < third.number
        assert len(await all_changes(storage, userid)) == 1

    async def test_go_on_growing_when_the_last_change_was_a_removal(
        self, storage: Storage, userid: str
    ) -> None:
        await storage.records.save(userid, [a_record("1")], now=NOON)
        await storage.records.save(userid, [], removed={a_record("1").name}, now=NOON)
        (removal,) = await all_changes(storage, userid)
        await storage.records.save(userid, [a_record("2", body={"measures": [a_weight()]})], now=NOON)
        (addition,) = await all_changes(storage, userid, after=removal.number)
        assert addition.name.key == "2"

    async def test_after_the_last_number_are_none(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [a_record()], now=NOON)
        (change,) = await all_changes(storage, userid)
        assert await storage.records.changes(userid, after=change.number, limit=10) == []

    async def test_grow_even_when_the_clock_goes_back(self, storage: Storage, userid: str) -> None:
        await storage.records.save(userid, [a_record("1")], now=NOON)
        (first,) = await all_changes(storage, userid)
        await storage.records.save(userid, [a_record("2")], now=NOON - DAY)
        (second,) = await all_changes(storage, userid, after=first.number)
        assert second.name.key == "2"

    async def test_bring_of_other_kinds_the_name_and_whether_it_is_gone(
        self, storage: Storage, userid: str
    ) -> None:
        group, curve, gone = a_record("1"), a_record("2", kind=Kind.SIGNAL), a_record("3", kind=Kind.SIGNAL)
        await storage.records.save(userid, [group, curve, gone], now=NOON)
        await storage.records.save(userid, [], removed={gone.name}, now=NOON)
        for bringing, brought in (({Kind.MEASURES}, group), ((), None)):
            changes = await storage.records.changes(userid, after=0, limit=9, bringing=bringing)
            assert [(change.name, change.record, change.removed) for change in changes] == [
                (group.name, brought, False),
                (curve.name, None, False),
                (gone.name, None, True),
            ]

    async def test_are_as_they_were_after_catching_up_where_nothing_was_cut_off(
        self, storage: Storage, userid: str
    ) -> None:
        await storage.records.save(userid, [a_record("1"), a_record("2")], now=NOON)
        before = await all_changes(storage, userid)
        await storage.records.catch_up(userid)
        assert await all_changes(storage, userid) == before
        assert await storage.records.through(userid) == before[-1].number
