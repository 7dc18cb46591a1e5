"""The backends that the storage contract is tried on, each with a door to its raw token rows."""

import asyncio
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from withings_bridge.storage.base import Storage
from withings_bridge.storage.sqlite import SqliteStorage

TokenRow = Mapping[str, str | int]
"""A row of the tokens table under its wire names; what is absent has no entry."""


class Backend(Protocol):
    """One store, and as many storages on it as a test wants."""

    def storage(self) -> Storage:
        """One more storage on the same store, to be entered; another replica, as it were."""

    async def token_row(self, key: str) -> TokenRow | None:
        """The row as it stands in the tokens table, whoever wrote it."""

    async def put_token_row(self, row: TokenRow) -> None:
        """A row as the predecessor or another connector would have left it."""

    async def put_vital_row(self, row: TokenRow) -> None:
        """A row of ``user_vitals`` as another connector writes it."""


class SqliteBackend:
    """A file of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def storage(self) -> Storage:
        return SqliteStorage(self._path)

    async def token_row(self, key: str) -> TokenRow | None:
        connection = sqlite3.connect(self._path)
        connection.row_factory = sqlite3.Row
        try:
            row = connection.execute("SELECT * FROM vitals_di_tokens WHERE userId = ?", (key,)).fetchone()
        finally:
            connection.close()
        return {name: row[name] for name in row.keys() if row[name] is not None} if row else None  # noqa: SIM118 - a Row iterates over its values

    async def put_token_row(self, row: TokenRow) -> None:
        self._put("vitals_di_tokens", row)

    async def put_vital_row(self, row: TokenRow) -> None:
        self._put("user_vitals", row)

    def _put(self, table: str, row: TokenRow) -> None:
        columns = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        connection = sqlite3.connect(self._path)
        try:
            with connection:
                connection.execute(
                    f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - names of the test's own
                    dict(row),
                )
        finally:
            connection.close()


class DynamoBackend:
    """Six tables on an endpoint, shared by the whole test session."""

    REGION = "us-east-1"

    def __init__(self, endpoint: str, prefix: str) -> None:
        self.endpoint = endpoint
        self._open: dict[str, Any] = {}
        self._names = {
            name: f"{prefix}-{name}"
            for name in ("tokens", "vitals", "accounts", "records", "ephemera", "trail")
        }

    def storage(self) -> Storage:
        from withings_bridge.storage.dynamodb import DynamoStorage, TableNames

        return DynamoStorage(
            region=self.REGION,
            endpoint=self.endpoint,
            tables=TableNames(**self._names),
            create_tables=True,
        )

    async def token_row(self, key: str) -> TokenRow | None:
        table = self._table("tokens")
        reply = await asyncio.to_thread(table.get_item, Key={"userId": key}, ConsistentRead=True)
        item = reply.get("Item")
        return {name: v if isinstance(v, str) else int(v) for name, v in item.items()} if item else None

    async def put_token_row(self, row: TokenRow) -> None:
        await asyncio.to_thread(self._table("tokens").put_item, Item=dict(row))

    async def put_vital_row(self, row: TokenRow) -> None:
        await asyncio.to_thread(self._table("vitals").put_item, Item=dict(row))

    def _table(self, name: str) -> Any:
        import boto3  # type: ignore[import-untyped]  # it ships no types

        if name not in self._open:
            session = boto3.session.Session(region_name=self.REGION)
            resource = session.resource("dynamodb", endpoint_url=self.endpoint)
            self._open[name] = resource.Table(self._names[name])
        return self._open[name]
