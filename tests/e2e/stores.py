"""The stores of end-to-end tests: how a bridge is told to use them, and how a test looks inside."""

import sqlite3
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import pytest

from withings_bridge.domain.accounts import Account
from withings_bridge.storage.documents import load_body
from withings_bridge.storage.dynamodb.account_item import StoredAccount
from withings_bridge.storage.sqlite.accounts import load

Row = dict[str, Any]

BACKENDS = ("sqlite", pytest.param("dynamodb", marks=pytest.mark.engine))
"""For fixtures that are asked for on each engine."""


class Store(Protocol):
    """A store that a bridge process uses and a test reads behind its back."""

    @property
    def env(self) -> Mapping[str, str]:
        """The environment that points a bridge to it."""

    def rows(self, user: str) -> list[Row]:
        """The user's rows of ``user_vitals`` under their wire names; absent attributes are absent."""

    def token_row(self, key: str) -> Row | None:
        """A row of the tokens table."""

    def put_token_row(self, row: Row) -> None:
        """A row as the predecessor or another connector left it. The table must be there."""

    def records(self, account: str) -> dict[str, Row]:
        """The account's records by kind and natural key (``measures#17``), as JSON; no tombstones."""

    def account(self, userid: str) -> Account | None:
        """The account, with its pending work."""


class SqliteFile:
    """The embedded store."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def env(self) -> Mapping[str, str]:
        return {"STORAGE": "sqlite", "SQLITE_PATH": str(self._path)}

    def rows(self, user: str) -> list[Row]:
        return self._select("SELECT * FROM user_vitals WHERE user_id = ? ORDER BY item_key", user)

    def token_row(self, key: str) -> Row | None:
        found = self._select("SELECT * FROM vitals_di_tokens WHERE userId = ?", key)
        return found[0] if found else None

    def put_token_row(self, row: Row) -> None:
        marks = ", ".join(f":{name}" for name in row)
        connection = sqlite3.connect(self._path)
        try:
            with connection:
                connection.execute(
                    f"INSERT INTO vitals_di_tokens ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - names of the test's own
                    row,
                )
        finally:
            connection.close()

    def records(self, account: str) -> dict[str, Row]:
        found = self._select("SELECT * FROM records WHERE userid = ? AND body IS NOT NULL", account)
        return {f"{row['kind']}#{row['key']}": load_body(row["body"]) for row in found}

    def account(self, userid: str) -> Account | None:
        connection = sqlite3.connect(self._path)
        connection.row_factory = sqlite3.Row
        try:
            return load(connection, userid)
        finally:
            connection.close()

    def _select(self, statement: str, *arguments: str) -> list[Row]:
        connection = sqlite3.connect(self._path)
        connection.row_factory = sqlite3.Row
        try:
            found = connection.execute(statement, arguments).fetchall()
        finally:
            connection.close()
        return [{name: value for name, value in dict(row).items() if value is not None} for row in found]


class DynamoTables:
    """Five tables on a DynamoDB endpoint."""

    def __init__(self, endpoint: str, *, prefix: str) -> None:
        self._endpoint = endpoint
        names = ("TOKENS", "USER_VITALS", "ACCOUNTS", "RECORDS", "EPHEMERA")
        self._tables = {f"{name}_TABLE": f"{prefix}-{name.lower()}" for name in names}

    @property
    def env(self) -> Mapping[str, str]:
        return {
            "STORAGE": "dynamodb",
            "AWS_DYNAMODB_ENDPOINT": self._endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **self._tables,
        }

    def rows(self, user: str) -> list[Row]:
        return [_plain(item) for item in self._partition("USER_VITALS_TABLE", "user_id", user)]

    def token_row(self, key: str) -> Row | None:
        item = self._table("TOKENS_TABLE").get_item(Key={"userId": key}, ConsistentRead=True).get("Item")
        return _plain(item) if item else None

    def put_token_row(self, row: Row) -> None:
        self._table("TOKENS_TABLE").put_item(Item=row)

    def records(self, account: str) -> dict[str, Row]:
        items = self._partition("RECORDS_TABLE", "userid", account)
        return {item["name"]: load_body(_unpacked(item["body"])) for item in items if "body" in item}

    def account(self, userid: str) -> Account | None:
        item = self._table("ACCOUNTS_TABLE").get_item(Key={"userid": userid}, ConsistentRead=True).get("Item")
        return StoredAccount.load(_numbered(item)).account if item else None

    def _partition(self, variable: str, key: str, value: str) -> Iterator[dict[str, Any]]:
        from boto3.dynamodb.conditions import Key  # type: ignore[import-untyped]  # it ships no types

        table = self._table(variable)
        question: dict[str, Any] = {"KeyConditionExpression": Key(key).eq(value), "ConsistentRead": True}
        while True:
            reply = table.query(**question)
            yield from reply["Items"]
            if "LastEvaluatedKey" not in reply:
                return
            question["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

    def _table(self, variable: str) -> Any:
        return self._database.Table(self._tables[variable])

    @cached_property
    def _database(self) -> Any:
        import boto3  # type: ignore[import-untyped]  # it ships no types

        session = boto3.session.Session("test", "test", region_name="us-east-1")
        return session.resource("dynamodb", endpoint_url=self._endpoint)


def _plain(item: Mapping[str, Any]) -> Row:
    return {name: value if isinstance(value, str) else int(value) for name, value in item.items()}


def _numbered(item: Mapping[str, Any]) -> Row:
    return {name: int(value) if isinstance(value, Decimal) else value for name, value in item.items()}


def _unpacked(body: Any) -> str | bytes:
    return body if isinstance(body, str) else bytes(body)
