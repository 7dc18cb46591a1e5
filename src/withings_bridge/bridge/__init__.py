"""A bridge without its HTTP edge: storage, clients and services, put together as the settings say.

What is opened here is closed in reverse. The CLI uses it as it is.

- ``outside``: the store, Withings and the gateway, as the settings name them
- ``upkeep``: what ``doctor`` looks at
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import structlog

from withings_bridge.bridge.outside import (
    FirstCall,
    callback_url_of,
    gateway_of,
    import_windows,
    oauth_of,
    storage_of,
)
from withings_bridge.bridge.upkeep import checking_of, examining_of
from withings_bridge.domain.quota import Budget
from withings_bridge.services import Services
from withings_bridge.services.clock import Clock, system_clock
from withings_bridge.services.history.browsing import Browsing
from withings_bridge.services.history.charting import Charting
from withings_bridge.services.history.exporting import Exporting
from withings_bridge.services.history.sharing import Sharing
from withings_bridge.services.history.signals import Signals
from withings_bridge.services.holding import Holding
from withings_bridge.services.inbox.doing import Doing
from withings_bridge.services.inbox.receiving import Receiving
from withings_bridge.services.inbox.registering import Registering
from withings_bridge.services.inbox.requesting import Requesting
from withings_bridge.services.inbox.tending import Tending
from withings_bridge.services.inbox.turning import Turning
from withings_bridge.services.inbox.working import Working
from withings_bridge.services.links.adopting import Adopting
from withings_bridge.services.links.granting import Granting
from withings_bridge.services.links.leaving import SPACING, Leaving
from withings_bridge.services.links.linking import Linking
from withings_bridge.services.links.marking import Marking
from withings_bridge.services.links.rotating import Rotating
from withings_bridge.services.links.scanning import Scanning
from withings_bridge.services.links.subscriptions import Subscribing
from withings_bridge.services.links.tokens import Tokens
from withings_bridge.services.noting import Noting
from withings_bridge.services.oversight.diagnosing import Diagnosing
from withings_bridge.services.oversight.explaining import Explaining
from withings_bridge.services.oversight.overseeing import Overseeing
from withings_bridge.services.oversight.reporting import Reporting
from withings_bridge.services.oversight.surveying import Surveying
from withings_bridge.services.oversight.watching import Watching
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
from withings_bridge.settings import Settings
from withings_bridge.storage.base import Storage
from withings_bridge.storage.encryption import EncryptedLinks
from withings_bridge.withings import WithingsClient

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bridge:
    """The parts of a bridge, put together but not yet opened."""

    settings: Settings
    storage: Storage
    http: httpx.AsyncClient
    noting: Noting
    services: Services

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Services]:
        """The services, for as long as the store and the connections they stand on are open."""
        async with self.connected() as services, self.kept():
            yield services

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Services]:
        """The services without their store: what needs it raises StorageUnavailable."""
        async with self.http:
            yield self.services

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """The store, beside the connections. Raises a StorageError where it cannot be opened."""
        async with self.storage, self.noting.opened():
            yield


def assemble(settings: Settings, *, clock: Clock = system_clock) -> Bridge:
    """Put a bridge together as the settings say. Nothing is connected yet."""
    storage = storage_of(settings)
    links = EncryptedLinks(storage.links, settings.encryption_keys)
    http = httpx.AsyncClient(transport=FirstCall())
    notify_url, warning = settings.notify_url
    if warning:
        log.warning(warning)
    pacing = Pacing(
        ephemera=storage.ephemera,
        budget=Budget(settings.quota_per_minute),
        application=settings.client_id,
        clock=clock,
    )
    telemetry = Telemetry()
    client = WithingsClient(http, settings.api_url, notify_url=notify_url, pace=pacing, meter=telemetry)
    oauth = oauth_of(settings, http, pacing, meter=telemetry)
    gateway = gateway_of(settings, http)
    noting = Noting(trail=storage.trail, clock=clock)
    windows = import_windows(settings)
    tokens = Tokens(links=links, ephemera=storage.ephemera, oauth=oauth, telemetry=telemetry, clock=clock)
    holding = Holding(accounts=storage.accounts, clock=clock)
    granting = Granting(ephemera=storage.ephemera, oauth=oauth, clock=clock)
    projecting = Projecting(
        records=storage.records,
        vitals=storage.vitals,
        links=links,
        holding=holding,
        gateway=gateway,
        noting=noting,
        telemetry=telemetry,
        mapping=settings.row_mapping,
        clock=clock,
    )
    rebuilding = Rebuilding(records=storage.records, vitals=storage.vitals, projecting=projecting)
    fetching = Fetching(client=client, tokens=tokens, max_pages=settings.withings_api_max_pages, clock=clock)
    storing = Storing(
        records=storage.records,
        projecting=projecting,
        following=Following(accounts=storage.accounts, windows=windows, clock=clock),
        holding=holding,
        noting=noting,
        telemetry=telemetry,
        clock=clock,
    )
    syncing = Syncing(
        fetching=fetching, storing=storing, records=storage.records, windows=windows, clock=clock
    )
    detailing = Detailing(
        fetching=fetching, storing=storing, records=storage.records, windows=windows, clock=clock
    )
    listing = Listing(fetching=fetching, storing=storing, records=storage.records, clock=clock)
    callback_url = callback_url_of(settings)
    spacing = timedelta(seconds=0 if settings.use_sandbox else settings.subscribe_spacing_seconds)
    subscribing = Subscribing(
        client=client,
        tokens=tokens,
        callback_url=callback_url,
        applis=settings.withings_notify_applis,
        spacing=spacing,
        noting=noting,
        clock=clock,
    )
    sweep_every = timedelta(hours=settings.reconcile_hours)
    doing = Doing(
        tokens=tokens,
        client=client,
        syncing=syncing,
        listing=listing,
        detailing=detailing,
        rebuilding=rebuilding,
        subscribing=subscribing,
        noting=noting,
        clock=clock,
    )
    turning = Turning(
        accounts=storage.accounts,
        links=links,
        records=storage.records,
        doing=doing,
        pacing=pacing,
        holding=holding,
        gateway=gateway,
        noting=noting,
        telemetry=telemetry,
        windows=windows,
        clock=clock,
        sweep_every=sweep_every,
    )
    working = Working(accounts=storage.accounts, turning=turning, holding=holding, pacing=pacing, clock=clock)
    leaving = Leaving(
        accounts=storage.accounts,
        links=links,
        records=storage.records,
        vitals=storage.vitals,
        trail=storage.trail,
        tokens=tokens,
        client=client,
        oauth=oauth,
        granting=granting,
        holding=holding,
        noting=noting,
        callback_url=callback_url,
        clock=clock,
        spacing=min(spacing, SPACING),
    )
    linking = Linking(
        links=links,
        ephemera=storage.ephemera,
        oauth=oauth,
        granting=granting,
        leaving=leaving,
        noting=noting,
        redirect_uri=settings.redirect_uri,
        scopes=settings.withings_scopes,
        windows=windows,
        sweep_every=sweep_every,
        clock=clock,
    )
    requesting = Requesting(
        accounts=storage.accounts, links=links, working=working, windows=windows, clock=clock
    )
    marking = Marking(ephemera=storage.ephemera, clock=clock)
    adopting = Adopting(
        accounts=storage.accounts,
        links=links,
        ephemera=storage.ephemera,
        tokens=tokens,
        granting=granting,
        marking=marking,
        windows=windows,
        sweep_every=sweep_every,
        clock=clock,
    )
    scanning = Scanning(links=links, ephemera=storage.ephemera, adopting=adopting, clock=clock)
    examining = examining_of(
        settings,
        storage=storage,
        links=links,
        adopting=adopting,
        scanning=scanning,
        holding=holding,
        projecting=projecting,
    )
    checking = checking_of(
        settings,
        storage=storage,
        links=links,
        http=http,
        client=client,
        pacing=pacing,
        subscribing=subscribing,
        callback_url=callback_url,
        clock=clock,
    )
    browsing = Browsing(
        accounts=storage.accounts,
        links=links,
        records=storage.records,
        sources=settings.activity_sources,
    )
    sharing = Sharing(browsing=browsing)
    tending = Tending(accounts=storage.accounts, links=links, noting=noting, clock=clock)
    services = Services(
        linking=linking,
        leaving=leaving,
        receiving=Receiving(
            accounts=storage.accounts, marking=marking, noting=noting, telemetry=telemetry, clock=clock
        ),
        working=working,
        requesting=requesting,
        registering=Registering(
            links=links,
            requesting=requesting,
            subscribing=subscribing,
            webhook_url=settings.webhook_url,
        ),
        reporting=Reporting(
            storage=storage, links=links, windows=windows, clock=clock, sweep_every=sweep_every
        ),
        browsing=browsing,
        charting=Charting(browsing=browsing, clock=clock),
        sharing=sharing,
        exporting=Exporting(browsing=browsing, sharing=sharing),
        explaining=Explaining(
            browsing=browsing,
            vitals=storage.vitals,
            trail=storage.trail,
            gateway=bool(settings.vitals_realtime_gateway_url),
            clock=clock,
        ),
        overseeing=Overseeing(
            accounts=storage.accounts,
            links=links,
            trail=storage.trail,
            tending=tending,
            subscribing=subscribing,
            pacing=pacing,
            clock=clock,
        ),
        watching=Watching(trail=storage.trail, clock=clock),
        diagnosing=Diagnosing(storage=storage, working=working, oauth=oauth, pacing=pacing),
        tending=tending,
        scanning=scanning,
        checking=checking,
        examining=examining,
        rotating=Rotating(links),
        surveying=Surveying(
            accounts=storage.accounts,
            working=working,
            oauth=oauth,
            pacing=pacing,
            telemetry=telemetry,
            sweep_every=sweep_every,
            clock=clock,
        ),
        telemetry=telemetry,
        reprojecting=Reprojecting(
            accounts=storage.accounts, links=links, holding=holding, rebuilding=rebuilding, clock=clock
        ),
        signals=Signals(
            browsing=browsing,
            records=storage.records,
            tokens=tokens,
            client=client,
            holding=holding,
            telemetry=telemetry,
            clock=clock,
        ),
    )
    return Bridge(settings, storage, http, noting, services)
