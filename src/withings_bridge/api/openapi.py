"""Finishes what FastAPI makes of the routes: the description of the API, as ``/openapi.json`` serves it.

FastAPI knows the shapes. What it cannot know is added here: an example of every body and answer, made from
the examples of the fields, and that an open bridge asks for no credentials.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from withings_bridge.api.schemas import ErrorReply

Json = dict[str, Any]

_PREFIX = "#/components/schemas/"


def describe(app: FastAPI, *, open: bool) -> None:  # noqa: A002 - as the authentication calls it
    """Make the app describe itself so. ``open``: callers need not prove who they are."""
    plain = app.openapi

    @cache
    def openapi() -> Json:
        description = plain()
        schemas = description.setdefault("components", {}).setdefault("schemas", {})
        _, errors = models_json_schema([(ErrorReply, "serialization")], ref_template=_PREFIX + "{model}")
        schemas.update(errors["$defs"])
        for operation in _operations(description):
            for content in _contents(operation):
                _exemplify(content, schemas)
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


def _contents(operation: Json) -> Iterator[Json]:
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from part.get("content", {}).values()


def _exemplify(content: Json, schemas: Json) -> None:
    """Examples of what the content may be, where it has none, each under the title of its schema."""
    if "example" in content or "examples" in content:
        return
    schema = content["schema"]
    choices = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    content["examples"] = dict(_example(choice, schemas) for choice in choices)


def _example(schema: Json, schemas: Json) -> tuple[str, Json]:
    """Its name, and the example with the first sentence about what it shows."""
    value = {"value": example_of(schema, schemas)}
    name = schema.get("$ref", "").removeprefix(_PREFIX)
    summary = schemas.get(name, {}).get("description", "").split("\n")[0]
    return name or "example", {"summary": summary, **value} if summary else value
