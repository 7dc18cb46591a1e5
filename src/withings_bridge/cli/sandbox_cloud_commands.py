"""Commands about the pretend cloud itself: what goes wrong, what time it is, and what passes."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from withings_bridge.cli.sandbox_calls import SandboxCalls, of_delivery, of_request, passing, table, tell
from withings_bridge.cli.teaching import taught

cloud = typer.Typer()

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="SANDBOX_URL",
        help="Where the sandbox is. Default: beside the bridge that is configured here.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")]


class OnOff(StrEnum):
    """How a switch is to stand."""

    ON = "on"
    OFF = "off"


@taught(cloud, "withings-bridge sandbox fault duplicate_notifications on", name="fault")
def set_fault(
    name: Annotated[
        str | None, typer.Argument(help="Which. Default: list them all.", show_default=False)
    ] = None,
    stand: Annotated[OnOff, typer.Argument(help="How it is to stand.")] = OnOff.ON,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Throw a switch: doubled, held or lost notifications, and how strict the cloud is."""
    calls = SandboxCalls(url, None)
    faults: dict[str, Any] = calls.ask("GET", "/faults")
    if name:
        known = sorted(fault for fault, value in faults.items() if isinstance(value, bool))
        if name not in known:
            raise typer.BadParameter(f"choose of {', '.join(known)}", param_hint="NAME")
        faults = calls.ask("PUT", "/faults", faults | {name: stand is OnOff.ON})
    if as_json:
        tell(faults, "", as_json=True)
        return
    words = {True: "on", False: "off"}
    rows = [
        (fault, words.get(value, value) if isinstance(value, bool) else value)
        for fault, value in faults.items()
    ]
    table(("switch", ""), rows, none="")


@taught(cloud, "withings-bridge sandbox mishap lost --action requesttoken", name="mishap")
def add_mishap(
    kind: Annotated[
        str | None,
        typer.Argument(
            help="status, http, empty, cut, lost, slow, incomplete or stuck. Default: list them.",
            show_default=False,
        ),
    ] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, such as getmeas.")] = None,
    status: Annotated[int | None, typer.Option(help="Withings' status, of the kind status.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Silence before the answer.")] = None,
    times: Annotated[int, typer.Option(min=0, help="How many calls it hits; 0: until `calm`.")] = 1,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Something goes wrong with the next calls to the pretend cloud."""
    calls = SandboxCalls(url, None)
    if kind:
        given = {"kind": kind, "action": action, "status": status, "seconds": seconds}
        body = {name: value for name, value in given.items() if value is not None}
        calls.ask("POST", "/mishaps", body | {"times": times or None})
    planned: list[dict[str, Any]] = calls.ask("GET", "/mishaps")
    if as_json:
        tell(planned, "", as_json=True)
        return
    rows = [
        (
            each["id"],
            each["mishap"]["kind"],
            each["mishap"]["action"] or "any",
            f"{each['hits']} of {each['mishap']['times'] or 'all'}",
        )
        for each in planned
    ]
    table(("number", "kind", "action", "hit"), rows, none="Nothing is to go wrong.")


@taught(cloud, "withings-bridge sandbox calm")
def calm(url: Url = None) -> None:
    """Let everything go well: no mishaps, and all switches as they were at the start."""
    calls = SandboxCalls(url, None)
    calls.ask("DELETE", "/mishaps")
    calls.ask("PUT", "/faults", {})
    tell(None, "Everything goes well again.", as_json=False)


@taught(cloud, "withings-bridge sandbox clock --forward 10800")
def clock(
    forward: Annotated[float, typer.Option(min=0, help="Seconds to move it on.")] = 0,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """What time it is in the sandbox; moved on, tokens expire and retries come due."""
    calls = SandboxCalls(url, None)
    reply = (
        calls.ask("POST", "/clock", {"advance_seconds": forward}) if forward else calls.ask("GET", "/clock")
    )
    tell(reply, reply["now"], as_json=as_json)


@taught(cloud, "withings-bridge sandbox requests --follow", name="requests")
def list_requests(
    follow: Follow = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The last so many.")] = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """What the pretend cloud was asked."""
    passing(SandboxCalls(url, None), "/requests", of_request, follow=follow, limit=limit, as_json=as_json)


@taught(cloud, "withings-bridge sandbox deliveries --follow", name="deliveries")
def list_deliveries(
    follow: Follow = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The last so many.")] = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """The notifications it sent, and how they fared."""
    passing(SandboxCalls(url, None), "/deliveries", of_delivery, follow=follow, limit=limit, as_json=as_json)
