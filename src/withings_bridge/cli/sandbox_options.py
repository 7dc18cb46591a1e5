"""Options that commands of a running sandbox share."""

from datetime import datetime
from typing import Annotated

import typer

MINUTES = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="SANDBOX_URL",
        help="Where the sandbox is. Default: beside the bridge that is set up here.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Person = Annotated[
    str | None,
    typer.Option(
        "--person",
        help="Who, by userid or name. Default: the only one, else the first who is linked.",
        show_default=False,
    ),
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        formats=MINUTES,
        metavar="TIME",
        help="When, where the person is, such as '2026-01-15 07:10': a late upload. Default: now.",
        show_default=False,
    ),
]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="The last so many.")]
