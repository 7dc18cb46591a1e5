"""Conditional writes as data, so that one can be sent alone or as part of a transaction.

In expressions every attribute is written ``#name`` and every value ``:name``: no attribute can then
collide with one of DynamoDB's many reserved words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from withings_bridge.storage.dynamodb.items import Item, to_wire

Values = Mapping[str, Any]

_NAME = re.compile(r"#(\w+)")


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one item, with the arguments that DynamoDB's client takes."""

    action: Literal["Put", "Update", "Delete", "ConditionCheck"]
    arguments: Mapping[str, Any]


def put(table: str, item: Item, *, condition: str | None = None, values: Values | None = None) -> Write:
    """Store the whole item in place of what is there."""
    expressions = _expressions(values, ConditionExpression=condition)
    return Write("Put", {"TableName": table, "Item": to_wire(item), **expressions})


def update(
    table: str, key: Item, change: str, *, condition: str | None = None, values: Values | None = None
) -> Write:
    """Change some attributes of an item; without a condition it is made where it is missing."""
    expressions = _expressions(values, UpdateExpression=change, ConditionExpression=condition)
    return Write("Update", {"TableName": table, "Key": to_wire(key), **expressions})


def delete(table: str, key: Item, *, condition: str | None = None, values: Values | None = None) -> Write:
    """Remove an item."""
    expressions = _expressions(values, ConditionExpression=condition)
    return Write("Delete", {"TableName": table, "Key": to_wire(key), **expressions})


def check(table: str, key: Item, *, condition: str, values: Values | None = None) -> Write:
    """Write nothing: the transaction it is part of stands only while the condition holds."""
    expressions = _expressions(values, ConditionExpression=condition)
    return Write("ConditionCheck", {"TableName": table, "Key": to_wire(key), **expressions})


def reading(table: str, condition: str, values: Values) -> dict[str, Any]:
    """The arguments of a query."""
    return {"TableName": table, **_expressions(values, KeyConditionExpression=condition)}


def scanning(table: str, condition: str, values: Values, attributes: Sequence[str]) -> dict[str, Any]:
    """The arguments of a scan for some attributes of some items."""
    projection = ", ".join(f"#{name}" for name in attributes)
    return {
        "TableName": table,
        **_expressions(values, FilterExpression=condition, ProjectionExpression=projection),
    }


def _expressions(values: Values | None, **expressions: str | None) -> dict[str, Any]:
    used: dict[str, Any] = {name: text for name, text in expressions.items() if text}
    if names := _NAME.findall(" ".join(used.values())):
        used["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
    if values:
        used["ExpressionAttributeValues"] = {f":{name}": value for name, value in to_wire(values).items()}
    return used
