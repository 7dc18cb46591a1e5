"""The thin layer over DynamoDB's client: pages, batches, retries, and its errors as ours.

Knows no table and no meaning. No message made here carries anything of an item.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from withings_bridge.domain.errors import StorageError, StorageUnavailable
from withings_bridge.storage.dynamodb.items import Item, from_wire, to_wire
from withings_bridge.storage.dynamodb.writes import Values, Write, reading, scanning

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

T = TypeVar("T")

READ_AT_ONCE = 100
WRITE_AT_ONCE = 25
TRANSACT_AT_ONCE = 100
"""DynamoDB's limits: keys of a BatchGetItem, rows of a BatchWriteItem, writes of a transaction."""

IN_FLIGHT = 4
"""Batches of one call under way at once."""

ATTEMPTS = 30
SHORTEST_PAUSE = 0.01
LONGEST_PAUSE = 0.25

_OUR_MISTAKE = frozenset({"ValidationException", "SerializationException", "ValidationError"})
_LOST_A_RACE = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class Refused(Exception):
    """A write's condition did not hold, or the write met another on its way."""

    def __init__(self, item: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.item = item
        """What is stored, where it was a single write; None when nothing is."""


def pauses() -> Iterator[float]:
    """How many seconds to wait after each refused attempt; after the last, ``StorageUnavailable``."""
    for attempt in range(ATTEMPTS):
        ceiling = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**attempt)
        yield random.uniform(0, ceiling)  # noqa: S311 - spreads load, guards nothing
    raise StorageUnavailable("DynamoDB: others kept getting in first; nothing was written, try again")


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Give the block this long, then ``StorageUnavailable``."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise StorageUnavailable(f"DynamoDB did not answer within {seconds:g} s") from error


async def together(calls: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all the calls at once. If one fails the others are waited for: none runs on unseen."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


@contextmanager
def answering(operation: str) -> Iterator[None]:
    """Turn whatever goes wrong with the client into an error of ours."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _OUR_MISTAKE:
            raise StorageError(f"DynamoDB does not accept {operation}: {code}") from error
        raise StorageUnavailable(f"DynamoDB does not answer {operation}: {code}") from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"DynamoDB does not answer {operation}: {type(error).__name__}") from error


class Engine:
    """What the rooms of this backend need of DynamoDB, in Python values."""

    def __init__(self, client: "DynamoDBClient | None" = None) -> None:
        self._connected = client

    def connect(self, client: "DynamoDBClient") -> None:
        """Use this client from now on."""
        self._connected = client

    @property
    def _client(self) -> "DynamoDBClient":
        if self._connected is None:
            raise StorageUnavailable("The store is not open; enter it first")
        return self._connected

    async def get(self, table: str, key: Item, *, consistent: bool = True) -> dict[str, Any] | None:
        """The item, or None. A consistent read sees what was last written."""
        with answering("GetItem"):
            reply = await self._client.get_item(TableName=table, Key=to_wire(key), ConsistentRead=consistent)
        return from_wire(reply["Item"]) if "Item" in reply else None

    async def write(
        self, write: Write, *, returning: Literal["NONE", "ALL_OLD", "ALL_NEW"] = "NONE"
    ) -> dict[str, Any]:
        """One write; the item before or after it if asked for, else nothing. Raises ``Refused``."""
        operations: dict[str, Callable[..., Awaitable[Any]]] = {
            "Put": self._client.put_item,
            "Update": self._client.update_item,
            "Delete": self._client.delete_item,
        }
        tries = pauses()
        while True:
            with answering(write.action):
                try:
                    reply = await operations[write.action](
                        **write.arguments,
                        ReturnValues=returning,
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    )
                    return from_wire(reply.get("Attributes", {}))
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    if code == "ConditionalCheckFailedException":
                        stored: Any = error.response.get("Item")
                        raise Refused(from_wire(stored) if stored else None) from None
                    # A transaction holds the item at this moment; the client does not retry by itself.
                    if code != "TransactionConflictException":
                        raise
            await asyncio.sleep(next(tries))

    async def transact(self, writes: Sequence[Write]) -> None:
        """All of the writes or none. Raises ``Refused`` when a condition fails or another write is on."""
        if len(writes) > TRANSACT_AT_ONCE:
            raise StorageError(
                f"This needs {len(writes)} writes together, and DynamoDB takes {TRANSACT_AT_ONCE}: "
                "too many users share one Withings account"
            )
        items: Any = [{write.action: write.arguments} for write in writes]
        with answering("TransactWriteItems"):
            try:
                await self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                reasons: Any = error.response.get("CancellationReasons", [])
                codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
                if codes & _OUR_MISTAKE:
                    raise StorageError("DynamoDB does not accept TransactWriteItems") from error
                if codes and codes <= _LOST_A_RACE:
                    raise Refused from None
                raise

    async def query(
        self,
        table: str,
        condition: str,
        values: Values,
        *,
        index: str | None = None,
        consistent: bool = True,
        backward: bool = False,
        limit: int | None = None,
        page: int | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The items of one partition that meet the key condition, in key order.

        At most ``limit`` of them, asked for ``page`` at a time or as many as one answer holds.
        """
        arguments: dict[str, Any] = reading(table, condition, values)
        arguments |= {"ConsistentRead": consistent, "ScanIndexForward": not backward}
        arguments |= {"IndexName": index} if index else {}
        left = limit
        while left is None or left > 0:
            if bounds := [bound for bound in (left, page) if bound is not None]:
                arguments["Limit"] = min(bounds)
            with answering("Query"):
                reply = await self._client.query(**arguments)
            for item in reply["Items"]:
                yield from_wire(item)
            left = left - len(reply["Items"]) if left is not None else None
            if "LastEvaluatedKey" not in reply:
                return
            arguments["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

    async def scan(self, table: str, *, after: Item | None, limit: int) -> list[dict[str, Any]]:
        """At most ``limit`` items behind the key, in DynamoDB's own order; none means the end."""
        arguments: dict[str, Any] = {"TableName": table, "Limit": limit, "ConsistentRead": True}
        arguments |= {"ExclusiveStartKey": to_wire(after)} if after else {}
        while True:
            with answering("Scan"):
                reply = await self._client.scan(**arguments)
            if reply["Items"] or "LastEvaluatedKey" not in reply:
                return [from_wire(item) for item in reply["Items"]]
            arguments["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

    async def scan_page(
        self,
        table: str,
        *,
        after: Item | None,
        limit: int,
        only: str,
        values: Values,
        attributes: Sequence[str],
    ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
        """These attributes of those among the next ``limit`` items that meet the condition, and the key
        behind which to go on; None when that was the end.
        """
        arguments: dict[str, Any] = scanning(table, only, values, attributes)
        arguments |= {"Limit": limit, "ConsistentRead": True}
        arguments |= {"ExclusiveStartKey": to_wire(after)} if after else {}
        with answering("Scan"):
            reply = await self._client.scan(**arguments)
        last = reply.get("LastEvaluatedKey")
        return [from_wire(item) for item in reply["Items"]], from_wire(last) if last else None

    async def get_many(self, table: str, keys: Iterable[Item]) -> list[dict[str, Any]]:
        """Those of the items that exist, as last written, in no order. The keys must differ."""
        batches = _batches(keys, READ_AT_ONCE)
        found = await _in_waves(self._get_batch(table, batch) for batch in batches)
        return [item for batch in found for item in batch]

    async def write_many(
        self, table: str, *, puts: Iterable[Item] = (), deletes: Iterable[Item] = ()
    ) -> None:
        """Store and remove items whose keys differ; not together, and in no order."""
        requests: list[Any] = [{"PutRequest": {"Item": to_wire(item)}} for item in puts]
        requests += [{"DeleteRequest": {"Key": to_wire(key)}} for key in deletes]
        await _in_waves(self._write_batch(table, batch) for batch in _batches(requests, WRITE_AT_ONCE))

    async def remove_all(
        self, table: str, items: AsyncGenerator[Item, None], *, key: tuple[str, ...]
    ) -> None:
        """Remove items as they are read, however many; ``key`` names the attributes of their keys."""
        keys: list[Item] = []
        async with aclosing(items) as found:
            async for item in found:
                keys.append({name: item[name] for name in key})
                if len(keys) == WRITE_AT_ONCE * IN_FLIGHT:
                    await self.write_many(table, deletes=keys)
                    keys = []
        await self.write_many(table, deletes=keys)

    async def _get_batch(self, table: str, keys: Sequence[Item]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        wanted: Any = {table: {"Keys": [to_wire(key) for key in keys], "ConsistentRead": True}}
        tries = pauses()
        while True:
            with answering("BatchGetItem"):
                reply = await self._client.batch_get_item(RequestItems=wanted)
            found += [from_wire(item) for item in reply["Responses"].get(table, [])]
            wanted = reply.get("UnprocessedKeys")
            if not wanted:
                return found
            await asyncio.sleep(next(tries))

    async def _write_batch(self, table: str, requests: Sequence[Any]) -> None:
        wanted: Any = {table: list(requests)}
        tries = pauses()
        while True:
            with answering("BatchWriteItem"):
                reply = await self._client.batch_write_item(RequestItems=wanted)
            wanted = reply.get("UnprocessedItems")
            if not wanted:
                return
            await asyncio.sleep(next(tries))


def _batches(things: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(things)
    while batch := list(islice(iterator, size)):
        yield batch


async def _in_waves(calls: Iterable[Awaitable[T]]) -> list[T]:
    """The results of all the calls, of which a few are under way at a time."""
    return [result for wave in _batches(calls, IN_FLIGHT) for result in await together(wave)]
