"""The rows of user_vitals on every backend."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from builders import HOUR, NOON, a_row
from withings_bridge.storage.base import Storage

NOON_S = int(NOON.timestamp())


async def rows_of(storage: Storage, user: str, *, vital_type: str | None = None) -> list[dict[str, Any]]:
    return [row async for row in storage.vitals.rows(user, vital_type=vital_type)]


class TestWrite:
    async def test_stores_exactly_the_attributes_of_the_contract(self, storage: Storage, user: str) -> None:
        assert await storage.vitals.write(user, [a_row(1001, notes="by hand")], now=NOON) == 1
        (row,) = await rows_of(storage, user)
        assert UUID(row.pop("id")).version == 4
        assert row == {
            "user_id": user,
            "item_key": "VIT#weight#SRC#withings_weight_1001_1#weight",
            "vitalType": "weight",
            "value": "154.32",
            "units": "lbs",
            "recordedAt": NOON_S,
            "recordedBy": "Withings",
            "created_at": NOON_S,
            "created_by": user,
            "sourceId": "withings_weight_1001_1",
            "deviceUsed": "Withings Scale",
            "recordingContext": "home_measurement",
            "notes": "by hand",
        }

    async def test_gives_text_and_whole_numbers(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row(value="70")], now=NOON)
        (row,) = await rows_of(storage, user)
        assert row["value"] == "70"
        assert {name: type(row[name]) for name in ("recordedAt", "created_at", "value")} == {
            "recordedAt": int,
            "created_at": int,
            "value": str,
        }

    async def test_leaves_out_what_is_empty(self, storage: Storage, user: str) -> None:
        row = replace(a_row(), device_used="", recording_context="", notes="")
        await storage.vitals.write(user, [row], now=NOON)
        (stored,) = await rows_of(storage, user)
        assert not {"deviceUsed", "recordingContext", "notes"} & stored.keys()

    async def test_keeps_id_and_creation_of_a_row_it_updates(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row(value="154.32")], now=NOON)
        (before,) = await rows_of(storage, user)
        assert await storage.vitals.write(user, [a_row(value="155")], now=NOON + HOUR) == 1
        assert await rows_of(storage, user) == [before | {"value": "155"}]

    async def test_drops_an_attribute_that_the_new_row_lacks(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row(notes="by hand")], now=NOON)
        assert await storage.vitals.write(user, [a_row()], now=NOON) == 1
        (row,) = await rows_of(storage, user)
        assert "notes" not in row

    async def test_of_an_unchanged_row_writes_nothing(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row()], now=NOON)
        before = await rows_of(storage, user)
        assert await storage.vitals.write(user, [a_row()], now=NOON + HOUR) == 0
        assert await rows_of(storage, user) == before

    async def test_counts_what_changed_only(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row(1), a_row(2), a_row(3)], now=NOON)
        rows = [a_row(1), a_row(2, value="1"), a_row(4)]
        assert await storage.vitals.write(user, rows, gone=[a_row(3).item_key], now=NOON) == 3

    async def test_of_two_rows_with_one_key_takes_the_last(self, storage: Storage, user: str) -> None:
        rows = [a_row(value="1"), a_row(2), a_row(value="2"), a_row(value="3")]
        assert await storage.vitals.write(user, rows, now=NOON) == 2
        assert [row["value"] for row in await rows_of(storage, user)] == ["3", a_row().value]

    async def test_deletes_rows_that_are_gone(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row(1), a_row(2)], now=NOON)
        assert await storage.vitals.write(user, [], gone={a_row(1).item_key}, now=NOON) == 1
        assert [row["item_key"] for row in await rows_of(storage, user)] == [a_row(2).item_key]

    async def test_does_not_count_a_row_that_was_gone_already(self, storage: Storage, user: str) -> None:
        assert await storage.vitals.write(user, [], gone={a_row().item_key}, now=NOON) == 0

    async def test_keeps_a_row_that_is_written_and_gone(self, storage: Storage, user: str) -> None:
        await storage.vitals.write(user, [a_row()], gone={a_row().item_key}, now=NOON)
        assert len(await rows_of(storage, user)) == 1
        assert await storage.vitals.write(user, [a_row()], gone={a_row().item_key}, now=NOON) == 0
        assert len(await rows_of(storage, user)) == 1

    async def test_of_nothing_changes_nothing(self, storage: Storage, user: str) -> None:
        assert await storage.vitals.write(user, [], now=NOON) == 0

    @pytest.mark.parametrize("count", [25, 26, 100, 101, 250])
    async def test_takes_any_number_of_rows(self, storage: Storage, user: str, count: int) -> None:
        rows = [a_row(n) for n in range(count)]
        assert await storage.vitals.write(user, rows, now=NOON) == count
        changed = [a_row(n, value="1" if n % 2 else "154.32") for n in range(count)]
        assert await storage.vitals.write(user, changed, now=NOON) == count // 2
        stored = {row["item_key"]: row["value"] for row in await rows_of(storage, user)}
        assert stored == {row.item_key: row.value for row in changed}
        gone = [row.item_key for row in rows]
        assert await storage.vitals.write(user, [], gone=gone, now=NOON) == count
        assert await rows_of(storage, user) == []

    async def test_never_touches_another_users_rows(self, storage: Storage, user: str) -> None:
        another = f"{user}-another"
        for each in (user, another):
            await storage.vitals.write(each, [a_row()], now=NOON)
        before = await rows_of(storage, another)
        await storage.vitals.write(user, [a_row(value="1"), a_row(2)], now=NOON)
        await storage.vitals.write(user, [], gone={a_row().item_key}, now=NOON)
        assert await rows_of(storage, another) == before

    async def test_keeps_signs_of_every_alphabet(self, storage: Storage, user: str) -> None:
        row = a_row(units="kg/m²", notes="Größe 1,80 \N{SMILING FACE WITH SUNGLASSES} °F")
        await storage.vitals.write(user, [row], now=NOON)
        (stored,) = await rows_of(storage, user)
        assert (stored["units"], stored["notes"]) == (row.units, row.notes)
        assert await storage.vitals.write(user, [row], now=NOON) == 0


class TestRows:
    async def test_come_in_key_order(self, storage: Storage, user: str) -> None:
        rows = [a_row(n, vital_type=kind) for n in (3, 1, 20) for kind in ("weight", "bmi")]
        await storage.vitals.write(user, rows, now=NOON)
        keys = [row["item_key"] for row in await rows_of(storage, user)]
        assert keys == sorted(row.item_key for row in rows)

    async def test_of_one_vital_type(self, storage: Storage, user: str) -> None:
        rows = [a_row(n, vital_type=kind) for n in range(3) for kind in ("weight", "bmi", "steps")]
        await storage.vitals.write(user, rows, now=NOON)
        found = await rows_of(storage, user, vital_type="bmi")
        assert [row["item_key"] for row in found] == sorted(
            row.item_key for row in rows if row.vital_type == "bmi"
        )

    async def test_of_a_user_without_any(self, storage: Storage, user: str) -> None:
        assert await rows_of(storage, user) == []

    async def test_come_all_however_many_there_are(self, storage: Storage, user: str) -> None:
        rows = [a_row(n, notes="n" * 900) for n in range(1200)]
        assert await storage.vitals.write(user, rows, now=NOON) == 1200
        assert len({row["item_key"] for row in await rows_of(storage, user)}) == 1200
        assert len(await rows_of(storage, user, vital_type="weight")) == 1200
