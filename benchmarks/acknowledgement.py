"""What it takes to acknowledge a notification, beside a bare endpoint that makes the same durable write.

The bridge runs with all its middlewares, its log, its trail and its metrics, but works nothing off
(``bridge_without_turns``), so that only the acknowledgement is measured: what a turn costs after it is
Withings' calls above all. What it is held against is ``bare_endpoint``: a form parsed by FastAPI, and one
write of the same kind on the same engine. Posts come from a process of their own (``posting``), to one
server and the other by turns; figures are medians of the rounds. Everything shares the machine's cores, the
DynamoDB engine included: on a busy machine no figure means much, and ratios little.

- *Beside the bare endpoint* the bridge shall reach 0.8 of its throughput, and so 1.25 times its latency.
- *With 100,000 linked accounts* it shall take at most 1.1 times what it takes with one. Posts go to the same
  account in both stores, over one connection, so that all else is the same: none shares a write with
  another, and of one account the trail takes 200 steps a minute. What posts to all of them by chance take
  is told beside; each of those is a step of the trail as well.
- *With one linked account* on DynamoDB it shall be ahead of the Node predecessor, which is not run here.
  An UpdateItem for each post was seen to reach 0.89 of the predecessor's throughput, at 16 connections in
  the same run. So the predecessor makes 1 / 0.89 = 1.12 of what the bare endpoint makes, and 1.13 is ahead;
  its 99th percentile was no better than that, so at most 1.0 / 1.12 = 0.89 of the bare one's is ahead too.

DynamoDB is left out unless ``DYNAMODB_TEST_ENDPOINT`` names an engine.
"""

import asyncio
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bare_endpoint
import posting
from posting import Posted
from ratios import Ratio, Target

from processes import eventually, free_port
from withings_bridge.domain.accounts import Account, joined
from withings_bridge.domain.categories import SWEPT
from withings_bridge.domain.inbox import Work
from withings_bridge.domain.mapping import RowMapping
from withings_bridge.storage.documents import dump_account
from withings_bridge.storage.sqlite import SqliteStorage

FOLDER = Path(__file__).parent
ROUNDS = 5
SECONDS = 0.8
CONNECTIONS = (1, 16, 32)
SOME, MANY = 1_000, 100_000
LINKED_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)

ENOUGH = Target(0.8, at_least=True)
NOT_LONGER = Target(1.25)
FLAT = Target(1.1)
AHEAD = Target(1.13, at_least=True)
NOT_BEHIND = Target(0.89)

WEBHOOK = "/webhook/withings"
SECRET = "benchmark-secret"  # noqa: S105 - guards nothing
PRODUCTION = {
    "ENVIRONMENT": "production",
    "ALLOW_UNAUTHENTICATED": "true",
    "WITHINGS_CLIENT_ID": "benchmark",
    "WITHINGS_CLIENT_SECRET": "benchmark-secret",
    "WITHINGS_API_URL": "https://withings.invalid",
    "WITHINGS_AUTH_URL": "https://withings.invalid",
    "WITHINGS_REDIRECT_URI": "https://bridge.invalid/callback",
    "WITHINGS_WEBHOOK_URL": f"https://bridge.invalid{WEBHOOK}",
    "WITHINGS_WEBHOOK_SECRET": SECRET,
    "FRONTEND_URL": "https://app.invalid",
    "ALLOWED_ORIGINS": "https://app.invalid",
}
"""As it is deployed, with a Withings that nobody can reach."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs, and what to post to it."""

    port: int
    path: str
    accounts: int

    def to(self, accounts: int) -> "Server":
        """The same, with posts to so many of its accounts."""
        return replace(self, accounts=accounts)


def measure() -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        ratios = _on_sqlite(Path(folder))
    if endpoint := os.environ.get("DYNAMODB_TEST_ENDPOINT"):
        with tempfile.TemporaryDirectory() as folder:
            ratios += _on_dynamodb(endpoint, Path(folder))
    return ratios


def _on_sqlite(folder: Path) -> list[Ratio]:
    stores = {accounts: folder / f"bridge-{accounts}.db" for accounts in (1, SOME, MANY)}
    for accounts, path in stores.items():
        asyncio.run(_fill_sqlite(path, accounts))
    bare_file = folder / "bare.db"
    asyncio.run(_fill_sqlite(bare_file, SOME))
    env = {accounts: {"STORAGE": "sqlite", "SQLITE_PATH": str(path)} for accounts, path in stores.items()}
    bare_server = _bare("sqlite", str(bare_file), folder=folder)
    with bare_server as bare, _bridge(env[SOME], folder, accounts=SOME) as ours:
        ratios = _beside("SQLite", ours, bare)
    with _bridge(env[1], folder, accounts=1) as one, _bridge(env[MANY], folder, accounts=MANY) as many:
        return ratios + _flat("SQLite", many, one)


def _on_dynamodb(endpoint: str, folder: Path) -> list[Ratio]:
    env = {accounts: _tables(endpoint, accounts) for accounts in (1, SOME, MANY)}
    os.environ.update(_CREDENTIALS)
    for accounts in (1, SOME):
        asyncio.run(_fill_dynamodb(endpoint, env[accounts]["ACCOUNTS_TABLE"], accounts))
    asyncio.run(_fill_bare_dynamodb(endpoint))
    with _bare("dynamodb", endpoint, folder=folder) as bare:
        with _bridge(env[SOME], folder, accounts=SOME) as ours:
            ratios = _beside("DynamoDB", ours, bare)
        with _bridge(env[1], folder, accounts=1) as ours:
            ratios += _ahead(ours, bare.to(1))
    # Last, as so many items make the emulator itself slower.
    asyncio.run(_fill_dynamodb(endpoint, env[MANY]["ACCOUNTS_TABLE"], MANY))
    with _bridge(env[1], folder, accounts=1) as one, _bridge(env[MANY], folder, accounts=MANY) as many:
        return ratios + _flat("DynamoDB", many, one)


def _beside(store: str, ours: Server, bare: Server) -> list[Ratio]:
    ratios: list[Ratio] = []
    for connections in CONNECTIONS:
        we, they = _in_turn(ours, bare, connections=connections)
        what = f"Acknowledgement, {store}, {_told(connections)}"
        ratios += [
            Ratio(f"{what}: bare endpoint", we.per_second, they.per_second, "/s", ENOUGH),
            Ratio(f"{what}: p50", we.p50, they.p50, "ms", NOT_LONGER),
            Ratio(f"{what}: p99", we.p99, they.p99, "ms", NOT_LONGER),
        ]
    return ratios


def _ahead(ours: Server, bare: Server) -> list[Ratio]:
    ratios: list[Ratio] = []
    for connections, more, less in ((1, None, None), (16, AHEAD, NOT_BEHIND), (32, AHEAD, NOT_BEHIND)):
        we, they = _in_turn(ours, bare, connections=connections)
        what = f"Acknowledgement, DynamoDB, one linked account, {_told(connections)}"
        ratios += [
            Ratio(f"{what}: an UpdateItem each", we.per_second, they.per_second, "/s", more),
            Ratio(f"{what}: p99", we.p99, they.p99, "ms", less),
        ]
    return ratios


def _flat(store: str, many: Server, one: Server) -> list[Ratio]:
    we, they = _in_turn(many.to(one.accounts), one, connections=1)
    spread, same = _in_turn(many, one, connections=1)
    what = f"Acknowledgement, {store}, {MANY:,} linked accounts: one"
    return [
        Ratio(f"{what}, p50", we.p50, they.p50, "ms", FLAT),
        Ratio(f"{what}, p99", we.p99, they.p99, "ms"),
        Ratio(f"{what}, posts to all of them by chance, p50", spread.p50, same.p50, "ms"),
    ]


def _told(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"


def _in_turn(ours: Server, against: Server, *, connections: int) -> tuple[Posted, Posted]:
    """The medians of both, whose rounds alternate."""
    seen: dict[Server, list[Posted]] = {ours: [], against: []}
    for _ in range(ROUNDS):
        for server, rounds in seen.items():
            posted = posting.post(
                server.port,
                server.path,
                connections=connections,
                seconds=SECONDS,
                accounts=server.accounts,
            )
            if posted.unkept:
                print(f"{posted.unkept} posts to {server.path} were not kept", file=sys.stderr)
            rounds.append(posted)
    return _median(seen[ours]), _median(seen[against])


def _median(rounds: Sequence[Posted]) -> Posted:
    return Posted(
        statistics.median(each.per_second for each in rounds),
        statistics.median(each.p50 for each in rounds),
        statistics.median(each.p99 for each in rounds),
    )


@contextmanager
def _bridge(env: Mapping[str, str], folder: Path, *, accounts: int) -> Iterator[Server]:
    port = free_port()
    program = [str(FOLDER / "bridge_without_turns.py")]
    with _running(program, port, folder, env={"PORT": str(port), **PRODUCTION, **env}):
        yield Server(port, f"{WEBHOOK}?secret={SECRET}", accounts)


@contextmanager
def _bare(*arguments: str, folder: Path) -> Iterator[Server]:
    port = free_port()
    program = [str(FOLDER / "bare_endpoint.py"), str(port), *arguments]
    with _running(program, port, folder, env=_CREDENTIALS):
        yield Server(port, "/", SOME)


@contextmanager
def _running(program: list[str], port: int, folder: Path, *, env: Mapping[str, str]) -> Iterator[None]:
    """A Python program that listens on the port. Its log goes where a supervisor's would: into a file."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = folder / f"{port}.log"
    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *program], env=inherited | dict(env), cwd=folder, stdout=out, stderr=out
        )

        def listening() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"it ended:\n{log.read_text()}")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        try:
            eventually(f"{program} listens", listening)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _linked(number: int) -> Account:
    """An account whose import is done, which nothing was announced of."""
    account = joined(
        None,
        userid=posting.account(number),
        user=f"user-{number}",
        scopes=frozenset({"user.info", "user.metrics", "user.activity", "user.sleepevents"}),
        now=LINKED_AT,
        windows=dict.fromkeys(SWEPT, timedelta(days=365)),
    )
    work = {
        category: Work(cursor=known.cursor, imported_at=LINKED_AT, settled_at=LINKED_AT)
        for category, known in account.work.items()
    }
    # Nothing but what is posted makes it due. Its rows follow the mapping, which each start looks into.
    version = RowMapping().version
    return replace(
        account, work=work, sweep_at=None, synced_at=LINKED_AT, fetched_at=LINKED_AT, projected=version
    )


async def _fill_sqlite(path: Path, accounts: int) -> None:
    async with SqliteStorage(path):
        pass
    connection = sqlite3.connect(path)
    template = dump_account(_linked(0))
    rows = (
        (posting.account(number), template.replace(posting.account(0), posting.account(number)))
        for number in range(accounts)
    )
    with connection:
        connection.executemany("INSERT INTO accounts (userid, document) VALUES (?, ?)", rows)
    connection.close()


_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def _tables(endpoint: str, accounts: int) -> dict[str, str]:
    names = ("TOKENS", "USER_VITALS", "ACCOUNTS", "RECORDS", "EPHEMERA", "TRAIL")
    return {
        "STORAGE": "dynamodb",
        "AWS_DYNAMODB_ENDPOINT": endpoint,
        "AWS_REGION": "us-east-1",
        **_CREDENTIALS,
        **{f"{name}_TABLE": f"bench-{os.getpid()}-{accounts}-{name.lower()}" for name in names},
    }


async def _fill_dynamodb(endpoint: str, table: str, accounts: int) -> None:
    from withings_bridge.storage.dynamodb.account_item import StoredAccount, shard_of
    from withings_bridge.storage.dynamodb.engine import Engine
    from withings_bridge.storage.dynamodb.names import TableNames
    from withings_bridge.storage.dynamodb.tables import schemas

    item = dict(StoredAccount.new(_linked(0), {}, now=LINKED_AT).item)
    async with _client(endpoint) as client:
        (schema,) = [each for each in schemas(TableNames(accounts=table)) if each["TableName"] == table]
        await client.create_table(**schema)
        items = (
            item
            | {
                "userid": posting.account(number),
                "document": item["document"].replace(posting.account(0), posting.account(number)),
                "shard": shard_of(posting.account(number)),
            }
            for number in range(accounts)
        )
        await Engine(client).write_many(table, puts=items)


async def _fill_bare_dynamodb(endpoint: str) -> None:
    from withings_bridge.storage.dynamodb.engine import Engine

    async with _client(endpoint) as client:
        await client.create_table(
            TableName=bare_endpoint.TABLE,
            AttributeDefinitions=[{"AttributeName": "userid", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "userid", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        puts = ({"userid": posting.account(number)} for number in range(SOME))
        await Engine(client).write_many(bare_endpoint.TABLE, puts=puts)


def _client(endpoint: str) -> Any:
    import aioboto3  # type: ignore[import-untyped]  # it ships no types

    return aioboto3.Session(region_name="us-east-1").client("dynamodb", endpoint_url=endpoint)
