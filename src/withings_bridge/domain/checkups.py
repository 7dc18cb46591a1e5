"""What was looked at of a bridge as it is set up, how it is, and how to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """How it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, and may harm some day or someone."""
    WRONG = "wrong"
    """Something does not work."""
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """One thing that was looked at. Neither secrets nor health values are in it."""

    check: str
    """What was looked at, such as ``webhook URL``."""
    result: Result
    seen: str
    mend: str = ""
    """What to do, in a sentence; empty where nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """How a store is, part by part."""

    parts: Sequence[Checkup]
    usable: bool
    """Whether there is something to look into, and opening it changes nothing that is there: at most it
    creates tables of our own.
    """
