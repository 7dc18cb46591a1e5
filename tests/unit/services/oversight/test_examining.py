"""What is wrong with what is stored: found without changing it, and mended when told to."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from builders import DAY, HOUR, MINUTE, a_pair, a_row, a_token_row, an_account
from contract.storage.backends import SqliteBackend
from contract.storage.predecessor import foreign_rows
from fakes import FakeClock
from unit.services import leftovers
from unit.services.house import House, a_house
from unit.services.leftovers import USER, another_person, put_dead_rows, row_with
from withings_bridge.domain.links import Place
from withings_bridge.services.links.marking import SCAN
from withings_bridge.services.oversight.examining import Finding, Leftovers, State
from withings_bridge.storage.encryption import EncryptedLinks


async def found(house: House, *, fix: bool = False) -> list[Finding]:
    return [finding async for finding in house.examining.findings(fix=fix)]


async def told(house: House, *, fix: bool = False) -> list[tuple[str, str, State]]:
    return [(finding.check, finding.user, finding.state) for finding in await found(house, fix=fix)]


class TestRowsToAdopt:
    async def test_are_told_and_left_alone(self, house: House, table: SqliteBackend) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)
        assert await told(house) == [("to adopt", USER, State.OPEN)]
        assert await table.token_row(USER) == row
        assert await house.storage.accounts.list() == []
        assert await house.calls() == []

    async def test_are_adopted_when_told_to(self, house: House, table: SqliteBackend) -> None:
        await table.put_token_row(await row_with(house, Place.BARE))
        assert await told(house, fix=True) == [("to adopt", USER, State.DONE)]
        assert await told(house, fix=True) == []
        assert await told(house) == []

    async def test_of_one_user_are_one_finding(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)
        for hours, place in enumerate((Place.OWN, Place.DOUBLED), start=2):
            at = clock() - hours * HOUR
            await table.put_token_row(leftovers.a_row(USER, place, row["withings_userid"], saved_at=at))
        findings = await found(house)
        assert [finding.check for finding in findings] == ["to adopt", "spare row", "spare row"]
        assert "3 different pairs" in findings[0].what
        assert set(findings[0].keys) == {place.key(USER) for place in Place}
        assert [finding.state for finding in await found(house, fix=True)] == [State.DONE] * 3

    async def test_of_other_connectors_are_neither_told_nor_touched(
        self, house: House, table: SqliteBackend
    ) -> None:
        rows = foreign_rows(USER, "1234")
        for row in rows:
            await table.put_token_row(row)
        assert await told(house, fix=True) == []
        for row in rows:
            assert await table.token_row(row["userId"]) == row

    async def test_are_left_to_a_scan_that_is_under_way(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        await table.put_token_row(await row_with(house, Place.BARE))
        await house.storage.ephemera.acquire(SCAN, "another", until=clock() + MINUTE, now=clock())
        (finding,) = await found(house, fix=True)
        assert (finding.state, finding.fate) == (State.OPEN, "a scan is under way, which takes the user in")
        assert await house.storage.accounts.list() == []

    async def test_are_not_adopted_beside_the_sandbox(self, tmp_path: Path, clock: FakeClock) -> None:
        async with a_house(tmp_path, clock, may_adopt=False) as house:
            table = SqliteBackend(tmp_path / "bridge.db")
            row = await row_with(house, Place.BARE)
            await table.put_token_row(row)
            assert await told(house, fix=True) == [("to adopt", USER, State.OPEN)]
            assert await table.token_row(USER) == row
            assert await house.storage.accounts.list() == []

    async def test_that_cannot_be_decided_now_stay_open(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        row = await row_with(house, Place.BARE)
        await table.put_token_row(row)
        await table.put_token_row(leftovers.a_row(USER, Place.OWN, row["withings_userid"], saved_at=clock()))
        house.weather.breaks("requesttoken")
        findings = await found(house, fix=True)
        assert [(finding.check, finding.state) for finding in findings] == [
            ("to adopt", State.OPEN),
            ("spare row", State.TOLD),
        ]


class TestADamagedRow:
    async def test_alone_is_told_and_nothing_is_left_to_do(self, house: House, table: SqliteBackend) -> None:
        row = a_token_row(USER, "undefined", refresh_token="")
        await table.put_token_row(row)
        (finding,) = await found(house, fix=True)
        assert (finding.check, finding.state) == ("damaged row", State.TOLD)
        assert "connect again" in finding.fate
        assert await table.token_row(f"{USER}#withings") == row

    async def test_beside_a_good_one_is_folded(self, house: House, table: SqliteBackend) -> None:
        await table.put_token_row(await row_with(house, Place.BARE))
        await table.put_token_row({"userId": f"{USER}#withings", "last_vitals7_push_at": 1, "updated_at": 1})
        assert await told(house) == [
            ("to adopt", USER, State.OPEN),
            ("damaged row", USER, State.TOLD),
        ]
        assert [finding.state for finding in await found(house, fix=True)] == [State.DONE] * 2
        assert len(await house.storage.links.rows(USER)) == 1

    async def test_that_cannot_be_decrypted_wants_its_key(
        self, house: House, table: SqliteBackend, tmp_path: Path
    ) -> None:
        old, new = (Fernet.generate_key().decode() for _ in range(2))
        account = an_account("1234", USER)
        await EncryptedLinks(house.storage.links, [old]).join(USER, "1234", a_pair(), lambda _: account)
        check = Leftovers(
            links=EncryptedLinks(house.storage.links, [new]),
            adopting=house.adopting,
            scanning=house.scanning,
            may_adopt=True,
        )
        (finding,) = [finding async for finding in check.findings(fix=True)]
        assert finding.state is State.OPEN
        assert "TOKEN_ENCRYPTION_KEYS" in finding.fate


class TestADeadLink:
    async def test_is_told_and_nothing_is_left_to_do(self, house: House) -> None:
        userid = await house.linked()
        await house.cloud.control("POST", f"/people/{userid}/unlink")
        await house.weigh(userid, 70)
        await house.receiving.receive({"userid": userid, "appli": "1"})
        await house.drain(userid)
        assert await told(house) == [("dead link", USER, State.TOLD)]

    async def test_of_the_predecessor_is_asked_about_once_more_on_demand(
        self, house: House, table: SqliteBackend, clock: FakeClock
    ) -> None:
        await put_dead_rows(house, table)
        await house.adopting.adopt(USER)
        await house.forget_calls()
        clock.advance(HOUR)
        assert (await told(house, fix=True))[-1] == ("dead link", USER, State.TOLD)
        assert len([call for call in await house.calls() if call.action == "requesttoken"]) == 3
        await house.forget_calls()
        assert (await told(house, fix=True))[-1] == ("dead link", USER, State.TOLD)
        assert await house.calls() == []


class TestRowsUnderAWrongUser:
    @pytest.mark.slow
    async def test_are_told_and_left_alone(self, house: House, clock: FakeClock) -> None:
        await with_history(house)
        stray = a_row(999_999, recorded_at=clock() - 30 * DAY)
        await house.storage.vitals.write(USER, [stray], now=clock())
        before = await house.rows()
        (finding,) = await found(house)
        assert (finding.check, finding.user) == ("rows under a wrong user", USER)
        assert (finding.state, finding.keys) == (State.OPEN, (stray.item_key,))
        assert await house.rows() == before

    async def test_are_removed_when_told_to_and_no_others(self, house: House, clock: FakeClock) -> None:
        await with_history(house)
        before = await house.rows()
        assert len(before) >= 4
        strays = [a_row(number, recorded_at=clock() - 30 * DAY) for number in (999_998, 999_999)]
        await house.storage.vitals.write(USER, strays, now=clock())
        house.gateway.published.clear()
        (finding,) = await found(house, fix=True)
        assert finding.state is State.DONE
        assert set(finding.keys) == {row.item_key for row in strays}
        assert await house.rows() == before
        assert house.gateway.published == [USER]
        assert await found(house) == []

    @pytest.mark.slow
    async def test_are_those_of_somebody_else_who_is_linked_too(self, house: House, clock: FakeClock) -> None:
        userid = await with_history(house)
        person = await another_person(house, userid)
        await house.weigh(str(person), 99, at=(clock() - 30 * DAY).isoformat())
        await house.link("user-2", person=person)
        await house.drain(str(person))
        before = await house.rows("user-2")
        (theirs,) = [row for row in before.values() if row["vitalType"] == "weight"]
        mixed_up = replace(a_row(recorded_at=clock() - 30 * DAY), source_id=theirs["sourceId"])
        await house.storage.vitals.write(USER, [mixed_up], now=clock())
        findings = await found(house, fix=True)
        assert [(finding.user, finding.keys) for finding in findings] == [(USER, (theirs["item_key"],))]
        assert await house.rows("user-2") == before

    @pytest.mark.slow
    @pytest.mark.parametrize("days", [400, 364, -1])
    async def test_are_not_looked_for_outside_of_what_was_imported(
        self, house: House, clock: FakeClock, days: int
    ) -> None:
        await with_history(house)
        await house.storage.vitals.write(
            USER, [a_row(999_999, recorded_at=clock() - days * DAY)], now=clock()
        )
        assert await found(house, fix=True) == []

    @pytest.mark.slow
    async def test_are_not_looked_for_while_an_import_runs(self, house: House, clock: FakeClock) -> None:
        userid = await house.link()
        await house.storage.vitals.write(USER, [a_row(999_999, recorded_at=clock() - 30 * DAY)], now=clock())
        assert await found(house, fix=True) == []
        await house.drain(userid)
        assert len(await found(house)) == 1

    @pytest.mark.slow
    async def test_are_never_those_of_another_source(
        self, house: House, clock: FakeClock, tmp_path: Path
    ) -> None:
        await with_history(house)
        at = clock() - 30 * DAY
        rows = [
            a_row(999_997, recorded_at=at),
            a_row(999_998, recorded_at=at),
            a_row(999_999, recorded_at=at),
        ]
        await house.storage.vitals.write(USER, rows, now=clock())
        change(tmp_path, rows[0].item_key, recordedBy="Fitbit")
        change(tmp_path, rows[1].item_key, recordedBy=None)
        change(tmp_path, rows[2].item_key, sourceId="typed_in")
        before = await house.rows()
        assert await found(house, fix=True) == []
        assert await house.rows() == before

    @pytest.mark.slow
    async def test_may_be_of_any_kind(self, house: House, clock: FakeClock, tmp_path: Path) -> None:
        await with_history(house)
        forms = {
            "steps": "withings_activity_2025-12-24_steps",
            "sleep-hours": "withings_sleep_999999_sleep",
            "heart-rate": "withings_hr_999999_11",
        }
        rows = [
            replace(a_row(vital_type=vital_type, recorded_at=clock() - 30 * DAY), source_id=source)
            for vital_type, source in forms.items()
        ]
        await house.storage.vitals.write(USER, rows, now=clock())
        (finding,) = await found(house, fix=True)
        assert set(finding.keys) == {row.item_key for row in rows}


async def with_history(house: House) -> str:
    """A user with an imported year, of which every kind of row is there."""
    person = (await house.cloud.control("GET", "/people"))[0]["userid"]
    now = house.clock()
    for days in (2, 40, 300):
        await house.weigh(str(person), 70 + days / 10, at=(now - days * DAY).isoformat(), pulse=60)
    day = f"{now - 10 * DAY:%Y-%m-%d}"
    await house.cloud.control("POST", f"/people/{person}/activity-days", {"steps": 5000, "date": day})
    night = {"start": (now - 9 * DAY).isoformat(), "hours": 7}
    await house.cloud.control("POST", f"/people/{person}/nights", night)
    return await house.linked(person=person)


def change(folder: Path, key: str, **attributes: Any) -> None:
    """Another program changes a row."""
    connection = sqlite3.connect(folder / "bridge.db")
    try:
        with connection:
            for name, value in attributes.items():
                connection.execute(f"UPDATE user_vitals SET {name} = ? WHERE item_key = ?", (value, key))  # noqa: S608 - names of the test's own
    finally:
        connection.close()
