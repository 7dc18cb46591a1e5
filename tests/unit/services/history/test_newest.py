"""The newest values are remembered, and follow what changes without another walk through the history."""

from collections import Counter
from typing import Any

import pytest

from builders import SECOND, an_account
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import emptied
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.mapping import Sources
from withings_bridge.domain.readings import Reading
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.services.history.newest import Newest
from withings_bridge.storage.base import Records

USERID = "1234"


class Shelf:
    """The records of an account, and how often each kind of them was read."""

    def __init__(self, records: Records, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self.newest = Newest(records=records, sources=Sources.TRACKERS_FIRST, most=2)
        self.reads: Counter[Kind] = Counter()
        self.records = records
        self.account = an_account(USERID)
        self._clock = clock
        for name in ("page", "newest", "between"):
            monkeypatch.setattr(records, name, self._counting(getattr(records, name)))

    async def put(self, *records: Record) -> None:
        await self.records.save(USERID, records, now=self._clock())

    async def remove(self, record: Record) -> None:
        await self.records.save(USERID, [], removed=[record.name], now=self._clock())

    async def values(self) -> dict[str, Reading]:
        """The newest values, which are those that somebody finds who remembers nothing."""
        self.reads.clear()
        found = await self.newest.of(self.account)
        reads = self.reads.copy()
        afresh = Newest(records=self.records, sources=Sources.TRACKERS_FIRST)
        assert found == await afresh.of(self.account)
        self.reads = reads
        return found

    def weighing(self, number: int, *, kg: int = 70, type_: int = 1, **fields: object) -> Record:
        """A group so many minutes ago."""
        epoch = int(self._clock().timestamp()) - number * 60
        measure = {"type": type_, "value": kg, "unit": 0}
        body = {"grpid": number, "attrib": 0, "category": 1, "date": epoch, "measures": [measure]}
        return record_from(Kind.MEASURES, body | fields)

    def height(self, metres: int) -> Record:
        group = self.weighing(9000, kg=metres, type_=4)
        return record_from(Kind.HEIGHT, group.body)

    def _counting(self, read: Any) -> Any:
        async def counted(userid: str, kind: Kind, *rest: Any, **options: Any) -> Any:
            self.reads[kind] += 1
            return await read(userid, kind, *rest, **options)

        return counted


@pytest.fixture
async def shelf(house: House, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """With a weight of 70 kg two minutes ago, and one of 60 kg before it."""
    shelf = Shelf(house.storage.records, clock, monkeypatch)
    await shelf.put(shelf.weighing(2, kg=70), shelf.weighing(4, kg=60))
    assert (await shelf.values())["weight"].value == 70
    return shelf


class TestWhatIsRemembered:
    async def test_is_read_once_while_nothing_changes(self, shelf: Shelf) -> None:
        assert (await shelf.values())["weight"].value == 70
        assert not shelf.reads

    async def test_is_read_anew_of_the_kind_that_changed_alone(self, shelf: Shelf, clock: FakeClock) -> None:
        night = {"id": 1, "startdate": int(clock().timestamp()), "data": {"sleep_score": 80}}
        await shelf.put(record_from(Kind.SLEEP, night))
        assert (await shelf.values())["sleep_score"].value == 80
        assert shelf.reads == {Kind.SLEEP: 1}

    async def test_stays_where_something_of_no_concern_changed(self, shelf: Shelf) -> None:
        await shelf.put(record_from(Kind.DEVICE, {"deviceid": "d"}), record_from(Kind.INTRADAY, {"hour": 0}))
        await shelf.values()
        assert not shelf.reads

    async def test_is_that_of_those_who_were_asked_for_last(self, shelf: Shelf) -> None:
        for userid in ("2", "3"):
            await shelf.newest.of(an_account(userid))
        await shelf.values()
        assert shelf.reads[Kind.MEASURES] > 0

    async def test_is_not_told_after_a_purge(self, shelf: Shelf, clock: FakeClock) -> None:
        shelf.account = emptied(shelf.account)
        await shelf.records.forget(USERID)
        clock.advance(SECOND)
        await shelf.put(shelf.weighing(1, kg=5, type_=170))
        assert set(await shelf.values()) == {"visceral_fat"}

    @pytest.mark.slow
    async def test_is_not_told_after_a_purge_that_was_cut_off(self, shelf: Shelf, clock: FakeClock) -> None:
        """Some records are gone without a trace, others are still there."""
        await shelf.put(shelf.weighing(3, kg=9, type_=170))
        await shelf.put(*[shelf.weighing(number, kg=number) for number in range(10, 700)])
        assert "visceral_fat" in await shelf.values()
        shelf.account = emptied(shelf.account)
        calls = 0

        async def once(intent: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls > 1:
                raise StorageUnavailable
            return await write(intent, **options)

        write = shelf.records._database.write  # type: ignore[attr-defined]  # it is the embedded store's
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(shelf.records._database, "write", once)  # type: ignore[attr-defined]  # as above
            with pytest.raises(StorageUnavailable):
                await shelf.records.forget(USERID)
        clock.advance(SECOND)
        await shelf.put(shelf.weighing(1, kg=90))
        await shelf.values()

    @pytest.mark.slow
    async def test_is_found_anew_after_a_great_many_changes(self, shelf: Shelf) -> None:
        await shelf.put(*[shelf.weighing(number, kg=number) for number in range(10, 610)])
        assert (await shelf.values())["weight"].value == 70
        assert shelf.reads[Kind.MEASURES] > 0


class TestAMeasure:
    """No walk through all measures unless one that told a newest value tells it no more."""

    @pytest.mark.parametrize(("minutes_ago", "weight"), [(1, 80), (3, 70)])
    async def test_that_is_new_is_looked_at_alone(self, shelf: Shelf, minutes_ago: int, weight: int) -> None:
        await shelf.put(shelf.weighing(minutes_ago, kg=80), shelf.weighing(5, kg=9, type_=170))
        values = await shelf.values()
        assert [values[metric].value for metric in ("weight", "visceral_fat")] == [weight, 9]
        assert not shelf.reads

    async def test_of_the_same_time_is_told_by_the_key(self, shelf: Shelf) -> None:
        at = shelf.weighing(2).body["date"]
        for grpid, weight in ((3, 75), (1, 75)):
            await shelf.put(shelf.weighing(grpid, kg=72 + grpid, date=at))
            assert (await shelf.values())["weight"].value == weight
            assert not shelf.reads

    async def test_keeps_a_field_that_nobody_knows_and_newer_ones_lack(self, shelf: Shelf) -> None:
        await shelf.put(shelf.weighing(6, kg=50, mood=7))
        assert (await shelf.values())["field-mood"].value == 7

    async def test_that_is_held_back_changes_nothing(self, shelf: Shelf) -> None:
        await shelf.put(shelf.weighing(1, kg=99, attrib=1))
        assert (await shelf.values())["weight"].value == 70
        assert not shelf.reads

    async def test_that_was_edited_in_place_is_looked_at_alone(self, shelf: Shelf) -> None:
        await shelf.put(shelf.weighing(2, kg=71, attrib=2))
        assert (await shelf.values())["weight"].value == 71
        assert not shelf.reads

    async def test_that_told_the_newest_and_went_lets_the_one_before_it_speak(self, shelf: Shelf) -> None:
        await shelf.remove(shelf.weighing(2))
        assert (await shelf.values())["weight"].value == 60
        assert shelf.reads[Kind.MEASURES] > 0

    async def test_that_told_no_newest_goes_without_a_walk(self, shelf: Shelf) -> None:
        await shelf.remove(shelf.weighing(4))
        assert (await shelf.values())["weight"].value == 70
        assert not shelf.reads

    @pytest.mark.parametrize("edit", [{"attrib": 1}, {"category": 2}, {"measures": []}])
    async def test_that_tells_the_newest_no_more_lets_the_one_before_it_speak(
        self, shelf: Shelf, edit: dict[str, Any]
    ) -> None:
        await shelf.put(shelf.weighing(2, **edit))
        assert (await shelf.values())["weight"].value == 60

    async def test_that_moved_behind_another_lets_that_one_speak(self, shelf: Shelf) -> None:
        await shelf.put(shelf.weighing(2, kg=70, date=shelf.weighing(6).body["date"]))
        assert (await shelf.values())["weight"].value == 60


class TestTheBmi:
    async def test_follows_a_new_weight_without_a_walk(self, shelf: Shelf) -> None:
        await shelf.put(shelf.height(2))
        assert (await shelf.values())["bmi"].value == 17.5
        await shelf.put(shelf.weighing(1, kg=80))
        assert (await shelf.values())["bmi"].value == 20
        assert not shelf.reads

    async def test_follows_a_height(self, shelf: Shelf) -> None:
        await shelf.put(shelf.height(2))
        await shelf.values()
        await shelf.put(shelf.height(1))
        values = await shelf.values()
        assert [values[metric].value for metric in ("bmi", "height")] == [70, 1]
        await shelf.remove(shelf.height(1))
        assert not {"bmi", "height"} & set(await shelf.values())


class TestOthersMeanwhile:
    async def test_a_reader_who_comes_late_spoils_nothing(self, shelf: Shelf) -> None:
        """He read the changes before another did, and takes them in after."""
        read = shelf.records.changes
        late: list[Any] = []

        async def overtaken(*asked: Any, **options: Any) -> Any:
            found = await read(*asked, **options)
            if options["after"] and not late:
                late.append(found)
                await shelf.put(shelf.weighing(1, kg=90))
                assert (await shelf.newest.of(shelf.account))["weight"].value == 90
            return found

        await shelf.put(shelf.weighing(1, kg=80))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(shelf.records, "changes", overtaken)
            assert (await shelf.newest.of(shelf.account))["weight"].value == 80
        assert late
        assert (await shelf.values())["weight"].value == 90
