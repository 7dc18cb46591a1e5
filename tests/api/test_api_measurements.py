"""Measurements over HTTP: every digit, with where each comes from, and only those that are wanted."""

from typing import Any

import pytest

from api.readers import EPOCH_NOON, Reader, weighed
from builders import MINUTE, NOON
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.records import Kind, Record, record_from

PATH = "/measurements"


def measure(type_: int, value: int, unit: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": type_, "value": value, "unit": unit} | fields


HEIGHT = record_from(
    Kind.HEIGHT,
    {"grpid": 1, "attrib": 2, "category": 1, "date": 1_000_000, "measures": [measure(4, 180, -2)]},
)


class TestAMeasurement:
    async def test_tells_all_that_is_known_of_it(self, reader: Reader) -> None:
        await reader.has(weighed(5, deviceid="9f3c", model="Body+", modelid=5, timezone="Asia/Tokyo"))
        (value,) = (await reader.got(PATH))["items"]
        assert value == {
            "metric": "weight",
            "value": "81.300",
            "unit": "kg",
            "at": "2026-03-02T12:00:00.000Z",
            "until": None,
            "local": "2026-03-02T21:00:00+09:00",
            "zone": "Asia/Tokyo",
            "device": "9f3c",
            "model": 5,
            "modelName": "Body+",
            "source": "device",
            "position": None,
            "heldBack": False,
            "withings": {
                "kind": "measures",
                "id": "5",
                "type": 1,
                "field": None,
                "attrib": 0,
                "modified": "2026-03-02T12:00:09.000Z",
            },
        }

    @pytest.mark.parametrize(
        ("value", "unit", "told"),
        [
            (123456789012345678, -6, "123456789012.345678"),
            (8, 2, "800"),
            (-5, -1, "-0.5"),
            (0, -3, "0.000"),
            (1, -30, f"0.{'0' * 29}1"),
        ],
    )
    async def test_is_told_with_every_digit_and_no_exponent(
        self, reader: Reader, value: int, unit: int, told: str
    ) -> None:
        await reader.has(weighed(5, measures=[measure(1, value, unit)]))
        assert [item["value"] for item in (await reader.got(PATH))["items"]] == [told]

    async def test_that_nobody_has_documented_is_told_with_its_codes(self, reader: Reader) -> None:
        await reader.has(weighed(5, attrib=99, modelid=7777, measures=[measure(987, 4, position=31)]))
        (value,) = (await reader.got(PATH, metric="type-987"))["items"]
        assert (value["metric"], value["unit"], value["value"]) == ("type-987", None, "4")
        assert (value["model"], value["modelName"], value["source"]) == (7777, None, "unknown")
        assert value["position"] == {"number": 31, "name": None}
        assert value["withings"]["attrib"] == 99

    async def test_without_a_zone_is_told_in_the_one_the_person_was_in_last(self, reader: Reader) -> None:
        await reader.has(weighed(5, timezone="Mars/Olympus"))
        assert (await reader.got(PATH))["items"][0]["zone"] == "UTC"
        night = {"id": 1, "startdate": EPOCH_NOON, "timezone": "America/Lima"}
        await reader.has(record_from(Kind.SLEEP, night))
        (value,) = (await reader.got(PATH))["items"]
        assert (value["zone"], value["local"]) == ("America/Lima", "2026-03-02T07:00:00-05:00")

    async def test_is_told_as_vitals7_shows_it(self, reader: Reader) -> None:
        await reader.has(weighed(5, measures=[measure(1, 70), measure(71, 370, -1), measure(11, 60)]))
        values = (await reader.got(PATH, units="vitals7"))["items"]
        told = [(value["value"], value["unit"]) for value in values]
        assert told == [("154.32", "lbs"), ("98.6", "°F"), ("60", "bpm")]

    async def test_may_come_with_its_group_as_withings_sent_it(self, reader: Reader) -> None:
        """Half an emoji included."""
        group = weighed(5, comment="\ud83d", measures=[measure(1, 70), measure(6, 20)])
        await reader.has(group)
        page = await reader.got(PATH, record="true")
        assert (len(page["items"]), page["records"]) == (2, [dict(group.body)])
        assert (await reader.got(PATH))["records"] is None

    async def test_of_a_weight_has_a_bmi_by_the_height_known_then(self, reader: Reader) -> None:
        await reader.has(HEIGHT, weighed(5), weighed(6, at=999_999))
        bmi = await reader.got(PATH, metric="bmi")
        assert [(value["value"], value["withings"]["id"]) for value in bmi["items"]] == [("25.1", "5")]
        assert (bmi["items"][0]["withings"]["type"], bmi["items"][0]["withings"]["field"]) == (None, None)
        metrics = [value["metric"] for value in (await reader.got(PATH))["items"]]
        assert metrics == ["weight", "bmi", "height", "weight"]

    async def test_of_a_height_comes_once_whether_or_not_its_group_was_imported(self, reader: Reader) -> None:
        """The bridge keeps an index of all heights, also of those that are older than the import."""
        tall = [{"type": 4, "value": 181, "unit": -2}]
        groups = [weighed(n, at=EPOCH_NOON - n // 2, measures=[measure(1, 70), *tall]) for n in range(6)]
        heights = [Record(Kind.HEIGHT, g.key, g.at, g.modified, {**g.body, "measures": tall}) for g in groups]
        alone = [
            Record(Kind.HEIGHT, f"{n}", NOON - n * MINUTE, None, {"grpid": n, "measures": tall})
            for n in (7, 8, 9)
        ]
        await reader.has(*groups, *heights, *alone)
        for order in ("asc", "desc"):
            for limit in range(1, 6):
                items = await reader.all(PATH, metric="height", order=order, limit=limit)
                ids = [item["withings"]["id"] for item in items]
                assert sorted(ids) == ["0", "1", "2", "3", "4", "5", "7", "8", "9"]
                assert [item["at"] for item in items] == sorted(
                    (item["at"] for item in items), reverse=order == "desc"
                )


class TestAFilter:
    @pytest.fixture
    async def reader(self, reader: Reader) -> Reader:
        await reader.has(
            weighed(1, deviceid="scale", measures=[measure(1, 70), measure(6, 20), measure(76, 50)]),
            weighed(2, at=EPOCH_NOON - 60, attrib=2),
            weighed(3, at=EPOCH_NOON - 120, attrib=1, deviceid="scale"),
            weighed(4, at=EPOCH_NOON - 180, category=2),
        )
        return reader

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, ["1 weight", "1 fat_ratio", "1 muscle_mass", "2 weight"]),
            ({"metric": "weight"}, ["1 weight", "2 weight"]),
            ({"metric": ["weight", "fat_ratio"]}, ["1 weight", "1 fat_ratio", "2 weight"]),
            ({"type": [6]}, ["1 fat_ratio"]),
            ({"type": [6, 999], "metric": "muscle_mass"}, ["1 fat_ratio", "1 muscle_mass"]),
            ({"device": "scale"}, ["1 weight", "1 fat_ratio", "1 muscle_mass"]),
            ({"device": "another"}, []),
            ({"source": "manual"}, ["2 weight"]),
            ({"source": "device", "metric": "weight", "heldBack": "true"}, ["1 weight", "3 weight"]),
            ({"from": "2026-03-02T11:59:30Z", "metric": "weight"}, ["1 weight"]),
            ({"to": "2026-03-02T11:59:00Z"}, ["2 weight"]),
            ({"from": "2026-03-03"}, []),
            ({"order": "asc", "metric": "weight"}, ["2 weight", "1 weight"]),
        ],
    )
    async def test_leaves_what_is_wanted(
        self, reader: Reader, query: dict[str, Any], expected: list[str]
    ) -> None:
        """Goals are no measurements."""
        items = (await reader.got(PATH, **query))["items"]
        assert [f"{item['withings']['id']} {item['metric']}" for item in items] == expected

    async def test_flags_what_may_be_another_persons(self, reader: Reader) -> None:
        items = (await reader.got(PATH, heldBack="true", metric="weight"))["items"]
        assert [(item["withings"]["id"], item["heldBack"]) for item in items] == [
            ("1", False),
            ("2", False),
            ("3", True),
        ]

    @pytest.mark.parametrize("name", ["wieght", "", "steps", "type-", "type-x", "type-\u0661"])
    async def test_by_a_name_that_is_none_says_where_the_names_are(self, reader: Reader, name: str) -> None:
        status, code, error = await reader.refused(PATH, metric=["weight", name])
        assert (status, code) == (422, "invalid_request")
        assert "/docs" in error
        assert "metric.1" in error

    async def test_is_described_with_all_names(self, reader: Reader) -> None:
        paths = (await reader.bridge.http.get("/openapi.json")).json()["paths"]
        parameters = paths[f"/api/withings{PATH}"]["get"]["parameters"]
        (described,) = [one["description"] for one in parameters if one["name"] == "metric"]
        measured = [metric.name for metric in METRICS.values() if metric.kind is Kind.MEASURES]
        assert len(measured) > 40
        assert all(f"`{name}`" in described for name in measured)


class TestAPage:
    async def test_never_splits_a_group(self, reader: Reader) -> None:
        body = [measure(type_, 20) for type_ in (1, 6, 76)]
        await reader.has(*(weighed(n, at=EPOCH_NOON - n, measures=body) for n in range(5)))
        page = await reader.got(PATH, limit=4)
        assert [item["withings"]["id"] for item in page["items"]] == ["0"] * 3 + ["1"] * 3
        assert len(await reader.all(PATH, limit=4)) == 15

    async def test_goes_on_behind_a_filter_that_lets_nothing_through(
        self, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("withings_bridge.services.history.paging.MOST_RECORDS", 3)
        monkeypatch.setattr("withings_bridge.services.history.paging.AT_ONCE", 2)
        old = weighed(99, at=EPOCH_NOON - 99, measures=[measure(54, 97)])
        await reader.has(*(weighed(n, at=EPOCH_NOON - n) for n in range(7)), old)
        page = await reader.got(PATH, metric="spo2")
        assert (page["items"], bool(page["next"])) == ([], True)
        assert [item["metric"] for item in await reader.all(PATH, metric="spo2")] == ["spo2"]

    @pytest.mark.parametrize("order", ["asc", "desc"])
    async def test_is_not_shifted_by_what_is_written_meanwhile(self, reader: Reader, order: str) -> None:
        await reader.has(*(weighed(n, at=EPOCH_NOON + n) for n in range(10, 16)))
        first = await reader.got(PATH, limit=3, order=order)
        *_, last = first["items"]
        gone = record_from(Kind.MEASURES, {"grpid": last["withings"]["id"]}).name
        await reader.has(weighed(1, at=EPOCH_NOON), weighed(99, at=EPOCH_NOON + 99), removed=(gone,))
        second = await reader.got(PATH, limit=3, order=order, cursor=first["next"])
        seen = [item["withings"]["id"] for item in (*first["items"], *second["items"])]
        assert seen == [str(n) for n in (range(10, 16) if order == "asc" else range(15, 9, -1))]

    async def test_is_full_with_many_values(self, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("withings_bridge.services.history.paging.MOST_VALUES", 2)
        await reader.has(*(weighed(n, at=EPOCH_NOON - n) for n in range(5)))
        assert len((await reader.got(PATH))["items"]) == 2
        assert len(await reader.all(PATH)) == 5


class TestLatest:
    async def test_is_one_value_of_each_metric_with_where_it_comes_from(self, reader: Reader) -> None:
        night = {"id": 1, "startdate": EPOCH_NOON, "timezone": "Asia/Tokyo", "data": {"sleep_score": 80}}
        await reader.has(
            weighed(1, grams=70000),
            weighed(2, at=EPOCH_NOON - 9, measures=[measure(1, 71), measure(6, 20)]),
            record_from(Kind.SLEEP, night),
        )
        items = (await reader.got("/latest"))["items"]
        assert [(item["metric"], item["value"], item["withings"]["id"]) for item in items] == [
            ("fat_ratio", "20", "2"),
            ("sleep_score", "80", "1"),
            ("weight", "70.000", "1"),
        ]
        (*_, weight) = (await reader.got("/latest", units="vitals7"))["items"]
        assert (weight["value"], weight["unit"]) == ("154.32", "lbs")
