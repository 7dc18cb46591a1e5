"""What is wrong with what is stored, told as it is found, and mended when asked."""

import json
from collections import Counter
from dataclasses import asdict

import typer
from rich.markup import escape

from withings_bridge.cli.output import out
from withings_bridge.cli.users import load_settings, run
from withings_bridge.services import Services
from withings_bridge.services.examining import Finding, State

COLOURS = {State.OPEN: "yellow", State.DONE: "green", State.TOLD: "dim"}
MOST_KEYS = 3
"""So many keys a person is shown of a finding; scripts get all."""


def examine(*, fix: bool, as_json: bool) -> None:
    """Tell every finding as it comes, then what is left; the exit code says whether anything is."""
    tell = _json_line if as_json else _line

    async def work(services: Services) -> Counter[State]:
        counts: Counter[State] = Counter()
        async for finding in services.examining.findings(fix=fix):
            tell(finding, first=not counts)
            counts[finding.state] += 1
        return counts

    settings = load_settings()
    if as_json:
        typer.echo('{"findings": [', nl=False)
    counts = run(settings, work)
    if as_json:
        typer.echo(f'\n], "left": {counts[State.OPEN]}}}')
    else:
        _sum_up(counts, fix=fix)
    if counts[State.OPEN]:
        raise typer.Exit(1)


def _json_line(finding: Finding, *, first: bool) -> None:
    """One element of the document, so that none of it is held in memory."""
    text = json.dumps(asdict(finding), ensure_ascii=False)
    typer.echo(f"{'' if first else ','}\n  {text}", nl=False)


def _line(finding: Finding, *, first: bool) -> None:
    del first
    colour = COLOURS[finding.state]
    whose = f"{finding.user} ({finding.account})" if finding.account else finding.user
    out.print(f"[{colour}]{finding.state:<5}[/{colour}] {finding.check}: {escape(whose)}", highlight=False)
    out.print(f"      {escape(finding.what)}; {escape(finding.fate)}", highlight=False)
    for key in finding.keys[:MOST_KEYS]:
        out.print(f"      {escape(key)}", style="dim", highlight=False)
    more = len(finding.keys) - MOST_KEYS
    if more > 0:
        out.print(f"      and {more} more", style="dim", highlight=False)


def _sum_up(counts: Counter[State], *, fix: bool) -> None:
    left, done = counts[State.OPEN], counts[State.DONE]
    if done:
        out.print(f"{done} mended.")
    if not left:
        out.print("Nothing is left to do.")
    elif fix:
        out.print(f"{left} left to do.")
    else:
        out.print(f"{left} left to do: withings-bridge doctor --fix")
