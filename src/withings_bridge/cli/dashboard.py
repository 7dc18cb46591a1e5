"""The live state of the bridge in the terminal: of all replicas, for it is told from the store."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager

from rich.live import Live

from withings_bridge import __version__
from withings_bridge.cli.dashboard_picture import Picture
from withings_bridge.cli.dashboard_schemas import DashboardReply
from withings_bridge.cli.output import out, print_json
from withings_bridge.cli.users import load_settings, run
from withings_bridge.domain.errors import StorageError
from withings_bridge.services import Services
from withings_bridge.services.oversight.overseeing import Overview

MOST_ACCOUNTS = 200
"""So many are looked at for a picture: each costs a read."""

MOST_STEPS = 60
"""A tall terminal shows so many."""

ANEW_SECONDS = 5.0
"""So often a picture is drawn though nothing happened: imports move, and time passes."""

LEAVING_KEYS = frozenset({b"q", b"Q", b"\x03", b"\x04"})


def show_dashboard(*, once: bool, as_json: bool) -> None:
    """One picture, or on a terminal a live one until the person leaves."""
    settings = load_settings()
    name = f"withings-bridge {__version__}{', sandbox' if settings.use_sandbox else ''}"

    async def look(services: Services) -> Overview:
        return await services.overseeing.overview(limit=MOST_ACCOUNTS, steps=MOST_STEPS)

    async def watch(services: Services) -> None:
        with _told_to_leave() as leaving:
            await _watch(services, name, leaving)

    if as_json:
        print_json(DashboardReply.of(run(settings, look)))
    elif once or not out.is_terminal or out.is_dumb_terminal:
        out.print(Picture(run(settings, look), name))
    else:
        run(settings, watch)


async def _watch(services: Services, name: str, leaving: asyncio.Event) -> None:
    """Draw the picture anew whenever something happens, and now and then."""
    overview = await services.overseeing.overview(limit=MOST_ACCOUNTS, steps=MOST_STEPS)
    with Live(Picture(overview, name, live=True), console=out, screen=True, refresh_per_second=2) as live:
        steps = services.watching.steps(until=leaving, idle_seconds=ANEW_SECONDS)
        async with aclosing(steps) as happening:
            async for _ in happening:
                trouble = None
                try:
                    overview = await services.overseeing.overview(limit=MOST_ACCOUNTS, steps=MOST_STEPS)
                except StorageError:
                    trouble = "the store does not answer; this is what it said last"
                live.update(Picture(overview, name, trouble, live=True), refresh=True)


@contextmanager
def _told_to_leave() -> Iterator[asyncio.Event]:
    """Set by q, Ctrl-C or a signal to end."""
    leaving = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leaving.set)
    try:
        with _keys(loop, leaving.set):
            yield leaving
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@contextmanager
def _keys(loop: asyncio.AbstractEventLoop, leave: Callable[[], None]) -> Iterator[None]:
    """Hear keys as they are pressed, where somebody is at the keyboard."""
    if not sys.stdin.isatty():
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)

    def pressed() -> None:
        if os.read(keyboard, 1) in LEAVING_KEYS | {b""}:
            leave()

    tty.setcbreak(keyboard)
    loop.add_reader(keyboard, pressed)
    try:
        yield
    finally:
        loop.remove_reader(keyboard)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
