"""Every environment variable the bridge reads, typed, checked at start-up, secrets masked.

The composition root and the CLI read them and hand on what each part needs; nothing else does.
A wrong value stops the start with a message that names the variable, what is wrong, and an example.

- ``variables``: name, type, default and meaning of each
- ``values``: the kinds of value, with the check of each
- ``derived``: what follows from them
- ``checks``, ``pool``: what is wrong with them taken together
- ``problems``: how that is told
"""

from typing import Any, Self

from pydantic import ValidationError, model_validator

from withings_bridge.settings.checks import LOOPBACK, problems_of
from withings_bridge.settings.derived import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Derived
from withings_bridge.settings.problems import SettingsError, explain
from withings_bridge.settings.variables import APPLIS, AllowList, Environment, StorageKind

__all__ = [
    "APPLIS",
    "LOOPBACK",
    "SANDBOX_CLIENT_ID",
    "SANDBOX_CLIENT_SECRET",
    "AllowList",
    "Environment",
    "Settings",
    "SettingsError",
    "StorageKind",
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
            raise SettingsError(explain(cls, error)) from None
