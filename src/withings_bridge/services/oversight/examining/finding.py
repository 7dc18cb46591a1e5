"""One thing that a check found, told in words for a person."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """How a finding stands."""

    OPEN = "open"
    """Something is left to do."""
    DONE = "done"
    """It was mended just now."""
    TOLD = "told"
    """Nothing is left that could be done here: it mends itself, or only the user can."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one user. Neither tokens nor health values are in it."""

    check: str
    """Which check found it."""
    user: str
    """Cognito id."""
    what: str
    """What is the matter."""
    fate: str
    """What becomes of it, or became of it."""
    state: State
    account: str | None = None
    """Withings userid, where one is concerned."""
    keys: tuple[str, ...] = ()
    """Keys of the rows that are meant."""


class Check(Protocol):
    """Looks for one kind of trouble."""

    def findings(self, *, fix: bool) -> AsyncGenerator[Finding, None]:
        """What is there to tell; with ``fix``, after mending it. Raises StorageError."""
