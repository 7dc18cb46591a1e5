"""How late the event loop is: what blocks it makes everybody wait, the acknowledgements too."""

import asyncio
from contextlib import suppress

from withings_bridge.services.telemetry.counting import Telemetry

EVERY_SECONDS = 0.5


async def measure_lag(telemetry: Telemetry, stop: asyncio.Event, *, every: float = EVERY_SECONDS) -> None:
    """Sleep again and again until told to stop, and count by how much each time was too long."""
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        wake_at = loop.time() + every
        with suppress(TimeoutError):
            async with asyncio.timeout_at(wake_at):
                await stop.wait()
            return
        telemetry.lagged(max(0.0, loop.time() - wake_at))
