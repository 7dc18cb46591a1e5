"""What comes whole, and not as changes or by dates: devices, goals, heights, and events that were told."""

import structlog

from withings_bridge.domain.accounts import Account
from withings_bridge.domain.inbox import Task
from withings_bridge.domain.quota import SAME_ARGUMENTS
from withings_bridge.domain.records import EPOCH, THE_END, Kind
from withings_bridge.services.clock import Clock
from withings_bridge.services.sync.fetching import Fetching
from withings_bridge.services.sync.looking import Look
from withings_bridge.services.sync.storing import Storing
from withings_bridge.storage.base import Records

log = structlog.get_logger()


class Listing:
    """Makes the store equal to a list, a list at a time."""

    def __init__(self, *, fetching: Fetching, storing: Storing, records: Records, clock: Clock) -> None:
        self._fetching = fetching
        self._storing = storing
        self._records = records
        self._clock = clock

    async def devices(self, account: Account, task: Task) -> Look:
        """Store the account's devices as Withings lists them; one that is not listed is gone.

        An empty list is believed of nobody who had devices: one mistaken answer must not erase them.
        """
        if self._asked_just_now(task):
            return Look(task)
        reply = await self._fetching.devices(account)
        listed = {record.name for record in reply.records}
        stored = await self._records.between(account.userid, Kind.DEVICE, EPOCH, THE_END)
        gone = [record for record in stored if listed and record.name not in listed]
        await self._storing.apply(account, Kind.DEVICE, reply.records, gone)
        return Look(task, fetched=reply.records, told=reply.records)

    async def goals(self, account: Account, task: Task) -> Look:
        """Store what the person aims at; without any goal nothing is stored."""
        if self._asked_just_now(task):
            return Look(task)
        reply = await self._fetching.goals(account)
        stored = await self._records.between(account.userid, Kind.GOALS, EPOCH, THE_END)
        await self._storing.apply(account, Kind.GOALS, reply.records, stored if not reply.records else [])
        return Look(task, fetched=reply.records)

    async def heights(self, account: Account, task: Task) -> Look:
        """Store the person's heights of all time, for the bmi of weighings after them."""
        if self._asked_just_now(task):
            return Look(task)
        reply = await self._fetching.heights(account)
        await self._storing.apply(account, Kind.HEIGHT, reply.records)
        return Look(task, zone=reply.zone)

    async def events(self, account: Account, task: Task) -> Look:
        """Store the events that were told, without a call.

        A confirmed one is never overwritten by one that anybody may have posted.
        """
        if task.news.overflow:
            log.warning("events let go", reason="too many were waiting")
        told = {event.record.name: event.record for event in sorted(task.news.events)}
        stored = await self._records.get(account.userid, told)
        fresh = [each for name, each in told.items() if each.body["confirmed"] or name not in stored]
        await self._storing.apply(account, Kind.EVENT, fresh)
        return Look(task, fetched=fresh)

    def _asked_just_now(self, task: Task) -> bool:
        """Whether the answer just stored serves: to the identical call Withings would not answer."""
        before = task.work.settled_at
        return before is not None and self._clock() - before < SAME_ARGUMENTS
