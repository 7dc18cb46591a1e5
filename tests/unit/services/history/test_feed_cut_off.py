"""The change feed where a save was cut off after its records and before the mark that shows them, as can be
on DynamoDB: what was stored is not fresh to the next turn, and shown all the same.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import pytest

from builders import HOUR, MINUTE
from fakes import FakeClock
from unit.services.house import House
from withings_bridge.domain.accounts import LEASE
from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.records import Kind, Record, RecordKey
from withings_bridge.storage.base import Records


class Mark:
    """Ends a store's change feed at a mark; its writing fails as often as told."""

    def __init__(self, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
        self.failures = 0
        self._shown = 0
        self._save, self._last = records.save, records.through
        monkeypatch.setattr(records, "save", self.save)
        monkeypatch.setattr(records, "through", self.through)
        monkeypatch.setattr(records, "catch_up", self.catch_up)

    async def save(
        self, userid: str, records: Sequence[Record], *, removed: Collection[RecordKey] = (), now: datetime
    ) -> None:
        await self._save(userid, records, removed=removed, now=now)
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable
        await self.catch_up(userid)

    async def catch_up(self, userid: str) -> None:
        self._shown = await self._last(userid)

    async def through(self, _userid: str) -> int:
        return self._shown


@pytest.fixture
def mark(house: House, monkeypatch: pytest.MonkeyPatch) -> Mark:
    house.has(None)  # it wants to see all that is saved
    return Mark(house.storage.records, monkeypatch)


async def version_of(house: House) -> int:
    return await (await house.browsing.of("user-1")).version()


class TestTheFeed:
    async def test_shows_a_weighing_when_the_turn_is_done_again(
        self, house: House, mark: Mark, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        before = await version_of(house)
        group = await house.weigh(userid, 71)
        mark.failures = 1
        await house.notified(userid, group)
        assert str(group["grpid"]) in [record.key for record in await house.records(userid)]
        assert await version_of(house) == before
        clock.advance(LEASE + MINUTE)
        await house.drain(userid)
        assert await version_of(house) > before

    @pytest.mark.slow
    async def test_shows_a_deletion_when_the_turn_is_done_again(
        self, house: House, mark: Mark, clock: FakeClock
    ) -> None:
        userid = await house.linked()
        group = await house.weigh(userid, 71)
        await house.notified(userid, group)
        clock.advance(HOUR)
        before = await version_of(house)
        await house.delete(userid, group)
        mark.failures = 1
        await house.notified(userid, group)
        gone = RecordKey(Kind.MEASURES, str(group["grpid"]))
        assert await house.storage.records.get(userid, [gone]) == {}
        assert await version_of(house) == before
        clock.advance(LEASE + MINUTE)
        await house.drain(userid)
        assert await version_of(house) > before
