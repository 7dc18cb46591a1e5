"""The shapes of the six tables, and making those that are missing."""

import asyncio
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from withings_bridge.domain.errors import StorageUnavailable
from withings_bridge.domain.inbox import Lane
from withings_bridge.storage.dynamodb.engine import answering
from withings_bridge.storage.dynamodb.names import (
    BY_CHANGE,
    BY_DAY,
    BY_TIME,
    TableNames,
    due_attribute,
    due_index,
)

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

Schema = dict[str, Any]

EXPIRES_AT = "expires_at"
"""The attribute that says when DynamoDB may delete an item."""

POLLS = 600
POLL_SECONDS = 0.2


def schemas(names: TableNames) -> list[Schema]:
    """How each table is created. The tokens table belongs to several services and never gets an index."""
    return [
        _table(names.tokens, {"userId": "S"}, key=("userId",)),
        _table(names.vitals, {"user_id": "S", "item_key": "S"}, key=("user_id", "item_key")),
        _accounts(names.accounts),
        _records(names.records),
        _table(names.ephemera, {"key": "S"}, key=("key",)),
        _trail(names.trail),
    ]


async def create_missing(client: "DynamoDBClient", names: TableNames) -> None:
    """Create the tables that are not there, and wait until all can be used. Safe to repeat and to race."""
    for schema in schemas(names):
        if await _status(client, schema["TableName"]) is None:
            await _create(client, schema)
    for schema in schemas(names):
        await _wait_until_active(client, schema["TableName"])
    for name in expiring(names):
        await _let_expire(client, name)


def expiring(names: TableNames) -> tuple[str, ...]:
    """The tables whose items end by themselves."""
    return names.ephemera, names.trail


def _table(name: str, attributes: dict[str, str], *, key: tuple[str, ...], **more: Any) -> Schema:
    return {
        "TableName": name,
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in attributes.items()
        ],
        "KeySchema": _key(*key),
        "BillingMode": "PAY_PER_REQUEST",
        **more,
    }


def _accounts(name: str) -> Schema:
    """Sparse indexes by lane: an account without work there costs nothing, and a claim reads only keys."""
    return _table(
        name,
        {"userid": "S", "shard": "N"} | {due_attribute(lane): "N" for lane in Lane},
        key=("userid",),
        GlobalSecondaryIndexes=[
            _index(due_index(lane), "shard", due_attribute(lane), projection="KEYS_ONLY") for lane in Lane
        ],
    )


def _records(name: str) -> Schema:
    """Both indexes carry the whole record.

    A window is then one range query that pays for the bytes it reads; fetching each record behind
    the index would cost a read unit apiece, some eight times as much at the usual half kilobyte.
    Writing costs no more than an index of keys would, since both round up to a kilobyte.
    """
    return _table(
        name,
        {"userid": "S", "name": "S", "at": "S", "changed": "N"},
        key=("userid", "name"),
        LocalSecondaryIndexes=[
            _index(BY_TIME, "userid", "at", projection="ALL"),
            _index(BY_CHANGE, "userid", "changed", projection="ALL"),
        ],
    )


def _trail(name: str) -> Schema:
    """An account's steps by time, and everybody's by day, of which the index carries all there is."""
    return _table(
        name,
        {"account": "S", "place": "S", "day": "S"},
        key=("account", "place"),
        GlobalSecondaryIndexes=[_index(BY_DAY, "day", "place", projection="ALL")],
    )


def _index(name: str, *key: str, projection: str) -> Schema:
    return {
        "IndexName": name,
        "KeySchema": _key(*key),
        "Projection": {"ProjectionType": projection},
    }


def _key(*attributes: str) -> list[Schema]:
    return [
        {"AttributeName": attribute, "KeyType": kind}
        for attribute, kind in zip(attributes, ("HASH", "RANGE"), strict=False)
    ]


async def _status(client: "DynamoDBClient", name: str) -> str | None:
    with answering("DescribeTable"):
        try:
            reply = await client.describe_table(TableName=name)
        except client.exceptions.ResourceNotFoundException:
            return None
    return reply["Table"].get("TableStatus")


async def _create(client: "DynamoDBClient", schema: Schema) -> None:
    with answering("CreateTable"):
        try:
            await client.create_table(**schema)
        except client.exceptions.ResourceInUseException:
            # Another replica, starting at the same moment, was first.
            return


async def _wait_until_active(client: "DynamoDBClient", name: str) -> None:
    for _ in range(POLLS):
        if await _status(client, name) in {"ACTIVE", "UPDATING"}:
            return
        await asyncio.sleep(POLL_SECONDS)
    raise StorageUnavailable(f"DynamoDB: table {name} did not become active")


async def _let_expire(client: "DynamoDBClient", name: str) -> None:
    """Let DynamoDB delete what has ended; it may take days, so reads look at the time themselves."""
    with answering("DescribeTimeToLive"):
        reply = await client.describe_time_to_live(TableName=name)
    if reply["TimeToLiveDescription"].get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}:
        return
    with answering("UpdateTimeToLive"):
        try:
            await client.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT},
            )
        except ClientError as error:
            # As above: switched on by another replica since we looked.
            if error.response["Error"]["Code"] != "ValidationException":
                raise
