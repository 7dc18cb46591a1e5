"""The first import of a year for one person: its time against that of its Withings calls, and what it asks of
the store against the fewest requests that DynamoDB's batches allow; then a sync without news.

Bridge and pretend Withings are processes of their own. Withings answers 150 ms late, DynamoDB 5 ms. Withings'
quota is out of the way: at 120 calls a minute it alone would set the time.
"""

import math
import os
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from ratios import Ratio, Target
from way import TablesOnAWay, Way, length

from e2e.stores import SqliteFile, Store
from e2e.world import USER, World
from processes import Process, eventually

DAYS = 365
WITHINGS_SECONDS = 0.150
STORE_SECONDS = 0.005
LOOK_SECONDS = 0.2
"""Between two looks whether the import is done, for they take time from it."""
PUT_AT_ONCE, GET_AT_ONCE = 25, 100
"""Items that DynamoDB takes in one request."""

READS = frozenset({"GetItem", "BatchGetItem", "Query", "Scan", "DescribeTable"})
LOOKS = ("Query", "accounts")
"""By which the bridge looks for due accounts, every two seconds, whoever imports."""
DATA = frozenset({"records", "user_vitals"})
BESIDE = frozenset({"accounts", "ephemera", "trail"})
"""Where a sync writes that brings nothing: lease and cursor, slots of the quota, the steps that it took."""


class Far(World):
    """A pretend Withings without a quota, at the end of a way of some length."""

    def __init__(self, store: Store, folder: Path) -> None:
        super().__init__(store, folder, days=DAYS)
        self.way = Way(self.cloud, seconds=WITHINGS_SECONDS)

    def _withings(self, days: int, seed: int) -> Process:
        given = ("--port", str(self._cloud_port), "--days", str(days), "--seed", str(seed), "--quota", "0")
        state = str(self._folder / "cloud.db")
        return self._process(
            ("sandbox", *given, "--auto-approve", "--state", state),
            env={},
            url=f"{self.cloud}/sandbox/people",
        )

    def begin(self) -> None:
        """Start, with windows of a year."""
        windows = dict.fromkeys(
            (f"WITHINGS_{name}_DAYS" for name in ("MEASURE", "ACTIVITY", "SLEEP")), str(DAYS)
        )
        self.withings.start()
        self.bridge = self._bridge(
            {
                **windows,
                "WITHINGS_API_URL": self.way.url,
                "WITHINGS_QUOTA_PER_MINUTE": "60000",
                "SUBSCRIBE_SPACING_SECONDS": "2",
            }
        )
        self.bridge.start()
        self.way.passed.clear()

    def imported(self) -> tuple[str, float, float]:
        """Link the person and wait until all is imported: the account, and when that began and ended."""
        userid = str(self.tell("GET", "/people")[0]["userid"])
        began = time.perf_counter()
        self.begin_link()

        def done() -> bool:
            time.sleep(LOOK_SECONDS)
            account = self.store.account(userid)
            return account is not None and not account.importing

        eventually("the import is done", done, within=600)
        return userid, began, time.perf_counter()

    def settled(self, userid: str) -> None:
        """Wait until nothing is left to do, subscriptions included."""

        def done() -> bool:
            account = self.store.account(userid)
            return account is not None and not any(
                work.news or work.rechecks for work in account.work.values()
            )

        eventually("all is settled", done, within=600)


def measure() -> list[Ratio]:
    """On SQLite, and on the DynamoDB engine at ``DYNAMODB_TEST_ENDPOINT`` where that is set."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = on_sqlite(folder / "sqlite")
        if endpoint := os.environ.get("DYNAMODB_TEST_ENDPOINT"):
            found += on_dynamodb(folder / "dynamodb", endpoint)
    return found


def on_sqlite(folder: Path) -> list[Ratio]:
    folder.mkdir()
    with ExitStack() as ending:
        world = Far(SqliteFile(folder / "bridge.db"), folder)
        ending.callback(world.end)
        ending.enter_context(world.way)
        world.begin()
        _, began, ended = world.imported()
        return [_time("SQLite", world, ended - began)]


def on_dynamodb(folder: Path, endpoint: str) -> list[Ratio]:
    folder.mkdir()
    with ExitStack() as ending:
        way = ending.enter_context(Way(endpoint, seconds=STORE_SECONDS))
        store = TablesOnAWay(endpoint, way, prefix=f"benchmark-{uuid4().hex[:8]}")
        world = Far(store, folder)
        ending.callback(world.end)
        ending.enter_context(world.way)
        world.begin()
        way.passed.clear()
        userid, began, ended = world.imported()
        asked = store.operations()
        # The emulator looks through all of a partition for each query: that is no time of ours.
        emulator = length(
            (passed.served for passed in way.passed), outside=(passed.span for passed in world.way.passed)
        )
        stored = len(store.records(userid)), len(store.rows(USER))
        return [
            _time("DynamoDB, less the emulator's own", world, ended - began - emulator),
            *_operations(asked, *stored),
            _without_news(world, store, way, userid),
        ]


def _time(store: str, world: Far, took: float) -> Ratio:
    calls = [passed.span for passed in world.way.passed]
    waited = sum(end - begin for begin, end in calls)
    what = f"First import of a year, {store}: to its {len(calls)} Withings calls one after another"
    return Ratio(what, took, waited, "s", Target(1.3))


def _operations(asked: Counter[tuple[str, str]], records: int, rows: int) -> list[Ratio]:
    """Batches by themselves; with reads of what was there, and marks up to which changes are told; then all
    there is, the loop's looks aside.
    """
    puts, gets = (_fewest(most, records, rows) for most in (PUT_AT_ONCE, GET_AT_ONCE))
    about = Counter({kind: count for kind, count in asked.items() if kind[1] in DATA})
    batches = sum(count for (operation, _), count in about.items() if operation == "BatchWriteItem")
    told = f"{records:,} records and {rows:,} rows"
    return [
        Ratio(
            f"Batches that write {told}, to the fewest of {PUT_AT_ONCE} items", batches, puts, "", Target(1.2)
        ),
        Ratio(
            f"with all reads and marks, to the fewest, reads of {GET_AT_ONCE} beside",
            about.total(),
            puts + gets,
            "",
        ),
        Ratio(
            "All the import asks of the store, to the Node connector's two operations a row",
            asked.total() - asked[LOOKS],
            2 * rows,
            "",
        ),
    ]


def _fewest(at_once: int, *items: int) -> int:
    return sum(math.ceil(count / at_once) for count in items)


def _without_news(world: Far, store: TablesOnAWay, way: Way, userid: str) -> Ratio:
    world.settled(userid)
    time.sleep(1)  # notes are gathered for a moment
    way.passed.clear()
    world.sync()
    time.sleep(1)
    writes = Counter({kind: count for kind, count in store.operations().items() if kind[0] not in READS})
    own = sum(count for (_, table), count in writes.items() if table == "accounts")
    others = sum(count for (_, table), count in writes.items() if table not in BESIDE)
    return Ratio(
        "A sync without news: writes besides lease and cursor, the quota's slots and the trail",
        others,
        own,
        "",
        Target(0),
    )
