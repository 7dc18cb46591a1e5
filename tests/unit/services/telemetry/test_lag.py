"""How late the event loop is."""

import asyncio
import time

from scrape import Scrape
from unit.services.house import eventually
from withings_bridge.services.telemetry import Telemetry, measure_lag


class TestLag:
    async def test_is_measured_again_and_again_and_shows_what_blocks_the_loop(self) -> None:
        telemetry, stop = Telemetry(), asyncio.Event()

        def measured() -> float:
            return Scrape(telemetry.text()).of("event_loop_lag_seconds_count")

        async def often() -> bool:
            return measured() >= 3

        measuring = asyncio.create_task(measure_lag(telemetry, stop, every=0.001))
        await eventually(often)
        time.sleep(0.06)  # noqa: ASYNC251 - what the measure is there to find
        before = measured()

        async def again() -> bool:
            return measured() > before

        await eventually(again)
        stop.set()
        await measuring
        told = Scrape(telemetry.text())
        late = told.of("event_loop_lag_seconds_count") - told.of("event_loop_lag_seconds_bucket", le="0.05")
        assert late >= 1

    async def test_ends_at_once_when_told_to_stop(self) -> None:
        stop = asyncio.Event()
        measuring = asyncio.create_task(measure_lag(Telemetry(), stop, every=1000))
        await asyncio.sleep(0)
        stop.set()
        async with asyncio.timeout(5):
            await measuring
