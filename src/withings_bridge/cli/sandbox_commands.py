"""The sandbox at a terminal: started alone, or played with while it runs. What is pressed on its console is
a command here, and both are the same calls.
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from withings_bridge.cli.sandbox_calls import SandboxCalls, named, of_record, table, tell
from withings_bridge.cli.sandbox_cloud_commands import AsJson, Url, cloud
from withings_bridge.cli.teaching import examples, taught

sandbox = typer.Typer(
    name="sandbox",
    help="Start a pretend Withings cloud alone, or play with one that runs.",
    epilog=examples(
        "withings-bridge sandbox --people 3 --auto-approve", "withings-bridge sandbox weigh 81.3"
    ),
)

Person = Annotated[
    int | None,
    typer.Option(
        "--person", help="Whose, by Withings userid. Default: the only one who is linked.", show_default=False
    ),
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        help="When, where the person is; in the past it is a late upload. Default: now.",
        show_default=False,
    ),
]
Name = Annotated[
    str, typer.Argument(metavar="RECORD", help="Its name, as `sandbox records` lists it: measures/123.")
]


sandbox.add_typer(cloud)


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
    """Without a command: start a pretend Withings cloud, alone. With one: play with one that runs.

    Client id and secret are WITHINGS_CLIENT_ID and WITHINGS_CLIENT_SECRET, else those it prints.
    """
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


@taught(sandbox, "withings-bridge sandbox people", name="people")
def list_people(url: Url = None, as_json: AsJson = False) -> None:
    """Who lives in the sandbox, and who is linked."""
    found: list[dict[str, Any]] = SandboxCalls(url, None).ask("GET", "/people")
    if as_json:
        tell(found, "", as_json=True)
        return
    rows = [
        (
            each["userid"],
            each["name"],
            each["timezone"],
            "linked" if each["linked"] else "",
            each["subscriptions"],
        )
        for each in found
    ]
    table(("userid", "name", "zone", "", "subscriptions"), rows, none="Nobody lives in the sandbox.")


@taught(sandbox, "withings-bridge sandbox weigh 81.3 --fat 22 --at '2026-01-15 07:10'")
def weigh(
    kg: Annotated[float, typer.Argument(min=1, max=999, help="The weight.")],
    fat: Annotated[float | None, typer.Option(help="Percent of fat; adds the whole composition.")] = None,
    pulse: Annotated[float | None, typer.Option(help="Beats a minute.")] = None,
    at: At = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Step on the scale."""
    body = {"kg": kg, "fat_percent": fat, "pulse": pulse, "at": at.isoformat() if at else None}
    reply = SandboxCalls(url, person).of_person("POST", "/weighings", body)
    names = ", ".join(f"measures/{group['grpid']}" for group in reply["measuregrps"])
    tell(reply, f"{kg:g} kg on the scale: {names}", as_json=as_json)


@taught(sandbox, "withings-bridge sandbox pressure 121 79 --pulse 62")
def pressure(
    systolic: Annotated[float, typer.Argument(min=1, max=399, help="mmHg.")],
    diastolic: Annotated[float, typer.Argument(min=1, max=399, help="mmHg.")],
    pulse: Annotated[float | None, typer.Option(help="Beats a minute.")] = None,
    at: At = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take a blood pressure."""
    body = {
        "systolic": systolic,
        "diastolic": diastolic,
        "pulse": pulse,
        "at": at.isoformat() if at else None,
    }
    reply = SandboxCalls(url, person).of_person("POST", "/blood-pressures", body)
    names = ", ".join(f"measures/{group['grpid']}" for group in reply["measuregrps"])
    tell(reply, f"{systolic:g} over {diastolic:g} mmHg: {names}", as_json=as_json)


@taught(sandbox, "withings-bridge sandbox sleep 7.5")
def sleep(
    hours: Annotated[float, typer.Argument(min=0.1, max=24, help="How long.")] = 7.5,
    began: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
            help="When it began, where the person is. Default: it has just ended.",
            show_default=False,
        ),
    ] = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Sleep a night."""
    body = {"hours": hours, "start": began.isoformat() if began else None}
    reply = SandboxCalls(url, person).of_person("POST", "/nights", body)
    tell(reply, f"A night of {hours:g} hours: nights/{reply['row']['id']}", as_json=as_json)


@taught(sandbox, "withings-bridge sandbox walk 8000")
def walk(
    steps: Annotated[int, typer.Argument(min=0, help="The day's steps so far.")],
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Default: today, where the person is.", show_default=False),
    ] = None,
    phone: Annotated[bool, typer.Option("--phone", help="Counted by a phone, not by the tracker.")] = False,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Walk: a day's steps in place of what was counted before."""
    body = {"steps": steps, "phone": phone, "date": day.date().isoformat() if day else None}
    reply = SandboxCalls(url, person).of_person("POST", "/activity-days", body)
    tell(reply, f"{steps:,} steps on {reply['row']['date']}", as_json=as_json)


@taught(sandbox, "withings-bridge sandbox records", name="records")
def list_records(
    service: Annotated[
        str, typer.Argument(help="measures, activity, nights, workouts, heart ...")
    ] = "measures",
    limit: Annotated[int, typer.Option(min=1, help="The last so many.")] = 10,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """What Withings keeps, the last to change at the end, with the names for edit and delete."""
    rows: list[dict[str, Any]] = SandboxCalls(url, person).of_person("GET", f"/records/{service}")["rows"]
    rows = rows[-limit:]
    if as_json:
        tell(rows, "", as_json=True)
        return
    table(("record", "what"), [of_record(service, row) for row in rows], none="Nothing is kept.")


@taught(sandbox, "withings-bridge sandbox edit measures/5100000123 --kg 80.9")
def edit(
    name: Name,
    kg: Annotated[float | None, typer.Option(help="Another weight.")] = None,
    steps: Annotated[int | None, typer.Option(help="Other steps of a day.")] = None,
    hours: Annotated[float | None, typer.Option(help="Another length of a night.")] = None,
    person: Person = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Change a record, which keeps its name."""
    service, key = named(name)
    ways = {"measures": ("measure-groups", "kg", kg), "activity": ("activity-days", "steps", steps)}
    path, field, value = ways.get(service, ("nights", "hours", hours))
    if value is None or (service not in ways and service != "nights"):
        raise typer.BadParameter(
            "say what changes: --kg of measures, --steps of activity, --hours of nights", param_hint="RECORD"
        )
    reply = SandboxCalls(url, person).of_person("PATCH", f"/{path}/{key}", {field: value})
    tell(reply, f"Changed {name}.", as_json=as_json)


@taught(sandbox, "withings-bridge sandbox delete measures/5100000123")
def delete(name: Name, person: Person = None, url: Url = None, as_json: AsJson = False) -> None:
    """Delete a record: Withings leaves it out from now on, without a word."""
    service, key = named(name)
    path = (
        f"/activity-days/{key}" if service == "activity" and "/" not in key else f"/records/{service}/{key}"
    )
    tell(SandboxCalls(url, person).of_person("DELETE", path), f"Deleted {name}.", as_json=as_json)


@taught(sandbox, "withings-bridge sandbox unlink")
def unlink(person: Person = None, url: Url = None) -> None:
    """The person removes the app at Withings: all tokens die."""
    calls = SandboxCalls(url, person)
    calls.of_person("POST", "/unlink")
    tell(None, f"{calls.person()} has removed the app.", as_json=False)
