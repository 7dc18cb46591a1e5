"""What is stored of a person, read without a call to Withings."""

from decimal import Decimal

import pytest

from builders import DAY, HOUR, a_record
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.mapping import Sources
from withings_bridge.domain.records import Kind, Record, RecordKey, record_from
from withings_bridge.services.history.browsing import Browsing, Span
from withings_bridge.services.history.walking import PAGE


async def stored(house: House, userid: str, *records: Record) -> None:
    await house.storage.records.save(userid, records, now=house.clock())


def a_group(number: int, clock: FakeClock, *, kg: int = 70, type_: int = 1, **fields: object) -> Record:
    epoch = int(clock().timestamp()) - number * 60
    measure = {"type": type_, "value": kg, "unit": 0}
    body = {"grpid": number, "attrib": 0, "category": 1, "date": epoch, "measures": [measure]} | fields
    return record_from(Kind.MEASURES, body)


class TestHistory:
    async def test_is_of_somebody_who_is_linked(self, house: House) -> None:
        with pytest.raises(NotLinked):
            await house.browsing.of("user-1")

    @pytest.mark.slow
    async def test_goes_through_more_records_than_a_page_holds(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        groups = [a_group(number, clock) for number in range(1, 2 * PAGE + 2)]
        await stored(house, userid, *groups)
        history, today = await house.browsing.of("user-1"), Span(clock() - DAY)
        keys = [record.key async for record in history.all(Kind.MEASURES, today)]
        assert keys == [str(number) for number in range(2 * PAGE + 1, 0, -1)]
        assert [r.key async for r in history.all(Kind.MEASURES, today, backward=True)] == keys[::-1]

    async def test_goes_on_where_a_page_ended(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        await stored(house, userid, *[a_group(number, clock) for number in range(1, 6)])
        history, today = await house.browsing.of("user-1"), Span(clock() - DAY)
        first = await history.page(Kind.MEASURES, today, limit=3)
        second = await history.page(Kind.MEASURES, today, limit=3, after=first.after)
        assert [[r.key for r in page.records] for page in (first, second)] == [["5", "4", "3"], ["2", "1"]]
        assert second.after is None

    async def test_changes_its_version_with_every_change(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        history = await house.browsing.of("user-1")
        versions = [await history.version()]
        await stored(house, userid, a_group(1, clock))
        versions.append(await history.version())
        await house.storage.records.save(userid, [], removed=[RecordKey(Kind.MEASURES, "1")], now=clock())
        versions.append(await history.version())
        assert versions == sorted(set(versions))

    async def test_knows_the_zone_the_person_was_in_last(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        history = await house.browsing.of("user-1")
        night = {"id": 1, "startdate": int(clock().timestamp()), "timezone": "Asia/Tokyo"}
        await stored(house, userid, record_from(Kind.SLEEP, night))
        assert await history.zone() == "Asia/Tokyo"

    async def test_knows_the_zone_of_somebody_who_has_nothing_but_measures(self, house: House) -> None:
        userid = await house.linked()
        group = await house.weigh(userid, 70)
        await house.drain(userid)
        assert "timezone" not in group
        devices = [device.name for device in await house.records(userid, Kind.DEVICE)]
        await house.storage.records.save(userid, [], removed=devices, now=house.clock())
        history = await house.browsing.of("user-1")
        assert await history.zone() == (await house.person(userid))["timezone"]


class TestLatest:
    async def test_has_the_newest_value_of_each_metric_however_long_ago(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        long_ago = 10 * 365 * DAY // HOUR * 60
        await stored(
            house,
            userid,
            a_group(1, clock, kg=71),
            a_group(2, clock, kg=70),
            a_group(3, clock, kg=99, attrib=1),
            a_group(0, clock, kg=98, attrib=1),
            a_group(long_ago, clock, kg=5, type_=170),
        )
        latest = await (await house.browsing.of("user-1")).latest()
        assert (latest["weight"].value, latest["visceral_fat"].value) == (Decimal(71), Decimal(5))

    async def test_reckons_a_bmi_from_the_height_known_at_the_time(
        self, house: House, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        height = a_record(
            "9",
            kind=Kind.HEIGHT,
            at=clock() - DAY,
            body={"attrib": 0, "category": 1, "measures": [{"type": 4, "value": 2, "unit": 0}]},
        )
        await stored(house, userid, a_group(1, clock, kg=50), height)
        latest = await (await house.browsing.of("user-1")).latest()
        assert (latest["bmi"].value, latest["height"].value) == (Decimal("12.5"), Decimal(2))

    async def test_takes_from_the_night_before_what_the_last_one_lacked(
        self, house: House, clock: FakeClock
    ) -> None:
        userid, epoch = await house.linked(), int(clock().timestamp())
        nights = [
            {"id": 1, "startdate": epoch - 86400, "data": {"hr_average": 51, "sleep_score": 80}},
            {"id": 2, "startdate": epoch, "data": {"hr_average": 52}},
        ]
        await stored(house, userid, *[record_from(Kind.SLEEP, night) for night in nights])
        latest = await (await house.browsing.of("user-1")).latest()
        found = (latest["sleep_heart_rate_average"].value, latest["sleep_score"].value)
        assert found == (Decimal(52), Decimal(80))

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Lima"])
    async def test_takes_of_one_day_what_a_tracker_counted_and_the_rest_from_a_phone(
        self, house: House, zone: str
    ) -> None:
        """Wherever the phone was that day."""
        userid = await house.linked()
        phone = {"date": "2026-03-01", "brand": 18, "steps": 9000, "calories": 12, "timezone": zone}
        watch = {"date": "2026-03-01", "deviceid": "w", "brand": 1, "steps": 8000, "timezone": "UTC"}
        before = {"date": "2026-02-28", "deviceid": "w", "brand": 1, "steps": 1, "calories": 1}
        await stored(house, userid, *[record_from(Kind.ACTIVITY, day) for day in (phone, watch, before)])
        latest = await (await house.browsing.of("user-1")).latest()
        assert (latest["steps"].value, latest["active_energy"].value) == (Decimal(8000), Decimal(12))

    @pytest.mark.parametrize(
        ("sources", "steps"),
        [(Sources.TRACKERS_FIRST, 8000), (Sources.MOST_STEPS, 9000), (Sources.TRACKERS_ONLY, 8000)],
    )
    async def test_believes_of_one_day_whom_the_operator_chose(
        self, house: House, sources: Sources, steps: int
    ) -> None:
        userid = await house.linked()
        phone = {"date": "2026-03-01", "brand": 18, "steps": 9000, "calories": 12}
        watch = {"date": "2026-03-01", "deviceid": "w", "brand": 1, "steps": 8000}
        await stored(house, userid, *[record_from(Kind.ACTIVITY, day) for day in (phone, watch)])
        browsing = Browsing(
            accounts=house.storage.accounts,
            links=house.links,
            records=house.storage.records,
            sources=sources,
        )
        latest = await (await browsing.of("user-1")).latest()
        assert latest["steps"].value == steps
        assert ("active_energy" in latest) == (sources is not Sources.TRACKERS_ONLY)
