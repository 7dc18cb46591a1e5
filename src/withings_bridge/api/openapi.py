"""Finishes what FastAPI makes of the routes: the description of the API, as ``/openapi.json`` serves it.

FastAPI knows the shapes. Added here is what it cannot know: an example of every body and answer, made from
the examples of the fields or of records that are shown, a word on every answer, and that an open bridge asks
for no credentials.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from withings_bridge.api.examples import examples
from withings_bridge.api.schemas import ErrorReply

Json = dict[str, Any]

_PREFIX = "#/components/schemas/"
_SAYS_NOTHING = "Successful Response"
"""What FastAPI says of an answer of which it is told nothing."""


def describe(app: FastAPI, *, open: bool) -> None:  # noqa: A002 - as the authentication calls it
    """Make the app describe itself so. ``open``: callers need not prove who they are."""
    plain = app.openapi

    @cache
    def openapi() -> Json:
        description = plain()
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        _, errors = models_json_schema([(ErrorReply, "serialization")], ref_template=_PREFIX + "{model}")
        schemas.update(errors["$defs"])
        for name, example in examples().items():
            schemas[name]["examples"] = [example]
        for operation in _operations(description):
            _finish(operation, schemas)
            if open and "security" in operation:
                operation["security"].append({})
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def example_of(schema: Json, schemas: Json) -> Any:
    """An example of the schema: its own if it has one, else one made from its parts. Null where it has none.

    ``schemas`` are the components that it may refer to.
    """
    if examples := schema.get("examples"):
        return examples[0]
    for word in ("example", "const", "default"):
        if word in schema:
            return schema[word]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(_PREFIX)], schemas)
    if "properties" in schema:
        parts = {name: example_of(part, schemas) for name, part in schema["properties"].items()}
        required = schema.get("required", ())
        return {name: part for name, part in parts.items() if part is not None or name in required}
    if "items" in schema:
        return [example_of(schema["items"], schemas)]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    return example_of(choices[0], schemas) if choices else None


def _operations(description: Json) -> Iterator[Json]:
    for items in (description["paths"], description.get("webhooks", {})):
        for item in items.values():
            yield from item.values()


def _finish(operation: Json, schemas: Json) -> None:
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        _exemplify(content, schemas)
    for reply in operation["responses"].values():
        for content in reply.get("content", {}).values():
            _exemplify(content, schemas)
            if reply["description"] == _SAYS_NOTHING:
                told = [_told(choice, schemas) for choice in _choices(content["schema"])]
                reply["description"] = " Or: ".join(filter(None, told)) or _SAYS_NOTHING


def _without_null(schema: Json) -> Json:
    """The schema of a parameter, which can be left out, and cannot be null."""
    choices = _choices(schema)
    rest = {name: part for name, part in schema.items() if name != "anyOf"}
    return rest | choices[0] if len(choices) == 1 else rest | {"anyOf": choices}


def _exemplify(content: Json, schemas: Json) -> None:
    """An example of each thing that the content may be, where it has none."""
    if "example" in content or "examples" in content:
        return
    choices = _choices(content["schema"])
    if len(choices) == 1:
        content["example"] = example_of(choices[0], schemas)
        return
    content["examples"] = {
        choice["$ref"].removeprefix(_PREFIX): {
            "summary": _told(choice, schemas),
            "value": example_of(choice, schemas),
        }
        for choice in choices
    }


def _choices(schema: Json) -> list[Json]:
    """What something of the schema may be, when it is there."""
    return [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]


def _told(schema: Json, schemas: Json) -> str:
    """The first line that its component says of itself."""
    component = schemas.get(schema.get("$ref", "").removeprefix(_PREFIX), {})
    told: str = component.get("description", "")
    return told.partition("\n")[0]
