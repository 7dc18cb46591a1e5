"""The account items: acknowledgements, claims and leases as single conditional writes."""

import asyncio
import builtins
import heapq
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from typing import Any

from withings_bridge.domain.accounts import MOST_TRACES, Account, due
from withings_bridge.domain.categories import Category
from withings_bridge.domain.errors import AccountUnknown, LeaseLost
from withings_bridge.domain.inbox import Lane, News
from withings_bridge.storage.base import Change
from withings_bridge.storage.dynamodb import writes
from withings_bridge.storage.dynamodb.account_item import (
    SHARDS,
    StoredAccount,
    announced_attribute,
    key_of,
    news_attribute,
)
from withings_bridge.storage.dynamodb.engine import Engine, Refused, pauses, together, within
from withings_bridge.storage.dynamodb.gathering import Announcements, Gathering
from withings_bridge.storage.dynamodb.items import from_microseconds, microseconds
from withings_bridge.storage.dynamodb.names import due_attribute, due_index
from withings_bridge.storage.dynamodb.sharing import Sharing
from withings_bridge.storage.dynamodb.writes import Write

ACKNOWLEDGE_SECONDS = 1.0
"""After this Withings is told to deliver again, well inside the 2 s it waits."""

_FREE = "(attribute_not_exists(#lease_holder) OR #lease_until <= :now)"


class DynamoAccounts:
    """``storage.base.Accounts`` on one table with an index a lane."""

    def __init__(self, engine: Engine, table: str) -> None:
        self._engine = engine
        self._table = table
        self._gathering = Gathering(self._announce)
        self._sharing = Sharing(engine)

    async def get(self, userid: str) -> Account | None:
        stored = await self._read(userid)
        return stored.account if stored else None

    async def announce(
        self, userid: str, news: Mapping[Category, News], *, now: datetime, trace: str | None = None
    ) -> bool:
        async with within(ACKNOWLEDGE_SECONDS):
            return await self._gathering.announce(userid, news, now=now, trace=trace)

    async def finish(self) -> None:
        """Wait for announcements that are being written, whoever still waits for them."""
        await self._gathering.finish()
        await self._sharing.finish()

    async def claim(
        self, worker: str, *, lane: Lane, now: datetime, lease: timedelta, limit: int
    ) -> builtins.list[Account]:
        claimed: builtins.list[Account] = []
        async with AsyncExitStack() as opened:
            shards = [
                await opened.enter_async_context(aclosing(self._due_in(shard, lane, now=now, page=limit)))
                for shard in range(SHARDS)
            ]
            heads = await together(anext(shard, None) for shard in shards)
            queue = [(*head, number) for number, head in enumerate(heads) if head]
            heapq.heapify(queue)
            while queue and len(claimed) < limit:
                _, userid, number = heapq.heappop(queue)
                if account := await self._lease(userid, worker, lane=lane, now=now, lease=lease):
                    claimed.append(account)
                if len(claimed) < limit and (following := await anext(shards[number], None)):
                    heapq.heappush(queue, (*following, number))
        return claimed

    async def earliest_due(self, lane: Lane) -> datetime | None:
        attribute = due_attribute(lane)

        async def first_of(shard: int) -> int | None:
            found = self._engine.query(
                self._table,
                "#shard = :shard",
                {"shard": shard},
                index=due_index(lane),
                consistent=False,
                limit=1,
            )
            async with aclosing(found):
                return await anext((item[attribute] async for item in found), None)

        firsts = await together(first_of(shard) for shard in range(SHARDS))
        earliest = min((first for first in firsts if first is not None), default=None)
        return from_microseconds(earliest) if earliest is not None else None

    async def claim_one(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> Account | None:
        return await self._lease(userid, worker, lane=None, now=now, lease=lease)

    async def renew(self, userid: str, worker: str, *, now: datetime, lease: timedelta) -> None:
        try:
            await self._engine.write(
                writes.update(
                    self._table,
                    key_of(userid),
                    "SET #lease_until = :until ADD #version :one",
                    condition="#lease_holder = :worker",
                    values={"until": microseconds(now + lease), "one": 1, "worker": worker},
                )
            )
        except Refused:
            raise LeaseLost from None

    async def change(
        self, userid: str, change: Change, *, now: datetime, holder: str | None = None
    ) -> Account:
        tries = pauses()
        while True:
            stored = await self._read(userid)
            if stored is None:
                raise AccountUnknown
            lease = stored.account.lease
            if holder is not None and (lease is None or lease.holder != holder):
                raise LeaseLost
            account = change(stored.account)
            if await self._replace(stored, stored.next(account, due(account, now))):
                return account
            await asyncio.sleep(next(tries))

    async def list(self, *, after: str | None = None, limit: int = 100) -> builtins.list[Account]:
        behind = None if after is None else key_of(after)
        items = await self._engine.scan(self._table, after=behind, limit=limit)
        return [StoredAccount.load(item).account for item in items]

    async def _announce(self, userid: str, announced: Announcements) -> bool:
        adding = _adding(self._table, userid, announced)
        tries = pauses()
        async with within(ACKNOWLEDGE_SECONDS):
            while True:
                try:
                    await self._sharing.write(adding)
                except Refused as refused:
                    if refused.item is None:
                        return False
                    stored = StoredAccount.load(refused.item)
                else:
                    return True
                live = min(announced.at, stored.due.get(Lane.LIVE, announced.at))
                account = announced.added_to(stored.account)
                if await self._replace(stored, stored.next(account, {**stored.due, Lane.LIVE: live})):
                    return True
                await asyncio.sleep(next(tries))

    async def _read(self, userid: str) -> StoredAccount | None:
        item = await self._engine.get(self._table, key_of(userid))
        return StoredAccount.load(item) if item else None

    async def _replace(self, stored: StoredAccount, new: StoredAccount) -> bool:
        try:
            await self._engine.write(new.put(self._table, replacing=stored))
        except Refused as refused:
            # The client repeats a write whose answer was lost: then the one in the way is our own.
            return refused.item == new.item
        return True

    async def _due_in(
        self, shard: int, lane: Lane, *, now: datetime, page: int
    ) -> AsyncGenerator[tuple[int, str], None]:
        """Due times and userids of one shard, longest due first, as the index has them."""
        attribute = due_attribute(lane)
        found = self._engine.query(
            self._table,
            f"#shard = :shard AND #{attribute} <= :now",
            {"shard": shard, "now": microseconds(now)},
            index=due_index(lane),
            consistent=False,
            page=page,
        )
        async with aclosing(found):
            async for item in found:
                yield item[attribute], item["userid"]

    async def _lease(
        self, userid: str, worker: str, *, lane: Lane | None, now: datetime, lease: timedelta
    ) -> Account | None:
        """The index may be behind the table: what it named is claimed only if it still is due."""
        still_due = f"#{due_attribute(lane)} <= :now" if lane else "attribute_exists(#userid)"
        try:
            item = await self._engine.write(
                writes.update(
                    self._table,
                    key_of(userid),
                    "SET #lease_holder = :worker, #lease_until = :until ADD #version :one",
                    condition=f"{still_due} AND {_FREE}",
                    values={
                        "worker": worker,
                        "until": microseconds(now + lease),
                        "now": microseconds(now),
                        "one": 1,
                    },
                ),
                returning="ALL_NEW",
            )
        except Refused:
            return None
        return StoredAccount.load(item).account


def _adding(table: str, userid: str, announced: Announcements) -> Write:
    """The acknowledgement in one write, where ``ADD`` gives what ``domain.accounts.announce`` would.

    It is refused where it would not: when a set has no room, or the account is due only later (an
    expression has no ``min``). What is there then comes back with the refusal.
    """
    values: dict[str, Any] = {"now": microseconds(announced.at), "one": 1}
    sets, adds = ["#live_due = if_not_exists(#live_due, :now)"], ["#version :one"]
    conditions = ["attribute_exists(#userid)", "(attribute_not_exists(#live_due) OR #live_due <= :now)"]
    counts = announced.counts
    for category, added in announced.merged.items():
        count = announced_attribute(category)
        values[count] = counts[category]
        adds.append(f"#{count} :{count}")
        if added:
            attribute = news_attribute(category)
            # The size counts flags as well: near the limit that only costs a second write.
            values |= {attribute: added.tokens, f"room_{category}": added.room}
            adds.append(f"#{attribute} :{attribute}")
            none_or = f"attribute_not_exists(#{attribute}) OR " if added.room >= 0 else ""
            conditions.append(
                f"({none_or}attribute_exists(#{attribute}) AND size(#{attribute}) <= :room_{category})"
            )
    if traces := announced.traces[:MOST_TRACES]:
        values |= {"none": [], "traces": traces, "room_traces": MOST_TRACES - len(traces)}
        sets.append("#traces = list_append(if_not_exists(#traces, :none), :traces)")
        conditions.append("(attribute_not_exists(#traces) OR size(#traces) <= :room_traces)")
    return writes.update(
        table,
        key_of(userid),
        f"SET {', '.join(sets)} ADD {', '.join(adds)}",
        condition=" AND ".join(conditions),
        values=values,
    )
