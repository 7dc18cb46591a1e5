"""What a wrong environment is told: which variable, what is wrong with it, and an example that is right."""

from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings


class SettingsError(Exception):
    """The environment does not describe a bridge that can start; the message says what to mend."""


def explain(settings: type[BaseSettings], error: ValidationError) -> list[str]:
    """A line for every problem. Values are not repeated, for some of them are secrets."""
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        message = problem["msg"].removeprefix("Value error, ")
        name = str(problem["loc"][0]) if problem["loc"] else ""
        field = settings.model_fields.get(name)
        lines.append(f"{name.upper()}: {message}{_example(name, field)}" if field else message)
    return [line for message in lines for line in message.splitlines()]


def _example(name: str, field: FieldInfo) -> str:
    extra = field.json_schema_extra
    example: Any = extra.get("example") if isinstance(extra, dict) else ""
    example = example or field.get_default()
    return f", for example {name.upper()}={example}" if example else ""
