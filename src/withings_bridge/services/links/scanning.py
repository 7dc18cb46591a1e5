"""The scan for users of the predecessor when a bridge starts: in the background, one replica at a time.

It goes through the tokens table a page at a time and keeps its position in the store, so that after a
crash it goes on from there. What could not be decided is looked at again in a later pass. While it
holds its lock, notifications of unknown accounts leave marks (``marking``).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from withings_bridge.domain.errors import BridgeError, StorageError, StorageUnavailable
from withings_bridge.services.clock import Clock
from withings_bridge.services.links.adopting import Adopting, Outcome
from withings_bridge.services.links.marking import SCAN
from withings_bridge.storage.base import Ephemera, Links

log = structlog.get_logger()

PAGE = 100
"""Rows of the table that are looked through between two writes of the position."""

LOCK = timedelta(seconds=15)
RENEW_SECONDS = 5.0
POLL_SECONDS = 2.0
"""How long after another replica is found scanning, or the store silent, it is tried again."""
LONGEST_POLL_SECONDS = 300.0

PAUSES = (60.0, 300.0, 900.0, 3600.0, 3600.0, 3600.0)
"""Seconds between passes while users are left over; after the last pass the next start is waited for."""

KEPT = timedelta(days=1)
"""How long a position is good: the next start begins anew after that."""

PROGRESS = "adopting"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pass has come, as the store keeps it."""

    began_at: datetime
    position: str | None = None
    """Behind this row; None at the beginning."""
    left: int = 0
    """Users who are left for a later pass."""
    done: bool = False

    def dump(self, by: str) -> dict[str, str]:
        """As it is stored; ``by`` tells it from what another replica would store."""
        return {
            "began_at": self.began_at.isoformat(),
            "position": self.position or "",
            "left": str(self.left),
            "done": "yes" if self.done else "",
            "by": by,
        }

    @classmethod
    def load(cls, value: Mapping[str, str]) -> "Progress":
        """What ``dump`` wrote."""
        return cls(
            datetime.fromisoformat(value["began_at"]),
            value["position"] or None,
            int(value["left"]),
            done=bool(value["done"]),
        )


class Hold:
    """The lock of the scan, for as long as nobody else took it."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        self.lost = False


class Scanning:
    """Finds all users of the predecessor and has them adopted."""

    def __init__(
        self, *, links: Links, ephemera: Ephemera, adopting: Adopting, clock: Clock, page: int = PAGE
    ) -> None:
        self._links = links
        self._ephemera = ephemera
        self._adopting = adopting
        self._clock = clock
        self._page = page

    async def run(self, stop: asyncio.Event, *, grace: float) -> None:
        """Scan until everybody is taken in, or told to stop; then finish with a user within the grace."""
        scanning = asyncio.create_task(self._until_done(stop), name="scan")
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({scanning, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        await asyncio.wait({scanning}, timeout=grace)
        scanning.cancel()
        await asyncio.gather(scanning, return_exceptions=True)

    async def scan(self, stop: asyncio.Event, *, since: datetime) -> Progress | None:
        """Go on with a pass that was cut off, or make one, unless one that began at ``since`` or later
        was made already, by whichever replica. How far it came; None where another replica is at it.

        Raises StorageUnavailable, and can be called again.
        """
        async with self.alone() as hold:
            if hold is None:
                return None
            known = await self._ephemera.get(PROGRESS, now=self._clock())
            progress = Progress.load(known) if known else None
            if progress is None or (progress.done and progress.began_at < since):
                progress = Progress(self._clock())
            return await self._pass(hold, progress, known, stop)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[Hold | None]:
        """The lock of the scan, renewed while the block runs; None when another holds it."""
        hold = Hold(secrets.token_hex(8))
        if not await self._acquire(hold):
            yield None
            return
        renewing = asyncio.create_task(self._renew(hold))
        try:
            yield hold
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            with suppress(StorageError):
                await self._ephemera.release(SCAN, hold.holder)

    async def _until_done(self, stop: asyncio.Event) -> None:
        since, pauses, failures = self._clock(), iter(PAUSES), 0
        while not stop.is_set():
            try:
                progress = await self.scan(stop, since=since)
            except Exception as error:  # noqa: BLE001 - whatever it is, users wait to be found
                failures += 1
                _log_interruption(error)
                await _rest(stop, min(POLL_SECONDS * 2**failures, LONGEST_POLL_SECONDS))
                continue
            failures = 0
            if progress is None or not progress.done:
                await _rest(stop, POLL_SECONDS)
            elif progress.began_at >= since:  # else it was one that was cut off before we started
                pause = next(pauses, None) if progress.left else None
                if pause is None:
                    log.info("users of the predecessor taken in", left=progress.left)
                    return
                await _rest(stop, pause)
                since = self._clock()

    async def _pass(
        self, hold: Hold, progress: Progress, known: Mapping[str, str] | None, stop: asyncio.Event
    ) -> Progress:
        """The pass from where it stands to its end, or to where it had to stop."""
        while not progress.done:
            page = await self._links.page(after=progress.position, limit=self._page)
            left = progress.left
            for user in dict.fromkeys(name.user for name in page.names):
                if stop.is_set() or hold.lost:
                    return progress
                left += await self._leaves_over(user)
            further = replace(progress, position=page.after, left=left, done=page.after is None)
            value, now = further.dump(hold.holder), self._clock()
            stored = await self._ephemera.swap(PROGRESS, value, instead_of=known, until=now + KEPT, now=now)
            if stored != value:
                return progress  # somebody took the lock over, and went on
            progress, known = further, value
        return progress

    async def _leaves_over(self, user: str) -> bool:
        """Take the user in; whether that is left for a later pass."""
        try:
            outcome = await self._adopting.adopt(user)
        except StorageUnavailable:
            raise  # not about this user
        except BridgeError as error:
            log.warning("not adopted", user=user, reason=f"{type(error).__name__}: {error}")
            return True
        except Exception as error:
            # One row that nobody foresaw must not keep all the others from being found.
            log.exception("our bug", user=user, exc_info=error)
            return True
        if outcome is Outcome.UNREADABLE:
            log.warning("tokens unreadable; is a key missing in TOKEN_ENCRYPTION_KEYS?", user=user)
        return outcome is Outcome.LEFT

    async def _acquire(self, hold: Hold) -> bool:
        now = self._clock()
        return await self._ephemera.acquire(SCAN, hold.holder, until=now + LOCK, now=now)

    async def _renew(self, hold: Hold) -> None:
        while not hold.lost:
            await asyncio.sleep(RENEW_SECONDS)
            with suppress(StorageError):
                hold.lost = not await self._acquire(hold)


def _log_interruption(error: Exception) -> None:
    if isinstance(error, BridgeError):
        log.warning("scan interrupted", reason=f"{type(error).__name__}: {error}")
    else:
        log.error("our bug", exc_info=error)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    """Wait for so long, or until told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
