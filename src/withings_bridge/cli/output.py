"""How commands speak: tables for people, JSON for scripts, problems on standard error."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NoReturn

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


def fail(message: str, *, code: int = 1) -> NoReturn:
    """Say what was wrong and what to do, and end."""
    err.print(message, style="red", markup=False)
    raise typer.Exit(code)


def moment(at: datetime | None) -> str:
    """A time as people read it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "-"


def elapsed(at: datetime, now: datetime) -> str:
    """How long ago, in a few letters, such as ``12 min``."""
    seconds = max((now - at).total_seconds(), 0)
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length:.0f} {unit}"
    return "just now"


def print_json(reply: BaseModel) -> None:
    """A reply as the API gives it."""
    typer.echo(json.dumps(reply.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=False))


def show(reply: BaseModel, rows: Iterable[tuple[str, object]], *, as_json: bool) -> None:
    """A reply as the API gives it, or as a table of its gist."""
    if as_json:
        print_json(reply)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    for name, value in rows:
        table.add_row(name, "-" if value is None else str(value))
    out.print(table)
