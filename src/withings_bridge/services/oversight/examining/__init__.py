"""What is wrong with what is stored, what would become of it, and mending it.

Each check is a class of its own that finds and, when told to, mends; another only needs to be listed where
the parts are put together. Findings come one by one, so that a large table is never held in memory.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from withings_bridge.services.oversight.examining.astray import AstrayRows
from withings_bridge.services.oversight.examining.dead import DeadLinks
from withings_bridge.services.oversight.examining.finding import Check, Finding, State
from withings_bridge.services.oversight.examining.leftovers import Leftovers

__all__ = ["AstrayRows", "Check", "DeadLinks", "Examining", "Finding", "Leftovers", "State"]


class Examining:
    """Makes all checks, one after the other."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks

    async def findings(self, *, fix: bool) -> AsyncGenerator[Finding, None]:
        """What all of them find, mended where ``fix`` says so and it can be. Raises StorageError."""
        for check in self._checks:
            async with aclosing(check.findings(fix=fix)) as found:
                async for finding in found:
                    yield finding
