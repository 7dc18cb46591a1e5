"""Rows rebuilt from stored records at a terminal."""

import json
from contextlib import aclosing

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from withings_bridge.cli.output import err, fail, out
from withings_bridge.cli.users import load_settings, run
from withings_bridge.domain.errors import StorageError
from withings_bridge.services import Services
from withings_bridge.services.sync.reprojecting import Reprojection

LEFT = """Taken over by a bridge meanwhile, and left to it, are the accounts:
  {accounts}"""


def reproject_rows(user: str | None, *, everybody: bool, as_json: bool) -> None:
    """Rebuild the rows of one user's account or of all; the exit code says whether all of them are done."""
    settings = load_settings()
    whom = None if everybody else user or settings.default_user

    async def work(services: Services) -> Reprojection:
        done = Reprojection(0)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task("Reading accounts", total=None)
            try:
                async with aclosing(services.reprojecting.reproject(whom)) as reprojecting:
                    async for done in reprojecting:
                        bar.update(task, description=_counted(done), total=done.accounts, completed=done.done)
            except StorageError as error:
                fail(f"{error}\n{_counted(done)} so far. Run this again: what is done stays done.")
        return done

    done = run(settings, work)
    if as_json:
        told = {"accounts": done.accounts, "records": done.records, "changed": done.changed}
        typer.echo(json.dumps(told | {"left": list(done.left)}, indent=2))
    else:
        out.print(f"{_counted(done)}, accounts: {done.accounts}", highlight=False)
        if done.left:
            left = LEFT.format(accounts="\n  ".join(done.left))
            out.print(left, style="yellow", markup=False, highlight=False)
    if done.left:
        raise typer.Exit(1)


def _counted(done: Reprojection) -> str:
    return f"Records read: {done.records}, rows changed: {done.changed}"
