"""Commands about one user: sync, status, the way to the consent page, and the end of a link."""

import asyncio
import logging
import shlex
import sys
import webbrowser
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import httpx
import typer
from rich.prompt import Confirm
from rich.text import Text

from withings_bridge import logs
from withings_bridge.api.schemas import LinkedStatus, SummaryReply, UnlinkedStatus
from withings_bridge.bridge import assemble
from withings_bridge.cli.output import err, fail, moment, out, show
from withings_bridge.cli.progress import progress_shown
from withings_bridge.domain.errors import BridgeError, ConsentNeeded, LinkError, NotLinked, UserUnknown
from withings_bridge.services import Services
from withings_bridge.services.links.leaving import Disconnected
from withings_bridge.settings import Settings
from withings_bridge.settings.problems import SettingsError

ResultT = TypeVar("ResultT")

USAGE = """Usage: withings-bridge {command} USER
Which user? Name one by the Cognito id, or set COGNITO_USER_ID."""

OF_THIS_BRIDGE = frozenset({200, 421})
"""What ``/health`` answers, the second where only loopback names are served and this one is not."""


def load_settings(**overrides: object) -> Settings:
    """The settings, or the end with what is wrong with them."""
    try:
        return Settings.load(**overrides)
    except SettingsError as error:
        fail(f"The environment is not right:\n{error}", code=2)


def sync_user(user: str | None, *, full: bool, as_json: bool) -> None:
    """Run a sync to its end and show the summary."""
    settings = load_settings()
    whom = user or settings.default_user or fail(USAGE.format(command="sync"))

    async def work(services: Services) -> SummaryReply:
        async with progress_shown(lambda: services.reporting.importing(whom)):
            try:
                synced = await services.requesting.sync(whom, full=full, patience=None)
            except (NotLinked, ConsentNeeded) as error:
                fail(f"{error}\n{_way_in(settings, whom)}")
        return SummaryReply.of(await services.reporting.summary(whom, synced.fetched))

    reply = run(settings, work)
    weight = f"{reply.weight.value:g} kg on {reply.weight.date:%Y-%m-%d %H:%M} UTC" if reply.weight else None
    body = reply.body_composition
    rows = [
        ("Withings user", reply.userid),
        ("last sync", reply.last_synced),
        ("weight", weight),
        ("fat ratio", f"{body.fat_ratio:g} %" if body.fat_ratio is not None else None),
        ("bmi", body.bmi),
        ("measure groups fetched", len(reply.metrics)),
        ("activity days fetched", len(reply.activity)),
        ("nights fetched", len(reply.sleep)),
        ("devices", ", ".join(str(device.get("model") or device.get("type")) for device in reply.devices)),
    ]
    show(reply, rows, as_json=as_json)


def user_status(user: str | None, *, as_json: bool) -> None:
    """Show how a user is linked."""
    settings = load_settings()

    async def work(services: Services) -> tuple[str | None, LinkedStatus | UnlinkedStatus, timedelta]:
        reporting, whom = services.reporting, user or settings.default_user
        every = await reporting.sweep_interval()
        try:
            whom = await reporting.the_user(whom)
            return whom, LinkedStatus.of(await reporting.status(whom), with_token=True), every
        except (LinkError, UserUnknown) as error:
            return whom, UnlinkedStatus(message=str(error)), every

    whom, reply, swept_every = run(settings, work)
    if isinstance(reply, UnlinkedStatus):
        where = _way_in(settings, whom) if whom else None
        show(reply, [("linked", "no"), ("what to do", reply.message), ("where", where)], as_json=as_json)
        raise typer.Exit(1)
    held_back = (
        f"{reply.held_back}, the newest of {moment(reply.last_held_back)}" if reply.held_back else None
    )
    rows = [
        ("linked", "yes"),
        ("Withings user", reply.userid),
        ("access token", reply.access_token_preview),
        ("token saved", f"{reply.token_age_minutes} min ago, ends in {reply.expires_in_minutes} min"),
        ("last sync", reply.last_sync),
        ("last data from Withings", reply.last_data_fetch),
        ("import", "done" if reply.importing is None else f"{reply.importing:.0%} done"),
        ("maybe another person's", held_back or "none held back"),
        ("compared with Withings", f"every {swept_every / timedelta(hours=1):.3g} h"),
    ]
    show(reply, rows, as_json=as_json)


def link_user(user: str | None, *, open_browser: bool) -> None:
    """Lead a person to the consent page of the running bridge."""
    settings = load_settings()
    whom = user or settings.default_user or fail(USAGE.format(command="auth"))
    base = _base(settings)
    if not _answers(base):
        fail(f"No bridge answers at {base}; start one with `withings-bridge serve` and try again.")
    if settings.authenticates:
        url, when = (
            run(settings, lambda services: services.linking.invite(whom)),
            ", once and within two minutes",
        )
    else:
        url, when = _login(settings, whom), ""
    out.print(f"Open this page to connect Withings{when}:\n{url}", markup=False, highlight=False)
    if open_browser:
        webbrowser.open(url)


def disconnect_user(user: str | None, *, purge: bool, yes: bool) -> None:
    """End a user's link, once a person or ``--yes`` has said that it is meant."""
    settings = load_settings()
    whom = user or settings.default_user or fail(USAGE.format(command="disconnect"))
    if not yes:
        _ask(f"Disconnect {whom} from Withings{' and delete what it has brought' if purge else ''}?")

    async def work(services: Services) -> Disconnected:
        with err.status("Telling Withings..."):
            return await services.leaving.disconnect(whom, purge=purge)

    out.print(run(settings, work).message, markup=False, highlight=False)


def _ask(question: str) -> None:
    """Go on when a person says yes; where nobody can be asked, the command needs ``--yes``."""
    if not sys.stdin.isatty():
        fail("Nobody can be asked here; add --yes to mean it.", code=2)
    if not Confirm.ask(Text(question), console=err, default=False):
        fail("Nothing was changed.")


def _base(settings: Settings) -> str:
    """Where browsers reach the bridge."""
    parts = urlsplit(settings.redirect_uri)
    return f"{parts.scheme}://{parts.netloc}"


def _way_in(settings: Settings, user: str) -> str:
    """What leads a person to Withings' consent: a page or, where that takes a ticket, the command for one."""
    if settings.authenticates:
        return f"withings-bridge auth {shlex.quote(user)}"
    return _login(settings, user)


def _login(settings: Settings, user: str) -> str:
    return f"{_base(settings)}/login?{urlencode({'state': user})}"


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/health", timeout=5).status_code in OF_THIS_BRIDGE
    except httpx.HTTPError:
        return False


def run(settings: Settings, work: Callable[[Services], Awaitable[ResultT]]) -> ResultT:
    """The result of work on the services, or the end with what was wrong."""
    logs.configure(json=False, level=logging.WARNING)

    async def opened() -> ResultT:
        async with assemble(settings).opened() as services:
            return await work(services)

    try:
        return asyncio.run(opened())
    except BridgeError as error:
        fail(str(error))
