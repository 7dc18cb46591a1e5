"""The tables as whoever mends them sees them: whether each is there, of the right shape, and lets items end.

Nothing is created or changed.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from withings_bridge.domain.checkups import Checkup, Inspection, Result
from withings_bridge.domain.errors import StorageError
from withings_bridge.storage.dynamodb.engine import answering, together
from withings_bridge.storage.dynamodb.names import TableNames
from withings_bridge.storage.dynamodb.tables import EXPIRES_AT, Schema, expiring, schemas

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

TABLES = "tables"

_FORBIDDEN = "AccessDeniedException"
_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


async def inspect(client: "DynamoDBClient", names: TableNames, *, creates: bool) -> Inspection:
    """How the tables are; ``creates`` says whether a bridge creates what is missing when it starts."""
    found = await together(_table(client, schema, names, creates=creates) for schema in schemas(names))
    first = found[0]
    if first.result is not Result.OK and len({(part.result, part.seen) for part in found}) == 1:
        # It is the matter with the engine, rather than with each table.
        return Inspection([replace(first, check=TABLES)], usable=False)
    shared = [part for part in found if part.check in {f"table {names.tokens}", f"table {names.vitals}"}]
    usable = all(part.result is Result.OK for part in shared)
    return Inspection(found, usable=usable and all(part.result is not Result.WRONG for part in found))


async def _table(client: "DynamoDBClient", wanted: Schema, names: TableNames, *, creates: bool) -> Checkup:
    name: str = wanted["TableName"]
    check = f"table {name}"
    try:
        found = await _described(client, name)
        ends = name not in expiring(names) or found is None or await _lets_end(client, name)
    except _NotAllowed as error:
        seen = f"It may not be looked at ({error})."
        return Checkup(check, Result.UNKNOWN, seen, "Allow dynamodb:DescribeTable and DescribeTimeToLive.")
    except StorageError as error:
        seen = f"{error}."
        return Checkup(
            check, Result.WRONG, seen, "Look at AWS_REGION, AWS_DYNAMODB_ENDPOINT and the keys of AWS."
        )
    if found is None:
        return _missing(check, creates=creates)
    if wrong := list(_differences(wanted, found)):
        return Checkup(check, Result.WRONG, f"It has {', '.join(wrong)}.", _as_it_must_be(wanted))
    if not ends:
        seen = "What has ended stays in it, since its time to live is off."
        if creates:
            return Checkup(check, Result.WARNING, seen, "Start the bridge, which switches it on.")
        return Checkup(check, Result.WRONG, seen, f"Switch it on, for the attribute {EXPIRES_AT}.")
    return Checkup(
        check, Result.OK, f"It is there ({found.get('TableStatus', '?')}), keys and indexes are right."
    )


def _missing(check: str, *, creates: bool) -> Checkup:
    if creates:
        seen = "It is not there yet; a bridge creates it when it starts."
        return Checkup(check, Result.UNKNOWN, seen, "Start the bridge once.")
    return Checkup(
        check, Result.WRONG, "It is not there.", "Create it, or set AUTO_CREATE_DYNAMODB_TABLES=true."
    )


def _as_it_must_be(wanted: Schema) -> str:
    key = _key_of(wanted)
    indexes = ", ".join(f"{name} on {key}" for name, key in _indexes_of(wanted).items())
    return f"Its key must be {key}{f', its indexes {indexes}' if indexes else ', without more'}."


def _differences(wanted: Schema, found: Schema) -> Iterator[str]:
    if _key_of(found) != _key_of(wanted):
        yield f"the key {_key_of(found)}"
    kinds = _kinds_of(found)
    for attribute, kind in _kinds_of(wanted).items():
        if kinds.get(attribute, kind) != kind:
            yield f"{attribute} of the type {kinds[attribute]}"
    there = _indexes_of(found)
    for name, key in _indexes_of(wanted).items():
        if name not in there:
            yield f"no index {name}"
        elif there[name] != key:
            yield f"the index {name} on {there[name]}"


def _key_of(schema: Schema) -> str:
    return " and ".join(element["AttributeName"] for element in schema["KeySchema"])


def _kinds_of(schema: Schema) -> dict[str, str]:
    return {each["AttributeName"]: each["AttributeType"] for each in schema["AttributeDefinitions"]}


def _indexes_of(schema: Schema) -> dict[str, str]:
    return {
        index["IndexName"]: f"{_key_of(index)} ({index['Projection']['ProjectionType']})"
        for kind in _INDEXES
        for index in schema.get(kind, ())
    }


class _NotAllowed(Exception):
    """The keys of AWS do not cover the look."""


async def _described(client: "DynamoDBClient", name: str) -> dict[str, Any] | None:
    with answering("DescribeTable"):
        try:
            reply = await client.describe_table(TableName=name)
        except client.exceptions.ResourceNotFoundException:
            return None
        except ClientError as error:
            _check_allowed(error)
            raise
    return dict(reply["Table"])


async def _lets_end(client: "DynamoDBClient", name: str) -> bool:
    with answering("DescribeTimeToLive"):
        try:
            reply = await client.describe_time_to_live(TableName=name)
        except ClientError as error:
            _check_allowed(error)
            raise
    told = reply["TimeToLiveDescription"]
    on = told.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
    return on and told.get("AttributeName", EXPIRES_AT) == EXPIRES_AT


def _check_allowed(error: ClientError) -> None:
    code = error.response["Error"]["Code"]
    if code == _FORBIDDEN:
        raise _NotAllowed(code) from None
