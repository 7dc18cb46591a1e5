"""What the domain makes by the thousand: a dataclass that type checkers hold frozen.

Python freezes a dataclass by setting each field through a call, which takes five times as long as setting it.
For what is made once for every value that Withings sends, that was half of all the time of decoding
(``benchmarks/decoding.py``). So these are frozen for mypy, which sees all code, and plain when it runs.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def lean(cls: type[T]) -> type[T]:
    """Makes the class a dataclass with slots, equal and hashed by its fields, that is never changed."""
    return dataclass(slots=True, unsafe_hash=True)(cls)
