"""The stores of end-to-end tests: how a bridge is told to use them, and how a test looks inside."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

Row = dict[str, Any]


class Store(Protocol):
    """A store that a bridge process uses and a test reads behind its back."""

    @property
    def env(self) -> Mapping[str, str]:
        """The environment that points a bridge to it."""

    def rows(self, user: str) -> list[Row]:
        """The user's rows of ``user_vitals`` under their wire names; absent attributes are absent."""

    def token_row(self, key: str) -> Row | None:
        """A row of the tokens table."""


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
        from boto3.dynamodb.conditions import Key  # type: ignore[import-untyped]  # it ships no types

        table, found = self._table("USER_VITALS_TABLE"), []
        question: dict[str, Any] = {"KeyConditionExpression": Key("user_id").eq(user), "ConsistentRead": True}
        while True:
            reply = table.query(**question)
            found += reply["Items"]
            if "LastEvaluatedKey" not in reply:
                return [_plain(item) for item in found]
            question["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

    def token_row(self, key: str) -> Row | None:
        item = self._table("TOKENS_TABLE").get_item(Key={"userId": key}, ConsistentRead=True).get("Item")
        return _plain(item) if item else None

    def _table(self, variable: str) -> Any:
        import boto3  # type: ignore[import-untyped]  # it ships no types

        session = boto3.session.Session("test", "test", region_name="us-east-1")
        return session.resource("dynamodb", endpoint_url=self._endpoint).Table(self._tables[variable])


def _plain(item: Mapping[str, Any]) -> Row:
    return {name: value if isinstance(value, str) else int(value) for name, value in item.items()}
