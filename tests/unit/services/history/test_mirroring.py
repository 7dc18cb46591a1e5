"""What changed, walked with no more in memory than is told."""

from typing import Any

import pytest

from builders import a_record
from unit.services.house import House
from withings_bridge.domain.accounts import LEASE
from withings_bridge.domain.records import Kind
from withings_bridge.services.history.mirroring import follow
from withings_bridge.storage.base import Changed


@pytest.fixture
async def userid(house: House) -> str:
    """Of somebody with 30 curves, one that is gone, and a weight."""
    userid, records = await house.linked(), house.storage.records
    curves = [a_record(f"ecg/{number}", kind=Kind.SIGNAL) for number in range(31)]
    await records.save(userid, [*curves, a_record("1")], now=house.clock())
    await records.save(userid, [], removed=[curves[0].name], now=house.clock())
    return userid


@pytest.fixture
def brought(house: House, monkeypatch: pytest.MonkeyPatch) -> list[Changed]:
    """What was read with more than its name."""
    found: list[Changed] = []
    changes = house.storage.records.changes

    async def noted(*asked: Any, **options: Any) -> list[Changed]:
        page = await changes(*asked, **options)
        found.extend(change for change in page if change.record)
        return page

    monkeypatch.setattr(house.storage.records, "changes", noted)
    return found


class TestTheFeed:
    async def test_passes_over_signals_and_does_not_hold_them(
        self, house: House, userid: str, brought: list[Changed]
    ) -> None:
        feed = await follow(await house.browsing.of("user-1"), after=0, limit=500)
        assert (Kind.MEASURES, "1") in [(change.name.kind, change.name.key) for change, _ in feed.changes]
        assert Kind.SIGNAL not in {change.name.kind for change, _ in feed.changes}
        assert Kind.SIGNAL not in {change.name.kind for change in brought}


class TestARebuild:
    async def test_asks_what_is_gone_by_name_alone(
        self, house: House, userid: str, brought: list[Changed]
    ) -> None:
        account = await house.storage.accounts.claim_one(userid, "worker", now=house.clock(), lease=LEASE)
        assert account is not None
        await house.rebuilding.rebuild(account)
        assert brought == []
