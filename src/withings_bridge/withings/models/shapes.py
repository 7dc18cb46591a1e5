"""What all models of Withings' replies share: open to the unknown, frozen, and the odd shapes of PHP."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Open(BaseModel):
    """A record of Withings, under Withings' own names.

    Keys that nobody documented are kept, and only what makes the record one is required: fields, codes
    and device models arrive before their documentation, and a plan or a region leaves fields out.
    ``model_dump(exclude_unset=True)`` gives back what Withings sent. Epochs are seconds, UTC.
    """

    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,  # until somebody asks for a row typed, which a bridge hardly does
    )


Number = int | float
Id = int | str
"""Devices are named by 40 hex digits, in one official sample by an integer."""


def _map(value: Any) -> Any:
    return {} if value == [] else value


EmptyMap = BeforeValidator(_map)
"""PHP prints a map with nothing in it as an empty list."""

Samples = Annotated[dict[str, Number | None], EmptyMap]
"""Values by epoch; the keys are strings, as in all JSON."""
