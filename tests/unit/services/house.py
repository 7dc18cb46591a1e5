"""A whole bridge without its HTTP edge: the real services over the embedded store, asking a real
sandbox over ASGI, all by one clock that a test holds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from builders import DAY, MINUTE, SECOND
from fakes import FailingLinks, FailingVitals, FakeClock, RecordingGateway
from unit.sandbox.sandbox_driver import Driver, opened
from unit.services.inplace import work_in_place
from unit.services.templates import TEMPLATES, Past, Template, state
from unit.services.weather import Weather
from withings_bridge.domain.accounts import RENEW_EVERY, Account
from withings_bridge.domain.categories import Category
from withings_bridge.domain.links import Link
from withings_bridge.domain.mapping import CONTRACT
from withings_bridge.domain.quota import Budget
from withings_bridge.domain.records import EPOCH, THE_END, Kind, Record
from withings_bridge.sandbox import Clock, SandboxOptions
from withings_bridge.services.history.browsing import Browsing
from withings_bridge.services.history.exporting import Exporting
from withings_bridge.services.history.sharing import Sharing
from withings_bridge.services.history.signals import Signals
from withings_bridge.services.holding import POLITE, Holding
from withings_bridge.services.inbox.doing import Doing
from withings_bridge.services.inbox.receiving import Receiving
from withings_bridge.services.inbox.registering import Registering
from withings_bridge.services.inbox.requesting import Requesting
from withings_bridge.services.inbox.tending import Tending
from withings_bridge.services.inbox.turning import Turn, Turning
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.links.adopting import Adopting
from withings_bridge.services.links.granting import Granting
from withings_bridge.services.links.leaving import UPSTREAM, Leaving
from withings_bridge.services.links.linking import Linking
from withings_bridge.services.links.marking import Marking
from withings_bridge.services.links.scanning import Scanning
from withings_bridge.services.links.subscriptions import Subscribing
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.services.noting import Noting
from withings_bridge.services.oversight.diagnosing import Diagnosing
from withings_bridge.services.oversight.examining import AstrayRows, DeadLinks, Examining, Leftovers
from withings_bridge.services.oversight.explaining import Explaining
from withings_bridge.services.oversight.overseeing import Overseeing
from withings_bridge.services.oversight.reporting import Reporting
from withings_bridge.services.oversight.surveying import Surveying
from withings_bridge.services.pacing import Pacing
from withings_bridge.services.sync.detailing import Detailing
from withings_bridge.services.sync.fetching import Fetching
from withings_bridge.services.sync.following import Following
from withings_bridge.services.sync.listing import Listing
from withings_bridge.services.sync.projecting import Projecting
from withings_bridge.services.sync.rebuilding import Rebuilding
from withings_bridge.services.sync.reprojecting import Reprojecting
from withings_bridge.services.sync.storing import Storing
from withings_bridge.services.sync.syncing import Syncing
from withings_bridge.services.telemetry import Telemetry
from withings_bridge.storage.base import Storage
from withings_bridge.storage.encryption import EncryptedLinks
from withings_bridge.storage.sqlite import SqliteStorage
from withings_bridge.withings import WithingsClient, WithingsOAuth

CLOUD = "http://localhost:7070"
REDIRECT_URI = "http://localhost:5001/callback"
SCOPES = ("user.info", "user.metrics", "user.activity", "user.sleepevents")
WINDOWS = {
    Category.MEASURES: 365 * DAY,
    Category.HEART: 365 * DAY,
    Category.STETHO: 365 * DAY,
    Category.ACTIVITY: 90 * DAY,
    Category.WORKOUTS: 90 * DAY,
    Category.SLEEP: 90 * DAY,
}

DETAIL = {Category.INTRADAY: 90 * DAY, Category.SLEEP_DETAIL: 90 * DAY}
"""What a house has beside where ``detail`` is switched on."""


@dataclass
class Asked:
    """One call that the cloud received."""

    action: str
    parameters: dict[str, str]
    status: int | None

    @property
    def how(self) -> str:
        """By change or by dates."""
        return "lastupdate" if "lastupdate" in self.parameters else "dates"


class House:
    """The services, and what a test does to them."""

    _past: Past | None = None
    _then: Hashable = None

    def __init__(self, storage: Storage, cloud: Driver, clock: FakeClock, **changes: Any) -> None:
        self.storage, self.cloud, self.clock = storage, cloud, clock
        self.gateway = RecordingGateway()
        self.noting = Noting(trail=storage.trail, clock=clock)
        windows = WINDOWS | changes.get("detail", {})
        self.callback_url: str = changes.get("callback_url", "")
        keys = changes.get("encryption_keys", ())
        self.links = FailingLinks(EncryptedLinks(storage.links, keys))
        self.vitals = FailingVitals(storage.vitals)
        self.weather: Weather = changes.get("weather") or Weather(cloud.transport)
        self.pacing = Pacing(
            ephemera=storage.ephemera, budget=Budget(120), application="sandbox", clock=clock
        )
        pace = self.pacing if changes.get("paced") else None
        self.http = http = httpx.AsyncClient(transport=self.weather)
        self.telemetry = telemetry = Telemetry()
        client = WithingsClient(http, CLOUD, pace=pace, meter=telemetry)
        self.oauth = oauth = WithingsOAuth(
            http,
            client_id=cloud.options.client_id,
            client_secret=SecretStr(cloud.options.client_secret),
            api_url=CLOUD,
            auth_url=f"{CLOUD}/oauth2_user/authorize2",
            pace=pace,
            meter=telemetry,
            clock=clock.epoch,
        )
        self.client = client
        renew_every = changes.get("renew_every", RENEW_EVERY)
        self.holding = Holding(
            accounts=storage.accounts,
            clock=clock,
            renew_every=renew_every,
            polite=changes.get("polite", POLITE),
        )
        self.granting = Granting(ephemera=storage.ephemera, oauth=oauth, clock=clock, renew_every=renew_every)
        self.tokens = Tokens(
            links=self.links,
            ephemera=storage.ephemera,
            oauth=oauth,
            telemetry=telemetry,
            clock=clock,
            sleep=changes.get("sleep", self.sleep),
        )
        self.projecting = Projecting(
            records=storage.records,
            vitals=self.vitals,
            links=self.links,
            holding=self.holding,
            gateway=self.gateway,
            noting=self.noting,
            telemetry=telemetry,
            mapping=changes.get("mapping", CONTRACT),
            clock=clock,
        )
        self.rebuilding = Rebuilding(records=storage.records, vitals=self.vitals, projecting=self.projecting)
        fetching = Fetching(
            client=client, tokens=self.tokens, max_pages=changes.get("max_pages", 100), clock=clock
        )
        storing = Storing(
            records=storage.records,
            projecting=self.projecting,
            following=Following(accounts=storage.accounts, windows=windows, clock=clock),
            holding=self.holding,
            noting=self.noting,
            telemetry=self.telemetry,
            clock=clock,
        )
        detailing = Detailing(
            fetching=fetching, storing=storing, records=storage.records, windows=windows, clock=clock
        )
        self.syncing = Syncing(
            fetching=fetching, storing=storing, records=storage.records, windows=windows, clock=clock
        )
        self.listing = Listing(fetching=fetching, storing=storing, records=storage.records, clock=clock)
        self.subscribing = Subscribing(
            client=client,
            tokens=self.tokens,
            callback_url=self.callback_url or None,
            applis=changes.get("applis", (1, 4, 16, 44, 46)),
            spacing=changes.get("subscribe_spacing", 5 * SECOND),
            noting=self.noting,
            clock=clock,
        )
        sweep_every = changes.get("sweep_every", 1000 * DAY)
        self.turning = Turning(
            accounts=storage.accounts,
            links=self.links,
            records=storage.records,
            doing=Doing(
                tokens=self.tokens,
                client=client,
                syncing=self.syncing,
                listing=self.listing,
                detailing=detailing,
                rebuilding=self.rebuilding,
                subscribing=self.subscribing,
                noting=self.noting,
                clock=clock,
            ),
            holding=self.holding,
            gateway=self.gateway,
            noting=self.noting,
            pacing=self.pacing,
            telemetry=telemetry,
            windows=windows,
            clock=clock,
            sweep_every=sweep_every,
        )
        self.working = Working(
            accounts=storage.accounts,
            turning=self.turning,
            holding=self.holding,
            pacing=self.pacing,
            clock=clock,
        )
        self.leaving = Leaving(
            accounts=storage.accounts,
            links=self.links,
            records=storage.records,
            vitals=self.vitals,
            trail=storage.trail,
            tokens=self.tokens,
            client=client,
            oauth=oauth,
            granting=self.granting,
            holding=self.holding,
            noting=self.noting,
            callback_url=self.callback_url or None,
            clock=clock,
            spacing=changes.get("spacing", 0 * SECOND),
            patience=changes.get("patience", UPSTREAM),
        )
        self.linking = Linking(
            links=self.links,
            ephemera=storage.ephemera,
            oauth=oauth,
            granting=self.granting,
            leaving=self.leaving,
            noting=self.noting,
            redirect_uri=REDIRECT_URI,
            scopes=SCOPES,
            windows=windows,
            sweep_every=sweep_every,
            clock=clock,
        )
        self.marking = Marking(ephemera=storage.ephemera, clock=clock)
        self.receiving = Receiving(
            accounts=storage.accounts,
            marking=self.marking,
            noting=self.noting,
            telemetry=self.telemetry,
            clock=clock,
        )
        self.requesting = Requesting(
            accounts=storage.accounts,
            links=self.links,
            working=self.working,
            windows=windows,
            clock=clock,
        )
        self.registering = Registering(
            links=self.links,
            requesting=self.requesting,
            subscribing=self.subscribing,
            webhook_url=self.callback_url.partition("?")[0] or None,
        )
        self.adopting = Adopting(
            accounts=storage.accounts,
            links=self.links,
            ephemera=storage.ephemera,
            tokens=self.tokens,
            granting=self.granting,
            marking=self.marking,
            windows=windows,
            sweep_every=sweep_every,
            clock=clock,
        )
        self.reprojecting = Reprojecting(
            accounts=storage.accounts,
            links=self.links,
            holding=self.holding,
            rebuilding=self.rebuilding,
            clock=clock,
        )
        self.scanning = Scanning(
            links=self.links, ephemera=storage.ephemera, adopting=self.adopting, clock=clock
        )
        self.examining = Examining(
            [
                Leftovers(
                    links=self.links,
                    adopting=self.adopting,
                    scanning=self.scanning,
                    may_adopt=changes.get("may_adopt", True),
                ),
                DeadLinks(accounts=storage.accounts),
                AstrayRows(
                    accounts=storage.accounts,
                    links=self.links,
                    records=storage.records,
                    vitals=self.vitals,
                    holding=self.holding,
                    projecting=self.projecting,
                ),
            ]
        )
        self.browsing = Browsing(accounts=storage.accounts, links=self.links, records=storage.records)
        self.explaining = Explaining(
            browsing=self.browsing, vitals=self.vitals, trail=storage.trail, gateway=True, clock=clock
        )
        self.tending = Tending(accounts=storage.accounts, links=self.links, noting=self.noting, clock=clock)
        self.overseeing = Overseeing(
            accounts=storage.accounts,
            links=self.links,
            trail=storage.trail,
            tending=self.tending,
            subscribing=self.subscribing,
            pacing=self.pacing,
            clock=clock,
        )
        self.diagnosing = Diagnosing(storage=storage, working=self.working, oauth=oauth, pacing=self.pacing)
        self.surveying = Surveying(
            accounts=storage.accounts,
            working=self.working,
            oauth=oauth,
            pacing=self.pacing,
            telemetry=telemetry,
            sweep_every=sweep_every,
            clock=clock,
        )
        self.exporting = Exporting(browsing=self.browsing, sharing=Sharing(browsing=self.browsing))
        self.reporting = Reporting(storage=storage, links=self.links, windows=windows, clock=clock)
        self.signals = Signals(
            browsing=self.browsing,
            records=storage.records,
            tokens=self.tokens,
            client=client,
            holding=self.holding,
            telemetry=self.telemetry,
            clock=clock,
        )

    def paced_client(self) -> WithingsClient:
        """A client that keeps to the budget, of a house that does not."""
        return WithingsClient(self.http, CLOUD, pace=self.pacing, meter=self.telemetry)

    async def sleep(self, seconds: float) -> None:
        """Let the time pass that somebody sleeps."""
        self.clock.advance(timedelta(seconds=seconds))

    # --- linking ----------------------------------------------------------------------------------

    async def consent(
        self, authorize_url: str, *, person: int | None = None, scope: str | None = None
    ) -> dict[str, str]:
        """What the callback's query holds after the person has consented."""
        url = httpx.URL(authorize_url)
        if person is not None:
            url = url.copy_merge_params({"sandbox_person": str(person)})
        if scope is not None:
            url = url.copy_merge_params({"scope": scope})
        answer = await self.cloud.http.get(url)
        return dict(httpx.URL(answer.headers["location"]).params)

    async def link(self, user: str = "user-1", *, person: int | None = None, scope: str | None = None) -> str:
        """Link a user; the userid of the account."""
        begun = await self.linking.begin(user, browser=None)
        back = await self.consent(begun.authorize_url, person=person, scope=scope)
        joined = await self.linking.complete(
            state=back["state"], code=back["code"], error=None, browser=begun.browser
        )
        return joined.account

    async def linked(self, user: str = "user-1", *, person: int | None = None) -> str:
        """Link a user and work off all that follows; a minute later nothing is left to do."""

        async def linking() -> str:
            userid = await self.link(user, person=person)
            await self.drain(userid)
            self.clock.advance(MINUTE)
            return userid

        return await self.after((user, person), linking)

    async def after(self, name: Hashable, steps: Callable[[], Awaitable[str]]) -> str:
        """What comes of the steps. They are taken once for all houses like this, as new or after like steps;
        afterwards nobody has been called or told of anything. ``name`` says all that makes them differ.
        """
        past = self._past_with(name)
        if past in TEMPLATES:
            template = TEMPLATES[past]
            template.put(self.storage, self.cloud.running.world)
            self.clock.advance(template.took)
            outcome = template.outcome
        else:
            begun = self.clock()
            outcome = await steps()
            if past:
                await self.noting.flush()
                took = self.clock() - begun
                TEMPLATES[past] = Template.of(self.storage, self.cloud.running.world, outcome, took=took)
        await self.forget_calls()
        self.gateway.published.clear()
        if past:
            self.has(past)
        return outcome

    def has(self, past: Past | None) -> None:
        """As it is now it has no more than this behind it; None: no other can be like it."""
        self._past, self._then = past, state(self.storage, self.cloud.running.world)

    def _past_with(self, name: Hashable) -> Past | None:
        """All that has happened and these steps, unless anything else happened or is about to."""
        if not self._past or self.weather.threatens:
            return None
        if self._then != state(self.storage, self.cloud.running.world):
            return None
        return self._past.and_then(name, self.clock())

    async def link_of(self, user: str = "user-1") -> Link:
        link = await self.storage.links.get(user)
        assert link is not None
        return link

    async def account(self, userid: str) -> Account:
        account = await self.storage.accounts.get(userid)
        assert account is not None
        return account

    # --- working ----------------------------------------------------------------------------------

    async def drain(self, userid: str) -> list[Turn]:
        return await self.working.drain(userid)

    async def notified(self, userid: str, group: dict[str, Any], *, appli: int = 1) -> None:
        """Withings announces a measure group, and the bridge does what follows."""
        await self.receive(userid, group, appli=appli)
        await self.drain(userid)

    async def receive(self, userid: str, group: dict[str, Any], *, appli: int = 1) -> None:
        """Withings announces a measure group."""
        taken = int(group["date"])
        fields = {"userid": userid, "appli": str(appli), "startdate": str(taken - 1), "enddate": str(taken)}
        assert await self.receiving.receive(fields) == userid

    # --- the cloud --------------------------------------------------------------------------------

    async def weigh(self, userid: str, kg: float, **more: Any) -> dict[str, Any]:
        """A person steps on the scale; the measure group."""
        reply = await self.cloud.control("POST", f"/people/{userid}/weighings", {"kg": kg, **more})
        group: dict[str, Any] = reply["measuregrps"][0]
        return group

    async def load(self, userid: str, **rows: Any) -> None:
        """Withings' own JSON, put into the cloud without a word."""
        await self.cloud.control("POST", f"/people/{userid}/records", {"notify": False, **rows})

    async def delete(self, userid: str, group: dict[str, Any]) -> None:
        await self.cloud.control("DELETE", f"/people/{userid}/measure-groups/{group['grpid']}")

    async def edit(self, userid: str, group: dict[str, Any], **changes: Any) -> dict[str, Any]:
        path = f"/people/{userid}/measure-groups/{group['grpid']}"
        reply = await self.cloud.control("PATCH", path, changes)
        edited: dict[str, Any] = reply["measuregrps"][0]
        return edited

    async def calls(self) -> list[Asked]:
        """What the cloud was asked since the last time this was forgotten."""
        return [
            Asked(entry.action, entry.parameters, entry.status)
            for entry in self.cloud.running.journal.entries()
            if entry.action  # a page for people has none
        ]

    async def asked(self) -> list[tuple[str, str]]:
        """The calls by action and by how they named what they want; forgotten afterwards."""
        calls = [(call.action, call.how) for call in await self.calls()]
        await self.forget_calls()
        return calls

    async def forget_calls(self) -> None:
        self.cloud.running.journal.clear()

    # --- the store --------------------------------------------------------------------------------

    async def rows(self, user: str = "user-1") -> dict[str, dict[str, Any]]:
        """The user's rows by key."""
        return {row["item_key"]: row async for row in self.storage.vitals.rows(user)}

    async def values(self, vital_type: str, user: str = "user-1") -> list[str]:
        """Values of one vital type, oldest first."""
        rows = [row for row in (await self.rows(user)).values() if row["vitalType"] == vital_type]
        return [row["value"] for row in sorted(rows, key=lambda row: row["recordedAt"])]

    async def person(self, userid: str) -> dict[str, Any]:
        """What Withings knows of the account: linked or not, how many subscriptions."""
        shown: dict[str, Any] = await self.cloud.control("GET", f"/people/{userid}")
        return shown

    async def records(self, userid: str, kind: Kind = Kind.MEASURES) -> list[Record]:
        return await self.storage.records.between(userid, kind, EPOCH, THE_END)


@asynccontextmanager
async def a_house(path: Path, clock: FakeClock, **changes: Any) -> AsyncIterator[House]:
    """A house of its own; ``changes`` may name sandbox options under ``cloud``."""
    options: dict[str, Any] = {"auto_approve": True, "days": 0, "people": 2, "quota_per_minute": 0}
    past = Past.of_new(changes)
    asked = changes.pop("cloud", {})
    async with (
        opened(SandboxOptions(**options | asked), Clock(clock.epoch)) as cloud,
        SqliteStorage(path / "bridge.db") as storage,
    ):
        work_in_place(storage)
        house = House(storage, cloud, clock, **changes)
        house.has(past)
        async with house.noting.opened():
            yield house


async def eventually(condition: Callable[[], Awaitable[bool]], *, seconds: float = 5) -> None:
    """Waits until the condition is true, and fails when it is not in time."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.002)
