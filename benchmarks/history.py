"""Ten years of one person in the store: what a page costs wherever it lies, and what an import takes
of memory.

Two accounts are stored side by side, one with a year and one with ten, some 60,000 records, and asked
in turn: a ratio near 1 says that a page costs the same however long the history is. On SQLite, and on
the DynamoDB engine at ``DYNAMODB_TEST_ENDPOINT`` where that is set. With ``--service`` bridges import
histories of growing length from a sandbox, each a process of its own, and tell how much memory they
took. Every run stores the same. Linux only: memory is read from /proc.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from contract.storage.backends import DynamoBackend
from e2e.stores import SqliteFile
from e2e.world import USER, World
from processes import Process, eventually
from withings_bridge.domain.records import EPOCH, Body, Kind, Record, record_from
from withings_bridge.storage.base import Place, Storage
from withings_bridge.storage.sqlite import SqliteStorage

YEAR = 365
YEARS = 10
LENGTHS = (1, 2, 5, 10)
"""Years after which memory is looked at."""
LAST_DAY = datetime(2026, 3, 2, tzinfo=UTC)
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
BATCH = 500
PAGE = 200
TRIES = 30
TRIES_ON_AN_EMULATOR = 5
"""A second and more each: it looks through all of the account's records for every query."""


def rows_of(day: datetime, number: int) -> Iterator[tuple[Kind, Body]]:
    """What Withings keeps of one day: some sixteen rows, of the shapes and sizes it sends."""
    midnight, date = int(day.timestamp()), day.date().isoformat()
    scale, watch = "a" * 40, "b" * 40
    for n, types in enumerate(((1, 5, 6, 8, 76, 77, 88, 91), (9, 10, 11), (71,), (54,))):
        at = midnight + (6 + 4 * n) * 3600
        measures = [{"type": kind, "value": 60_000 + 7 * number % 9_000 + kind, "unit": -3} for kind in types]
        yield (
            Kind.MEASURES,
            {
                "grpid": 10 * number + n,
                "attrib": 0,
                "date": at,
                "created": at + 9,
                "modified": at + 9,
                "category": 1,
                "deviceid": scale,
                "hash_deviceid": scale,
                "measures": measures,
                "modelid": 6,
                "model": "Body Cardio",
                "comment": None,
                "timezone": "Europe/Paris",
            },
        )
    for device, brand in ((watch, 1), (None, 18)):
        yield (
            Kind.ACTIVITY,
            {
                "date": date,
                "deviceid": device,
                "brand": brand,
                "is_tracker": brand == 1,
                "steps": 4_000 + 37 * number % 9_000,
                "distance": 3_100.5 + number % 500,
                "calories": 310.25,
                "totalcalories": 2_210.5,
                "soft": 3_600,
                "moderate": 1_200,
                "intense": 300,
                "timezone": "Europe/Paris",
                "modified": midnight + 86_000,
            },
        )
    yield (
        Kind.SLEEP,
        {
            "id": number,
            "date": date,
            "startdate": midnight - 3_600,
            "enddate": midnight + 25_000,
            "hash_deviceid": watch,
            "model": 32,
            "timezone": "Europe/Paris",
            "modified": midnight + 26_000,
            "data": {
                "sleep_score": 60 + number % 35,
                "deepsleepduration": 5_400,
                "lightsleepduration": 14_000,
                "remsleepduration": 5_000,
                "wakeupcount": number % 5,
                "hr_average": 55 + number % 9,
                "rr_average": 14,
            },
        },
    )
    if number % 2:
        yield (
            Kind.WORKOUT,
            {
                "id": number,
                "category": 2,
                "startdate": midnight + 61_000,
                "enddate": midnight + 64_000,
                "date": date,
                "deviceid": watch,
                "modified": midnight + 65_000,
                "data": {"calories": 340, "hr_average": 131, "steps": 5_200, "intensity": 30},
            },
        )
    for hour in range(8, 17):
        begins = midnight + hour * 3_600
        series = {str(begins + minute * 60): {"heart_rate": 60 + minute} for minute in range(0, 60, 10)}
        yield Kind.INTRADAY, {"hour": begins, "series": series}


def history(days: range) -> Iterator[Record]:
    """The person's records of the days so far back, the last day first, as an import brings them."""
    for back in days:
        for kind, row in rows_of(LAST_DAY - timedelta(days=back), YEARS * YEAR - back):
            yield record_from(kind, row)


def memory(pid: int | None = None, field: str = "VmRSS") -> float:
    """Megabytes that a process holds, by default this one; or the most it ever held, ``VmHWM``."""
    lines = Path(f"/proc/{pid or 'self'}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def show(*cells: Any) -> None:
    print(f"  {cells[0]!s:42}", *(f"{cell!s:>12}" for cell in cells[1:]), flush=True)


async def store_history(storage: Storage, userid: str, years: int) -> dict[int, float]:
    """Save it in batches; what memory was after how many years."""
    saved, held = 0, {0: memory()}
    for length in (length for length in LENGTHS if length <= years):
        records = history(range(max(held) * YEAR, length * YEAR))
        while batch := list(islice(records, BATCH)):
            await storage.records.save(userid, batch, now=LAST_DAY)
            saved += len(batch)
        held[length] = memory()
    show("years, records", years, saved)
    return held


async def seconds(storage: Storage, userid: str, after: Place | None) -> float:
    """How long a page takes, newest first."""
    began = time.perf_counter()
    page = await storage.records.page(
        userid, Kind.MEASURES, EPOCH, FOREVER, limit=PAGE, after=after, backward=True
    )
    took = time.perf_counter() - began
    if len(page) < PAGE:
        raise RuntimeError(f"A page behind {after} has {len(page)} records; {PAGE} lie there")
    return took


def places(years: int) -> dict[str, Place | None]:
    """Behind which places the pages begin that are asked for."""
    groups = [record for record in history(range(years * YEAR)) if record.kind is Kind.MEASURES]
    way = [Place(at, key) for at, key in sorted(((each.at, each.key) for each in groups), reverse=True)]
    return {"newest": None, "middle": way[len(way) // 2], "oldest": way[-PAGE - 1]}


async def measure(name: str, storage: Storage, tries: int, read: Counter[str]) -> None:
    """Print a table; ``read`` counts the items that queries read, where the store tells."""
    print(f"{name}:")
    short, long = f"one-{uuid4().hex[:8]}", f"ten-{uuid4().hex[:8]}"
    await store_history(storage, short, 1)
    held = await store_history(storage, long, YEARS)
    show("years stored", *held)
    show("MB resident", *(f"{size:.1f}" for size in held.values()))
    show(f"a page of {PAGE}", "1 year", f"{YEARS} years", "ratio", "to newest", "items read")
    first = 0.0
    behind = places(YEARS)
    for end, after in places(1).items():
        ones, tens = [], []
        read.clear()
        for _ in range(tries):
            tens.append(await seconds(storage, long, behind[end]))
            ones.append(await seconds(storage, short, after))
        one, ten = statistics.median(ones), statistics.median(tens)
        first = first or ten
        cells = (f"{1000 * one:.1f} ms", f"{1000 * ten:.1f} ms", f"{ten / one:.2f}", f"{ten / first:.2f}")
        show(f"at the {end}", *cells, read["items"] // (2 * tries) or "")


async def on_stores(folder: Path) -> None:
    async with SqliteStorage(folder / "bridge.db") as storage:
        await measure("SQLite", storage, TRIES, Counter())
    if endpoint := os.environ.get("DYNAMODB_TEST_ENDPOINT"):
        os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        async with DynamoBackend(endpoint, f"benchmark-{uuid4().hex[:8]}").storage() as storage:
            await measure("DynamoDB", storage, TRIES_ON_AN_EMULATOR, counting(storage))


def counting(storage: Any) -> Counter[str]:
    """Counts what queries of a storage on DynamoDB read from now on."""
    read: Counter[str] = Counter()

    def count(parsed: Any, **_: Any) -> None:
        read["items"] += parsed["ScannedCount"]

    client = storage._engine._client  # noqa: SLF001 - what was read shows nowhere else
    client.meta.events.register("after-call.dynamodb.Query", count)
    return read


class Unhurried(World):
    """Withings without a quota: an import is over as soon as the bridge can.

    Its processes start anew: one that a test's server forks holds all that was imported there.
    """

    def _withings(self, days: int, seed: int) -> Process:
        given = ("--port", str(self._cloud_port), "--days", str(days), "--seed", str(seed), "--quota", "0")
        return self._process(
            ("sandbox", *given, "--auto-approve", "--state", str(self._folder / "cloud.db")),
            env={},
            url=f"{self.cloud}/sandbox/people",
        )

    def _process(
        self, arguments: tuple[str, ...], *, env: Mapping[str, str], url: str, name: str = ""
    ) -> Process:
        return Process(*arguments, env=env, folder=self._folder, url=url, name=name)


@dataclass(frozen=True, slots=True)
class Held:
    """Megabytes that a bridge held."""

    records: int
    rows: int
    before: float
    after: float
    most: float


def through_a_bridge(folder: Path, years: int) -> Held:
    """A bridge imports that many years; what it held before, in the end, and at most."""
    folder.mkdir()
    days = years * YEAR
    store = SqliteFile(folder / "bridge.db")
    world = Unhurried(store, folder, days=days)
    try:
        world.start()
        windows = (f"WITHINGS_{name}_DAYS" for name in ("MEASURE", "ACTIVITY", "SLEEP"))
        world.restart_with(dict.fromkeys(windows, str(days)))
        pid = world.bridge.pid
        before = memory(pid)
        world.begin_link()
        userid = str(world.tell("GET", "/people")[0]["userid"])

        def imported() -> bool:
            account = store.account(userid)
            return (
                account is not None
                and not account.importing
                and not any(work.news for work in account.work.values())
            )

        eventually("the import is done", imported, within=3600)
        after, most = memory(pid), memory(pid, "VmHWM")
        return Held(len(store.records(userid)), len(store.rows(USER)), before, after, most)
    finally:
        world.end()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--service", action="store_true", help="import through bridges too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(on_stores(folder))
        if asked.service:
            print("Imports by a bridge, SQLite, MB resident:")
            show("", "before", "after", "at most")
            for years in LENGTHS:
                held = through_a_bridge(folder / str(years), years)
                sizes = (f"{size:.1f}" for size in (held.before, held.after, held.most))
                show(f"{years} years, {held.records} records, {held.rows} rows", *sizes)


if __name__ == "__main__":
    main()
