"""Progress bars on a terminal: of an import, whichever process does it, and of what is written out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from withings_bridge.cli.output import err
from withings_bridge.domain.errors import BridgeError

EVERY_SECONDS = 0.5


@contextmanager
def bar_shown(*, beside: bool) -> Iterator[Progress | None]:
    """A bar on a terminal while the body runs; none where what is written goes to the terminal itself, and
    not ``beside`` it.
    """
    if not err.is_terminal or not beside:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        yield bar


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
