"""An export at a terminal: into a file that is whole or not there, or into whatever reads it."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import BinaryIO

from rich.progress import Progress

from withings_bridge.cli.output import err, fail
from withings_bridge.cli.piping import quietly_cut_off
from withings_bridge.cli.progress import bar_shown
from withings_bridge.cli.users import load_settings, run
from withings_bridge.domain.exports import Format
from withings_bridge.domain.records import Kind
from withings_bridge.services import Services
from withings_bridge.services.history.exporting import Asked

WHAT = {Format.CSV: "readings", Format.NDJSON: "records", Format.FHIR: "resources"}

STEP = 0.01
"""The least share that is worth drawing the bar anew."""


def export_records(user: str | None, form: Format, asked: Asked, output: Path | None) -> None:
    """Write the export; what was wrong, if it could not be written."""
    settings = load_settings()

    async def work(services: Services) -> int:
        whom = await services.reporting.the_user(user or settings.default_user)
        export = await services.exporting.of(whom)
        try:
            asked.range.stretch(export.zone)
        except ValueError as error:
            fail(f"Look at --from and --to: {error}.", code=2)
        count = 0
        beside = output is not None or not sys.stdout.isatty()
        with _writing(output) as file, bar_shown(beside=beside) as bar:
            watch = _told_to(bar) if bar else None
            async with aclosing(export.lines(form, asked, watch)) as lines:
                async for line in lines:
                    # Half a surrogate pair in a name is no character, and has no bytes.
                    file.write(line.encode(errors="backslashreplace"))
                    count += 1
        return count

    count = run(settings, work)
    if output:
        told = count - 1 if form is Format.CSV else count
        err.print(f"{output} holds {told} {WHAT[form]}.", markup=False, highlight=False)


@contextmanager
def _writing(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        with quietly_cut_off():
            yield sys.stdout.buffer
        return
    try:
        with whole(output) if output.is_file() or not output.exists() else output.open("wb") as file:
            yield file
    except OSError as error:
        fail(f"The export could not be written to {output}: {error.strerror}.")


@contextmanager
def whole(output: Path) -> Iterator[BinaryIO]:
    """A file beside it that takes its place at the end, or goes."""
    target = output.resolve()
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _told_to(bar: Progress) -> Callable[[Kind, float], None]:
    task = bar.add_task("Reading", total=1)
    shown: tuple[Kind | None, float] = (None, 0.0)

    def watch(kind: Kind, share: float) -> None:
        nonlocal shown
        if kind is not shown[0] or share >= shown[1] + STEP:
            shown = (kind, share)
            bar.update(task, description=f"Reading {kind}", completed=share, refresh=True)

    return watch
