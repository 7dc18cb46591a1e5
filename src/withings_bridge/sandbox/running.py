"""A sandbox while it runs: what its handlers may touch, opened and closed in one place."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache

import httpx

from withings_bridge.sandbox.clock import Clock
from withings_bridge.sandbox.delivering import Courier
from withings_bridge.sandbox.faults import Faults
from withings_bridge.sandbox.journal import Journal
from withings_bridge.sandbox.mishaps import Mishaps
from withings_bridge.sandbox.options import SandboxOptions
from withings_bridge.sandbox.quota import Echoes, Quota
from withings_bridge.sandbox.remarks import Remarks
from withings_bridge.sandbox.seeding import seed_people
from withings_bridge.sandbox.world import World


@dataclass(slots=True)
class RunningSandbox:
    """The parts of one pretend cloud."""

    options: SandboxOptions
    clock: Clock
    world: World
    faults: Faults
    mishaps: Mishaps
    quota: Quota
    echoes: Echoes
    journal: Journal
    courier: Courier
    http: httpx.AsyncClient
    """For calls to the outside: probes and deliveries."""
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def version(self) -> tuple[object, ...]:
        """Something else whenever anything has happened: a call, a notification, a deed, a switch."""
        planned = [(each.id, each.hits) for each in self.mishaps.all()]
        return self.world.changes, self.journal.newest, planned, self.faults, self.clock.offset


@asynccontextmanager
async def running_sandbox(options: SandboxOptions, clock: Clock) -> AsyncIterator[RunningSandbox]:
    """Opens the world (an empty one is seeded), delivers while the block runs, then closes all."""
    with contextlib.closing(World.open(options.state_path)) as world:
        # A restart must not turn time back, or dead tokens would live again.
        clock.offset = max(clock.offset, world.clock_offset)
        if not world.people.all():
            seed_people(world, options, clock.now())
        async with httpx.AsyncClient(verify=_trust(), trust_env=False, follow_redirects=False) as http:
            courier = Courier(world, clock, http)
            delivering = asyncio.create_task(courier.run(), name="sandbox-courier")
            try:
                yield RunningSandbox(
                    options=options,
                    clock=clock,
                    world=world,
                    faults=Faults(),
                    mishaps=Mishaps(options.seed),
                    quota=Quota(options.quota_per_minute),
                    echoes=Echoes(clock),
                    journal=Journal(),
                    courier=courier,
                    http=http,
                )
            finally:
                delivering.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await delivering


@cache
def _trust() -> ssl.SSLContext:
    """The roots that https callbacks are checked against. Reading them takes longer than all the rest."""
    return httpx.create_ssl_context()
