"""Why a user's reading is not in the app, at a terminal."""

from datetime import date

import typer
from rich.table import Table
from rich.text import Text

from withings_bridge.api.explain_schemas import ExplainReply
from withings_bridge.cli.output import moment, out, print_json
from withings_bridge.cli.users import load_settings, run
from withings_bridge.domain.explanations import Standing
from withings_bridge.services import Services

MARKS = {
    Standing.DONE: ("done", "green"),
    Standing.MISSING: ("missing", "red"),
    Standing.UNKNOWN: ("?", "dim"),
}


def explain_user(user: str | None, day: date | None, *, as_json: bool) -> None:
    """Walk the way of a day's readings; ends with 1 where a stage is missing."""
    settings = load_settings()

    async def work(services: Services) -> ExplainReply:
        whom = await services.reporting.the_user(user or settings.default_user)
        return ExplainReply.of(await services.explaining.explain(whom, day))

    reply = run(settings, work)
    if as_json:
        print_json(reply)
    else:
        _print(reply)
    if reply.missing:
        raise typer.Exit(1)


def _print(reply: ExplainReply) -> None:
    out.print(f"{reply.day}, {reply.zone}: {reply.user}", style="bold", markup=False, highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in reply.findings:
        mark, style = MARKS[finding.standing]
        at = moment(finding.at) if finding.at else ""
        table.add_row(finding.stage, Text(mark, style), Text(finding.said), Text(at, "dim"))
    out.print(table)
    out.print(reply.verdict, markup=False, highlight=False)
