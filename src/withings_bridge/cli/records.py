"""What is stored of a user, listed at a terminal."""

import sys
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from withings_bridge.cli.output import err, fail, out
from withings_bridge.cli.piping import quietly_cut_off
from withings_bridge.cli.progress import bar_shown
from withings_bridge.cli.users import load_settings, run
from withings_bridge.domain.devices import DEVICE_MODELS
from withings_bridge.domain.exports import fields_of, json_line, plain, record_fields
from withings_bridge.domain.measures import POSITIONS
from withings_bridge.domain.metrics import kinds_of
from withings_bridge.domain.ranges import TIMELESS, Range
from withings_bridge.domain.readings import Reading
from withings_bridge.domain.records import Kind, Record
from withings_bridge.domain.units import in_vitals7_units
from withings_bridge.domain.zones import local, zone_told
from withings_bridge.services import Services
from withings_bridge.services.history.exporting import Asked, Export
from withings_bridge.services.history.walking import PAGE

SAMPLES = frozenset({Kind.INTRADAY, Kind.SEGMENT, Kind.SIGNAL, Kind.HEIGHT})
"""Kinds that are shown only when they are named: so many samples, and an index."""

ROWS_AT_ONCE = 500
"""Rows of one table; a longer list is several of them."""

OF_RECORD = ("kind", "record", "attrib", "modified")
"""What the readings of a record have in common with it."""


Told = Callable[[int], None]
"""Is told how many lines there are so far."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants to see."""

    kinds: tuple[Kind, ...]
    """All but samples when there are none."""
    metrics: frozenset[str]
    """All when there are none."""
    range: Range
    limit: int
    """Lines; 0 for all."""

    @property
    def asked(self) -> Asked:
        if self.kinds:
            return Asked(self.kinds, self.range)
        if self.metrics:
            found = {kind for metric in self.metrics for kind in kinds_of(metric)}
            return Asked(tuple(kind for kind in Kind if kind in found), self.range)
        return Asked(tuple(kind for kind in Kind if kind not in SAMPLES), self.range)

    @property
    def at_once(self) -> int:
        """Records to read at a time; in a filtered list few of them may count."""
        return min(self.limit, PAGE) if self.limit and not self.metrics else PAGE

    def of(self, found: Iterable[Reading]) -> list[Reading]:
        return [reading for reading in found if not self.metrics or reading.metric in self.metrics]


def list_records(user: str | None, wanted: Wanted, *, vitals7: bool, as_json: bool) -> None:
    """Readings as a table, or records as lines of JSON."""
    settings = load_settings()

    async def work(services: Services) -> None:
        whom = await services.reporting.the_user(user or settings.default_user)
        export = await services.exporting.of(whom)
        try:
            wanted.range.stretch(export.zone)
        except ValueError as error:
            fail(f"Look at --from and --to: {error}.", code=2)
        found = _found(export, wanted, vitals7=vitals7)
        with quietly_cut_off(), bar_shown(beside=not sys.stdout.isatty()) as bar:
            told = _told_to(bar, wanted.limit) if bar else _nobody
            printing = _print_json if as_json else _print_table
            await printing(export, wanted, found, told)

    run(settings, work)


async def _found(
    export: Export, wanted: Wanted, *, vitals7: bool
) -> AsyncIterator[tuple[Record, list[Reading]]]:
    """The records that are wanted with what is wanted of them, the newest first."""
    async for record in export.newest(wanted.asked, at_once=wanted.at_once):
        found = wanted.of(await export.readings(record))
        if found or not wanted.metrics:
            yield record, [in_vitals7_units(reading) if vitals7 else reading for reading in found]


async def _print_json(
    export: Export, wanted: Wanted, found: AsyncIterator[tuple[Record, list[Reading]]], told: Told
) -> None:
    count = 0
    async for record, its in found:
        of_readings = [fields_of(reading, export.zone) for reading in its]
        readings = [
            {name: text for name, text in fields.items() if text and name not in OF_RECORD}
            for fields in of_readings
        ]
        *head, body = record_fields(record).items()
        typer.echo(json_line(dict([*head, ("readings", readings), body])), nl=False)
        count += 1
        told(count)
        if count == wanted.limit:
            return


async def _print_table(
    export: Export, wanted: Wanted, found: AsyncIterator[tuple[Record, list[Reading]]], told: Told
) -> None:
    rows: list[tuple[str, ...]] = []
    count = 0
    async for record, its in found:
        lines = [_line(export, reading) for reading in its] or [_line_of_record(export, record)]
        for line in lines:
            rows.append(line)
            count += 1
            if count == wanted.limit:
                break
        told(count)
        if count == wanted.limit or len(rows) >= ROWS_AT_ONCE:
            _print(rows)
            rows = []
        if count == wanted.limit:
            break
    _print(rows)
    if not count:
        err.print("Nothing of that is stored.", style="dim")


def _told_to(bar: Progress, limit: int) -> Told:
    """Moves the bar; of how many there are without a limit nobody knows before the end."""
    task = bar.add_task("Reading", total=limit or None)

    def told(count: int) -> None:
        bar.update(task, description=f"{count:,} lines", completed=count)

    return told


def _nobody(count: int) -> None:
    """Is told how many lines there are so far, and does nothing."""
    del count


def _print(rows: list[tuple[str, ...]]) -> None:
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("when", "metric", "value", "unit", "from", "kind", "record"):
        table.add_column(title, justify="right" if title == "value" else "left", no_wrap=title == "when")
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)


def _line(export: Export, reading: Reading) -> tuple[str, ...]:
    origin = reading.origin
    at = local(reading.at, zone_told(reading.origin.zone, export.zone))
    position = "" if reading.position is None else POSITIONS.get(reading.position, f"at {reading.position}")
    model = DEVICE_MODELS.get(origin.model) if origin.model is not None else None
    where = (model and model.name) or origin.source
    return (
        f"{at:%Y-%m-%d %H:%M}",
        f"{reading.metric} ({position})" if position else reading.metric,
        plain(reading),
        reading.unit or "",
        f"{where}, held back" if origin.held_back else where,
        reading.record.kind,
        reading.record.key,
    )


def _line_of_record(export: Export, record: Record) -> tuple[str, ...]:
    """A record that no reading is made of."""
    when = "" if record.kind in TIMELESS else f"{local(record.at, export.zone):%Y-%m-%d %H:%M}"
    return (when, "-", "", "", "see --json", record.kind, record.key)
