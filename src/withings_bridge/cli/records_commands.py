"""The commands about what is stored of a user, and their options; what they do lies beside them."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from withings_bridge.cli.completing import metrics, users
from withings_bridge.domain.exports import Format
from withings_bridge.domain.metrics import METRICS
from withings_bridge.domain.ranges import Range, moment_of
from withings_bridge.domain.records import Kind
from withings_bridge.domain.units import Units


def _moment(text: str) -> date:
    """A day, or an instant, which to Python is a day too; Typer knows no unions."""
    try:
        return moment_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _metric(text: str) -> str:
    if text in METRICS or text.startswith(("type-", "field-")):
        return text
    from difflib import get_close_matches

    near = get_close_matches(text, METRICS)
    meant = f"did you mean {' or '.join(near)}? All" if near else "all"
    raise typer.BadParameter(f"no metric is named {text}; {meant} of them stand in docs/data.md")


EXAMPLES_OF_RECORDS = (
    "withings-bridge records --metric weight --limit 5",
    "withings-bridge records demo-user --kind sleep --from 2026-01-01 --to 2026-01-31",
    "withings-bridge records --kind measures --json --limit 0 | jq .body.grpid",
)

EXAMPLES_OF_EXPORT = (
    "withings-bridge export --format csv --output readings.csv",
    "withings-bridge export demo-user --format csv --kind measures --from 2026-01-01 | head",
    "withings-bridge export demo-user --format ndjson | gzip > records.ndjson.gz",
    "withings-bridge export demo-user --format fhir --from 2026-01-01 --output fhir.ndjson",
)

User = Annotated[
    str | None,
    typer.Argument(
        help="Cognito id of the user. Default: COGNITO_USER_ID, else the only linked one.",
        show_default=False,
        autocompletion=users,
    ),
]
Kinds = Annotated[
    list[Kind] | None,
    typer.Option("--kind", help="Only this kind of record; may be given several times.", show_default=False),
]
From = Annotated[
    date | None,
    typer.Option(
        "--from",
        parser=_moment,
        metavar="DAY|INSTANT",
        help="The first day (in the person's zone), or the first instant.",
        show_default=False,
    ),
]
To = Annotated[
    date | None,
    typer.Option(
        "--to",
        parser=_moment,
        metavar="DAY|INSTANT",
        help="The last day, which counts to its end, or the last instant.",
        show_default=False,
    ),
]


def records(
    user: User = None,
    kind: Kinds = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            parser=_metric,
            metavar="NAME",
            autocompletion=metrics,
            help="Only readings of this metric, such as weight; may be given several times.",
            show_default=False,
        ),
    ] = None,
    start: From = None,
    end: To = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many lines; 0 for all.")] = 20,
    units: Annotated[
        Units, typer.Option(help="As Withings measures, or as Vitals7 shows it (pounds, inches, °F).")
    ] = Units.METRIC,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print each record as JSON on one line, Withings' own body in it.")
    ] = False,
) -> None:
    """List what is stored of a user, the newest first, without asking Withings.

    A line is a reading; with --json it is a record with its readings. Samples within days and nights are
    left out unless their kind or metric is named.
    """
    from withings_bridge.cli.records import Wanted, list_records

    wanted = Wanted(tuple(kind or ()), frozenset(metric or ()), Range(start, end), limit)
    list_records(user, wanted, vitals7=units is Units.VITALS7, as_json=as_json)


def export(
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="csv: a reading a row. ndjson: a record a line, nothing lost. fhir: a resource a line.",
        ),
    ],
    user: User = None,
    output: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="File to write it to. Default: standard output."),
    ] = None,
    kind: Kinds = None,
    start: From = None,
    end: To = None,
) -> None:
    """Write all that is stored of a user, of any size, without asking Withings.

    Kind by kind, those of a kind from old to new. A file appears under its name once it is whole, and only
    you may read it. Values are exact decimals; docs/data.md says what the columns mean.
    """
    from withings_bridge.cli.exporting import export_records
    from withings_bridge.services.history.exporting import Asked

    export_records(user, form, Asked(tuple(kind or Kind), Range(start, end)), output)
