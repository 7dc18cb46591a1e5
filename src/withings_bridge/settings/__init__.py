"""Every environment variable the bridge reads, typed, checked at start-up, secrets masked.

The composition root and the CLI read them and hand on what each part needs; nothing else does.
A wrong value stops the start with a message that names the variable, what is wrong, and an example.

- ``variables``: name, type, default and meaning of each
- ``values``: the kinds of value, with the check of each
- ``derived``: what follows from them
- ``checks``, ``pool``: what is wrong with them taken together
- ``risks``: what may do harm though nothing is wrong
- ``problems``: how that is told
"""

from typing import Any, Self

from pydantic import ValidationError, model_validator

from withings_bridge.settings.checks import problems_of
from withings_bridge.settings.derived import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Derived
from withings_bridge.settings.problems import SettingsError, explain
from withings_bridge.settings.risks import Risk, risks_of
from withings_bridge.settings.values import LOOPBACK
from withings_bridge.settings.variables import APPLIS, AllowList, Environment, StorageKind

__all__ = [
    "APPLIS",
    "LOOPBACK",
    "SANDBOX_CLIENT_ID",
    "SANDBOX_CLIENT_SECRET",
    "AllowList",
    "Environment",
    "Risk",
    "Settings",
    "SettingsError",
    "StorageKind",
    "risks_of",
]


class Settings(Derived):
    """The environment of a bridge. Field names are the variables in lower case."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if problems := problems_of(self):
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """The settings of this process; ``SettingsError`` names every variable that is wrong."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            problems = explain(cls, error)
            raise SettingsError("\n".join([*problems, *cls._taken_together(error, overrides)])) from None

    @classmethod
    def _taken_together(cls, error: ValidationError, given: dict[str, Any]) -> list[str]:
        """What else is wrong: with values that are none out of the way, the others can be taken together."""
        wrong = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        if not wrong:
            return []
        try:
            cls(
                **given
                | {name: cls.model_fields[name].get_default() for name in wrong & set(cls.model_fields)}
            )
        except ValidationError as further:
            # What speaks of a value that was none may follow from its default.
            return [line for line in explain(cls, further) if not any(name.upper() in line for name in wrong)]
        return []
