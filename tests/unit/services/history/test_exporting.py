"""A history as a stream: all of it, in its order, a page in memory at a time."""

import csv
import io
import json
from datetime import date
from typing import Any

import pytest

from builders import DAY, HOUR, MINUTE
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.errors import NotLinked
from withings_bridge.domain.exports import HEADER, Format
from withings_bridge.domain.ranges import Range
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.services.history.exporting import Asked, Export
from withings_bridge.services.history.walking import PAGE


async def export_of(house: House, *records: Record) -> Export:
    """The export of somebody of whom just these records are stored."""
    userid = await house.linked()
    await house.storage.records.forget(userid)
    await house.storage.records.save(userid, records, now=house.clock())
    return await house.exporting.of("user-1")


def a_group(number: int, clock: FakeClock, *measures: tuple[int, int], **fields: Any) -> Record:
    """A group so many minutes ago; its measures as type and whole value."""
    told = [{"type": type_, "value": value, "unit": 0} for type_, value in measures or ((1, 70),)]
    epoch = int((clock() - number * MINUTE).timestamp())
    body = {"grpid": number, "attrib": 0, "category": 1, "date": epoch, "measures": told} | fields
    return record_from(Kind.MEASURES, body)


async def table_of(export: Export, asked: Asked) -> list[dict[str, str]]:
    text = "".join([line async for line in export.lines(Format.CSV, asked)])
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def records_of(export: Export, asked: Asked) -> list[dict[str, Any]]:
    return [json.loads(line) async for line in export.lines(Format.NDJSON, asked)]


class TestAnExport:
    async def test_is_of_somebody_who_is_linked(self, house: House) -> None:
        with pytest.raises(NotLinked):
            await house.exporting.of("user-1")

    async def test_holds_every_record_once_kind_by_kind_from_old_to_new(
        self, house: House, clock: FakeClock
    ) -> None:
        groups = [a_group(number, clock) for number in range(1, PAGE + 3)]
        night = record_from(Kind.SLEEP, {"id": 1, "startdate": int((clock() - 9 * DAY).timestamp())})
        device = record_from(Kind.DEVICE, {"deviceid": "d"})
        export = await export_of(house, *groups, night, device)
        told = await records_of(export, Asked((Kind.MEASURES, Kind.SLEEP, Kind.DEVICE)))
        oldest_first = [("measures", str(number)) for number in range(PAGE + 2, 0, -1)]
        assert [(one["kind"], one["key"]) for one in told] == [*oldest_first, ("sleep", "1"), ("device", "d")]

    async def test_of_everything_is_what_the_store_holds(self, house: House, clock: FakeClock) -> None:
        userid = await house.linked()
        export = await house.exporting.of("user-1")
        told = await records_of(export, Asked())
        stored = [record for kind in Kind for record in await house.records(userid, kind)]
        assert len(told) == len(stored) > 2
        assert [record_from(Kind(one["kind"]), one["body"]) for one in told] == stored

    async def test_has_a_header_and_a_row_for_each_reading(self, house: House, clock: FakeClock) -> None:
        export = await export_of(house, a_group(1, clock, (10, 120), (9, 80)))
        lines = [line async for line in export.lines(Format.CSV, Asked((Kind.MEASURES,)))]
        assert lines[0] == HEADER
        assert [line.split(",")[:3] for line in lines[1:]] == [
            ["systolic_blood_pressure", "120", "mmHg"],
            ["diastolic_blood_pressure", "80", "mmHg"],
        ]

    async def test_reckons_the_bmi_of_a_weighing(self, house: House, clock: FakeClock) -> None:
        tall = a_group(2, clock, (4, 2))
        index = record_from(Kind.HEIGHT, tall.body)
        export = await export_of(house, tall, index, a_group(1, clock, (1, 50)))
        table = await table_of(export, Asked((Kind.MEASURES,)))
        assert [(row["metric"], row["value"]) for row in table] == [
            ("height", "2"),
            ("weight", "50"),
            ("bmi", "12.5"),
        ]

    async def test_has_what_is_held_back_and_says_so_and_no_bmi_of_it(
        self, house: House, clock: FakeClock
    ) -> None:
        export = await export_of(house, a_group(1, clock, (1, 99), attrib=1))
        table = await table_of(export, Asked((Kind.MEASURES,)))
        assert [(row["metric"], row["held_back"]) for row in table] == [("weight", "true")]

    async def test_takes_no_wish_for_a_reading(self, house: House, clock: FakeClock) -> None:
        export = await export_of(house, a_group(1, clock, category=2))
        assert await table_of(export, Asked((Kind.MEASURES,))) == []
        assert [one["key"] for one in await records_of(export, Asked((Kind.MEASURES,)))] == ["1"]

    async def test_tells_a_height_once_though_an_index_holds_it_too(
        self, house: House, clock: FakeClock
    ) -> None:
        body = {"grpid": 8, "attrib": 0, "category": 1, "measures": [{"type": 4, "value": 2, "unit": 0}]}
        whole = body | {"date": int((clock() - DAY).timestamp())}
        early = body | {"grpid": 9, "date": int((clock() - 4000 * DAY).timestamp())}
        kept = [record_from(Kind.MEASURES, whole), record_from(Kind.HEIGHT, whole)]
        export = await export_of(house, *kept, record_from(Kind.HEIGHT, early))
        table = await table_of(export, Asked())
        heights = [(r["kind"], r["record"]) for r in table if r["metric"] == "height"]
        assert ("measures", "8") in heights
        assert ("height", "8") not in heights
        assert ("height", "9") in heights

    async def test_of_days_has_the_samples_of_these_days_alone(self, house: House, clock: FakeClock) -> None:
        """In Kolkata days begin in the middle of an hour of UTC."""
        midnight = int(clock().timestamp()) // 86400 * 86400 - 19800
        hour = midnight - 1800
        series = {str(hour + 60): {"steps": 1}, str(midnight): {"steps": 2}, str(midnight + 60): {"steps": 3}}
        night = {"id": 1, "startdate": int((clock() + HOUR).timestamp()), "timezone": "Asia/Kolkata"}
        samples = record_from(Kind.INTRADAY, {"hour": hour, "series": series})
        export = await export_of(house, samples, record_from(Kind.SLEEP, night))
        today: date = clock().date()
        table = await table_of(export, Asked((Kind.INTRADAY,), Range(today, today)))
        assert [row["value"] for row in table] == ["2", "3"]

    async def test_as_fhir_has_the_resources_that_are_shared(self, house: House, clock: FakeClock) -> None:
        groups = [a_group(number, clock) for number in (1, 3000, 6000)]
        export = await export_of(house, *groups, record_from(Kind.DEVICE, {"deviceid": "d"}))
        told = [json.loads(line) async for line in export.lines(Format.FHIR, Asked())]
        assert [one["resourceType"] for one in told] == ["Patient", "Device", *["Observation"] * 3]
        everything = house.exporting._sharing.everything("user-1")
        assert told == [json.loads(resource.json_text()) async for resource in everything]

    async def test_as_fhir_is_narrowed_too(self, house: House, clock: FakeClock) -> None:
        tall = a_group(2, clock, (4, 2))
        night = {"id": 1, "startdate": int(clock().timestamp()), "data": {"total_sleep_time": 60}}
        records = (record_from(Kind.HEIGHT, tall.body), record_from(Kind.SLEEP, night))
        export = await export_of(house, a_group(1, clock), a_group(3000, clock), *records)
        today = clock().date()
        asked = Asked((Kind.MEASURES,), Range(today, today))
        told = [json.loads(line) async for line in export.lines(Format.FHIR, asked)]
        kinds = [one["id"].partition(".")[0] for one in told if one["resourceType"] == "Observation"]
        assert sorted(set(kinds)) == ["height", "measures"]
        values = [one["valueQuantity"]["value"] for one in told if one["resourceType"] == "Observation"]
        assert sorted(values) == [17.5, 70, 200]

    async def test_tells_how_far_it_is(self, house: House, clock: FakeClock) -> None:
        groups = [a_group(number, clock) for number in range(10)]
        export = await export_of(house, *groups)
        told: list[tuple[Kind, float]] = []
        asked = Asked((Kind.WORKOUT, Kind.MEASURES))
        async for _ in export.lines(Format.NDJSON, asked, lambda kind, share: told.append((kind, share))):
            pass
        shares = [share for _, share in told]
        assert {kind for kind, _ in told} == {Kind.MEASURES}
        assert shares == sorted(shares)
        assert (shares[0], shares[-1]) == (0.5, 1.0)

    @pytest.mark.slow
    async def test_reads_a_page_at_a_time(
        self, house: House, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        export = await export_of(house, *[a_group(number, clock) for number in range(PAGE * 2)])
        lines = export.lines(Format.NDJSON, Asked((Kind.MEASURES,)))
        await anext(lines)
        await house.storage.records.save(
            (await house.link_of()).account, [], removed=[a_group(0, clock).name], now=clock()
        )
        assert len([line async for line in lines]) == PAGE * 2 - 2
        await lines.aclose()


class TestTheNewest:
    async def test_come_first_whatever_their_kind(self, house: House, clock: FakeClock) -> None:
        epoch = int(clock().timestamp())
        nights = [record_from(Kind.SLEEP, {"id": n, "startdate": epoch - n * 60}) for n in (2, 4)]
        export = await export_of(house, *nights, *[a_group(number, clock) for number in (1, 3, 5)])
        asked = Asked((Kind.MEASURES, Kind.WORKOUT, Kind.SLEEP))
        assert [record.key async for record in export.newest(asked, at_once=1)] == ["1", "2", "3", "4", "5"]


class TestSignals:
    """They are large: few are held at once, and none where no line is made of it."""

    @pytest.fixture
    async def export(self, house: House, clock: FakeClock) -> Export:
        curves = [
            Record(Kind.SIGNAL, f"ecg/{number}", clock() - number * MINUTE, None, {"signal": [number]})
            for number in range(25)
        ]
        return await export_of(house, a_group(1, clock), *curves)

    @pytest.fixture
    def held(self, house: House, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many signals each read of a page brought."""
        found: list[int] = []
        page = house.storage.records.page

        async def noted(userid: str, kind: Kind, *rest: Any, **options: Any) -> list[Record]:
            records = await page(userid, kind, *rest, **options)
            if kind is Kind.SIGNAL:
                found.append(len(records))
            return records

        monkeypatch.setattr(house.storage.records, "page", noted)
        return found

    async def test_come_ten_at_a_time(self, export: Export, held: list[int]) -> None:
        keys = [told["key"] for told in await records_of(export, Asked((Kind.SIGNAL,)))]
        assert keys == [f"ecg/{number}" for number in range(24, -1, -1)]
        assert held == [10, 10, 5]

    async def test_come_ten_at_a_time_with_the_newest_first(self, export: Export, held: list[int]) -> None:
        keys = [record.key async for record in export.newest(Asked((Kind.SIGNAL,)))]
        assert keys == [f"ecg/{number}" for number in range(25)]
        assert held == [10, 10, 5]

    async def test_are_not_read_for_a_table(self, export: Export, held: list[int]) -> None:
        assert [row["metric"] for row in await table_of(export, Asked())] == ["weight"]
        assert held == []
