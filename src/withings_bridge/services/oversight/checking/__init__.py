"""Whether a bridge is set up so that it can work: its store, Withings, its addresses, its clock.

Each check is a class of its own that looks at one thing; another only needs to be listed where the parts
are put together. Nothing is changed, and a check that cannot be made never stops the others. What is wrong
with what is stored is left to ``examining``.
"""

from collections.abc import AsyncGenerator, Sequence

from withings_bridge.domain.checkups import Checkup, Inspection, Result
from withings_bridge.domain.errors import BridgeError, StorageError
from withings_bridge.services.oversight.checking.check import Check
from withings_bridge.services.oversight.checking.cloud import TheCloud
from withings_bridge.services.oversight.checking.gateway import TheGateway
from withings_bridge.services.oversight.checking.redirect import TheRedirect
from withings_bridge.services.oversight.checking.running import Running
from withings_bridge.services.oversight.checking.subscribed import TheSubscriptions
from withings_bridge.services.oversight.checking.unhindered import Unhindered
from withings_bridge.services.oversight.checking.webhook import TheWebhook
from withings_bridge.storage.base import Storage

__all__ = [
    "Check",
    "Checking",
    "Running",
    "TheCloud",
    "TheGateway",
    "TheRedirect",
    "TheSubscriptions",
    "TheWebhook",
    "Unhindered",
]


class Checking:
    """Makes all checks, one after the other."""

    def __init__(self, *, storage: Storage, checks: Sequence[Check]) -> None:
        self._storage = storage
        self._checks = checks

    async def store(self) -> Inspection:
        """How the store is; it need not be open."""
        return await self._storage.inspect()

    async def checkups(self) -> AsyncGenerator[Checkup, None]:
        """What all checks see. With a store that is not open, what needs one is told as not looked at."""
        for check in self._checks:
            for checkup in await _made(check):
                yield checkup


async def _made(check: Check) -> Sequence[Checkup]:
    try:
        return await check.look()
    except StorageError:
        seen = "It needs the store, which does not answer."
        return [Checkup(check.name, Result.UNKNOWN, seen, "Mend the store first.")]
    except BridgeError as error:
        return [
            Checkup(check.name, Result.UNKNOWN, str(error), "Mend what is wrong above, and run this again.")
        ]
    except Exception as error:  # noqa: BLE001 - whatever it is, the others are to be made
        seen = f"It could not be looked at ({type(error).__name__})."
        return [
            Checkup(check.name, Result.UNKNOWN, seen, "Run this again; if it stays so, it is a bug of ours.")
        ]
