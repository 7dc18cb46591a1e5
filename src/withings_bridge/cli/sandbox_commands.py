"""The sandbox at a terminal: started alone, or played with while it runs. What is pressed on its console is
a command here, and both are the same HTTP calls.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from withings_bridge.cli.sandbox_cloud_commands import cloud
from withings_bridge.cli.sandbox_options import MINUTES, AsJson, At, Person, Url
from withings_bridge.cli.sandbox_records_commands import kept
from withings_bridge.cli.teaching import examples, taught

sandbox = typer.Typer(
    name="sandbox",
    help="Start a pretend Withings cloud, alone; or, with a command, play with one that runs.\n\n"
    "Client id and secret are WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET, else those it prints. Without a "
    "command it starts, with the options below; with one, what is done is the same as on its console.",
    epilog=examples(
        "withings-bridge sandbox --people 3 --state pretend.db",
        "withings-bridge sandbox weigh 81.3",
        "withings-bridge sandbox fault outage",
    ),
    subcommand_metavar="[COMMAND] [ARGS]...",
)


@sandbox.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 5002,
    seed: Annotated[int, typer.Option(help="Another seed makes other people.")] = 1,
    days: Annotated[int, typer.Option(min=0, help="Days of data each person has.")] = 365,
    people: Annotated[int, typer.Option(min=1, help="How many people there are.")] = 1,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Skip the consent page.")] = False,
    quota: Annotated[
        int, typer.Option(min=0, help="Calls a minute that all people have together; 0 is unlimited.")
    ] = 120,
    page_size: Annotated[
        int | None, typer.Option(min=1, help="Rows per page. Default: 100, and 300 nights.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="File that keeps the pretend world over restarts.")
    ] = None,
) -> None:
    if context.invoked_subcommand:
        return
    from withings_bridge.cli.serving import serve_sandbox

    serve_sandbox(
        host=host,
        port=port,
        seed=seed,
        days=days,
        people=people,
        auto_approve=auto_approve,
        quota=quota,
        page_size=page_size,
        state=state,
    )


@taught(sandbox, "withings-bridge sandbox people", "withings-bridge sandbox people --add", name="people")
def list_people(
    add: Annotated[bool, typer.Option("--add", help="Add somebody first, with devices and no data.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Who lives in the sandbox, and who is linked."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, table, tell

    calls = SandboxCalls(url)
    if add:
        calls.ask("POST", "/people", {})
    found: list[dict[str, Any]] = calls.ask("GET", "/people")
    if as_json:
        tell(found, "", as_json=True)
        return
    rows = [
        (
            each["userid"],
            each["name"],
            each["timezone"],
            "yes" if each["linked"] else "no",
            each["subscriptions"],
            sum(each["records"].values()),
        )
        for each in found
    ]
    table(("userid", "name", "zone", "linked", "subscriptions", "records"), rows, none="Nobody lives here.")


@taught(
    sandbox,
    "withings-bridge sandbox weigh 81.3",
    "withings-bridge sandbox weigh 81.3 --fat 22 --at '2026-01-15 07:10'",
)
def weigh(
    kg: Annotated[float, typer.Argument(metavar="KG", help="The weight.")],
    fat: Annotated[float | None, typer.Option(help="Percent of fat; adds the whole composition.")] = None,
    pulse: Annotated[float | None, typer.Option(help="Beats a minute.")] = None,
    at: At = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Step on the scale."""
    body = {"kg": kg, "fat_percent": fat, "pulse": pulse, "at": _text(at)}
    _do("/weighings", body, f"{kg:g} kg recorded", person, url, as_json=as_json)


@taught(sandbox, "withings-bridge sandbox pressure 121 79 --pulse 62")
def pressure(
    systolic: Annotated[float, typer.Argument(help="The upper value, mmHg.")],
    diastolic: Annotated[float, typer.Argument(help="The lower value, mmHg.")],
    pulse: Annotated[float | None, typer.Option(help="Beats a minute.")] = None,
    at: At = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take a blood pressure."""
    body = {"systolic": systolic, "diastolic": diastolic, "pulse": pulse, "at": _text(at)}
    said = f"{systolic:g} over {diastolic:g} mmHg recorded"
    _do("/blood-pressures", body, said, person, url, as_json=as_json)


@taught(sandbox, "withings-bridge sandbox sleep 7.5 --began '2026-01-14 23:10'")
def sleep(
    hours: Annotated[float, typer.Argument(help="How long.")] = 7.5,
    began: Annotated[
        datetime | None,
        typer.Option(
            formats=MINUTES,
            metavar="TIME",
            help="When it began, where the person is. Default: it has just ended.",
            show_default=False,
        ),
    ] = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Sleep a night."""
    body = {"hours": hours, "start": _text(began)}
    _do("/nights", body, f"{hours:g} hours of sleep recorded", person, url, as_json=as_json)


@taught(sandbox, "withings-bridge sandbox walk 8000 --day 2026-01-14")
def walk(
    steps: Annotated[int, typer.Argument(help="The day's steps so far.")],
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Which day, where the person is. Default: today.",
            show_default=False,
        ),
    ] = None,
    phone: Annotated[bool, typer.Option("--phone", help="Counted by a phone, not by the tracker.")] = False,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Walk: a day's steps, in place of what was counted before."""
    body = {"steps": steps, "phone": phone, "date": day.date().isoformat() if day else None}
    _do("/activity-days", body, f"{steps:,} steps recorded", person, url, as_json=as_json)


@taught(sandbox, "withings-bridge sandbox unlink")
def unlink(person: Person = None, url: Url = None, as_json: AsJson = False) -> None:
    """The person removes the app at Withings: every token dies, and a notification says so."""
    _do("/unlink", None, "Every token is dead and the app removed", person, url, as_json=as_json)


@taught(sandbox, "withings-bridge sandbox drop-subscriptions")
def drop_subscriptions(person: Person = None, url: Url = None, as_json: AsJson = False) -> None:
    """Withings drops all of the person's subscriptions without a word, as it does now and then."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    calls = SandboxCalls(url, person)
    reply = calls.ask("DELETE", "/subscriptions", userid=calls.person["userid"])
    tell(reply, f"{reply['deleted']} subscriptions dropped for {calls.person['name']}.", as_json=as_json)


sandbox.add_typer(kept)
sandbox.add_typer(cloud)


def _do(path: str, body: object, said: str, person: str | None, url: str | None, *, as_json: bool) -> None:
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    calls = SandboxCalls(url, person)
    reply = calls.of_person("POST", path, body)
    tell(reply, f"{said} for {calls.person['name']}{_names(reply)}.", as_json=as_json)


def _names(reply: Any) -> str:
    """What the new records are called, for edit and delete."""
    given = reply or {}
    names = [f"measures/{group['grpid']}" for group in given.get("measuregrps", ())]
    row = given.get("row", {})
    if row:
        names.append(f"nights/{row['id']}" if "id" in row else f"activity/{row['date']}")
    return f": {', '.join(names)}" if names else ""


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
