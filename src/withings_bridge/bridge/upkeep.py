"""What ``doctor`` looks at: how a bridge is set up, and what is wrong with what is stored."""

import httpx

from withings_bridge.bridge.outside import oauth_of
from withings_bridge.services.clock import Clock
from withings_bridge.services.holding import Holding
from withings_bridge.services.links.adopting import Adopting
from withings_bridge.services.links.scanning import Scanning
from withings_bridge.services.links.subscriptions import Subscribing
from withings_bridge.services.oversight.checking import (
    Checking,
    Running,
    TheCloud,
    TheGateway,
    TheRedirect,
    TheSubscriptions,
    TheWebhook,
    Unhindered,
)
from withings_bridge.services.oversight.examining import AstrayRows, DeadLinks, Examining, Leftovers
from withings_bridge.services.pacing import Pacing
from withings_bridge.services.sync.projecting import Projecting
from withings_bridge.settings import AllowList, Settings
from withings_bridge.storage.base import Links, Storage
from withings_bridge.withings import WithingsClient


def examining_of(
    settings: Settings,
    *,
    storage: Storage,
    links: Links,
    adopting: Adopting,
    scanning: Scanning,
    holding: Holding,
    projecting: Projecting,
) -> Examining:
    """Looks through what is stored."""
    return Examining(
        [
            Leftovers(links=links, adopting=adopting, scanning=scanning, may_adopt=not settings.use_sandbox),
            DeadLinks(accounts=storage.accounts),
            AstrayRows(
                accounts=storage.accounts,
                links=links,
                records=storage.records,
                vitals=storage.vitals,
                holding=holding,
                projecting=projecting,
            ),
        ]
    )


def checking_of(
    settings: Settings,
    *,
    storage: Storage,
    links: Links,
    http: httpx.AsyncClient,
    client: WithingsClient,
    pacing: Pacing,
    subscribing: Subscribing,
    callback_url: str | None,
    clock: Clock,
) -> Checking:
    """Looks at the set-up. Nothing is asked before somebody wants to know."""
    running = Running(http, url=settings.local_url)
    return Checking(
        storage=storage,
        checks=[
            running,
            TheCloud(
                http,
                oauth=oauth_of(settings, http, Unhindered(pacing)),
                api_url=settings.api_url,
                sandbox=settings.use_sandbox,
                clock=clock,
            ),
            TheRedirect(
                http, url=settings.redirect_uri, sandbox=settings.withings_is_pretend, running=running
            ),
            TheWebhook(
                http,
                callback_url=callback_url,
                sandbox=settings.withings_is_pretend,
                allow_list=settings.withings_webhook_allow_list is not AllowList.OFF,
                running=running,
            ),
            TheSubscriptions(
                accounts=storage.accounts,
                links=links,
                client=client,
                subscribing=subscribing,
                callback_url=callback_url,
                clock=clock,
            ),
            TheGateway(http, url=settings.vitals_realtime_gateway_url),
        ],
    )
