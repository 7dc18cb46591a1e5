"""Signals on demand: fetched when somebody wants one, kept, and gone with their recording."""

import asyncio
from typing import Any

import pytest

from builders import HOUR, MINUTE
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import LEASE
from withings_bridge.domain.errors import ConsentNeeded, NoSuchRecording, NotLinked, StorageError
from withings_bridge.domain.records import Kind, Record, record_from
from withings_bridge.services.history import signals

USER = "user-1"


def ecg_of(house: House, *, signalid: int = 1, hours_ago: int = 1) -> dict[str, Any]:
    at = int((house.clock() - hours_ago * HOUR).timestamp())
    return {
        "deviceid": "w",
        "model": 93,
        "ecg": {"signalid": signalid, "afib": 0},
        "heart_rate": 60,
        "timestamp": at,
        "modified": at,
    }


def sound_of(house: House) -> dict[str, Any]:
    at = int((house.clock() - HOUR).timestamp())
    return {"signalid": 5, "vhd": 0, "timestamp": at, "timezone": "UTC", "hash_deviceid": "b"}


@pytest.fixture
async def userid(house: House) -> str:
    """Linked, with an ECG and a sound."""
    person = str((await house.cloud.control("GET", "/people"))[0]["userid"])
    await house.load(person, series=[ecg_of(house), sound_of(house)])
    return await house.linked()


async def stored(house: House, userid: str) -> list[Record]:
    return await house.records(userid, Kind.SIGNAL)


class TestASignal:
    async def test_is_fetched_once_and_kept_at_the_time_of_its_recording(
        self, house: House, userid: str
    ) -> None:
        curve = await house.signals.ecg(USER, "1")
        assert (len(curve["signal"]), curve["sampling_frequency"]) == (9000, 300)
        assert await house.signals.ecg(USER, "1") == curve
        assert [call.action for call in await house.calls()] == ["get"]
        (signal,) = await stored(house, userid)
        (recording,) = await house.records(userid, Kind.HEART)
        assert (signal.key, signal.at, signal.body) == ("ecg/1", recording.at, curve)

    @pytest.mark.slow
    async def test_of_a_stethoscope_is_its_sound(self, house: House, userid: str) -> None:
        sound = await house.signals.stetho(USER, "5")
        assert (len(sound["signal"]) > 1000, sound["frequency"]) == (True, 4000)
        assert [signal.key for signal in await stored(house, userid)] == ["stetho/5"]

    @pytest.mark.slow
    async def test_is_looked_through_once_for_what_no_table_knows(
        self, house: House, userid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counted: list[Record] = []
        monkeypatch.setattr(house.telemetry, "stored", counted.extend)
        await house.signals.ecg(USER, "1")
        await house.signals.ecg(USER, "1")
        assert counted == await stored(house, userid)

    @pytest.mark.slow
    async def test_leaves_the_account_to_whoever_comes_next(self, house: House, userid: str) -> None:
        await house.signals.ecg(USER, "1")
        account = await house.account(userid)
        assert account.lease is None

    @pytest.mark.slow
    async def test_is_served_and_kept_later_where_somebody_works_on_the_account(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.storage.accounts.claim_one(userid, "worker", now=clock(), lease=LEASE)
        curve = await house.signals.ecg(USER, "1")
        assert await house.signals.ecg(USER, "1") == curve
        assert await stored(house, userid) == []
        lease = (await house.account(userid)).lease
        assert lease is not None
        assert lease.holder == "worker"
        await house.holding.release(userid, "worker")
        assert await house.signals.ecg(USER, "1") == curve
        assert [signal.body for signal in await stored(house, userid)] == [curve]
        assert [call.action for call in await house.calls()] == ["get"]

    @pytest.mark.slow
    async def test_that_waits_to_be_kept_is_not_told_once_its_recording_is_purged(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        await house.storage.accounts.claim_one(userid, "worker", now=clock(), lease=LEASE)
        await house.signals.ecg(USER, "1")
        await house.storage.records.forget(userid)
        await house.holding.release(userid, "worker")
        with pytest.raises(NoSuchRecording):
            await house.signals.ecg(USER, "1")
        assert await stored(house, userid) == []

    @pytest.mark.slow
    async def test_waits_in_memory_beside_few_others(
        self, house: House, userid: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(signals, "MOST_UNKEPT", 1)
        await house.storage.accounts.claim_one(userid, "worker", now=clock(), lease=LEASE)
        await house.signals.ecg(USER, "1")
        await house.signals.stetho(USER, "5")
        await house.forget_calls()
        await house.signals.stetho(USER, "5")
        assert await house.calls() == []
        clock.advance(MINUTE)
        await house.signals.ecg(USER, "1")
        assert [call.action for call in await house.calls()] == ["get"]

    @pytest.mark.slow
    async def test_is_looked_for_among_the_last_recordings_first(
        self, house: House, userid: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        older = [record_from(Kind.HEART, ecg_of(house, signalid=n, hours_ago=n)) for n in range(2, 9)]
        await house.storage.records.save(userid, older, now=clock())
        monkeypatch.setattr(signals, "AT_ONCE", 2)
        read, records = [], house.storage.records
        page = records.page

        async def noted(*asked: Any, **options: Any) -> list[Record]:
            found = await page(*asked, **options)
            read.extend(found)
            return found

        monkeypatch.setattr(records, "page", noted)
        await house.signals.ecg(USER, "1")
        assert len(read) == 2

    @pytest.mark.slow
    async def test_that_is_empty_is_served_and_not_kept(self, house: House, userid: str) -> None:
        house.weather.answers("get", {"signal": [], "sampling_frequency": 300})
        assert (await house.signals.ecg(USER, "1"))["signal"] == []
        assert await stored(house, userid) == []

    @pytest.mark.slow
    async def test_that_the_store_does_not_take_is_served(
        self, house: House, userid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def too_large(*_: object, **__: object) -> None:
            raise StorageError

        monkeypatch.setattr(house.storage.records, "save", too_large)
        assert (await house.signals.ecg(USER, "1"))["signal"]
        assert (await house.account(userid)).lease is None

    @pytest.mark.slow
    async def test_that_two_ask_for_at_once_costs_one_call(self, house: House, userid: str) -> None:
        first, second = await asyncio.gather(*(house.signals.ecg(USER, "1") for _ in range(2)))
        assert first == second
        assert [call.action for call in await house.calls()] == ["get"]


class TestWhose:
    @pytest.mark.slow
    async def test_that_of_no_recording_is_never_asked_for(self, house: House, userid: str) -> None:
        for ask in (house.signals.ecg, house.signals.stetho):
            with pytest.raises(NoSuchRecording):
                await ask(USER, "77")
        assert await house.calls() == []

    async def test_an_ecg_is_no_sound_of_the_same_number(self, house: House, userid: str) -> None:
        with pytest.raises(NoSuchRecording):
            await house.signals.stetho(USER, "1")

    @pytest.mark.slow
    async def test_that_of_another_person_is_refused(self, house: House, userid: str) -> None:
        other = (await house.cloud.control("GET", "/people"))[1]["userid"]
        await house.link("user-2", person=other)
        await house.drain(str(other))
        await house.forget_calls()
        await house.signals.ecg(USER, "1")
        with pytest.raises(NoSuchRecording):
            await house.signals.ecg("user-2", "1")

    @pytest.mark.slow
    async def test_nobody_who_is_not_linked_gets_any(self, house: House, userid: str) -> None:
        with pytest.raises(NotLinked):
            await house.signals.ecg("user-9", "1")

    @pytest.mark.slow
    async def test_what_is_kept_is_served_where_withings_wants_a_new_consent_and_nothing_else(
        self, house: House, userid: str, clock: FakeClock
    ) -> None:
        curve = await house.signals.ecg(USER, "1")
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        assert await house.signals.ecg(USER, "1") == curve
        with pytest.raises(ConsentNeeded):
            await house.signals.stetho(USER, "5")


class TestWhenItsRecordingGoes:
    @pytest.mark.slow
    async def test_it_goes_too_and_others_stay(self, house: House, userid: str, clock: FakeClock) -> None:
        other = ecg_of(house, signalid=2, hours_ago=20)
        await house.load(userid, series=[other])
        await told(house, userid, other)
        for signalid in ("1", "2"):
            await house.signals.ecg(USER, signalid)
        gone = (await house.records(userid, Kind.HEART))[-1].body
        await house.cloud.control("DELETE", f"/people/{userid}/records/heart/1")
        clock.advance(MINUTE)
        await told(house, userid, dict(gone))
        assert [signal.key for signal in await stored(house, userid)] == ["ecg/2"]
        with pytest.raises(NoSuchRecording):
            await house.signals.ecg(USER, "1")

    async def test_one_is_not_kept_whose_recording_was_given_another_meanwhile(
        self, house: House, userid: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A turn has replaced the recording while Withings was asked for its signal."""
        recording = next(each for each in await house.records(userid, Kind.HEART) if "ecg" in each.body)
        name = str(recording.body["ecg"]["signalid"])
        ask = house.client.ecg_signal

        async def replaced(access_token: str, signalid: int | str) -> Any:
            answer = await ask(access_token, signalid)
            other = {**recording.body, "ecg": {**recording.body["ecg"], "signalid": 777}}
            await house.storage.records.save(userid, [record_from(Kind.HEART, other)], now=house.clock())
            return answer

        monkeypatch.setattr(house.client, "ecg_signal", replaced)
        assert (await house.signals.ecg(USER, name))["signal"]
        assert await stored(house, userid) == []


async def told(house: House, userid: str, ecg: dict[str, Any]) -> None:
    window = {"startdate": str(ecg["timestamp"] - 1), "enddate": str(ecg["timestamp"])}
    assert await house.receiving.receive({"userid": userid, "appli": "54"} | window) == userid
    await house.drain(userid)
