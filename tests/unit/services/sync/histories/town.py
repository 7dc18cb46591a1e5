"""Some people at Withings, and a bridge of two processes that serves them: what can be done there.

Everything happens at a Withings that keeps its notifications back: they lie in the post until
somebody delivers them.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx

from builders import HOUR, MINUTE, SECOND
from fakes import FakeClock
from unit.sandbox.sandbox_driver import Driver, opened
from unit.services.house import DETAIL, WINDOWS, House
from unit.services.sync.histories.peril import Killed, Peril, PerilousStorage, PerilousWeather
from unit.services.sync.histories.promise import Ledger, Promise, keys_ever, rows_of
from unit.services.sync.histories.skipping import SkippingLoop
from withings_bridge.domain.accounts import Account, due
from withings_bridge.domain.errors import BridgeError, StorageError, StorageUnavailable
from withings_bridge.domain.links import Link
from withings_bridge.domain.notifications import Window, parse_notification
from withings_bridge.domain.readings import GOAL
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record, record_from
from withings_bridge.domain.row_keys import possible_keys
from withings_bridge.sandbox import Clock, SandboxOptions
from withings_bridge.sandbox.cloud.envelope import THROTTLED
from withings_bridge.sandbox.seeding.sleep import stages_of
from withings_bridge.sandbox.world.deliveries import Delivery, DeliveryState
from withings_bridge.sandbox.world.records import Record as Row
from withings_bridge.sandbox.world.records import Service
from withings_bridge.services.sync.syncing import RECENT
from withings_bridge.storage.base import Storage
from withings_bridge.storage.sqlite import SqliteStorage

ResultT = TypeVar("ResultT")

WEBHOOK = "https://bridge.test/webhook/withings"
USERS = ("user-1", "user-2", "user-3")
APPLIS = (1, 2, 4, 16, 44, 46, 54)
KINDS = {
    Service.MEASURES: Kind.MEASURES,
    Service.ACTIVITY: Kind.ACTIVITY,
    Service.NIGHTS: Kind.SLEEP,
    Service.WORKOUTS: Kind.WORKOUT,
    Service.HEART: Kind.HEART,
}
SWEEP_EVERY = 6 * HOUR
POLL = 2 * SECOND
"""How often a process looks for what is due."""
LONGEST_RETRY = 12 * HOUR
MOST_TURNS = 1000
"""More than this until rest is a bridge that never comes to rest."""


class Process:
    """One process of the bridge, and what befalls it."""

    def __init__(self, storage: SqliteStorage, cloud: Driver, clock: FakeClock, loop: SkippingLoop) -> None:
        self.peril = Peril(loop)
        self.weather = PerilousWeather(cloud.transport, self.peril)
        self.house = House(
            cast(Storage, PerilousStorage(storage, self.peril)),
            cloud,
            clock,
            weather=self.weather,
            callback_url=WEBHOOK,
            applis=APPLIS,
            sweep_every=SWEEP_EVERY,
            detail=DETAIL,
            sleep=asyncio.sleep,
            paced=True,
        )


@dataclass
class Person:
    """Somebody with a Withings account."""

    userid: str
    ledger: Ledger = field(default_factory=Ledger)


class Town:
    """Who lives at Withings, which users linked whom, and the two processes that serve them."""

    def __init__(self, storage: SqliteStorage, cloud: Driver, clock: FakeClock, loop: SkippingLoop) -> None:
        self.cloud, self.clock, self._loop = cloud, clock, loop
        self._shared = storage
        self.storage = PerilousStorage(storage, Peril(loop))
        """The store as an onlooker sees it, whom nothing befalls."""
        self.people: list[Person] = []
        self.processes = [self._process(), self._process()]
        self.asleep: list[tuple[Process, asyncio.Task[Any]]] = []
        """Processes that are frozen, each in the middle of something."""
        self.post: list[Delivery] = []
        self.linked: dict[str, str] = {}
        """The account of each user who believes to be linked."""
        self.left_behind: dict[str, dict[str, dict[str, Any]]] = {}
        """Rows of accounts that a user has left."""
        self.removed: set[str] = set()
        """Accounts whose person has removed the application at Withings since they were last linked."""
        self._posted = self._seen = 0
        self._faults: dict[str, Any] = {"hold_notifications": True}
        self._turns = 0
        self._froze = False

    # --- Withings ---------------------------------------------------------------------------------

    async def opens(self) -> None:
        people = await self.cloud.control("GET", "/people")
        self.people = [Person(str(person["userid"])) for person in people]
        await self.cloud.faults(**self._faults)
        self.look_around()

    async def does(self, person: Person, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Something happens at Withings, and is put into the post."""
        reply = await self.cloud.control(method, f"/people/{person.userid}{path}", body)
        self.look_around()
        return reply

    async def deletions_show_after(self, seconds: int) -> None:
        self._faults["deletions_show_after_seconds"] = seconds
        await self.cloud.faults(**self._faults)

    async def deletes(self, person: Person, row: Row) -> None:
        """The record is deleted, though Withings may serve it for some minutes yet."""
        patience = self._faults.get("deletions_show_after_seconds", 0)
        await self.cloud.control("DELETE", f"/people/{person.userid}/records/{row.service}/{row.key}")
        if patience:
            shows_at = self.clock() + timedelta(seconds=patience)
            person.ledger.deleted(record_of(row), now=self.clock(), shows_at=shows_at)
        self.look_around()

    def rows(self, person: Person, *services: Service) -> list[Row]:
        """What Withings serves of a person now, goals aside, which nobody asks for."""
        at = self.cloud.clock.epoch()
        return [
            row
            for service in services or KINDS
            for row in self.cloud.running.world.records.changed_after(int(person.userid), service, -1, at=at)
            if row.body.get("category") != GOAL or service is not Service.MEASURES
        ]

    def look_around(self) -> None:
        """Write down what Withings serves now, and take what it has put into the post."""
        for person in self.people:
            person.ledger.served(map(record_of, self.rows(person)), now=self.clock())
        held = self.cloud.running.world.deliveries.all(limit=5000, state=DeliveryState.HELD)
        self.post += [letter for letter in held if letter.id > self._posted]
        self._posted = max([self._posted, *(letter.id for letter in held)])

    # --- the post ---------------------------------------------------------------------------------

    async def deliver(self, letter: Delivery, *, to: int, keep: bool = False) -> None:
        """A notification reaches one of the processes, which begins to work on it if it can.

        What is not acknowledged stays in the post; ``keep`` leaves there too what will come twice.
        """
        now = self.clock()
        known = await self._received(letter.fields, to)
        if known is None:
            return
        if not keep:
            self.post.remove(letter)
        if known:
            self._note_announced(letter, now)
            await self.work(known, by=to, imports=False)

    async def _received(self, fields: Mapping[str, str], by: int) -> str | None:
        """The account that has work now, empty where there is none; None without an acknowledgement."""

        async def receive(house: House) -> str | None:
            try:
                return await house.receiving.receive(fields) or ""
            except StorageUnavailable:
                return None

        return await self._by(by, receive(self.processes[by].house))

    async def receive_from_a_stranger(self, fields: dict[str, str]) -> None:
        """Anybody may post to the webhook; it is no more than a hint."""
        if known := await self._received(fields, 0):
            await self.work(known, by=0, imports=False)

    def _note_announced(self, letter: Delivery, now: datetime) -> None:
        notification = parse_notification(letter.fields)
        assert notification is not None
        for person in self.people:
            if person.userid == notification.account and notification.window:
                for category in notification.categories:
                    by_day = "startdate" not in letter.fields
                    person.ledger.announced(category, notification.window, by_day=by_day, at=now)

    def new_letters(self) -> list[Delivery]:
        """Those that were not there when this was last asked."""
        new = [letter for letter in self.post if letter.id > self._seen]
        self._seen = self._posted
        return new

    # --- the bridge -------------------------------------------------------------------------------

    async def work(self, account: str, *, by: int, imports: bool = True) -> None:
        """A process works off what is due of an account; killed or frozen, another takes its place."""
        self._turns += 1
        working = self.processes[by].house.working

        async def drain() -> None:
            # The loop looks again later.
            with suppress(StorageError):
                await working.drain(account)

        self.processes[by].peril.may_freeze = True
        await self._by(by, drain() if imports else working.work_off(account))

    async def a_process_wakes(self, which: int) -> None:
        """One that was frozen goes on, and does not know how late it is."""
        process, task = self.asleep.pop(which % len(self.asleep))
        process.peril.wake()
        await _ends(task, process)

    async def _by(self, number: int, doing: Coroutine[Any, Any, ResultT]) -> ResultT | None:
        """What comes of something that a process does; None if that is cut off."""
        process = self.processes[number]
        task = asyncio.create_task(doing)
        freezing = asyncio.create_task(process.peril.frozen.wait())
        ending = asyncio.create_task(_ends(task, process))
        await asyncio.wait({ending, freezing}, return_when=asyncio.FIRST_COMPLETED)
        freezing.cancel()
        process.peril.may_freeze = False
        if ending.done() and not process.peril.died.is_set():
            await ending
            return task.result()
        if not ending.done():
            ending.cancel()
            self.asleep.append((process, task))
            self._froze = True
        self.processes[number] = self._process()
        return None

    async def link(self, user: str, person: Person, *, at: int = 0) -> None:
        """A user signs in at Withings as this person."""
        before = await self.storage.links.get(user)
        done = await self._by(at, self._sign_in(self.processes[at].house, user, person))
        after = await self.storage.links.get(user)
        assert after is not None or not done
        assert after is None or after.account in {person.userid, before.account if before else None}
        await self._note_link(user, after)
        if after is not None and (before is None or before.pair != after.pair):
            self.removed.discard(after.account)

    async def disconnect(self, user: str, *, purge: bool, at: int = 0) -> None:
        """A user wants out; what is cut off may leave a link that Withings has ended already."""
        done = await self._by(at, self._end(self.processes[at].house, user, purge=purge))
        after = await self.storage.links.get(user)
        assert not done or after is None
        assert not (done and purge) or not await self.rows_of_user(user)
        if after is not None and not self._is_linked(after.account):
            self.removed.add(after.account)
        await self._note_link(user, after)
        if after is None:
            self.left_behind[user] = await self.rows_of_user(user)

    async def _sign_in(self, house: House, user: str, person: Person) -> bool:
        try:
            begun = await house.linking.begin(user, browser=None)
            back = await house.consent(begun.authorize_url, person=int(person.userid))
            joined = await house.linking.complete(
                state=back["state"], code=back["code"], error=None, browser=begun.browser
            )
        except BridgeError:
            return False
        if joined.left:
            await house.leaving.let_go(joined.left)
        return True

    async def _end(self, house: House, user: str, *, purge: bool) -> bool:
        try:
            await house.leaving.disconnect(user, purge=purge)
        except BridgeError:
            return False
        return True

    def _is_linked(self, account: str) -> bool:
        """Whether Withings honours a pair of this account."""
        grants = self.cloud.running.world.grants
        return grants.linked(int(account), now=self.clock.epoch())

    async def removes_the_application(self, person: Person) -> None:
        """All tokens die, all subscriptions end, and a notification tells of it."""
        await self.does(person, "POST", "/unlink")
        self.removed.add(person.userid)

    async def links_survive(self, span: timedelta) -> bool:
        """Whether nobody's work may rest so long. When a new pair was issued and did not reach us,
        Withings honours the one before for eight hours, and only who asks in time keeps the link.
        """
        later = self.clock.epoch() + (span + 2 * HOUR).total_seconds()
        grants = self.cloud.running.world.grants
        links = [await self.storage.links.get(user) for user in self.linked]
        return all(
            grants.by_refresh_token(link.pair.refresh_token, now=later)
            for link in links
            if link and link.account not in self.removed
        )

    async def ask_for_a_sync(self, user: str, *, at: int = 0) -> None:
        async def ask(house: House) -> None:
            with suppress(BridgeError):
                await house.requesting.sync(user)

        await self._by(at, ask(self.processes[at].house))

    async def goes_by(self, span: timedelta, *, working: bool = True) -> None:
        """Time passes, while the bridge does what falls due; or while nobody works."""
        until = self.clock() + span
        while working and (at := await self._next_due()) and at <= until:
            self.clock.now = max(self.clock(), at)
            for account in await self._due():
                await self.work(account, by=self._turns % len(self.processes))
            self.clock.advance(POLL)
        self.clock.now = max(self.clock(), until)
        self.look_around()

    async def comes_to_rest(self) -> None:
        """The sky clears, the post arrives, and time goes by until all was swept and nothing is left."""
        for process in self.processes + [process for process, _ in self.asleep]:
            process.peril.pass_by()
            process.weather.clears()
        while self.asleep:
            await self.a_process_wakes(0)
        for letter in list(self.post):
            await self.deliver(letter, to=letter.id % len(self.processes))
        before = self._turns
        await self.goes_by(MINUTE)
        swept_at = self.clock()
        await self.goes_by(SWEEP_EVERY)
        while at_work := [a for a in await self.storage.accounts.list() if self._is_at_work(a)]:
            tired = self._turns - before >= MOST_TURNS or self.clock() - swept_at >= LONGEST_RETRY
            assert not tired, f"it never comes to rest: {at_work}"
            await self.goes_by(MINUTE)
        for person in self.people:
            person.ledger.swept(Window(self.clock() - RECENT, swept_at), at=swept_at)

    def _is_at_work(self, account: Account) -> bool:
        """Whether anything but its next sweep is left to do."""
        return bool(due(replace(account, sweep_at=None), self.clock()))

    async def _next_due(self) -> datetime | None:
        times = [_due_at(account, self.clock()) for account in await self.storage.accounts.list()]
        return min(filter(None, times), default=None)

    async def _due(self) -> list[str]:
        now = self.clock()
        accounts = await self.storage.accounts.list()
        return [a.userid for a in accounts if (at := _due_at(a, now)) and at <= now]

    def _process(self) -> Process:
        return Process(self._shared, self.cloud, self.clock, self._loop)

    # --- who is whose -----------------------------------------------------------------------------

    async def note_links(self) -> None:
        """Write down which links the bridge has ended by itself, as it may where the person did."""
        for user, account in list(self.linked.items()):
            link = await self.storage.links.get(user)
            assert link or account in self.removed, f"{user} has lost the link"
            await self._note_link(user, link)

    async def _note_link(self, user: str, link: Link | None) -> None:
        account = link.account if link else None
        before = self.linked.get(user)
        if before and before != account:
            self.left_behind[user] = await self.rows_of_user(user)
            del self.linked[user]
        if account:
            self.linked[user] = account

    async def rows_of_user(self, user: str) -> dict[str, dict[str, Any]]:
        return {row["item_key"]: row async for row in self.storage.vitals.rows(user)}

    # --- what must hold at rest -------------------------------------------------------------------

    async def faults(self) -> list[str]:
        """All in which the bridge at rest is not as it promises."""
        found = [fault for user in USERS for fault in await self._faults_of_user(user)]
        found += self._refusals()
        for person in self.people:
            account = await self.storage.accounts.get(person.userid)
            if account is not None:
                found += [f"{person.userid}: {fault}" async for fault in self._faults_of(person, account)]
        return found

    def _refusals(self) -> list[str]:
        """Calls that Withings refused for their number or their likeness. A process that freezes after it
        was given a slot may come too late for it; no other may.
        """
        entries = self.cloud.running.journal.entries()
        return [
            f"{entry.action} was refused at {entry.at}: {entry.error}"
            for entry in entries
            if entry.status == THROTTLED and not self._froze
        ]

    async def _faults_of(self, person: Person, account: Account) -> AsyncIterator[str]:
        if person.userid in self.removed:
            if not account.consent_needed_at:
                yield "nobody has noticed that the application was removed"
            return
        for category, work in account.work.items():
            if work.trouble or work.backfill_trouble:
                yield f"{category} is in trouble: {work.trouble or work.backfill_trouble}"
        if account.consent_needed_at:
            yield "consent is asked for without need"
        stored = await self.stored(person.userid)
        for fault in self.promise(person, account).faults(stored):
            yield fault
        for fault in self.promise(person, account).faults_of_stages(stored, stages_of):
            yield fault
        devices = [record.body for record in stored[Kind.DEVICE]]
        listed = self.cloud.running.world.people.devices(int(person.userid))
        if _sorted(devices) != _sorted(listed):
            yield "devices are not as Withings lists them"

    async def _faults_of_user(self, user: str) -> list[str]:
        rows = await self.rows_of_user(user)
        link = await self.storage.links.get(user)
        left_behind = self.left_behind.get(user, {})
        if user not in self.linked:
            found = [] if link is None else [f"{user} is linked, and was not"]
            return found + ([] if rows == left_behind else [f"{user} is not linked, and rows changed"])
        if link is None or link.account != self.linked[user]:
            return [f"{user} has lost the link"]
        account = await self.storage.accounts.get(link.account)
        if account is None or user not in account.users:
            return [f"{user} is linked to an account that does not know it"]
        if link.account in self.removed:
            return []
        alive = self.cloud.running.world.grants.by_refresh_token(
            link.pair.refresh_token, now=self.clock.epoch()
        )
        found = [] if alive else [f"{user} holds a dead pair"]
        return found + await self._faults_of_rows(user, account, rows)

    async def _faults_of_rows(
        self, user: str, account: Account, rows: dict[str, dict[str, Any]]
    ) -> list[str]:
        person = next(person for person in self.people if person.userid == account.userid)
        promise, stored = self.promise(person, account), await self.stored(account.userid)
        wanted = {key: row.attributes for key, row in rows_of(stored).items()}
        owed = {
            key
            for records in stored.values()
            for record in records
            if promise.owed(record)
            for key in possible_keys(record)
        }
        ever = keys_ever(person.ledger)
        left_behind = self.left_behind.get(user, {})
        found = [f"{user} lacks the row {key}" for key in sorted((wanted.keys() & owed) - rows.keys())]
        for key, row in rows.items():
            kept = row == left_behind.get(key)
            if key in wanted:
                if not wanted[key].items() <= row.items() and (key in owed or not kept):
                    found.append(f"{user} has a stale row {key}: {row['value']}, not {wanted[key]['value']}")
            elif not kept or key in ever:
                found.append(f"{user} has a row too many: {key}")
        return found

    def promise(self, person: Person, account: Account) -> Promise:
        return Promise(person.ledger, account, WINDOWS, self.clock())

    async def stored(self, userid: str) -> dict[Kind, list[Record]]:
        return {kind: await self.storage.records.between(userid, kind, EPOCH, THE_END) for kind in Kind}


def _mind(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Nobody looks after the tasks of a process that was killed."""
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)


_OPTIONS = SandboxOptions(auto_approve=True, days=0, people=2, quota_per_minute=120, page_size=2)


@asynccontextmanager
async def a_town(path: Path, clock: FakeClock, loop: SkippingLoop) -> AsyncIterator[Town]:
    loop.set_exception_handler(_mind)
    async with (
        opened(_OPTIONS, Clock(clock.epoch)) as cloud,
        SqliteStorage(path / "bridge.db") as storage,
        httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as outside,
    ):
        # The webhook answers the probe; notifications are delivered by hand.
        cloud.running.http = outside
        town = Town(storage, cloud, clock, loop)
        await town.opens()
        yield town


def _due_at(account: Account, now: datetime) -> datetime | None:
    """When the account can next be worked on: not before the lease of somebody who died ends."""
    at = min(due(account, now).values(), default=None)
    return max(at, account.lease.until) if at and account.lease else at


async def _ends(task: asyncio.Task[Any], process: Process) -> None:
    """Wait until a process has done something, or has died of it."""
    dying = asyncio.create_task(process.peril.died.wait())
    await asyncio.wait({task, dying}, return_when=asyncio.FIRST_COMPLETED)
    if process.peril.died.is_set():
        task.cancel()
        await asyncio.wait({task})
    else:
        await process.peril.silence()
        task.result()
    dying.cancel()


def record_of(row: Row) -> Record:
    """What the bridge ought to make of a row of Withings'."""
    return record_from(KINDS[row.service], row.body)


def _sorted(bodies: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(json.dumps(body, sort_keys=True) for body in bodies)
