"""Commands about the pretend cloud itself: what goes wrong, what time it is, and what passes."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from withings_bridge.cli.sandbox_options import AsJson, Follow, Limit, Url
from withings_bridge.cli.teaching import taught

cloud = typer.Typer()


class OnOff(StrEnum):
    """How a switch is to stand."""

    ON = "on"
    OFF = "off"


class Kind(StrEnum):
    """What befalls a call."""

    STATUS = "status"
    HTTP = "http"
    EMPTY = "empty"
    CUT = "cut"
    LOST = "lost"
    SLOW = "slow"
    INCOMPLETE = "incomplete"
    STUCK = "stuck"


@taught(cloud, "withings-bridge sandbox faults", name="faults")
def list_faults(url: Url = None, as_json: AsJson = False) -> None:
    """What can go wrong at the turn of a switch, and what is in force."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, table, tell

    found: list[dict[str, Any]] = SandboxCalls(url).ask("GET", "/troubles")
    if as_json:
        tell(found, "", as_json=True)
    else:
        table(("fault", "", "what happens"), [(each["name"], _stand(each), each["what"]) for each in found])


@taught(
    cloud,
    "withings-bridge sandbox fault rate-limit",
    "withings-bridge sandbox fault doubled-notifications off",
    name="fault",
)
def switch_fault(
    name: Annotated[str, typer.Argument(help="Which, as `sandbox faults` lists them, such as outage.")],
    stand: Annotated[OnOff, typer.Argument(help="How it is to stand.")] = OnOff.ON,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Let something go wrong: a rate limit, an outage, a lost reply, doubled notifications and more."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    reply = SandboxCalls(url).ask("PUT", f"/troubles/{name}", {"on": stand is OnOff.ON})
    said = f"{reply['label']}: {reply['what']}" if reply["on"] else f"{reply['label']} is switched off."
    tell(reply, said, as_json=as_json)


@taught(
    cloud, "withings-bridge sandbox mishaps", "withings-bridge sandbox mishaps --take-back 3", name="mishaps"
)
def list_mishaps(
    take_back: Annotated[
        int | None, typer.Option(help="Take back the one of this number.", show_default=False)
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """The mishaps that are planned, and whom they hit."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, table, tell

    calls = SandboxCalls(url)
    if take_back is not None:
        calls.ask("DELETE", f"/mishaps/{take_back}")
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


@taught(
    cloud,
    "withings-bridge sandbox mishap lost --action requesttoken",
    "withings-bridge sandbox mishap cut --action getmeas --later-pages",
    "withings-bridge sandbox mishap status --status 522 --times 5",
    name="mishap",
)
def add_mishap(
    kind: Annotated[Kind, typer.Argument(help="What befalls the calls.")],
    action: Annotated[
        str | None, typer.Option(help="Only this action, such as getmeas.", show_default=False)
    ] = None,
    status: Annotated[
        int | None,
        typer.Option(
            help="Withings' status (of `status`), or the front end's (of `http`).", show_default=False
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Silence before the answer.", show_default=False)
    ] = None,
    rows: Annotated[
        int | None, typer.Option(help="How many rows an `incomplete` answer has.", show_default=False)
    ] = None,
    times: Annotated[int, typer.Option(min=0, help="How many calls it hits; 0: until `calm`.")] = 1,
    skip: Annotated[int, typer.Option(min=0, help="How many such calls pass before.")] = 0,
    later_pages: Annotated[
        bool, typer.Option("--later-pages", help="Only calls for a second or later page.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Plan what befalls single calls, to the point: `fault` has the usual ones by name.

    Of the kinds status, http, empty and cut nothing is done; of lost, slow, incomplete and stuck the work is
    done and the answer goes wrong.
    """
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    if kind is Kind.STATUS and status is None:
        raise typer.BadParameter("say which, such as --status 601", param_hint="--status")
    given = {
        "action": action,
        "http_status" if kind is Kind.HTTP else "status": status,
        "seconds": seconds,
        "rows": rows,
    }
    body = {name: value for name, value in given.items() if value is not None}
    whole = {"kind": kind, "times": times or None, "skip": skip, "later_pages": later_pages, **body}
    reply = SandboxCalls(url).ask("POST", "/mishaps", whole)
    tell(reply, f"Planned as number {reply['id']}.", as_json=as_json)


@taught(cloud, "withings-bridge sandbox calm")
def calm(url: Url = None) -> None:
    """Let everything go well: no mishaps, and no notification doubled, held back or lost."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    SandboxCalls(url).ask("DELETE", "/troubles")
    tell(None, "Everything goes well.", as_json=False)


@taught(cloud, "withings-bridge sandbox clock --forward 3")
def clock(
    forward: Annotated[float, typer.Option(min=0, metavar="HOURS", help="Move it on by so many.")] = 0,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """What time it is in the sandbox. Moved on, tokens expire and retries come due; it never goes back."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, tell

    calls = SandboxCalls(url)
    if forward:
        reply = calls.ask("POST", "/clock", {"advance_seconds": forward * 3600})
    else:
        reply = calls.ask("GET", "/clock")
    tell(reply, f"{reply['now'][:19].replace('T', ' ')} UTC", as_json=as_json)


@taught(cloud, "withings-bridge sandbox requests --follow", name="requests")
def list_requests(
    follow: Follow = False, limit: Limit = 20, url: Url = None, as_json: AsJson = False
) -> None:
    """What the pretend cloud was asked, and how it answered."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, passing
    from withings_bridge.cli.sandbox_lines import of_request

    passing(SandboxCalls(url), "/requests", of_request, follow=follow, limit=limit, as_json=as_json)


@taught(cloud, "withings-bridge sandbox deliveries --follow", name="deliveries")
def list_deliveries(
    follow: Follow = False, limit: Limit = 20, url: Url = None, as_json: AsJson = False
) -> None:
    """The notifications it sent, and how they fared."""
    from withings_bridge.cli.sandbox_calls import SandboxCalls, passing
    from withings_bridge.cli.sandbox_lines import of_delivery

    passing(SandboxCalls(url), "/deliveries", of_delivery, follow=follow, limit=limit, as_json=as_json)


def _stand(fault: dict[str, Any]) -> str:
    if not fault["on"]:
        return "off"
    return f"on, {fault['left']} to come" if fault["left"] else "on"
