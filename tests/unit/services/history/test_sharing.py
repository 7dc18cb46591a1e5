"""What other health software is told of a person."""

from datetime import timedelta

import pytest

from builders import a_record
from unit.domain.test_readings_of_kinds import DAY, HEART, NIGHT, SEGMENT, WORKOUT
from unit.fhir.r4 import checked, codes
from unit.fhir.test_observations import HEIGHT, SIGNAL
from unit.fhir.test_searching import CUFF
from unit.services.house import House
from withings_bridge.domain.errors import CursorRefused, NotLinked
from withings_bridge.domain.records import Kind, RecordKey, record_from
from withings_bridge.fhir.resources import Observation
from withings_bridge.fhir.searching import Bound, Search, Token
from withings_bridge.services.history import sharing as module
from withings_bridge.services.history.sharing import Cursor, Sharing

USER = "user-1"
ALL = Search()
DEVICE = {
    "deviceid": "d1",
    "type": "Blood Pressure Monitor",
    "model": "BPM Connect",
    "model_id": 45,
    "fw": 1881,
}


@pytest.fixture
async def sharing(house: House) -> Sharing:
    """Of somebody with records of all kinds, two of them at the same second."""
    userid = await house.linked()
    records = [
        record_from(Kind.MEASURES, CUFF),
        record_from(Kind.MEASURES, CUFF | {"grpid": 1002}),
        record_from(Kind.MEASURES, CUFF | {"grpid": 1003, "attrib": 1}),
        record_from(Kind.HEIGHT, HEIGHT),
        record_from(Kind.ACTIVITY, DAY),
        record_from(Kind.ACTIVITY, DAY | {"deviceid": None, "brand": 18}),
        record_from(Kind.SLEEP, NIGHT),
        record_from(Kind.WORKOUT, WORKOUT),
        record_from(Kind.HEART, HEART),
        record_from(Kind.SEGMENT, SEGMENT),
        record_from(Kind.DEVICE, DEVICE),
        a_record("ecg/7", kind=Kind.SIGNAL, body=SIGNAL),
    ]
    await house.storage.records.save(userid, records, now=house.clock())
    return Sharing(browsing=house.browsing)


async def all_observations(sharing: Sharing, search: Search = ALL) -> list[Observation]:
    return [one async for one in sharing.everything(USER, search) if isinstance(one, Observation)]


async def walked(sharing: Sharing, search: Search, count: int) -> list[Observation]:
    """All pages of a search, through what the cursor looks like from outside."""
    found: list[Observation] = []
    cursor: Cursor | None = None
    while True:
        page = await sharing.search(USER, search, count=count, cursor=cursor)
        assert len(page.observations) <= count
        found += page.observations
        if page.next is None:
            return found
        cursor = page.next


class TestTheNextPage:
    async def test_misses_nothing_where_what_was_told_in_part_has_gone(
        self, sharing: Sharing, house: House
    ) -> None:
        """1001 was told to its middle; 1002 lies at the same second."""
        measures = Search(among=(Kind.MEASURES,))
        everything = [one.id for one in await all_observations(sharing, measures)]
        first = await sharing.search(USER, measures, count=1)
        assert first.next
        assert first.next.half == "1001"
        account = (await house.link_of(USER)).account
        gone = RecordKey(Kind.MEASURES, "1001")
        await house.storage.records.save(account, [], removed=[gone], now=house.clock())
        rest = await sharing.search(USER, measures, count=500, cursor=first.next)
        assert [one.id for one in rest.observations] == [
            each for each in everything if not each.startswith("measures.1001.")
        ]

    async def test_of_another_search_is_refused(self, sharing: Sharing) -> None:
        cursor = Cursor(Kind.SLEEP, None)
        with pytest.raises(CursorRefused):
            await sharing.search(USER, Search(among=(Kind.MEASURES,)), count=1, cursor=cursor)


class TestEverything:
    async def test_begins_with_the_person_and_their_devices(self, sharing: Sharing) -> None:
        told = [checked(one.json_text()) async for one in sharing.everything(USER)]
        kinds = [one["resourceType"] for one in told]
        assert list(dict.fromkeys(kinds)) == ["Patient", "Device", "Observation"]
        assert told[0]["id"] == USER
        (cuff,) = [one for one in told if one["id"] == "d1"]
        assert cuff["deviceName"] == [{"name": "BPM Connect", "type": "model-name"}]
        assert cuff["version"] == [{"value": "1881"}]
        assert cuff["patient"] == {"reference": f"Patient/{USER}"}

    async def test_names_each_observation_once(self, sharing: Sharing) -> None:
        ids = [one.id for one in await all_observations(sharing)]
        assert len(ids) == len(set(ids)) > 25

    async def test_refers_to_nothing_that_is_not_told(self, sharing: Sharing) -> None:
        told = [one async for one in sharing.everything(USER)]
        served = {f"{one.resource_type}/{one.id}" for one in told}  # type: ignore[attr-defined]
        for one in told:
            if isinstance(one, Observation):
                named = [one.subject, one.device, *(one.derived_from or ())]
                assert {reference.reference for reference in named if reference} - {None} <= served

    async def test_holds_the_curve_of_an_ecg(self, sharing: Sharing) -> None:
        (ecg,) = await all_observations(sharing, Search(codes=(Token.parse("11524-6"),)))
        assert ecg.value_sampled_data is not None

    async def test_takes_the_clock_of_the_newest_night_where_a_record_tells_none(
        self, sharing: Sharing
    ) -> None:
        weight = (await all_observations(sharing, Search(codes=(Token.parse("29463-7"),))))[0]
        assert weight.effective_date_time
        assert weight.effective_date_time.utcoffset() == timedelta(hours=2)

    async def test_is_of_somebody_who_is_linked(self, house: House) -> None:
        with pytest.raises(NotLinked):
            [one async for one in Sharing(browsing=house.browsing).everything(USER)]


class TestASearch:
    @pytest.mark.parametrize("count", [1, 2, 3, 7, 1000])
    async def test_finds_on_all_its_pages_what_everything_holds(self, sharing: Sharing, count: int) -> None:
        assert await walked(sharing, ALL, count) == await all_observations(sharing)

    @pytest.mark.parametrize(
        "search",
        [
            Search(codes=(Token.parse("8867-4"), Token.parse("85354-9"))),
            Search(categories=(Token.parse("activity"),)),
            Search(dates=(Bound.parse("2026-03-29"),)),
            Search(updated=(Bound.parse("ge2026-03-30"),)),
            Search(codes=(Token.parse("99999-9"),)),
        ],
    )
    async def test_finds_just_what_is_asked_for(self, sharing: Sharing, search: Search) -> None:
        wanted = [one for one in await all_observations(sharing) if search.finds(one)]
        assert await walked(sharing, search, 2) == wanted == await all_observations(sharing, search)

    async def test_reads_a_bounded_number_of_records_for_a_page(
        self, sharing: Sharing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_RECORDS", 2)
        ecg = Search(categories=(Token.parse("procedure"),))
        page = await sharing.search(USER, ecg, count=5)
        assert (page.observations, page.next is None) == ([], False)
        assert [codes(checked(one.json_text())["code"]) for one in await walked(sharing, ecg, 5)] == [
            ["11524-6"]
        ]


class TestOneObservation:
    @pytest.mark.slow
    async def test_is_found_by_its_id(self, sharing: Sharing) -> None:
        for one in await all_observations(sharing):
            assert await sharing.observation(USER, one.id) == one

    async def test_is_not_found_by_another(self, sharing: Sharing) -> None:
        for name in ("measures.1001.00000000000000000000", "measures.5.00000000000000000000", "x", "../y"):
            assert await sharing.observation(USER, name) is None

    async def test_of_a_group_that_is_held_back_is_not_found(self, sharing: Sharing, house: House) -> None:
        account = (await house.browsing.of(USER)).account
        (weight, *_) = await all_observations(sharing, Search(codes=(Token.parse("29463-7"),)))
        held = record_from(Kind.MEASURES, CUFF | {"attrib": 1})
        await house.storage.records.save(account.userid, [held], now=house.clock())
        assert await sharing.observation(USER, weight.id) is None


class TestThePerson:
    async def test_has_their_id_here_and_at_withings(self, sharing: Sharing, house: House) -> None:
        patient = await sharing.patient(USER)
        account = (await house.browsing.of(USER)).account
        assert (patient.id, patient.identifier[0].value) == (USER, account.userid)

    async def test_has_devices(self, sharing: Sharing) -> None:
        assert "d1" in [device.id for device in await sharing.devices(USER)]
