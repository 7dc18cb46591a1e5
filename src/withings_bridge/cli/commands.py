"""The commands and their options; what they do lies beside them."""

import gc
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from withings_bridge import __version__
from withings_bridge.cli.completing import users
from withings_bridge.cli.inbox_commands import inbox
from withings_bridge.cli.keys_commands import keys
from withings_bridge.cli.records_commands import EXAMPLES_OF_EXPORT, EXAMPLES_OF_RECORDS, export, records
from withings_bridge.cli.sandbox_commands import sandbox
from withings_bridge.cli.teaching import DATA, PEOPLE, RUN, SOFTWARE, TROUBLE, about_all, taught

cli = typer.Typer(
    name="withings-bridge",
    help="Links Vitals7 users to Withings and keeps their readings in step.",
    epilog=about_all(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

cli.add_typer(inbox, rich_help_panel=TROUBLE)
cli.add_typer(keys, rich_help_panel=SOFTWARE)
cli.add_typer(sandbox, rich_help_panel=RUN)

User = Annotated[
    str | None,
    typer.Argument(
        help="Cognito id of the user. Default: COGNITO_USER_ID.", show_default=False, autocompletion=users
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@cli.callback()
def common(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Links Vitals7 users to Withings and keeps their readings in step."""


@taught(
    cli, "withings-bridge serve", "HOST=0.0.0.0 API_KEYS=... withings-bridge serve --port 8080", panel=RUN
)
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default: PORT.")] = None,
) -> None:
    """Start the bridge; without Withings credentials, with the sandbox beside it."""
    # What a start makes stays. To look for garbage in it takes a sixth of the time until the port answers.
    gc.disable()
    try:
        from withings_bridge.cli.serving import serve_bridge

        serve_bridge(host=host, port=port)
    finally:
        gc.enable()


@taught(
    cli,
    "withings-bridge sync demo-user",
    "withings-bridge sync demo-user --full",
    "withings-bridge sync demo-user --json | jq .weight.value",
    panel=PEOPLE,
)
def sync(
    user: User = None,
    full: Annotated[
        bool, typer.Option("--full", help="Import the whole history, not only the windows of the settings.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a user up to date now and show the latest body."""
    from withings_bridge.cli.users import sync_user

    sync_user(user, full=full, as_json=as_json)


cli.command("get-data", help="Same as sync.", hidden=True)(sync)


@taught(
    cli,
    "withings-bridge status demo-user",
    "withings-bridge status demo-user --json | jq .last_sync",
    panel=PEOPLE,
)
def status(user: User = None, as_json: AsJson = False) -> None:
    """Show how a user is linked; without a user, the only linked one."""
    from withings_bridge.cli.users import user_status

    user_status(user, as_json=as_json)


@taught(
    cli,
    "withings-bridge explain demo-user",
    "withings-bridge explain demo-user --day 2026-01-15",
    panel=TROUBLE,
)
def explain(
    user: User = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="A day of the person's own calendar, such as 2026-01-15. Default: today.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Why is my reading not in the app? Walk its way, and name the stage that is missing and what to do.

    Ends with 0 when all has come through, with 1 when a stage is missing. Withings is not asked.
    """
    from withings_bridge.cli.explaining import explain_user

    explain_user(user, day.date() if day else None, as_json=as_json)


@taught(cli, "withings-bridge auth demo-user", "withings-bridge auth demo-user --no-browser", panel=PEOPLE)
def auth(
    user: User = None,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
) -> None:
    """Open the page that links a user to Withings, on the running bridge."""
    from withings_bridge.cli.users import link_user

    link_user(user, open_browser=browser)


@taught(
    cli,
    "withings-bridge disconnect demo-user",
    "withings-bridge disconnect demo-user --purge --yes",
    panel=PEOPLE,
)
def disconnect(
    user: User = None,
    purge: Annotated[bool, typer.Option("--purge", help="Delete what Withings has brought, too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End a user's link, at Withings and here."""
    from withings_bridge.cli.users import disconnect_user

    disconnect_user(user, purge=purge, yes=yes)


@taught(cli, "withings-bridge reproject demo-user", "withings-bridge reproject --all", panel=DATA)
def reproject(
    user: Annotated[
        str | None,
        typer.Argument(
            help="Cognito id of the user. Default: COGNITO_USER_ID, else everybody.",
            show_default=False,
            autocompletion=users,
        ),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="Everybody, whatever COGNITO_USER_ID says.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild the rows of Vitals7 from what is stored, without asking Withings.

    Rarely needed: bridges do it by themselves when the mapping changes. It may be repeated, and cut off.
    """
    from withings_bridge.cli.reprojecting import reproject_rows

    if user and everybody:
        raise typer.BadParameter("name a user, or say --all", param_hint="USER")
    reproject_rows(user, everybody=everybody, as_json=as_json)


taught(cli, *EXAMPLES_OF_RECORDS, panel=DATA)(records)
taught(cli, *EXAMPLES_OF_EXPORT, panel=DATA)(export)


@taught(
    cli,
    "withings-bridge openapi --output openapi.json",
    "withings-bridge openapi | jq .info.version",
    panel=SOFTWARE,
)
def openapi(
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File to write it to. Default: standard output.")
    ] = None,
) -> None:
    """Print the description of the HTTP API (OpenAPI, JSON), as the bridge serves it at /openapi.json."""
    from withings_bridge.cli.describing import print_description

    print_description(output)


@taught(
    cli,
    "withings-bridge dashboard",
    "withings-bridge dashboard --once",
    "withings-bridge dashboard --json | jq .calls.total",
    panel=RUN,
)
def dashboard(
    once: Annotated[
        bool, typer.Option("--once", help="Print one picture and end, as where there is no terminal.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the live state of the bridge: accounts, what is pending and stuck, calls, and what happens.

    It reads the store, so it shows what all replicas do, and works whether one runs here or not. Leave it
    with q or Ctrl-C.
    """
    from withings_bridge.cli.dashboard import show_dashboard

    show_dashboard(once=once, as_json=as_json)


@taught(
    cli,
    "withings-bridge doctor",
    "withings-bridge doctor --fix",
    "withings-bridge doctor --json | jq -r '.checks[].mend'",
    panel=TROUBLE,
)
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended in the store.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with the set-up and with what is stored, and say how to mend it.

    Looked at are settings, the store, Withings and the credentials, the clock, redirect and webhook URL,
    subscriptions, the gateway; then what the predecessor left, dead links, and rows under a wrong user. It
    works beside a bridge or without one: what can be seen beside one alone is then told as not looked at.

    Ends with 0 when nothing is to be mended, with 1 when something is, with 2 when settings are wrong. What
    only a user can do, connect again, is told and does not count, nor does what was not looked at.
    """
    from withings_bridge.cli.doctor import examine

    examine(fix=fix, as_json=as_json)
