"""Python values as DynamoDB spells them, and instants as whole numbers. Knows no table."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from withings_bridge.domain.records import EPOCH

Item = Mapping[str, Any]
"""An item, or its key, in Python values: str, int, Decimal, bytes, bool, None, frozenset, list, dict."""

_MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """The instant in microseconds since 1970: exact, so that comparisons in the store are those of Python."""
    return (at - EPOCH) // _MICROSECOND


def from_microseconds(number: int) -> datetime:
    """The instant that ``microseconds`` wrote."""
    return EPOCH + number * _MICROSECOND


def to_wire(item: Item) -> dict[str, Any]:
    """The item as DynamoDB's client takes it."""
    return {name: _to_wire(value) for name, value in item.items()}


def from_wire(item: Item) -> dict[str, Any]:
    """The item in Python values: whole numbers are ints, others decimals, sets are frozen."""
    return {name: _from_wire(value) for name, value in item.items()}


def _to_wire(value: Any) -> dict[str, Any]:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": to_wire(value)}
        case AbstractSet():
            return _set_to_wire(value)
        case _:
            return {"L": [_to_wire(element) for element in value]}


def _set_to_wire(values: AbstractSet[Any]) -> dict[str, Any]:
    """Sorted, so that one set is always written the same way. DynamoDB has no empty set."""
    if not values:
        raise ValueError("DynamoDB keeps no empty sets: leave the attribute out")
    elements = [_to_wire(value) for value in sorted(values)]
    (kind,) = elements[0]
    return {f"{kind}S": [element[kind] for element in elements]}


def _from_wire(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return _number(content)
        case "NULL":
            return None
        case "M":
            return from_wire(content)
        case "L":
            return [_from_wire(element) for element in content]
        case "NS":
            return frozenset(_number(text) for text in content)
        case "SS" | "BS":
            return frozenset(content)
        case _:
            return content


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number
