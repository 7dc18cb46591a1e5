"""The description of the HTTP API, for those who make clients from it."""

import json
from pathlib import Path

import typer

from withings_bridge.app import create_app
from withings_bridge.cli.output import err, fail
from withings_bridge.cli.users import load_settings


def print_description(output: Path | None) -> None:
    """Print it, or write it to a file. Nothing is opened for it, no store and no port."""
    description = json.dumps(create_app(load_settings()).openapi(), indent=2, ensure_ascii=False)
    if output is None:
        typer.echo(description)
        return
    try:
        output.write_text(f"{description}\n", encoding="utf-8")
    except OSError as error:
        fail(f"The description could not be written to {output}: {error.strerror}.")
    err.print(f"The description is in {output}.", markup=False)
