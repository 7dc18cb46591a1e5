"""A progress bar for an import, whichever process does it: it is read from the store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from withings_bridge.cli.output import err
from withings_bridge.domain.errors import BridgeError

EVERY_SECONDS = 0.5


@asynccontextmanager
async def progress_shown(share: Callable[[], Awaitable[float | None]]) -> AsyncIterator[None]:
    """While the body runs, a bar on a terminal: moving, or at the share of the import that is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        watching = asyncio.create_task(_watch(bar, bar.add_task("Asking Withings", total=None), share))
        try:
            yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _watch(bar: Progress, task: TaskID, share: Callable[[], Awaitable[float | None]]) -> None:
    while not bar.disable:
        with suppress(BridgeError):  # the sync itself will say so
            done = await share()
            if done is None:
                bar.update(task, description="Asking Withings", total=None)
            else:
                bar.update(task, description="Importing", total=1, completed=done)
        await asyncio.sleep(EVERY_SECONDS)
